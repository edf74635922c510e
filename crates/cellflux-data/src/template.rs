//! Text made from a row's cells: `{COLUMN}` is a cell, `{COLUMN#2}` the third of its parts between `_` (or
//! `/`).

use crate::error::{DataError, Place};
use crate::table::{Column, Row, Table};

/// A template whose columns have been found.
#[derive(Clone, Debug)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Cell(Column),
    /// A piece of a cell, counted from 0.
    Piece(Column, usize),
}

impl Template {
    /// Reads a template and finds its columns; `field` is where it stands in the configuration.
    ///
    /// # Errors
    /// [`DataError::Config`] for a brace without its other half or a part that is not a number,
    /// [`DataError::MissingColumn`].
    pub(crate) fn read(text: &str, field: &str, table: &Table) -> Result<Self, DataError> {
        let wrong = || {
            DataError::config(
                field,
                format!("{text:?}"),
                "text with {COLUMN} or {COLUMN#1} in it",
            )
        };
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(wrong)?;
            parts.push(Part::Text(before.to_owned()));
            let column = |title| table.column(title, "named by the configuration");
            parts.push(match name.split_once('#') {
                None => Part::Cell(column(name)?),
                Some((name, part)) => Part::Piece(column(name)?, part.parse().map_err(|_| wrong())?),
            });
            rest = after;
        }
        if rest.contains('}') {
            return Err(wrong());
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The text for a row.
    ///
    /// # Errors
    /// [`DataError::Cell`] for a cell with fewer parts than are asked for.
    pub(crate) fn fill(&self, row: &Row<'_>) -> Result<String, DataError> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(own) => text.push_str(own),
                Part::Cell(column) => text.push_str(row.text(column)),
                Part::Piece(column, number) => {
                    let found = row.text(column).split(['_', '/']).nth(*number);
                    text.push_str(found.ok_or_else(|| {
                        row.wrong(column, format!("at least {} parts between _ or /", number + 1))
                    })?);
                }
            }
        }
        Ok(text)
    }

    /// As [`Template::fill`], for a row in which none of the columns may be empty.
    ///
    /// # Errors
    /// As [`Template::fill`], and [`DataError::Cell`] for an empty cell.
    pub(crate) fn filled(&self, row: &Row<'_>, expected: &str) -> Result<String, DataError> {
        for part in &self.0 {
            if let Part::Cell(column) | Part::Piece(column, _) = part {
                row.filled(column, expected)?;
            }
        }
        self.fill(row)
    }

    /// Where the template reads a row, for messages: its first column, or `otherwise` where it reads none.
    pub(crate) fn place(&self, row: &Row<'_>, otherwise: impl FnOnce() -> String) -> Place {
        match self.column() {
            Some(column) => row.place(column),
            None => row.place_in(otherwise()),
        }
    }

    fn column(&self) -> Option<&Column> {
        self.0.iter().find_map(|part| match part {
            Part::Text(_) => None,
            Part::Cell(column) | Part::Piece(column, _) => Some(column),
        })
    }
}
