//! A table of vectors by name, the usual form of embeddings of genes or compounds: names in the first column,
//! numbers in the others.

use std::collections::HashMap;
use std::path::Path;

use crate::error::DataError;
use crate::table::Table;

/// The vectors of a table that were asked for.
#[derive(Clone, Debug)]
pub struct NamedVectors {
    width: usize,
    vectors: HashMap<String, Vec<f32>>,
}

impl NamedVectors {
    /// Reads the vectors whose names `wanted` accepts. Rows of other names are not looked at.
    ///
    /// # Errors
    /// [`DataError::File`], [`DataError::Table`] for a broken table or one without a column of numbers,
    /// [`DataError::Cell`] for a number that is not finite and a name that an earlier line has.
    pub fn read(file: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self, DataError> {
        let table = Table::open(file)?;
        let width = table.titles().len().saturating_sub(1);
        if width == 0 {
            return Err(DataError::Table {
                file: file.to_owned(),
                reason: "has one column, expected names in the first and numbers in the others".into(),
            });
        }
        let names = table.at(0);
        let numbers: Vec<_> = (1..=width).map(|index| table.at(index)).collect();
        let mut vectors = HashMap::new();
        table.for_each_row(|row| {
            let name = row.text(&names);
            if !wanted(name) {
                return Ok(());
            }
            if vectors.contains_key(name) {
                return Err(row.wrong(&names, "a name that no earlier line has"));
            }
            let vector = numbers
                .iter()
                .map(|column| match row.text(column).parse::<f32>() {
                    Ok(value) if value.is_finite() => Ok(value),
                    _ => Err(row.wrong(column, "a finite number")),
                });
            vectors.insert(name.to_owned(), vector.collect::<Result<_, _>>()?);
            Ok(())
        })?;
        Ok(Self { width, vectors })
    }

    /// Numbers in a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The vector of a name.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        self.vectors.get(name).map(Vec::as_slice)
    }
}
