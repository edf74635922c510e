//! Raw fields to crops: uneven illumination divided out, nuclei found, a crop cut around each, crops that
//! show no whole cell in focus left out, and the rest written as a folder of images with a table, which
//! training reads.
//!
//! ```text
//! table ─ fields ─┬─ 1st pass: illumination of every plate and channel
//!                 └─ 2nd pass: divide ─▶ nuclei ─▶ filter ─▶ crops ─▶ images/, metadata.csv, contact sheets
//! ```

mod channels;
mod config;
mod contact_sheet;
mod crop_writer;
mod field_table;
mod illumination;
pub mod nuclei;
mod report;
mod sheet;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use cellflux_image::ImageSpec;
use cellflux_image::crop::{self, CodedCrop, Crop};

pub use config::{About, CompoundTable, FieldsConfig, Illumination, MissingField, NucleiConfig};
pub use contact_sheet::{contact_sheet, windows};
pub use report::{CropsReport, Rejected};

use crate::error::DataError;
use crate::pixel_size;
use channels::{estimate_illumination, flatten, or_left_out, read_channels};
use crop_writer::{CropWriter, Cut};
use field_table::FieldTable;
use nuclei::Nucleus;
use sheet::Sheet;

/// Cuts crops out of fields and writes them into a new folder: `images/`, `metadata.csv`,
/// `contact-sheet.png`, and `rejected.png` with what was left out (except at the border). `progress` is
/// called with the fields done and their number.
///
/// # Errors
/// [`DataError`] naming the file, line and column; [`DataError::File`] for a folder that is there already:
/// nothing is overwritten.
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
        let field_um = field.pixel_um.or_else(|| pixel_size::of_files(&channels));
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
                // The configuration speaks of the crop's pixels, table and files of the field's.
                let per_pixel = crop.extent(&spec).0 as f64 / spec.width as f64;
                let pixel_um = spec.pixel_size_um.or(field_um.map(|um| um * per_pixel));
                report.without_scale += usize::from(pixel_um.is_none());
                let cut = Cut {
                    bytes,
                    nucleus,
                    pixel_um,
                };
                writer.write(field, &cut)?;
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

/// Checked before the first pass, which takes long; making the folder checks again.
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
