//! Real single-cell crops beside the bundle's own: controls of several plates, and treated cells of the same
//! plates.
//!
//! The folder holds a `metadata.csv` in the columns that training reads (`path`, `SAMPLE_KEY`, `SPLIT`,
//! `STATE`, `CPD_NAME`, `DOSE` in micromolar, `BATCH`, `PLATE`, `WELL`) and the crops at those paths: 8-bit
//! RGB PNG, F-actin, beta-tubulin, DNA, square-root coded from 12 bits, as of BBBC021. They go into an
//! assembled site only, never into a bundle: the project ships only what is its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cellflux_bundle::Manifest;
use cellflux_bundle::files::{FileEntry, check_path};
use cellflux_bundle::gallery::Example;
use cellflux_data::table::Table;
use cellflux_data::{DataError, StateValues};
use cellflux_image::assign::{Assignment, PlaneRef};
use cellflux_image::coding::Meaning;
use cellflux_image::crop::{self, Crop};
use cellflux_image::{ImageError, ImageSpec, coded_png, decode};

use crate::config::CropsStatement;
use crate::error::SiteError;

const TABLE: &str = "metadata.csv";
/// Plates, those with the most treated cells first.
const PLATES: usize = 6;
/// Control crops per plate, from different wells where possible.
const CONTROLS: usize = 3;
/// Treated crops per plate, compound and dose.
const TREATED: usize = 2;

/// A crop of the table, cut to the model's size.
#[derive(Clone, Debug, PartialEq)]
pub struct RealCrop {
    /// Its entry in the gallery.
    pub example: Example,
    /// The coded crop as PNG.
    pub png: Vec<u8>,
    /// Whether it was treated.
    pub treated: bool,
}

/// What a folder of crops brings to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct RealCrops {
    /// The chosen crops.
    pub crops: Vec<RealCrop>,
    /// The batches of the whole table in which each condition of the model occurs, by the condition's id.
    pub batches: BTreeMap<String, BTreeSet<String>>,
}

/// A row of the table.
#[derive(Clone, Debug)]
struct Row {
    path: String,
    key: String,
    split: String,
    treated: bool,
    compound: String,
    dose_um: Option<f64>,
    batch: String,
    plate: String,
    well: String,
}

impl Row {
    /// Crops that no network was trained on come first, then the table's order decides.
    fn rank(&self) -> (bool, &str) {
        (self.split == "train", &self.key)
    }
}

/// Chooses and cuts crops for a model: of up to six plates that have both control and treated cells, three
/// controls each, and two treated cells of every compound and dose that the model knows. Cells that were held
/// out of training come first.
///
/// # Errors
/// [`SiteError::Crops`] for a model of other images, a table that cannot be read or one without such a plate,
/// [`SiteError::Image`] for a crop that cannot be cut.
pub fn choose(data: &Path, manifest: &Manifest, statement: &CropsStatement) -> Result<RealCrops, SiteError> {
    let table = data.join(TABLE);
    let wrong = |problem: String| SiteError::Crops {
        path: table.clone(),
        problem,
    };
    let spec = &manifest.image;
    let bbbc021 = ImageSpec::bbbc021(spec.height, spec.width);
    if spec.channels.len() != bbbc021.channels.len() || spec.coding != bbbc021.coding {
        return Err(wrong(
            "holds BBBC021 crops (3 channels, square root of 12 bits), expected a model of such images"
                .into(),
        ));
    }
    let rows = with_conditions(read(&table)?, manifest);
    let mut batches: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (row, condition) in &rows {
        if !row.batch.is_empty() {
            batches
                .entry(condition.clone())
                .or_default()
                .insert(row.batch.clone());
        }
    }
    let plates = plates(rows);
    if plates.is_empty() {
        return Err(wrong(
            "has no plate with both control and treated cells, expected one with a compound of the model"
                .into(),
        ));
    }
    let crops = plates
        .iter()
        .flat_map(of_plate)
        .map(|(row, condition)| cut(data, row, condition, spec, statement))
        .collect::<Result<_, _>>()?;
    Ok(RealCrops { crops, batches })
}

/// Puts crops into a manifest, after the examples it has, and adds the table's batches to those of the
/// conditions; returns the files to write beside it.
pub fn add(real: RealCrops, manifest: &mut Manifest) -> Vec<(String, Vec<u8>)> {
    let RealCrops { crops, batches } = real;
    for condition in &mut manifest.conditions.list {
        for batch in batches.get(&condition.id).into_iter().flatten() {
            if !condition.batches.contains(batch) {
                condition.batches.push(batch.clone());
            }
        }
    }
    let mut files = Vec::with_capacity(crops.len());
    for crop in crops {
        let path = crop.example.file.clone();
        manifest.files.push(FileEntry::of(&path, &crop.png));
        let list = if crop.treated {
            &mut manifest.gallery.treated
        } else {
            &mut manifest.gallery.controls
        };
        list.push(crop.example);
        files.push((path, crop.png));
    }
    files
}

fn read(table: &Path) -> Result<Vec<Row>, SiteError> {
    let wrong = |error: DataError| SiteError::Crops {
        path: table.into(),
        // The message begins with the table's path.
        problem: error
            .to_string()
            .trim_start_matches(&format!("{}: ", table.display()))
            .to_owned(),
    };
    let open = Table::open(table).map_err(wrong)?;
    let column = |title: &str| {
        open.column(title, "a column of a table of single cells")
            .map_err(wrong)
    };
    let [path, key, split, state, compound] =
        ["path", "SAMPLE_KEY", "SPLIT", "STATE", "CPD_NAME"].map(column);
    let (path, key, split, state, compound) = (path?, key?, split?, state?, compound?);
    let [dose, batch, plate, well] = ["DOSE", "BATCH", "PLATE", "WELL"].map(column);
    let (dose, batch, plate, well) = (dose?, batch?, plate?, well?);
    let states = StateValues::default();
    let mut rows = Vec::new();
    open.for_each_row(|row| {
        let text = |column| row.text(column).to_owned();
        let is = |list: &[String]| list.iter().any(|value| value == row.text(&state));
        let treated = is(&states.treated);
        if !treated && !is(&states.control) {
            let known = [states.treated.join(", "), states.control.join(", ")].join(", ");
            return Err(row.wrong(&state, format!("one of {known}")));
        }
        rows.push(Row {
            path: text(&path),
            key: row.filled(&key, "the key of an image")?.to_owned(),
            split: text(&split),
            treated,
            compound: text(&compound),
            dose_um: row.amount(&dose)?,
            batch: text(&batch),
            plate: text(&plate),
            well: text(&well),
        });
        Ok(())
    })
    .map_err(wrong)?;
    Ok(rows)
}

/// Rows of one plate, each with the id of its condition in the model.
type Plate = Vec<(Row, String)>;

/// The rows that the model has a condition for, each with its id.
fn with_conditions(rows: Vec<Row>, manifest: &Manifest) -> Vec<(Row, String)> {
    let conditions = &manifest.conditions;
    let known: BTreeMap<String, &str> = conditions
        .list
        .iter()
        .map(|condition| (condition.name.to_lowercase(), condition.id.as_str()))
        .collect();
    let control = conditions.control().map(|condition| condition.id.as_str());
    rows.into_iter()
        .filter_map(|row| {
            let condition = if row.treated {
                known.get(&row.compound.to_lowercase()).copied()
            } else {
                control
            }?;
            Some((row, condition.to_owned()))
        })
        .collect()
}

/// The plates with the most treated cells, among those with controls.
fn plates(rows: Vec<(Row, String)>) -> Vec<Plate> {
    let mut plates: BTreeMap<String, Plate> = BTreeMap::new();
    for (row, condition) in rows {
        plates
            .entry(row.plate.clone())
            .or_default()
            .push((row, condition));
    }
    let treated = |plate: &Plate| plate.iter().filter(|(row, _)| row.treated).count();
    let mut plates: Vec<Plate> = plates
        .into_values()
        .filter(|plate| (1..plate.len()).contains(&treated(plate)))
        .collect();
    plates.sort_by_key(|plate| std::cmp::Reverse(treated(plate)));
    plates.truncate(PLATES);
    plates
}

/// Three controls of a plate, then its treated cells by compound and dose.
fn of_plate(plate: &Plate) -> Vec<&(Row, String)> {
    let mut ranked: Vec<&(Row, String)> = plate.iter().collect();
    ranked.sort_by(|(a, _), (b, _)| a.rank().cmp(&b.rank()));
    let (treated, controls): (Vec<_>, Vec<_>) = ranked.into_iter().partition(|(row, _)| row.treated);

    let mut wells = BTreeSet::new();
    let (first_of_well, others): (Vec<_>, Vec<_>) = controls
        .into_iter()
        .partition(|(row, _)| wells.insert(row.well.as_str()));
    let mut chosen: Vec<_> = first_of_well.into_iter().chain(others).take(CONTROLS).collect();

    // A dose's bits order like the dose: both are positive.
    let mut groups: BTreeMap<(&str, Option<u64>), Vec<_>> = BTreeMap::new();
    for entry in treated {
        let (row, condition) = entry;
        groups
            .entry((condition, row.dose_um.map(f64::to_bits)))
            .or_default()
            .push(entry);
    }
    chosen.extend(
        groups
            .into_values()
            .flat_map(|group| group.into_iter().take(TREATED)),
    );
    chosen
}

fn cut(
    data: &Path,
    row: &Row,
    condition: &str,
    spec: &ImageSpec,
    statement: &CropsStatement,
) -> Result<RealCrop, SiteError> {
    let path = data.join(&row.path);
    check_path("path", &row.path).map_err(|error| SiteError::Crops {
        path: data.join(TABLE),
        problem: error.to_string(),
    })?;
    let bytes = cellflux_files::read(&path).map_err(SiteError::io(&path))?;
    let png = coded(&row.path, &bytes, spec).map_err(|reason| SiteError::Image {
        path,
        reason: Box::new(reason),
    })?;
    let treated = row.treated;
    // Ids are lower-case, since links hold them.
    let id = row.key.to_ascii_lowercase();
    Ok(RealCrop {
        example: Example {
            file: format!("real/{id}.png"),
            id,
            condition: condition.to_owned(),
            dose_um: row.dose_um.filter(|_| treated),
            batch: Some(row.batch.clone()),
            plate: Some(row.plate.clone()),
            well: Some(row.well.clone()),
            source: statement.source.clone(),
            licence: statement.licence.clone(),
            synthetic: false,
            split: None,
        },
        png,
        treated,
    })
}

/// The middle of a crop at the model's size, byte for byte where it is large enough.
fn coded(name: &str, bytes: &[u8], spec: &ImageSpec) -> Result<Vec<u8>, ImageError> {
    let pictures = [decode(name, bytes)?];
    let planes = (0..spec.channels.len())
        .map(|plane| PlaneRef { picture: 0, plane })
        .collect();
    let assignment = Assignment::new(planes, &pictures, spec)?;
    let [picture] = &pictures;
    let middle = Crop::centred(picture.width(), picture.height(), spec);
    let crop = crop::cut(spec, &pictures, &assignment, middle, Some(Meaning::Coded))?;
    coded_png::write(spec, &crop.bytes)
}
