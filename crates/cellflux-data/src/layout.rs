//! Where a table's images lie and what its columns are called: any folder, or the public code's layout.

use std::path::{Path, PathBuf};

use crate::config::{Columns, PublicDataset, Source};
use crate::containers::{self, Store};
use crate::error::DataError;
use crate::table::{Column, Row, Table};
use crate::titles::Titles;

/// The titles of the tables that are written here, by which a folder is also read unless its configuration
/// names others.
pub(crate) const TITLES: [&str; 9] = [
    "path",
    "SAMPLE_KEY",
    "SPLIT",
    "STATE",
    "CPD_NAME",
    "DOSE",
    "ANNOT",
    "SMILES",
    "BATCH",
];

/// A table, its folder of images, the rule from one to the other, and the titles looked for.
pub(super) struct Layout {
    pub(super) table: PathBuf,
    pub(super) images: PathBuf,
    rule: Rule,
    columns: Columns,
}

/// How a cell becomes a path.
enum Rule {
    /// It is one.
    Path,
    /// By the public code's rule for sample keys.
    Key(PublicDataset),
    /// It names a member of a shard.
    Member,
}

/// The columns that a table of images has.
pub(super) struct FoundColumns {
    pub(super) image: Column,
    pub(super) split: Column,
    pub(super) state: Column,
    pub(super) compound: Column,
    pub(super) batch: Column,
    pub(super) plate: Option<Column>,
    pub(super) well: Option<Column>,
    pub(super) site: Option<Column>,
    pub(super) field: Option<Column>,
    pub(super) dose: Option<Column>,
    pub(super) smiles: Option<Column>,
    pub(super) mode_of_action: Option<Column>,
}

impl Layout {
    /// The layout of a source on disk; a synthetic one has no table and gives empty paths.
    pub(super) fn of(source: &Source, columns: &Columns) -> Self {
        let (table, images, rule) = match source {
            Source::Folder { table, images } => {
                let own = || table.parent().unwrap_or(Path::new("")).to_owned();
                (table.clone(), images.clone().unwrap_or_else(own), Rule::Path)
            }
            Source::Public {
                dataset,
                table,
                images,
            } => (table.clone(), images.clone(), Rule::Key(*dataset)),
            Source::Webdataset { shards } => (shards.clone(), shards.clone(), Rule::Member),
            Source::Synthetic(_) => (PathBuf::new(), PathBuf::new(), Rule::Path),
        };
        Self {
            table,
            images,
            rule,
            columns: columns.clone(),
        }
    }

    /// Opens the table and the place of the images.
    ///
    /// # Errors
    /// As [`Table::open`], and [`DataError::Container`] for shards that are damaged.
    pub(super) fn open(&self) -> Result<(Table, Store), DataError> {
        match self.rule {
            Rule::Member => containers::shards(&self.table),
            Rule::Path => {
                let table = Table::open(&self.table)?;
                let title = self.columns.path.as_deref().unwrap_or("path");
                let rows = containers::rows(&self.table, title)?;
                Ok((table, rows.unwrap_or_else(|| Store::Folder(self.images.clone()))))
            }
            Rule::Key(_) => Ok((Table::open(&self.table)?, Store::Folder(self.images.clone()))),
        }
    }

    /// Finds the columns: those needed, those asked for by name, and of the others those that exist.
    pub(super) fn columns(&self, table: &Table) -> Result<FoundColumns, DataError> {
        let (state, compound, batch) = match self.rule {
            Rule::Key(PublicDataset::Rxrx1) => ("ANNOT", "CPD_NAME", "BATCH"),
            Rule::Key(PublicDataset::Cpg0000) => ("STATE", "BROAD_SAMPLE", "PLATE"),
            Rule::Path | Rule::Member | Rule::Key(PublicDataset::Bbbc021) => ("STATE", "CPD_NAME", "BATCH"),
        };
        let needed = |own: &Option<String>, usual: &str, role: &'static str| {
            table.column(own.as_deref().unwrap_or(usual), role)
        };
        // A column asked for by name must be there; the usual one may be missing.
        let optional = |own: &Option<String>, usual: &str, role: &'static str| match own {
            Some(title) => table.column(title, role).map(Some),
            None => Ok(table.find(usual)),
        };
        let columns = &self.columns;
        let image = match self.rule {
            Rule::Path => needed(&columns.path, "path", "the image's path")?,
            Rule::Member => table.column("path", "the image's member")?,
            Rule::Key(_) => needed(&columns.key, "SAMPLE_KEY", "the image's key")?,
        };
        let split = needed(&columns.split, "SPLIT", "train, validation or test")?;
        let state = needed(&columns.state, state, "treated or control")?;
        let compound = needed(&columns.compound, compound, "the compound's name")?;
        // RxRx1's ANNOT says whether a cell is treated, which is no mode of action.
        let mode_of_action = optional(&columns.mode_of_action, "ANNOT", "the mode of action")?
            .filter(|column: &Column| column.title() != state.title());
        Ok(FoundColumns {
            image,
            split,
            state,
            compound,
            batch: needed(&columns.batch, batch, "the batch within which images are paired")?,
            plate: optional(&columns.plate, "PLATE", "the plate")?,
            well: optional(&columns.well, "WELL", "the well")?,
            site: optional(&columns.site, "SITE", "the site within the well")?,
            field: optional(&columns.field, "FIELD", "the field of view")?,
            dose: optional(&columns.dose, "DOSE", "the dose in micromolar")?,
            smiles: optional(&columns.smiles, "SMILES", "the compound's structure")?,
            mode_of_action,
        })
    }

    /// An image's path below the folder of images.
    pub(super) fn path_of(&self, row: &Row<'_>, column: &Column) -> Result<Box<str>, DataError> {
        match self.rule {
            Rule::Path | Rule::Member => Ok(row.filled(column, "the path of an image")?.into()),
            Rule::Key(dataset) => {
                let key = row.filled(column, "the key of an image")?;
                path_of_key(dataset, key)
                    .map(Into::into)
                    .ok_or_else(|| row.wrong(column, expected_key(dataset)))
            }
        }
    }
}

impl FoundColumns {
    pub(super) fn titles(&self, table: PathBuf) -> Titles {
        let title = |column: &Column| column.title().to_owned();
        Titles {
            table,
            image: title(&self.image),
            split: title(&self.split),
            state: title(&self.state),
            compound: title(&self.compound),
            batch: title(&self.batch),
            dose: self.dose.as_ref().map_or_else(|| "DOSE".into(), title),
            smiles: self.smiles.as_ref().map_or_else(|| "SMILES".into(), title),
        }
    }
}

/// The public code's rule: the key's segments between `-`, and the words of one segment between `_`.
fn path_of_key(dataset: PublicDataset, key: &str) -> Option<String> {
    let segment = match dataset {
        PublicDataset::Rxrx1 => key.split('-').nth(1)?,
        PublicDataset::Bbbc021 | PublicDataset::Cpg0000 => key.split('-').next()?,
    };
    let words: Vec<&str> = segment.split('_').collect();
    if words.iter().any(|word| word.is_empty()) {
        return None;
    }
    match (dataset, words.as_slice()) {
        (PublicDataset::Bbbc021, [week, plate, rest @ ..]) if !rest.is_empty() => {
            Some(format!("{week}/{plate}/{}.npy", rest.join("_")))
        }
        (PublicDataset::Rxrx1, [experiment, plate, well, rest @ ..]) if !rest.is_empty() => {
            Some(format!("{experiment}_{plate}/{well}/{}.npy", rest.join("_")))
        }
        (PublicDataset::Cpg0000, [plate, well, site, ..]) => {
            let file = words.get(1..)?.join("_");
            Some(format!("{plate}/{well}_{site}/{file}.npy"))
        }
        _ => None,
    }
}

fn expected_key(dataset: PublicDataset) -> &'static str {
    match dataset {
        PublicDataset::Bbbc021 => {
            "a key such as Week7_34341_E10_s3_12: at least three words with _ between them"
        }
        PublicDataset::Rxrx1 => {
            "a key such as HEPG2-08_1_B03_s1_12: after the first - at least four words with _ between them"
        }
        PublicDataset::Cpg0000 => {
            "a key such as BR00117010_A01_f1_12: at least three words with _ between them"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_the_public_codes_paths() {
        let path = |dataset, key| path_of_key(dataset, key);
        assert_eq!(
            path(PublicDataset::Bbbc021, "Week7_34341_E10_s3_12.0").as_deref(),
            Some("Week7/34341/E10_s3_12.0.npy")
        );
        assert_eq!(
            path(PublicDataset::Rxrx1, "HEPG2-08_1_B03_s1_12").as_deref(),
            Some("08_1/B03/s1_12.npy")
        );
        assert_eq!(
            path(PublicDataset::Cpg0000, "BR00117010_A01_f1_12").as_deref(),
            Some("BR00117010/A01_f1/A01_f1_12.npy")
        );
        // What follows a second hyphen is not part of the path.
        assert_eq!(
            path(PublicDataset::Bbbc021, "Week7_34341_E10_s3-x").as_deref(),
            Some("Week7/34341/E10_s3.npy")
        );
    }

    #[test]
    fn keys_that_are_too_short_or_have_empty_words_are_none() {
        for (dataset, key) in [
            (PublicDataset::Bbbc021, "Week7_34341"),
            (PublicDataset::Bbbc021, "Week7__E10"),
            (PublicDataset::Rxrx1, "08_1_B03_s1"),
            (PublicDataset::Rxrx1, "HEPG2-08_1_B03"),
            (PublicDataset::Cpg0000, "BR00117010_A01"),
            (PublicDataset::Cpg0000, ""),
        ] {
            assert_eq!(path_of_key(dataset, key), None, "{key}");
        }
    }
}
