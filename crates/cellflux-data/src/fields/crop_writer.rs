//! Crops as files, and the table that training reads.

use std::fs;
use std::path::{Path, PathBuf};

use cellflux_image::{ImageSpec, coded_png, npy};

use super::field_table::FieldOfView;
use super::nuclei::Nucleus;
use crate::error::DataError;
use crate::layout::TITLES;
use crate::pixel_size;
use crate::table::TableWriter;

/// A nucleus with its crop, as written.
pub(super) struct Cut {
    pub(super) bytes: Vec<u8>,
    pub(super) nucleus: Nucleus,
    /// Micrometres per pixel of the crop, where known.
    pub(super) pixel_um: Option<f64>,
}

/// Writes crops and their table.
pub(super) struct CropWriter {
    out: PathBuf,
    pub(super) table: TableWriter,
    spec: ImageSpec,
    /// Crops of the current field.
    of_field: (String, usize),
}

/// Titles of what else is known of a crop.
const ABOUT_THE_CUT: [&str; 8] = [
    "PLATE",
    "WELL",
    "SITE",
    "X",
    "Y",
    "NUCLEUS_AREA",
    "EDGE_PX",
    pixel_size::TITLE,
];

impl CropWriter {
    pub(super) fn create(out: &Path, spec: &ImageSpec) -> Result<Self, DataError> {
        Ok(Self {
            out: out.to_owned(),
            table: TableWriter::create(out.join("metadata.csv"), &[&TITLES[..], &ABOUT_THE_CUT].concat())?,
            spec: spec.clone(),
            of_field: (String::new(), 0),
        })
    }

    pub(super) fn write(&mut self, field: &FieldOfView, cut: &Cut) -> Result<(), DataError> {
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
            cut.pixel_um.map(pixel_size::figures).unwrap_or_default(),
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
pub(super) fn encode(spec: &ImageSpec, coded: &[u8]) -> Result<(Vec<u8>, &'static str), DataError> {
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
