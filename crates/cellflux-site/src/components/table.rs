//! A table of results from a CSV file. Its cells take Markdown, so that the best row can be set bold.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{Components, figure};
use crate::error::SiteError;
use crate::source::Source;

impl Components<'_> {
    pub(super) fn table(&mut self, settings: &Source) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            file: Spanned<PathBuf>,
            caption: Option<Spanned<String>>,
        }
        let table: Table = settings.toml()?;
        let path = self.folder.join(table.file.get_ref());
        let at = settings.place(table.file.span().start);
        let bytes = self.files.content(&path, &at)?;
        let source = Source::decoded(&path, bytes)?;
        let rows = rows(&source, &path)?;
        let Some((head, body)) = rows.split_first() else {
            return Err(at.wrong(format!("{}: is empty, expected a CSV file", path.display())));
        };
        let classes: Vec<&str> = (0..head.cells.len())
            .map(|column| {
                let cells = || body.iter().filter_map(|row| row.cells.get(column));
                let numbers = cells().all(|cell| is_number(cell) || is_nothing(cell));
                if numbers && cells().any(|cell| is_number(cell)) {
                    " class=\"right\""
                } else {
                    ""
                }
            })
            .collect();
        let mut written = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let (tag, scope) = if index == 0 {
                ("th", " scope=\"col\"")
            } else {
                ("td", "")
            };
            let mut text = String::new();
            for (cell, class) in row.cells.iter().zip(&classes) {
                let html = self.inline(&Source::part(&path, row.line, cell))?;
                text.push_str(&format!("<{tag}{scope}{class}>{html}</{tag}>"));
            }
            written.push(format!("<tr>{text}</tr>"));
        }
        let said = self.words_of(table.caption.as_ref(), settings)?;
        let head = written.remove(0);
        Ok(figure(
            "results",
            &format!(
                "<div class=\"scroll\" tabindex=\"0\"><table><thead>{head}</thead><tbody>{}</tbody></table></div>",
                written.concat()
            ),
            &said,
        ))
    }
}

/// A row of the file.
struct Row {
    /// The line that it starts on, from 1.
    line: usize,
    cells: Vec<String>,
}

/// Every row, the head first.
fn rows(source: &Source, path: &Path) -> Result<Vec<Row>, SiteError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(source.text.as_bytes());
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let at = error.position().map_or(0, |position| position.byte() as usize);
            source.place(at).wrong(format!("{error}, expected a CSV file"))
        })?;
        let start = record.position().map_or(0, |position| position.byte() as usize);
        // The reader counts blank lines before a row to the row.
        let rest = source.text.get(start..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let line = source.place(start + blank).line;
        if let Some(head) = rows.first()
            && head.cells.len() != record.len()
        {
            return Err(Source::part(path, line, "").wrong(
                &(0..0),
                format!(
                    "{} cells, expected {} as in the first row",
                    record.len(),
                    head.cells.len()
                ),
            ));
        }
        rows.push(Row {
            line,
            cells: record.iter().map(str::to_owned).collect(),
        });
    }
    Ok(rows)
}

/// A cell without the marks that Markdown sets around its words.
fn plain(cell: &str) -> &str {
    cell.trim_matches(['*', '_', '~', '`', '$', ' '])
}

/// Whether a cell starts as a number does.
fn is_number(cell: &str) -> bool {
    plain(cell)
        .trim_start_matches(['-', '+', '−', '±', '<', '>', '≈', '~', '.', ' '])
        .starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a cell says that there is no number.
fn is_nothing(cell: &str) -> bool {
    matches!(
        plain(cell).to_lowercase().as_str(),
        "" | "-" | "–" | "—" | "−" | "n/a" | "na" | "nan" | "n.a."
    )
}
