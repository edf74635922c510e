//! Small experiments on disk for the tests.

use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::perturbation::Perturbation;
use cellflux_image::{ImageSpec, coded_png};
use tempfile::TempDir;

use crate::config::{
    ConditionsConfig, DataConfig, EncoderConfig, ImageConfig, ImagePreset, PairingConfig, Source,
    WithoutControl,
};
use crate::synthetic::{SyntheticConfig, panel};
use crate::{ConditionTable, Experiment, PackedCache, Pairing};

/// Pixels per side of the fixtures' images.
pub(super) const SIDE: usize = 16;

/// A folder with a table and images.
pub(super) struct Folder {
    pub(super) dir: TempDir,
}

impl Folder {
    /// A table with these lines below its header, and an image for every line's first cell: RGB with [`SIDE`]
    /// pixels per side, whose bytes are the line's number.
    pub(super) fn new(header: &str, rows: &[&str]) -> Self {
        let folder = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::write(folder.table(), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        for (line, row) in (2u8..).zip(rows) {
            let name = row.split(',').next().unwrap();
            if !name.is_empty() {
                folder.write_image(name, 3, SIDE, SIDE, line);
            }
        }
        folder
    }

    /// The usual table: two batches, each with controls and treated cells in both splits.
    pub(super) fn usual() -> Self {
        Self::new(
            "path,SPLIT,STATE,CPD_NAME,DOSE,SMILES,BATCH",
            &[
                "a0.png,train,0,DMSO,0,CS(=O)C,A",
                "a1.png,train,0,DMSO,0,CS(=O)C,A",
                "a2.png,train,1,ethanol,1,CCO,A",
                "a3.png,train,1,ethanol,10,CCO,A",
                "b0.png,train,0,DMSO,0,CS(=O)C,B",
                "b1.png,train,1,benzene,1,c1ccccc1,B",
                "b2.png,val,0,DMSO,0,CS(=O)C,B",
                "b3.png,val,1,benzene,1,c1ccccc1,B",
            ],
        )
    }

    pub(super) fn table(&self) -> PathBuf {
        self.dir.path().join("metadata.csv")
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes an image of `channels` planes, all of one value.
    pub(super) fn write_image(&self, name: &str, channels: usize, height: usize, width: usize, value: u8) {
        let spec = ImageSpec::plain(channels, height, width);
        let png = coded_png::write(&spec, &vec![value; spec.len()]).unwrap();
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, png).unwrap();
    }

    /// Replaces text in the table.
    pub(super) fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.table()).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(self.table(), text.replacen(from, to, 1)).unwrap();
    }

    pub(super) fn config(&self) -> DataConfig {
        DataConfig {
            source: Source::Folder {
                table: self.table(),
                images: None,
            },
            ..synthetic(0)
        }
    }

    pub(super) fn read(&self) -> Result<Experiment, crate::DataError> {
        crate::read_experiment(&self.config())
    }
}

/// The images of [`synthetic`].
pub(super) fn spec() -> ImageSpec {
    ImageSpec::bbbc021(SIDE, SIDE)
}

/// What [`synthetic`] draws.
pub(super) fn synthetic_config(images: usize) -> SyntheticConfig {
    SyntheticConfig {
        seed: 7,
        images,
        controls: 0.25,
        validation: 0.1,
        batches: 2,
        plates: Vec::new(),
        compounds: panel(),
        drawn_side: None,
    }
}

/// A synthetic experiment of `images` images of [`SIDE`] x [`SIDE`] px, in two batches.
pub(super) fn synthetic(images: usize) -> DataConfig {
    DataConfig {
        source: Source::Synthetic(synthetic_config(images)),
        image: ImageConfig {
            height: SIDE,
            width: SIDE,
            preset: ImagePreset::Bbbc021,
            channels: Vec::new(),
            coding: None,
            pixel_size_um: None,
            fit: crate::Fit::Centre,
            meaning: None,
        },
        columns: crate::Columns::default(),
        empty_compound: None,
        perturbation: Perturbation::Compound,
        split: crate::SplitValues::default(),
        state: crate::StateValues::default(),
        only: Vec::new(),
        except: Vec::new(),
        missing: crate::MissingImage::default(),
        missing_at_most: None,
        held_out: Vec::new(),
        pairing: PairingConfig::default(),
        draw: crate::DrawConfig::default(),
        prefetch: crate::Prefetch::default(),
    }
}

pub(super) fn one_hot() -> ConditionsConfig {
    ConditionsConfig {
        encoder: EncoderConfig::OneHot {},
        ..ConditionsConfig::default()
    }
}

/// An experiment packed and paired.
pub(super) fn packed(config: &DataConfig, folder: &Path) -> (Experiment, PackedCache, Pairing) {
    let experiment = crate::read_experiment(config).unwrap();
    let conditions = ConditionTable::build(&experiment, &one_hot()).unwrap();
    let pairing = Pairing::new(&experiment, &conditions, &config.pairing).unwrap();
    let cache = PackedCache::open(&experiment, folder).unwrap();
    (experiment, cache, pairing)
}

/// A configuration that says what happens to batches without control.
pub(super) fn without_control(policy: WithoutControl) -> PairingConfig {
    PairingConfig {
        without_control: policy,
        learn_controls: false,
    }
}
