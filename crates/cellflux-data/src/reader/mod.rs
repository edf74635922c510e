//! Reading an experiment from a table of images, or from a design.
//!
//! Every image's metadata is opened and only the first image is decoded: a missing file, a missing column or
//! an unknown value ends here, before anything is written or trained.

mod choice;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;
use std::io::ErrorKind;

use cellflux_image::ImageSpec;
use cellflux_image::spec::Channel;
use sha2::{Digest, Sha256};

use crate::config::{DataConfig, ImageConfig, MissingImage, Source, UnknownSplit};
use crate::containers::{Store, Unopened};
use crate::drawn_split::Groups;
use crate::entry::{Compound, Entry, Split};
use crate::error::DataError;
use crate::experiment::Experiment;
use crate::images::Images;
use crate::layout::{FoundColumns, Layout};
use crate::left_out::LeftOut;
use crate::names::Names;
use crate::pixel_size::{self, PixelScale, SizeColumn};
use crate::synthetic;
use crate::table::{Column, Row};
use choice::Choice;
use values::{Meaning, Values};

/// The largest share of images that may be missing, unless the configuration states another.
const MISSING_AT_MOST: f64 = 0.1;

/// Reads and checks an experiment.
///
/// # Errors
/// [`DataError`] naming the file, line and column, or the configuration's field.
pub fn read_experiment(config: &DataConfig) -> Result<Experiment, DataError> {
    let spec = config.image.spec()?;
    let (mut experiment, groups) = match &config.source {
        Source::Synthetic(design) => {
            refuse_choices(config)?;
            (synthetic::experiment(design, &spec)?, None)
        }
        Source::Folder { .. } | Source::Public { .. } | Source::Webdataset { .. } => {
            read_table(config, spec)?
        }
    };
    experiment.hold_out(&config.held_out)?;
    if let (Some(groups), Some(rule)) = (groups, config.split.validation.rule()) {
        experiment.drawn_validation = Some(groups.draw(&mut experiment.entries, rule)?);
    }
    experiment.check_splits()?;
    Ok(experiment)
}

/// A design says itself which compounds and which validation cells there are.
fn refuse_choices(config: &DataConfig) -> Result<(), DataError> {
    let by = |key: &str| format!("none for drawn cells, which follow {key}");
    for (field, names) in [("data.only", &config.only), ("data.except", &config.except)] {
        if let Some(first) = names.first() {
            return Err(DataError::config(
                field,
                format!("{first:?}"),
                by("data.source.compounds"),
            ));
        }
    }
    if config.split.validation.rule().is_some() {
        return Err(DataError::config(
            "data.split.validation",
            "a rule",
            by("data.source.validation"),
        ));
    }
    Ok(())
}

/// Reads a table of images on disk, with their groups where a rule draws the validation split.
fn read_table(config: &DataConfig, spec: ImageSpec) -> Result<(Experiment, Option<Groups>), DataError> {
    let layout = Layout::of(&config.source, &config.columns);
    let (table, store) = layout.open()?;
    let columns = layout.columns(&table)?;
    let rule = config.split.validation.rule();
    let mut reader = Reader {
        config,
        choice: Choice::new(config),
        groups: rule.map(|rule| Groups::new(rule, &table)).transpose()?,
        hash: fingerprint_of_spec(&spec, &config.image),
        sizes: SizeColumn::find(&table, config.columns.pixel_size.as_deref())?,
        columns,
        layout,
        store,
        entries: Vec::new(),
        compounds: Vec::new(),
        compound_names: Names::default(),
        batches: Names::default(),
        plates: Names::default(),
        wells: Names::default(),
        fields: Names::default(),
        seen: HashMap::new(),
        ignored_rows: 0,
        left_out: LeftOut::default(),
    };
    table.for_each_row(|row| reader.row(row))?;
    reader.finish(spec)
}

/// A table of images that is becoming an experiment.
struct Reader<'a> {
    config: &'a DataConfig,
    choice: Choice<'a>,
    /// The images' groups, where a rule divides by them.
    groups: Option<Groups>,
    /// The sizes of the images' pixels, where the table states them.
    sizes: Option<SizeColumn>,
    layout: Layout,
    store: Store,
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
    left_out: LeftOut,
    hash: Sha256,
}

impl Reader<'_> {
    fn row(&mut self, row: &Row<'_>) -> Result<(), DataError> {
        let line = u32::try_from(row.line)
            .map_err(|_| row.wrong(&self.columns.image, "at most 4,294,967,295 lines"))?;
        let Some((split, treated)) = self.part(row)? else {
            return Ok(());
        };
        let image = self.layout.path_of(row, &self.columns.image)?;
        if let Some(earlier) = self.seen.insert(image.clone(), line) {
            let expected = format!("an image of its own; line {earlier} has this one");
            return Err(row.wrong(&self.columns.image, expected));
        }
        let name = compound_name(row, &self.columns, self.config, treated)?;
        if !self.choice.takes(name, treated) {
            self.left_out.unchosen(name);
            return Ok(());
        }
        let group = self.groups.as_ref().map(|groups| groups.name(row)).transpose()?;
        match self.store.stamp(&image, &mut self.hash) {
            Err(Unopened::Missing { reason, .. })
                if self.config.missing == MissingImage::Skip && reason.kind() == ErrorKind::NotFound =>
            {
                self.left_out.missing(&image);
                return Ok(());
            }
            stamped => stamped.map_err(|unopened| unopened.at(row.place(&self.columns.image)))?,
        }
        if let (Some(groups), Some(group)) = (&mut self.groups, group) {
            groups.add(&group);
        }
        if let Some(sizes) = &mut self.sizes {
            sizes.add(row)?;
        }
        let compound = self.compound(row, name, line, treated)?;
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

    /// The row's split and whether it is treated; none where the row is left out for one of them, which is
    /// counted.
    fn part(&mut self, row: &Row<'_>) -> Result<Option<(Split, bool)>, DataError> {
        let (columns, config) = (&self.columns, self.config);
        let values = Values {
            lists: [
                (config.split.train.as_slice(), Split::Train),
                (config.split.validation.values(), Split::Validation),
                (config.split.test.as_slice(), Split::Test),
            ],
            ignored: &config.split.ignored,
            setting: "data.split",
        };
        let text = row.text(&columns.split);
        let split = match values.meaning(text) {
            Meaning::Known(split) => Some(split),
            Meaning::Ignored => None,
            Meaning::Unknown if skips(config, config.split.unknown) => {
                self.left_out.unknown_split(text);
                return Ok(None);
            }
            Meaning::Unknown => return Err(values.unknown(row, &columns.split)),
        };
        let values = Values {
            lists: [
                (config.state.treated.as_slice(), true),
                (config.state.control.as_slice(), false),
            ],
            ignored: &config.state.ignored,
            setting: "data.state",
        };
        let text = row.text(&columns.state);
        let treated = match values.meaning(text) {
            Meaning::Known(treated) => Some(treated),
            Meaning::Ignored => None,
            Meaning::Unknown if skips(config, config.state.unknown) => {
                self.left_out.unknown_state(text);
                return Ok(None);
            }
            Meaning::Unknown => return Err(values.unknown(row, &columns.state)),
        };
        let part = split.zip(treated);
        self.ignored_rows += usize::from(part.is_none());
        Ok(part)
    }

    /// The position of the compound `name`, with what this row adds to what is known of it.
    fn compound(&mut self, row: &Row<'_>, name: &str, line: u32, treated: bool) -> Result<u32, DataError> {
        let columns = &self.columns;
        let (position, new) = self.compound_names.position(name);
        if new {
            self.compounds.push(Compound {
                name: name.to_owned(),
                kind: self.config.perturbation,
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

    /// Refuses a table of which more images are missing than may be.
    fn check_missing(&self) -> Result<(), DataError> {
        let at_most = self.config.missing_at_most.unwrap_or(MISSING_AT_MOST);
        if !(0.0..=1.0).contains(&at_most) {
            return Err(DataError::config(
                "data.missing_at_most",
                at_most,
                "a share from 0 to 1",
            ));
        }
        let missing = &self.left_out.missing;
        let of = self.entries.len() + missing.count;
        let Some(first) = missing.names.first() else {
            return Ok(());
        };
        if missing.count as f64 <= at_most * of as f64 {
            return Ok(());
        }
        Err(DataError::TooManyMissing {
            file: self.layout.table.as_path().into(),
            folder: self.layout.images.as_path().into(),
            missing: missing.count,
            of,
            at_most,
            first: first.as_str().into(),
        })
    }

    fn finish(self, mut spec: ImageSpec) -> Result<(Experiment, Option<Groups>), DataError> {
        self.check_missing()?;
        let titles = self.columns.titles(self.layout.table.clone());
        self.choice
            .check(&titles.table, &self.compounds, &self.left_out.unchosen_compounds)?;
        let Some(first) = self.entries.first() else {
            let mut found = format!("rows left out by their split or state: {}", self.ignored_rows);
            if !self.left_out.is_empty() {
                found += ", and\n";
                found += self.left_out.to_string().trim_end();
            }
            return Err(DataError::Nothing {
                file: titles.table,
                column: titles.image,
                what: "no image".into(),
                found,
            });
        };
        let place = || titles.place(&titles.image, first.line);
        let images = Images::files(self.store, first, &spec, &self.config.image, place)?;
        let stated = self.config.image.pixel_size_um;
        let pixel_scale = images
            .scale(&spec)
            .map(|(file, per_pixel)| PixelScale::decide(stated, self.sizes.as_ref(), file, per_pixel));
        pixel_size::put(&mut spec, pixel_scale.as_ref().and_then(|scale| scale.um));
        let experiment = Experiment {
            spec,
            images,
            entries: self.entries,
            compounds: self.compounds,
            batches: self.batches.list,
            plates: self.plates.list,
            wells: self.wells.list,
            fields: self.fields.list,
            ignored_rows: self.ignored_rows,
            left_out: self.left_out,
            pixel_scale,
            drawn_validation: None,
            fingerprint: format!("{:x}", self.hash.finalize()),
            titles,
        };
        Ok((experiment, self.groups))
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

/// Whether rows of a split or state that the configuration does not know are left out. The public code's
/// loader takes the rows that it knows, and no others.
fn skips(config: &DataConfig, unknown: Option<UnknownSplit>) -> bool {
    match unknown {
        Some(unknown) => unknown == UnknownSplit::Skip,
        None => matches!(config.source, Source::Public { .. }),
    }
}

/// The name of a row's compound.
fn compound_name<'r>(
    row: &'r Row<'_>,
    columns: &FoundColumns,
    config: &'r DataConfig,
    treated: bool,
) -> Result<&'r str, DataError> {
    match (row.text(&columns.compound), config.empty_compound.as_deref()) {
        ("", Some(control)) if !treated => Ok(control),
        ("", _) => {
            let well = columns.well.as_ref().map_or("", |column| row.text(column));
            let mut expected = match well {
                "" => "a compound's name".to_owned(),
                well => format!("a compound's name for well {well}"),
            };
            if !treated {
                expected += "; where controls have none, data.empty_compound = \"DMSO\" gives them one";
            }
            Err(row.wrong(&columns.compound, expected))
        }
        (name, _) => Ok(name),
    }
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
