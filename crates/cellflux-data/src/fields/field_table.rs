//! The fields of an experiment: for each the files of its channels and what is known about it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cellflux_image::ImageSpec;

use super::config::{About, CompoundTable, FieldsConfig, MissingField};
use crate::containers;
use crate::error::{DataError, Place};
use crate::pixel_size::SizeColumn;
use crate::table::{Column, Row, Table};
use crate::template::Template;

/// The fields to cut, in the table's order.
pub(super) struct FieldTable {
    pub(super) list: Vec<FieldOfView>,
    /// Fields left out because a file is missing.
    pub(super) missing: usize,
}

/// One field.
pub(super) struct FieldOfView {
    /// A file for every channel, in the specification's order; the same for all where one holds all.
    pub(super) files: Vec<ChannelFile>,
    /// Plate, well and site: the start of its crops' names.
    pub(super) key: String,
    pub(super) compound: String,
    /// Whether the compound is a control.
    pub(super) control: bool,
    pub(super) dose: String,
    pub(super) smiles: String,
    pub(super) mode_of_action: String,
    pub(super) batch: String,
    pub(super) plate: String,
    pub(super) well: String,
    pub(super) site: String,
    pub(super) validation: bool,
    /// Micrometres per pixel of the field, where the table states them.
    pub(super) pixel_um: Option<f64>,
}

/// The file of one channel of a field.
pub(super) struct ChannelFile {
    pub(super) path: PathBuf,
    /// Where the table names it, for messages.
    pub(super) place: Place,
}

/// The configuration's templates, their columns found.
struct Templates {
    files: Vec<Template>,
    compound: Template,
    dose: Template,
    batch: Template,
    plate: Template,
    well: Template,
    site: Template,
    only: Vec<(Column, Vec<String>)>,
    sizes: Option<SizeColumn>,
}

impl FieldTable {
    /// Reads the table; every file is looked for now.
    pub(super) fn read(config: &FieldsConfig, spec: &ImageSpec) -> Result<Self, DataError> {
        let folder = match &config.folder {
            Some(folder) => folder.clone(),
            None => config.table.parent().unwrap_or(Path::new("")).to_owned(),
        };
        let compounds = config
            .compounds
            .as_ref()
            .map(read_compounds)
            .transpose()?
            .unwrap_or_default();
        let table = Table::open(&config.table)?;
        let templates = Templates::read(config, spec, &table)?;
        let mut list: Vec<FieldOfView> = Vec::new();
        let mut missing = 0;
        let mut keys: HashMap<String, u64> = HashMap::new();
        table.for_each_row(|row| {
            let wanted =
                |(column, values): &(Column, Vec<String>)| values.iter().any(|v| v == row.text(column));
            if !templates.only.iter().all(wanted) {
                return Ok(());
            }
            let mut field = templates.field(row, &folder)?;
            if let Some(absent) = field.files.iter().find(|file| !containers::exists(&file.path)) {
                if config.missing == MissingField::Error {
                    return Err(DataError::MissingImage {
                        place: Box::new(absent.place.clone()),
                        image: absent.path.clone(),
                        reason: std::io::Error::new(
                            std::io::ErrorKind::NotFound,
                            "there is no such file; missing = \"skip\" leaves such fields out",
                        ),
                    });
                }
                missing += 1;
                return Ok(());
            }
            field.name_compound(row, &templates, &config.about)?;
            if let Some((smiles, mode_of_action)) = compounds.get(&field.compound) {
                field.smiles.clone_from(smiles);
                field.mode_of_action.clone_from(mode_of_action);
            }
            if let Some(earlier) = keys.insert(field.key.clone(), row.line) {
                return Err(DataError::config(
                    "about",
                    format!(
                        "plate, well and site {:?} for lines {earlier} and {}",
                        field.key, row.line
                    ),
                    "different ones for every field",
                ));
            }
            list.push(field);
            Ok(())
        })?;
        if list.is_empty() {
            return Err(DataError::Nothing {
                file: config.table.clone(),
                column: config.only.keys().next().cloned().unwrap_or_else(|| "any".into()),
                what: "no field to cut".into(),
                found: format!("{missing} fields have a missing file below {}", folder.display()),
            });
        }
        // Every n-th field is validation, by its place in the table.
        let taken = |number: usize| (number as f64 * config.validation).floor() as usize;
        for (number, field) in list.iter_mut().enumerate() {
            field.validation = taken(number + 1) > taken(number);
        }
        Ok(Self { list, missing })
    }
}

impl Templates {
    fn read(config: &FieldsConfig, spec: &ImageSpec, table: &Table) -> Result<Self, DataError> {
        let names: Vec<&str> = spec
            .channels
            .iter()
            .map(|channel| channel.name.as_str())
            .collect();
        if let Some(stray) = config.files.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(DataError::config(
                "files",
                format!("{stray:?}"),
                format!("the channels {}", names.join(", ")),
            ));
        }
        let files = names
            .iter()
            .map(|name| match config.files.get(*name) {
                Some(text) => Template::read(text, &format!("files.{name}"), table),
                None => Err(DataError::config(
                    format!("files.{name}"),
                    "missing",
                    "a template for every channel",
                )),
            })
            .collect::<Result<_, _>>()?;
        let about = &config.about;
        let only = config
            .only
            .iter()
            .map(|(title, values)| {
                Ok((
                    table.column(title, "named by the configuration's [only]")?,
                    values.clone(),
                ))
            })
            .collect::<Result<_, DataError>>()?;
        let template = |text: &str, field: &str| Template::read(text, field, table);
        Ok(Self {
            files,
            compound: template(&about.compound, "about.compound")?,
            dose: template(&about.dose, "about.dose")?,
            batch: template(&about.batch, "about.batch")?,
            plate: template(&about.plate, "about.plate")?,
            well: template(&about.well, "about.well")?,
            site: template(&about.site, "about.site")?,
            only,
            sizes: SizeColumn::find(table, about.pixel_size.as_deref())?,
        })
    }

    fn field(&self, row: &Row<'_>, folder: &Path) -> Result<FieldOfView, DataError> {
        let mut files = Vec::with_capacity(self.files.len());
        for (number, template) in self.files.iter().enumerate() {
            files.push(ChannelFile {
                path: folder.join(template.fill(row)?),
                place: template.place(row, || format!("any (files, channel {})", number + 1)),
            });
        }
        let compound = self.compound.fill(row)?;
        let (plate, well, site) = (self.plate.fill(row)?, self.well.fill(row)?, self.site.fill(row)?);
        let parts = [plate.as_str(), well.as_str(), site.as_str()];
        let key: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(FieldOfView {
            files,
            key: key.join("_").replace(['/', '\\'], "_"),
            compound,
            control: false,
            dose: self.dose.fill(row)?,
            smiles: String::new(),
            mode_of_action: String::new(),
            batch: self.batch.fill(row)?,
            plate,
            well,
            site,
            validation: false,
            pixel_um: match &self.sizes {
                Some(sizes) => sizes.of(row)?,
                None => None,
            },
        })
    }
}

impl FieldOfView {
    /// Decides whether the field is a control, and gives it a name where it has none.
    ///
    /// # Errors
    /// [`DataError::Cell`] for a field without a compound or a batch.
    fn name_compound(
        &mut self,
        row: &Row<'_>,
        templates: &Templates,
        about: &About,
    ) -> Result<(), DataError> {
        let refuse = |template: &Template, found: &str, expected: String| DataError::Cell {
            place: Box::new(template.place(row, || "any".into())),
            found: found.to_owned(),
            expected,
        };
        let well = || {
            let parts = [("plate", &self.plate), ("well", &self.well)];
            let named = parts.iter().filter(|(_, name)| !name.trim().is_empty());
            let named: Vec<String> = named.map(|(kind, name)| format!("{kind} {name}")).collect();
            if named.is_empty() {
                "this field".to_owned()
            } else {
                named.join(", ")
            }
        };
        if self.batch.trim().is_empty() {
            let expected = format!("a batch's name for {}", well());
            return Err(refuse(&templates.batch, &self.batch, expected));
        }
        if !self.compound.trim().is_empty() {
            self.control = about.controls.contains(&self.compound);
            return Ok(());
        }
        let Some(name) = &about.empty_compound else {
            let expected = format!(
                "a compound's name for {}; where wells without a compound are controls, \
                 about.empty_compound = \"DMSO\" says so and names them",
                well()
            );
            return Err(refuse(&templates.compound, &self.compound, expected));
        };
        self.compound.clone_from(name);
        self.control = true;
        Ok(())
    }

    /// A folder for the plate's crops: its name without separators.
    pub(super) fn plate_folder(&self) -> String {
        self.plate.replace(['/', '\\'], "_")
    }
}

/// Structure and mode of action by name.
type Compounds = HashMap<String, (String, String)>;

fn read_compounds(config: &CompoundTable) -> Result<Compounds, DataError> {
    let table = Table::open(&config.table)?;
    let name = table.column(&config.name, "the compound's name")?;
    let find = |title: &Option<String>, role| {
        title
            .as_deref()
            .map(|title| table.column(title, role))
            .transpose()
    };
    let smiles = find(&config.smiles, "the compound's structure")?;
    let mode_of_action = find(&config.mode_of_action, "the mode of action")?;
    let mut compounds = Compounds::new();
    table.for_each_row(|row| {
        if row.text(&name).is_empty() {
            return Ok(());
        }
        let known = compounds.entry(row.text(&name).to_owned()).or_default();
        for (column, place) in [(&smiles, &mut known.0), (&mode_of_action, &mut known.1)] {
            // The first row that says something.
            if let Some(column) = column
                && place.is_empty()
            {
                row.text(column).clone_into(place);
            }
        }
        Ok(())
    })?;
    Ok(compounds)
}
