//! Raw fields to crops: uneven illumination divided out, nuclei found, a crop cut around each, crops that show no whole cell in
//! focus left out, and the rest written as a folder of images with a table, which training reads.
//!
//! ```text
//! table ─ fields ─┬─ 1st pass: illumination of every plate and channel
//!                 └─ 2nd pass: divide ─▶ nuclei ─▶ filter ─▶ crops ─▶ images/, metadata.csv, contact sheets
//! ```

mod config;
mod contact_sheet;
mod field_table;
mod illumination;
pub mod nuclei;
mod template;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cellflux_image::assign::{Assignment, PlaneRef};
use cellflux_image::coding::Clipped;
use cellflux_image::composite::Rgba;
use cellflux_image::crop::{self, CodedCrop, Crop};
use cellflux_image::{ImageSpec, Picture, coded_png, npy, strip};
use serde::Serialize;

pub use config::{About, CompoundTable, FieldsConfig, Illumination, MissingField, NucleiConfig};
pub use contact_sheet::{contact_sheet, windows};

use super::error::{DataError, Place};
use super::table::TableWriter;
use field_table::{ChannelFile, Field, FieldTable};
use illumination::{Estimate, Surface};
use nuclei::Nucleus;

/// Why a nucleus gave no crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rejected {
    /// The crop would leave the field.
    Border,
    /// Too small, or its outline too ragged.
    Debris,
    /// Too large: several that could not be told apart.
    Clump,
    /// Out of focus.
    Blurred,
}

/// What became of the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CropsReport {
    /// Fields that were cut.
    pub fields: usize,
    /// Fields left out because a file is missing.
    pub missing_fields: usize,
    /// Fields left out because a file cannot be decoded: for each which file of which line, and why.
    pub damaged_fields: Vec<String>,
    /// Nuclei found.
    pub nuclei: usize,
    /// Crops written.
    pub crops: usize,
    /// The shares of the crops' source pixels that are cut off at either end.
    pub clipped: Clipped,
    /// Nuclei that gave none, by reason.
    pub rejected: BTreeMap<Rejected, usize>,
    /// For each plate and channel the darkest and brightest illumination, 1 being the mean, and the fields it rests on.
    pub illumination: BTreeMap<String, (f64, f64, usize)>,
}

impl std::fmt::Display for CropsReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{} fields, {} nuclei, {} crops",
            self.fields, self.nuclei, self.crops
        )?;
        if self.missing_fields > 0 {
            writeln!(
                f,
                "  {} fields left out: a channel's file is missing",
                self.missing_fields
            )?;
        }
        if !self.damaged_fields.is_empty() {
            writeln!(
                f,
                "  {} fields left out: a channel's file cannot be decoded",
                self.damaged_fields.len()
            )?;
            for why in &self.damaged_fields {
                writeln!(f, "    {why}")?;
            }
        }
        for (reason, count) in &self.rejected {
            let words = match reason {
                Rejected::Border => "crop would leave the field",
                Rejected::Debris => "debris: too small or ragged",
                Rejected::Clump => "too large: several in one",
                Rejected::Blurred => "out of focus",
            };
            writeln!(f, "  {count:>6} left out: {words}")?;
        }
        writeln!(
            f,
            "  {:.3} % of the crops' pixels clipped as darker than black, {:.3} % as brighter than full scale",
            100.0 * self.clipped.dark,
            100.0 * self.clipped.bright
        )?;
        for (name, (low, high, fields)) in &self.illumination {
            writeln!(
                f,
                "  illumination of {name}: {low:.2} to {high:.2} of its mean, from {fields} fields"
            )?;
        }
        Ok(())
    }
}

/// A nucleus with its crop, as written.
struct Cut {
    bytes: Vec<u8>,
    nucleus: Nucleus,
}

/// Cuts crops out of fields and writes them into a new folder: `images/`, `metadata.csv`, `contact-sheet.png`, and
/// `rejected.png` with what was left out (but for the border's). `progress` is called with the fields done and their number.
///
/// # Errors
/// [`DataError`] naming the file, line and column; [`DataError::File`] for a folder that is there already: nothing is
/// overwritten.
pub fn cut_fields(
    config: &FieldsConfig,
    out: &Path,
    progress: impl Fn(usize, usize),
) -> Result<CropsReport, DataError> {
    config.check()?;
    let spec = config.image.spec()?;
    let mut fields = FieldTable::read(config, &spec)?;
    let nuclei_channel = spec
        .channels
        .iter()
        .position(|channel| channel.name == config.nuclei.channel)
        .ok_or_else(|| {
            let names: Vec<&str> = spec
                .channels
                .iter()
                .map(|channel| channel.name.as_str())
                .collect();
            DataError::config(
                "nuclei.channel",
                format!("{:?}", config.nuclei.channel),
                format!("one of {}", names.join(", ")),
            )
        })?;
    refuse_existing(out)?;
    let passes = 2 * fields.list.len();
    let mut damaged = Vec::new();
    let estimates = estimate_illumination(config, &spec, &mut fields, &mut damaged, |done| {
        progress(done, passes);
    })?;
    fs::create_dir(out).map_err(DataError::file(out, "cannot be made"))?;

    let mut report = CropsReport {
        missing_fields: fields.missing,
        damaged_fields: damaged,
        ..CropsReport::default()
    };
    let mut writer = CropWriter::create(out, &spec)?;
    let mut sheet = Sheet::default();
    for (number, field) in fields.list.iter().enumerate() {
        let channels = read_channels(&spec, field);
        let Some(mut channels) = or_left_out(channels, config, &mut report.damaged_fields)? else {
            continue;
        };
        for (index, picture) in channels.iter_mut().enumerate() {
            flatten(&spec, field, index, picture, &estimates, &mut report)?;
        }
        let Some(dna) = channels
            .get(nuclei_channel)
            .and_then(|picture| picture.planes.first())
        else {
            continue;
        };
        let found = nuclei::find(&dna.values, dna.width, dna.height, config.nuclei.diameter_px);
        let size = (dna.width, dna.height);
        report.fields += 1;
        report.nuclei += found.len();
        let assignment = field.assignment(&channels, &spec)?;
        for nucleus in found {
            let Some(crop) = around(&nucleus, size, config.side, &spec) else {
                *report.rejected.entry(Rejected::Border).or_default() += 1;
                continue;
            };
            let CodedCrop { bytes, clipped } =
                crop::cut(&spec, &channels, &assignment, crop, config.image.meaning)
                    .map_err(DataError::image(|| field.place()))?;
            let reason = judge(&nucleus, &config.nuclei);
            sheet.add(&bytes, reason.is_some());
            if let Some(reason) = reason {
                *report.rejected.entry(reason).or_default() += 1;
            } else {
                writer.write(field, &Cut { bytes, nucleus })?;
                report.crops += 1;
                // A running mean over the crops that are written.
                report.clipped.dark += (clipped.dark - report.clipped.dark) / report.crops as f64;
                report.clipped.bright += (clipped.bright - report.clipped.bright) / report.crops as f64;
            }
        }
        progress(fields.list.len() + number + 1, passes);
    }
    writer.table.finish()?;
    sheet.write(out, &spec)?;
    Ok(report)
}

/// Asks before the first pass, which takes its time; making the folder asks again.
fn refuse_existing(out: &Path) -> Result<(), DataError> {
    if out.exists() {
        return Err(DataError::File {
            file: out.to_owned(),
            doing: "cannot be made",
            reason: std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                "it is there already, expected the name of a new folder",
            ),
        });
    }
    Ok(())
}

type Estimates = BTreeMap<(String, usize), Estimate>;

/// A field's channels, or none where one is damaged and such fields are left out, which `damaged` then tells.
fn or_left_out(
    channels: Result<Vec<Picture>, DataError>,
    config: &FieldsConfig,
    damaged: &mut Vec<String>,
) -> Result<Option<Vec<Picture>>, DataError> {
    match channels {
        Ok(channels) => Ok(Some(channels)),
        Err(error @ (DataError::Image { .. } | DataError::MissingImage { .. }))
            if config.missing == MissingField::Skip =>
        {
            damaged.push(error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The first pass: every field of a plate adds to its illumination. Fields that are damaged and may be left out are.
fn estimate_illumination(
    config: &FieldsConfig,
    spec: &ImageSpec,
    fields: &mut FieldTable,
    damaged: &mut Vec<String>,
    progress: impl Fn(usize),
) -> Result<Estimates, DataError> {
    let mut estimates = Estimates::new();
    if config.illumination == Illumination::None {
        return Ok(estimates);
    }
    let mut whole = Vec::with_capacity(fields.list.len());
    for (number, field) in std::mem::take(&mut fields.list).into_iter().enumerate() {
        let channels = read_channels(spec, &field);
        let Some(channels) = or_left_out(channels, config, damaged)? else {
            continue;
        };
        for (index, picture) in channels.iter().enumerate() {
            let estimate = estimates.entry((field.plate.clone(), index)).or_default();
            for plane in picture.planes.iter().take(1) {
                estimate.add(&plane.values, plane.width, plane.height);
            }
        }
        progress(number + 1);
        whole.push(field);
    }
    fields.list = whole;
    Ok(estimates)
}

/// Divides a channel by its plate's illumination.
fn flatten(
    spec: &ImageSpec,
    field: &Field,
    index: usize,
    picture: &mut Picture,
    estimates: &Estimates,
    report: &mut CropsReport,
) -> Result<(), DataError> {
    let Some(estimate) = estimates.get(&(field.plate.clone(), index)) else {
        return Ok(());
    };
    let (width, height) = (picture.width(), picture.height());
    let channel = spec
        .channels
        .get(index)
        .map_or("", |channel| channel.name.as_str());
    let name = format!("{} {channel}", field.plate);
    let surface = estimate.surface(width, height).ok_or_else(|| {
        DataError::config(
            "illumination",
            format!("quadratic, but the fields of {name} determine no surface: none has cells, or nearly all are on one side"),
            "\"none\" for such fields",
        )
    })?;
    let (low, high) = surface.range(width, height);
    report.illumination.insert(name, (low, high, estimate.fields));
    divide(picture, &surface);
    Ok(())
}

/// The picture keeps the range that its file holds: that is what its meaning is checked against, not what the correction
/// makes of it.
fn divide(picture: &mut Picture, surface: &Surface) {
    for plane in &mut picture.planes {
        surface.divide(&mut plane.values, plane.width, plane.height);
    }
}

/// Decodes a field's files, one for each channel, all of one size.
fn read_channels(spec: &ImageSpec, field: &Field) -> Result<Vec<Picture>, DataError> {
    let mut pictures: Vec<Picture> = Vec::with_capacity(spec.channels.len());
    for ChannelFile { path, place } in &field.files {
        let bytes = cellflux_files::read(path).map_err(|reason| DataError::MissingImage {
            place: Box::new(place.clone()),
            image: path.clone(),
            reason,
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The whole path: the same file name may be in every folder.
        let picture = cellflux_image::decode(&path.display().to_string(), &bytes)
            .map_err(DataError::image(|| place.clone()))?;
        let picture = picture.merge_grey();
        let shape = |picture: &Picture| {
            format!(
                "{} x {} px in {} channels",
                picture.width(),
                picture.height(),
                picture.planes.len()
            )
        };
        if picture.planes.len() != 1 {
            return Err(DataError::Shape {
                place: Box::new(place.clone()),
                image: name.into_owned(),
                found: shape(&picture),
                expected: "one channel: fields are one file per channel".into(),
            });
        }
        pictures.push(picture);
    }
    Ok(pictures)
}

impl Field {
    /// Each channel is its own file's only plane.
    fn assignment(&self, channels: &[Picture], spec: &ImageSpec) -> Result<Assignment, DataError> {
        let planes = (0..channels.len()).map(|picture| PlaneRef { picture, plane: 0 });
        Assignment::new(planes.collect(), channels, spec).map_err(DataError::image(|| self.place()))
    }

    /// Where the table names the field: its first file, for what concerns all of them.
    fn place(&self) -> Place {
        self.files.first().map_or_else(
            || Place {
                file: PathBuf::new(),
                line: 0,
                column: String::new(),
            },
            |file| file.place.clone(),
        )
    }
}

/// The crop centred on a nucleus; none where it would leave the field.
fn around(
    nucleus: &Nucleus,
    (width, height): (usize, usize),
    side: Option<usize>,
    spec: &ImageSpec,
) -> Option<Crop> {
    let side = side.unwrap_or(spec.height.max(spec.width));
    let (crop_width, crop_height) = Crop { x: 0, y: 0, side }.extent(spec);
    let start = |middle: f64, length: usize| {
        let start = (middle - length as f64 / 2.0).round();
        (start >= 0.0).then_some(start as usize)
    };
    let crop = Crop {
        x: start(nucleus.x, crop_width)?,
        y: start(nucleus.y, crop_height)?,
        side,
    };
    (crop.x + crop_width <= width && crop.y + crop_height <= height).then_some(crop)
}

/// Why a nucleus gives no crop, if so.
fn judge(nucleus: &Nucleus, config: &NucleiConfig) -> Option<Rejected> {
    let usual = std::f64::consts::PI / 4.0 * config.diameter_px * config.diameter_px;
    let area = nucleus.area as f64 / usual;
    if area > config.largest {
        Some(Rejected::Clump)
    } else if area < config.smallest || nucleus.raggedness > config.ragged {
        Some(Rejected::Debris)
    } else if nucleus.edge_px > config.blurred * config.diameter_px {
        Some(Rejected::Blurred)
    } else {
        None
    }
}

/// Writes crops and their table.
struct CropWriter {
    out: PathBuf,
    table: TableWriter,
    spec: ImageSpec,
    /// Crops of the current field.
    of_field: (String, usize),
}

const HEADER: [&str; 16] = [
    "path",
    "SAMPLE_KEY",
    "SPLIT",
    "STATE",
    "CPD_NAME",
    "DOSE",
    "ANNOT",
    "SMILES",
    "BATCH",
    "PLATE",
    "WELL",
    "SITE",
    "X",
    "Y",
    "NUCLEUS_AREA",
    "EDGE_PX",
];

impl CropWriter {
    fn create(out: &Path, spec: &ImageSpec) -> Result<Self, DataError> {
        Ok(Self {
            out: out.to_owned(),
            table: TableWriter::create(out.join("metadata.csv"), &HEADER)?,
            spec: spec.clone(),
            of_field: (String::new(), 0),
        })
    }

    fn write(&mut self, field: &Field, cut: &Cut) -> Result<(), DataError> {
        if self.of_field.0 != field.key {
            self.of_field = (field.key.clone(), 0);
        }
        self.of_field.1 += 1;
        let key = format!("{}_{:03}", field.key, self.of_field.1);
        let (bytes, extension) = encode(&self.spec, &cut.bytes)?;
        let path = format!("images/{}/{key}.{extension}", field.plate_folder());
        let file = self.out.join(&path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(DataError::file(folder, "cannot be made"))?;
        }
        fs::write(&file, bytes).map_err(DataError::file(&file, "cannot be written"))?;
        let numbers = [
            format!("{:.1}", cut.nucleus.x),
            format!("{:.1}", cut.nucleus.y),
            cut.nucleus.area.to_string(),
            format!("{:.2}", cut.nucleus.edge_px),
        ];
        let cells = [
            path.as_str(),
            &key,
            if field.validation { "val" } else { "train" },
            if field.control { "0" } else { "1" },
            &field.compound,
            &field.dose,
            &field.mode_of_action,
            &field.smiles,
            &field.batch,
            &field.plate,
            &field.well,
            &field.site,
        ];
        let cells: Vec<&str> = cells
            .into_iter()
            .chain(numbers.iter().map(String::as_str))
            .collect();
        self.table.row(&cells)
    }
}

/// Three channels as an RGB PNG, others as `.npy` `[H, W, C]`.
fn encode(spec: &ImageSpec, coded: &[u8]) -> Result<(Vec<u8>, &'static str), DataError> {
    let channels = spec.channels.len();
    if channels == 3 {
        return Ok((coded_png::write(spec, coded)?, "png"));
    }
    let interleaved: Vec<u8> = (0..spec.pixels())
        .flat_map(|pixel| coded.iter().skip(pixel).step_by(spec.pixels()).copied())
        .collect();
    Ok((
        npy::write_u8(&[spec.height, spec.width, channels], &interleaved)?,
        "npy",
    ))
}

/// Crops for the contact sheets: a fixed number, evenly spread however many come.
#[derive(Default)]
struct Sheet {
    kept: Spread,
    rejected: Spread,
}

/// Every n-th of what comes, n doubling whenever twice as many as are shown have gathered.
#[derive(Default)]
struct Spread {
    crops: Vec<Vec<u8>>,
    step: usize,
    seen: usize,
}

impl Spread {
    const SHOWN: usize = 96;

    fn add(&mut self, crop: &[u8]) {
        self.step = self.step.max(1);
        if self.seen.is_multiple_of(self.step) {
            self.crops.push(crop.to_vec());
            if self.crops.len() == 2 * Self::SHOWN {
                let mut index = 0;
                self.crops.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.step *= 2;
            }
        }
        self.seen += 1;
    }

    fn shown(&self) -> Vec<Vec<u8>> {
        let count = self.crops.len().min(Self::SHOWN);
        (0..count)
            .filter_map(|place| self.crops.get(place * self.crops.len() / count).cloned())
            .collect()
    }
}

impl Sheet {
    fn add(&mut self, crop: &[u8], rejected: bool) {
        if rejected {
            self.rejected.add(crop);
        } else {
            self.kept.add(crop);
        }
    }

    /// Both sheets in the windows of the crops that were kept.
    fn write(&self, out: &Path, spec: &ImageSpec) -> Result<(), DataError> {
        let kept = self.kept.shown();
        let display = windows(spec, &kept);
        for (name, crops) in [
            ("contact-sheet.png", kept),
            ("rejected.png", self.rejected.shown()),
        ] {
            if crops.is_empty() {
                continue;
            }
            let picture: Rgba = contact_sheet(spec, &crops, 12, &display)?;
            let path = out.join(name);
            fs::write(&path, strip::encode_png(&picture)?)
                .map_err(DataError::file(&path, "cannot be written"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cellflux_image::synthetic::Cell;

    use super::super::config::{Fit, ImageConfig, ImagePreset, Source};
    use super::super::{DataConfig, Experiment};
    use super::*;

    /// Pixels a side of a field of 3 x 3 synthetic cells without neighbours.
    const SIDE: usize = 3 * 96;

    /// Writes two fields, one file per channel, and their table; returns the configuration.
    fn experiment(dir: &Path) -> FieldsConfig {
        let spec = ImageSpec::bbbc021(96, 96);
        for site in 1..=2u64 {
            let mut field = vec![0u8; 3 * SIDE * SIDE];
            for cell in 0..9 {
                let mut drawn = Cell::untreated(100 * site + cell as u64);
                drawn.batch.density = 0.0;
                let crop = drawn.render(96, 96).unwrap();
                for (channel, plane) in crop.chunks_exact(96 * 96).enumerate() {
                    for (y, row) in plane.chunks_exact(96).enumerate() {
                        let start = channel * SIDE * SIDE + (cell / 3 * 96 + y) * SIDE + cell % 3 * 96;
                        field[start..start + 96].copy_from_slice(row);
                    }
                }
            }
            for (plane, name) in field.chunks_exact(SIDE * SIDE).zip(["actin", "tubulin", "dna"]) {
                // Raw numbers as a float .npy: 16 times the intensity.
                let raw: Vec<f32> = plane
                    .iter()
                    .map(|&byte| (16.0 * spec.coding.decode(byte)) as f32)
                    .collect();
                let npy = npy::write_f32(&[SIDE, SIDE], &raw).unwrap();
                fs::write(dir.join(format!("P1_A01_s{site}_{name}.npy")), npy).unwrap();
            }
        }
        fs::write(
            dir.join("fields.csv"),
            "file,compound,conc\nP1_A01_s1_w1.tif,DMSO,0\nP1_A01_s2_w1.tif,taxol,3\nP2_A01_s1_w1.tif,taxol,3\n",
        )
        .unwrap();
        fs::write(dir.join("compounds.csv"), "name,structure\ntaxol,\ntaxol,CCO\n").unwrap();
        let file = |name: &str| format!("{{file#0}}_{{file#1}}_{{file#2}}_{name}.npy");
        FieldsConfig {
            table: dir.join("fields.csv"),
            folder: None,
            files: [("actin", "actin"), ("tubulin", "tubulin"), ("DNA", "dna")]
                .map(|(channel, name)| (channel.to_owned(), file(name)))
                .into(),
            only: BTreeMap::from([(
                "file".into(),
                vec!["P1_A01_s1_w1.tif".into(), "P1_A01_s2_w1.tif".into()],
            )]),
            missing: MissingField::Error,
            image: ImageConfig {
                height: 64,
                width: 64,
                preset: ImagePreset::Bbbc021,
                channels: Vec::new(),
                coding: None,
                pixel_size_um: None,
                fit: Fit::Centre,
                meaning: Some(cellflux_image::coding::Meaning::Raw),
            },
            side: None,
            about: About {
                compound: "{compound}".into(),
                dose: "{conc}".into(),
                batch: "{file#0}".into(),
                plate: "{file#0}".into(),
                well: "{file#1}".into(),
                site: "{file#2}".into(),
                controls: vec!["DMSO".into()],
                empty_compound: None,
            },
            compounds: Some(CompoundTable {
                table: dir.join("compounds.csv"),
                name: "name".into(),
                smiles: Some("structure".into()),
                mode_of_action: None,
            }),
            illumination: Illumination::Quadratic,
            nuclei: NucleiConfig {
                channel: "DNA".into(),
                diameter_px: 36.0,
                smallest: 0.25,
                largest: 2.5,
                blurred: 0.3,
                ragged: 1.6,
            },
            validation: 0.5,
        }
    }

    #[test]
    fn every_cell_of_a_field_becomes_a_crop_that_training_reads() {
        let dir = tempfile::tempdir().unwrap();
        let config = experiment(dir.path());
        let out = dir.path().join("crops");
        let report = cut_fields(&config, &out, |_, _| {}).unwrap();
        assert_eq!(
            (report.fields, report.crops, report.missing_fields),
            (2, 18, 0),
            "{report}"
        );
        assert_eq!(report.illumination.len(), 3);

        let folder = DataConfig {
            source: Source::Folder {
                table: out.join("metadata.csv"),
                images: None,
            },
            ..super::super::fixtures::synthetic(0)
        };
        let mut training = folder.clone();
        training.image.height = 64;
        training.image.width = 64;
        // Site 1 is DMSO and training, site 2 taxol and validation; training needs treated cells.
        let error = Experiment::read(&training).unwrap_err().to_string();
        assert!(error.contains("no treated image in the train split"), "{error}");
        training.split.train.push("val".into());
        training.split.validation.clear();
        let experiment = Experiment::read(&training).unwrap();
        assert_eq!(experiment.compounds()[1].smiles.as_deref(), Some("CCO"));
        assert_eq!(experiment.wells(), ["A01"]);
        for (index, entry) in experiment.entries().iter().enumerate() {
            assert_eq!(
                (entry.treated, entry.dose_um),
                if index < 9 {
                    (false, Some(0.0))
                } else {
                    (true, Some(3.0))
                }
            );
            // A nucleus in the middle.
            let crop = experiment.load(index).unwrap();
            let nucleus = cellflux_image::morphology::nucleus(&crop[2 * 64 * 64..], 64, 64).unwrap();
            assert!(nucleus.area > 500 && !nucleus.cut_off, "{nucleus:?}");
        }
        assert!(out.join("contact-sheet.png").is_file());
        let again = cut_fields(&config, &out, |_, _| {}).unwrap_err().to_string();
        assert!(again.contains("crops: cannot be made: "), "{again}");
    }

    #[test]
    fn five_channels_are_written_as_npy() {
        let spec = ImageSpec::plain(5, 20, 24);
        let coded: Vec<u8> = (0..spec.len()).map(|i| (i % 251) as u8).collect();
        let (bytes, extension) = encode(&spec, &coded).unwrap();
        let picture = cellflux_image::decode("a.npy", &bytes).unwrap();
        assert_eq!(
            (extension, picture.planes.len(), picture.height(), picture.width()),
            ("npy", 5, 20, 24)
        );
        let read: Vec<u8> = picture
            .planes
            .iter()
            .flat_map(|p| p.values.iter().map(|&v| v as u8))
            .collect();
        assert_eq!(read, coded);
    }

    #[test]
    fn small_large_ragged_and_blurred_nuclei_and_those_at_the_border_give_no_crop() {
        let config = experiment(tempfile::tempdir().unwrap().path()).nuclei;
        let usual = Nucleus {
            x: 100.0,
            y: 100.0,
            area: 1018,
            brightness: 900.0,
            edge_px: 5.0,
            raggedness: 1.1,
        };
        assert_eq!(judge(&usual, &config), None);
        assert_eq!(
            judge(&Nucleus { area: 200, ..usual }, &config),
            Some(Rejected::Debris)
        );
        assert_eq!(
            judge(
                &Nucleus {
                    raggedness: 2.0,
                    ..usual
                },
                &config
            ),
            Some(Rejected::Debris)
        );
        assert_eq!(
            judge(&Nucleus { area: 3000, ..usual }, &config),
            Some(Rejected::Clump)
        );
        assert_eq!(
            judge(
                &Nucleus {
                    edge_px: 14.0,
                    ..usual
                },
                &config
            ),
            Some(Rejected::Blurred)
        );
        let spec = ImageSpec::bbbc021(64, 64);
        let at = |x: f64, y: f64| around(&Nucleus { x, y, ..usual }, (200, 150), None, &spec);
        assert_eq!(
            at(32.0, 118.0),
            Some(Crop {
                x: 0,
                y: 86,
                side: 64
            })
        );
        assert_eq!(
            (at(31.0, 100.0), at(169.0, 100.0), at(100.0, 119.0)),
            (None, None, None)
        );
    }

    #[test]
    fn a_missing_or_odd_file_and_a_wrong_template_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let config = experiment(dir.path());
        let out = dir.path().join("crops");
        let refused = |config: &FieldsConfig| {
            let error = cut_fields(config, &out, |_, _| {}).unwrap_err().to_string();
            assert!(!out.exists(), "{error}");
            error.replace(&dir.path().display().to_string(), "DIR")
        };
        let all = FieldsConfig {
            only: BTreeMap::new(),
            ..config.clone()
        };
        assert!(
            refused(&all).starts_with("DIR/fields.csv: line 4, column file: DIR/P2_A01_s1_actin.npy: "),
            "{}",
            refused(&all)
        );
        let mut stray = config.clone();
        stray.files.insert("ER".into(), "x".into());
        assert_eq!(
            refused(&stray),
            "files is \"ER\", expected the channels actin, tubulin, DNA"
        );
        let mut unclosed = config.clone();
        unclosed.files.insert("DNA".into(), "{file".into());
        assert_eq!(
            refused(&unclosed),
            "files.DNA is \"{file\", expected text with {COLUMN} or {COLUMN#1} in it"
        );
        let mut parts = config.clone();
        parts.about.well = "{file#9}".into();
        assert!(
            refused(&parts)
                .contains("line 2, column file: found \"P1_A01_s1_w1.tif\", expected at least 10 parts")
        );
        let mut twice = config.clone();
        twice.about.site = String::new();
        assert!(refused(&twice).contains("plate, well and site \"P1_A01\" for lines 2 and 3"));
        let mut nuclei = config.clone();
        nuclei.nuclei.channel = "ER".into();
        assert_eq!(
            refused(&nuclei),
            "nuclei.channel is \"ER\", expected one of actin, tubulin, DNA"
        );
        fs::write(
            dir.path().join("P1_A01_s2_dna.npy"),
            npy::write_u8(&[40, 40, 3], &[0; 4800]).unwrap(),
        )
        .unwrap();
        assert_eq!(
            refused(&config),
            "DIR/fields.csv: line 3, column file: P1_A01_s2_dna.npy is 40 x 40 px in 3 channels, expected one channel: \
             fields are one file per channel"
        );
        // A field whose file is missing is left out where asked.
        fs::remove_file(dir.path().join("P1_A01_s2_dna.npy")).unwrap();
        let skipping = FieldsConfig {
            missing: MissingField::Skip,
            ..config
        };
        let report = cut_fields(&skipping, &out, |_, _| {}).unwrap();
        assert_eq!((report.fields, report.missing_fields, report.crops), (1, 1, 9));
    }

    #[test]
    fn a_damaged_field_is_left_out_where_asked_and_named_by_its_own_column_and_path() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = experiment(dir.path());
        // As a table with one column of paths per channel, in folders of their own.
        let rows: Vec<String> = (1..=2)
            .map(|site| {
                let files = ["actin", "tubulin", "dna"].map(|name| format!("s{site}/{name}.npy"));
                fs::create_dir(dir.path().join(format!("s{site}"))).unwrap();
                for (name, file) in ["actin", "tubulin", "dna"].iter().zip(&files) {
                    let from = dir.path().join(format!("P1_A01_s{site}_{name}.npy"));
                    fs::rename(from, dir.path().join(file)).unwrap();
                }
                format!("{},P1,s{site},taxol", files.join(","))
            })
            .collect();
        let table = format!("actin,tubulin,dna,plate,site,compound\n{}\n", rows.join("\n"));
        fs::write(dir.path().join("fields.csv"), table).unwrap();
        config.files = [("actin", "{actin}"), ("tubulin", "{tubulin}"), ("DNA", "{dna}")]
            .map(|(channel, template)| (channel.to_owned(), template.to_owned()))
            .into();
        config.only = BTreeMap::new();
        config.about = About {
            dose: String::new(),
            batch: "{plate}".into(),
            plate: "{plate}".into(),
            well: String::new(),
            site: "{site}".into(),
            ..config.about
        };
        let damaged = dir.path().join("s2/dna.npy");
        fs::write(&damaged, b"\x93NUMPY\x01").unwrap();
        let at = format!(
            "{}: line 3, column dna: {}",
            dir.path().join("fields.csv").display(),
            damaged.display()
        );
        for illumination in [Illumination::Quadratic, Illumination::None] {
            config.illumination = illumination;
            config.missing = MissingField::Error;
            let out = dir.path().join(format!("refused-{illumination:?}"));
            let message = cut_fields(&config, &out, |_, _| {}).unwrap_err().to_string();
            assert!(message.starts_with(&at), "{message}");

            config.missing = MissingField::Skip;
            let out = dir.path().join(format!("{illumination:?}"));
            let report = cut_fields(&config, &out, |_, _| {}).unwrap();
            assert_eq!((report.fields, report.crops), (1, 9));
            assert_eq!(report.damaged_fields.len(), 1);
            assert!(report.damaged_fields[0].starts_with(&at), "{report}");
            assert!(
                report
                    .to_string()
                    .contains("1 fields left out: a channel's file cannot be decoded")
            );
        }
        fs::remove_file(&damaged).unwrap();
        config.missing = MissingField::Error;
        let message = cut_fields(&config, &dir.path().join("gone"), |_, _| {})
            .unwrap_err()
            .to_string();
        assert_eq!(
            message,
            format!("{at}: there is no such file; missing = \"skip\" leaves such fields out")
        );
    }

    #[test]
    fn a_well_without_a_compound_is_a_control_where_that_is_said_and_else_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = experiment(dir.path());
        fs::write(
            dir.path().join("fields.csv"),
            "file,compound,conc\nP1_A01_s1_w1.tif,,0\nP1_A01_s2_w1.tif,taxol,3\n",
        )
        .unwrap();
        config.about.controls = Vec::new();
        let message = cut_fields(&config, &dir.path().join("refused"), |_, _| {})
            .unwrap_err()
            .to_string();
        let table = dir.path().join("fields.csv").display().to_string();
        assert_eq!(
            message,
            format!(
                "{table}: line 2, column compound: found \"\", expected a compound's name for plate P1, well A01; where wells \
                 without a compound are controls, about.empty_compound = \"DMSO\" says so and names them"
            )
        );

        config.about.empty_compound = Some("DMSO".into());
        let out = dir.path().join("crops");
        cut_fields(&config, &out, |_, _| {}).unwrap();
        let written = fs::read_to_string(out.join("metadata.csv")).unwrap();
        let cells =
            |line: &str| -> Vec<String> { line.split(',').skip(3).take(2).map(str::to_owned).collect() };
        let told: Vec<Vec<String>> = written.lines().skip(1).map(cells).collect();
        assert_eq!(told.len(), 18);
        assert!(told[..9].iter().all(|told| *told == ["0", "DMSO"]), "{told:?}");
        assert!(told[9..].iter().all(|told| *told == ["1", "taxol"]), "{told:?}");
    }

    #[test]
    fn a_sheet_shows_crops_from_all_along_the_way() {
        let mut spread = Spread::default();
        for number in 0..1000u32 {
            spread.add(&number.to_le_bytes());
        }
        let shown = spread.shown();
        assert_eq!(shown.len(), Spread::SHOWN);
        let last = u32::from_le_bytes(shown[95][..4].try_into().unwrap());
        assert!(last > 900, "{last}");
        assert!(shown.is_sorted_by_key(|crop| u32::from_le_bytes(crop[..4].try_into().unwrap())));
    }
}
