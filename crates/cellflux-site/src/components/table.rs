//! A table of results from a CSV file. Its cells take Markdown, so that the best row can be set bold.

use std::path::{Path, PathBuf};

use cellflux_table::{Row, Table, TableError};
use serde::Deserialize;
use toml::Spanned;

use super::{Components, figure, scrolling};
use crate::error::SiteError;
use crate::source::SourceText;

impl Components<'_> {
    pub(super) fn table(&mut self, settings: &SourceText) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Results {
            file: Spanned<PathBuf>,
            caption: Option<Spanned<String>>,
        }
        let table: Results = settings.toml()?;
        let path = self.folder.join(table.file.get_ref());
        let at = settings.place(table.file.span().start);
        let bytes = self.files.content(&path, &at)?;
        let (titles, body) = rows(&bytes, cellflux_table::delimiter(&path))
            .map_err(|error| at.wrong(format!("{}: {error}", path.display())))?;
        let classes: Vec<&str> = (0..titles.cells.len())
            .map(|column| {
                let cells = || body.iter().filter_map(|row| row.cells.get(column));
                let numbers = cells().all(|cell| is_number(cell) || is_nothing(cell));
                if numbers && cells().any(is_number) {
                    " class=\"right\""
                } else {
                    ""
                }
            })
            .collect();
        let mut written = |row: &Row, start: &str, end: &str| {
            let mut html = String::from("<tr>");
            for (cell, class) in row.cells.iter().zip(&classes) {
                let cell = self.inline(&SourceText::part(&path, row.line as usize, cell));
                html.push_str(&format!("<{start}{class}>{cell}</{end}>"));
            }
            html.push_str("</tr>");
            html
        };
        let head = written(&titles, "th scope=\"col\"", "th");
        let body: String = body.iter().map(|row| written(row, "td", "td")).collect();
        let said = self.words_of(table.caption.as_ref(), settings);
        Ok(figure(
            "results",
            &scrolling(
                &format!("{}: {}", self.words.table, shown(table.file.get_ref())),
                &format!("<table><thead>{head}</thead><tbody>{body}</tbody></table>"),
            ),
            &said,
        ))
    }
}

/// A file's name without its ending, as words.
fn shown(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.trim_end_matches(".csv").trim_end_matches(".tsv");
    stem.replace(['_', '-'], " ")
}

/// The titles, then every row below them.
fn rows(content: &[u8], delimiter: u8) -> Result<(Row, Vec<Row>), TableError> {
    let mut table = Table::new(content, delimiter)?;
    let titles = Row {
        line: 1,
        cells: table.titles().iter().collect(),
    };
    let (mut rows, mut row) = (Vec::new(), Row::default());
    while table.read(&mut row)? {
        rows.push(row.clone());
    }
    Ok((titles, rows))
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

/// Whether a cell says that a number is missing.
fn is_nothing(cell: &str) -> bool {
    matches!(
        plain(cell).to_lowercase().as_str(),
        "" | "-" | "–" | "—" | "−" | "n/a" | "na" | "nan" | "n.a."
    )
}
