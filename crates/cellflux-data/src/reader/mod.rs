//! Reading an experiment from a table of images, or from a design.
//!
//! Every image's metadata is opened and only the first image is decoded: a missing file, a missing column or
//! an unknown value ends here, before anything is written or trained.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::time::UNIX_EPOCH;

use cellflux_image::ImageSpec;
use cellflux_image::spec::Channel;
use sha2::{Digest, Sha256};

use crate::config::{DataConfig, ImageConfig, Source};
use crate::entry::{Compound, Entry, Split};
use crate::error::DataError;
use crate::experiment::Experiment;
use crate::images::Images;
use crate::layout::{FoundColumns, Layout};
use crate::names::Names;
use crate::synthetic;
use crate::table::{Column, Row, Table};

/// Reads and checks an experiment.
///
/// # Errors
/// [`DataError`] naming the file, line and column, or the configuration's field.
pub fn read_experiment(config: &DataConfig) -> Result<Experiment, DataError> {
    let spec = config.image.spec()?;
    let mut experiment = match &config.source {
        Source::Synthetic(design) => synthetic::experiment(design, &spec)?,
        Source::Folder { .. } | Source::Public { .. } => read_table(config, spec)?,
    };
    experiment.hold_out(&config.held_out)?;
    experiment.check_splits()?;
    Ok(experiment)
}

/// Reads a table of images on disk.
fn read_table(config: &DataConfig, spec: ImageSpec) -> Result<Experiment, DataError> {
    let layout = Layout::of(&config.source, &config.columns);
    let table = Table::open(&layout.table)?;
    let columns = layout.columns(&table)?;
    let mut reader = Reader {
        config,
        hash: fingerprint_of_spec(&spec, &config.image),
        columns,
        layout,
        entries: Vec::new(),
        compounds: Vec::new(),
        compound_names: Names::default(),
        batches: Names::default(),
        plates: Names::default(),
        wells: Names::default(),
        fields: Names::default(),
        seen: HashMap::new(),
        ignored_rows: 0,
    };
    table.for_each_row(|row| reader.row(row))?;
    reader.finish(spec)
}

/// A table of images that is becoming an experiment.
struct Reader<'a> {
    config: &'a DataConfig,
    layout: Layout,
    columns: FoundColumns,
    entries: Vec<Entry>,
    compounds: Vec<Compound>,
    compound_names: Names,
    batches: Names,
    plates: Names,
    wells: Names,
    fields: Names,
    /// Images seen, with their lines.
    seen: HashMap<Box<str>, u32>,
    ignored_rows: usize,
    hash: Sha256,
}

impl Reader<'_> {
    fn row(&mut self, row: &Row<'_>) -> Result<(), DataError> {
        let columns = &self.columns;
        let line =
            u32::try_from(row.line).map_err(|_| row.wrong(&columns.image, "at most 4,294,967,295 lines"))?;
        let values = &self.config.split;
        let split = choose(
            row,
            &columns.split,
            [
                (&values.train, Split::Train),
                (&values.validation, Split::Validation),
                (&values.test, Split::Test),
            ],
            &values.ignored,
            "data.split",
        )?;
        let values = &self.config.state;
        let treated = choose(
            row,
            &columns.state,
            [(&values.treated, true), (&values.control, false)],
            &values.ignored,
            "data.state",
        )?;
        let (Some(split), Some(treated)) = (split, treated) else {
            self.ignored_rows += 1;
            return Ok(());
        };
        let image = self.layout.path_of(row, &columns.image)?;
        if let Some(earlier) = self.seen.insert(image.clone(), line) {
            let expected = format!("an image of its own; line {earlier} has this one");
            return Err(row.wrong(&columns.image, expected));
        }
        stamp(
            &self.layout.images.join(&*image),
            row,
            &columns.image,
            &image,
            &mut self.hash,
        )?;
        let compound = self.compound(row, line, treated)?;
        let columns = &self.columns;
        let (batch, _) = self
            .batches
            .position(row.filled(&columns.batch, "a batch's name")?);
        let dose_um = columns
            .dose
            .as_ref()
            .map_or(Ok(None), |column| row.amount(column))?;
        let name = |names: &mut Names, column: &Option<Column>| {
            let text = column.as_ref().map(|column| row.text(column))?;
            (!text.is_empty()).then(|| names.position(text).0)
        };
        let plate = name(&mut self.plates, &columns.plate);
        let well = name(&mut self.wells, &columns.well);
        let field = field_of_view(row, columns).map(|field| self.fields.position(&field).0);
        self.entries.push(Entry {
            image,
            line,
            split,
            treated,
            compound,
            batch,
            plate,
            well,
            field,
            dose_um,
        });
        Ok(())
    }

    /// The row's compound, with what this row adds to what is known of it.
    fn compound(&mut self, row: &Row<'_>, line: u32, treated: bool) -> Result<u32, DataError> {
        let columns = &self.columns;
        let name = match (row.text(&columns.compound), self.config.empty_compound.as_deref()) {
            ("", Some(control)) if !treated => control,
            ("", _) => {
                let well = columns.well.as_ref().map_or("", |column| row.text(column));
                let mut expected = match well {
                    "" => "a compound's name".to_owned(),
                    well => format!("a compound's name for well {well}"),
                };
                if !treated {
                    expected += "; where controls have none, data.empty_compound = \"DMSO\" gives them one";
                }
                return Err(row.wrong(&columns.compound, expected));
            }
            (name, _) => name,
        };
        let (position, new) = self.compound_names.position(name);
        if new {
            self.compounds.push(Compound {
                name: name.to_owned(),
                smiles: None,
                mode_of_action: None,
                control: false,
                held_out: false,
                line,
            });
        }
        let Some(known) = self.compounds.get_mut(position as usize) else {
            return Ok(position);
        };
        known.control |= !treated;
        if let Some(column) = &columns.smiles
            && !row.text(column).is_empty()
        {
            let smiles = row.text(column);
            if known.smiles.is_none() {
                known.smiles = Some(smiles.to_owned());
                known.line = line;
            }
            if let Some(earlier) = known.smiles.as_ref().filter(|earlier| *earlier != smiles) {
                let expected = format!("{earlier:?}, the structure of {name} on line {}", known.line);
                return Err(row.wrong(column, expected));
            }
        }
        if let Some(column) = &columns.mode_of_action
            && known.mode_of_action.is_none()
            && !row.text(column).is_empty()
        {
            known.mode_of_action = Some(row.text(column).to_owned());
        }
        Ok(position)
    }

    fn finish(self, spec: ImageSpec) -> Result<Experiment, DataError> {
        let titles = self.columns.titles(self.layout.table.clone());
        let Some(first) = self.entries.first() else {
            return Err(DataError::Nothing {
                file: titles.table,
                column: titles.image,
                what: "no image".into(),
                found: format!("rows left out by their split or state: {}", self.ignored_rows),
            });
        };
        let place = || titles.place(&titles.image, first.line);
        let images = Images::files(self.layout.images, first, &spec, &self.config.image, place)?;
        Ok(Experiment {
            spec,
            images,
            entries: self.entries,
            compounds: self.compounds,
            batches: self.batches.list,
            plates: self.plates.list,
            wells: self.wells.list,
            fields: self.fields.list,
            ignored_rows: self.ignored_rows,
            fingerprint: format!("{:x}", self.hash.finalize()),
            titles,
        })
    }
}

/// The name of a row's field of view: the table's own, or that of its plate, well and site. The same site
/// number occurs in every well, so it counts only together with a well.
fn field_of_view(row: &Row<'_>, columns: &FoundColumns) -> Option<String> {
    let text = |column: &Option<Column>| {
        let text = column.as_ref().map(|column| row.text(column))?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    text(&columns.field).or_else(|| {
        let (well, site) = (text(&columns.well)?, text(&columns.site)?);
        let plate = text(&columns.plate).unwrap_or_default();
        Some(format!("{plate} {well} {site}"))
    })
}

/// What a cell means: one of the listed values, or none for an ignored one.
fn choose<T: Copy, const N: usize>(
    row: &Row<'_>,
    column: &Column,
    values: [(&Vec<String>, T); N],
    ignored: &[String],
    setting: &str,
) -> Result<Option<T>, DataError> {
    let text = row.text(column);
    for (list, value) in &values {
        if list.iter().any(|known| known == text) {
            return Ok(Some(*value));
        }
    }
    if ignored.iter().any(|known| known == text) {
        return Ok(None);
    }
    let lists = values.iter().flat_map(|(list, _)| list.iter()).chain(ignored);
    let known: Vec<&str> = lists.map(String::as_str).collect();
    let expected = format!(
        "one of {}; [{setting}] says what each value means, or which rows to leave out (ignored)",
        known.join(", ")
    );
    Err(row.wrong(column, expected))
}

/// Adds an image's name, length and time to the fingerprint.
fn stamp(
    path: &Path,
    row: &Row<'_>,
    column: &Column,
    image: &str,
    hash: &mut Sha256,
) -> Result<(), DataError> {
    let missing = |reason| DataError::MissingImage {
        place: Box::new(row.place(column)),
        image: path.to_owned(),
        reason,
    };
    let about = std::fs::metadata(path).map_err(missing)?;
    if !about.is_file() {
        return Err(missing(std::io::Error::other("is not a file")));
    }
    let time = about.modified().map_err(missing)?;
    let nanoseconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    hash.update(image.as_bytes());
    hash.update([0]);
    hash.update(about.len().to_le_bytes());
    hash.update(nanoseconds.to_le_bytes());
    Ok(())
}

/// A fingerprint that knows the model's images and what the files' numbers mean. Names and colours of
/// channels do not change a byte; their hints decide which plane is which channel.
fn fingerprint_of_spec(spec: &ImageSpec, image: &ImageConfig) -> Sha256 {
    let mut hash = Sha256::new();
    let hints = |channel: &Channel| {
        (
            channel.name.clone(),
            channel.stain.clone(),
            channel.aliases.clone(),
        )
    };
    let channels: Vec<_> = spec.channels.iter().map(hints).collect();
    let about = (
        spec.height,
        spec.width,
        channels,
        spec.coding,
        spec.range,
        image.meaning,
        image.fit,
    );
    hash.update(format!("{about:?}").as_bytes());
    hash
}
