//! What the values of a table's columns of splits and states mean.

use crate::error::DataError;
use crate::table::{Column, Row};

/// What a cell means.
pub(super) enum Meaning<T> {
    /// One of the listed values.
    Known(T),
    /// Its row is left out.
    Ignored,
    /// No list has it.
    Unknown,
}

/// The lists of a column's values.
pub(super) struct Values<'a, T, const N: usize> {
    /// Values by what they mean.
    pub(super) lists: [(&'a [String], T); N],
    /// Values of rows that are left out.
    pub(super) ignored: &'a [String],
    /// The section of the configuration that holds them.
    pub(super) setting: &'static str,
}

impl<T: Copy, const N: usize> Values<'_, T, N> {
    /// What a cell means.
    pub(super) fn meaning(&self, text: &str) -> Meaning<T> {
        let has = |list: &[String]| list.iter().any(|known| known == text);
        for (list, value) in &self.lists {
            if has(list) {
                return Meaning::Known(*value);
            }
        }
        if has(self.ignored) {
            return Meaning::Ignored;
        }
        Meaning::Unknown
    }

    /// The error for a cell that no list has.
    pub(super) fn unknown(&self, row: &Row<'_>, column: &Column) -> DataError {
        let lists = self.lists.iter().flat_map(|(list, _)| list.iter());
        let known: Vec<&str> = lists.chain(self.ignored).map(String::as_str).collect();
        let expected = format!(
            "one of {}; [{}] says what each value means, or which rows to leave out (ignored)",
            known.join(", "),
            self.setting
        );
        row.wrong(column, expected)
    }
}
