//! A design as an experiment: its images are drawn when they are asked for.

use cellflux_bundle::perturbation::Perturbation;
use cellflux_image::ImageSpec;
use sha2::{Digest, Sha256};

use super::config::SyntheticConfig;
use super::design::Design;
use super::{CONTROL, image_path, plate_name};
use crate::entry::{Compound, Entry};
use crate::error::DataError;
use crate::experiment::Experiment;
use crate::images::Images;
use crate::left_out::LeftOut;
use crate::titles::Titles;

/// The experiment of a design.
pub(crate) fn experiment(config: &SyntheticConfig, spec: &ImageSpec) -> Result<Experiment, DataError> {
    let design = Design::new(config, spec)?;
    let control = Compound {
        name: CONTROL.into(),
        kind: Perturbation::Compound,
        smiles: None,
        mode_of_action: None,
        control: true,
        held_out: false,
        line: 0,
    };
    let treatments = config.compounds.iter().map(|compound| Compound {
        name: compound.name.clone(),
        smiles: compound.smiles.clone(),
        control: false,
        ..control.clone()
    });
    let entries = (0..config.images)
        .map(|index| {
            let truth = design.truth(index);
            Entry {
                image: image_path(index).into(),
                line: u32::try_from(index + 2).unwrap_or(u32::MAX),
                split: truth.split,
                treated: truth.treatment.is_some(),
                compound: truth.treatment.map_or(0, |(compound, _)| compound as u32 + 1),
                batch: truth.batch as u32,
                plate: None,
                well: None,
                // Every cell is a draw of its own.
                field: Some(index as u32),
                dose_um: Some(truth.treatment.map_or(0.0, |(_, dose)| dose)),
            }
        })
        .collect();
    let mut hash = Sha256::new();
    // The 1 is the version of this layout: raise it when the same configuration draws other cells.
    hash.update(format!("synthetic 1 {config:?} {} x {}", spec.height, spec.width).as_bytes());
    Ok(Experiment {
        titles: Titles {
            table: "synthetic experiment".into(),
            image: "path".into(),
            split: "SPLIT".into(),
            state: "STATE".into(),
            compound: "CPD_NAME".into(),
            batch: "BATCH".into(),
            dose: "DOSE".into(),
            smiles: "SMILES".into(),
        },
        spec: spec.clone(),
        entries,
        compounds: std::iter::once(control.clone()).chain(treatments).collect(),
        batches: (0..design.plates().len()).map(plate_name).collect(),
        plates: Vec::new(),
        wells: Vec::new(),
        fields: (0..config.images).map(image_path).collect(),
        ignored_rows: 0,
        left_out: LeftOut::default(),
        pixel_scale: None,
        drawn_validation: None,
        fingerprint: format!("{:x}", hash.finalize()),
        images: Images::Synthetic(Box::new(design)),
    })
}
