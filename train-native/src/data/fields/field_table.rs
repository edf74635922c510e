//! The fields of an experiment: for each the files of its channels and what is known about it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cellflux_image::ImageSpec;

use super::super::error::{DataError, Place};
use super::super::table::{Column, Row, Table};
use super::config::{CompoundTable, FieldsConfig, MissingField};
use super::template::Template;

/// The fields to cut, in the table's order.
pub(super) struct FieldTable {
    pub(super) list: Vec<Field>,
    /// Fields left out because a file is missing.
    pub(super) missing: usize,
}

/// One field.
pub(super) struct Field {
    /// Where the table names its first file, for messages.
    pub(super) place: Place,
    /// A file for every channel, in the specification's order.
    pub(super) files: Vec<PathBuf>,
    /// Plate, well and site: the start of its crops' names.
    pub(super) key: String,
    pub(super) compound: String,
    pub(super) dose: String,
    pub(super) smiles: String,
    pub(super) mode_of_action: String,
    pub(super) batch: String,
    pub(super) plate: String,
    pub(super) well: String,
    pub(super) site: String,
    pub(super) validation: bool,
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
        let mut list: Vec<Field> = Vec::new();
        let mut missing = 0;
        let mut keys: HashMap<String, u64> = HashMap::new();
        table.for_each_row(|row| {
            let wanted =
                |(column, values): &(Column, Vec<String>)| values.iter().any(|v| v == row.text(column));
            if !templates.only.iter().all(wanted) {
                return Ok(());
            }
            let field = templates.field(row, &folder, &compounds)?;
            if let Some(path) = field.files.iter().find(|path| !path.is_file()) {
                if config.missing == MissingField::Error {
                    return Err(DataError::MissingImage {
                        place: Box::new(field.place),
                        image: path.clone(),
                        source: std::io::ErrorKind::NotFound.into(),
                    });
                }
                missing += 1;
                return Ok(());
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
        })
    }

    fn field(&self, row: &Row<'_>, folder: &Path, compounds: &Compounds) -> Result<Field, DataError> {
        let mut files = Vec::with_capacity(self.files.len());
        for template in &self.files {
            files.push(folder.join(template.fill(row)?));
        }
        let column = self.files.iter().find_map(Template::column);
        let place = column.map_or_else(
            || Place {
                file: folder.to_owned(),
                line: row.line,
                column: "files".into(),
            },
            |column| row.place(column),
        );
        let compound = self.compound.fill(row)?;
        let (smiles, mode_of_action) = compounds.get(&compound).cloned().unwrap_or_default();
        let (plate, well, site) = (self.plate.fill(row)?, self.well.fill(row)?, self.site.fill(row)?);
        let parts = [plate.as_str(), well.as_str(), site.as_str()];
        let key: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(Field {
            place,
            files,
            key: key.join("_").replace(['/', '\\'], "_"),
            compound,
            dose: self.dose.fill(row)?,
            smiles,
            mode_of_action,
            batch: self.batch.fill(row)?,
            plate,
            well,
            site,
            validation: false,
        })
    }
}

impl Field {
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
