//! The configurations of the public data sets, each from the table to the bundle: on a miniature with their
//! own column titles, keys and folders, and with vectors made up here or, where they are there, the published
//! ones.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "common/repository.rs"]
mod repository;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use cellflux_bundle::Manifest;
use cellflux_bundle::folder;
use cellflux_bundle::perturbation::Perturbation;
use cellflux_data::Split;
use cellflux_image::npy;
use cellflux_train::config::{Config, Setting};
use cellflux_train::run::interrupt::Interrupt;
use cellflux_train::run::{MISSING, Run};

use repository::root;

/// Pixels per side of the miniatures' crops, of which the model sees the middle.
const SIDE: usize = 24;

/// A data set in miniature.
struct Miniature {
    /// Its name in `configs/public-NAME.toml`.
    name: &'static str,
    header: &'static str,
    channels: usize,
    /// The key of a cell by plate, well and number, and its path below the folder of images.
    place: fn(&str, &str, usize) -> (String, String),
    plates: [&'static str; 2],
    /// The table's cells behind split and key of a treatment and of a control, by plate.
    row: fn(treatment: Option<&str>, plate: &str) -> String,
    treatments: &'static [&'static str],
    /// Tables of vectors by their place below the folder of data, with their width and the names in them.
    tables: &'static [(&'static str, usize, &'static [&'static str])],
}

const BBBC021: Miniature = Miniature {
    name: "bbbc021",
    header: "SAMPLE_KEY,SPLIT,STATE,ANNOT,CPD_NAME,BATCH,DOSE,SMILES",
    channels: 3,
    place: |plate, well, cell| {
        let (week, number) = plate.split_once('_').unwrap();
        (
            format!("{plate}_{well}_s1_{cell}.0"),
            format!("{week}/{number}/{well}_s1_{cell}.0.npy"),
        )
    },
    plates: ["Week1_22123", "Week2_24121"],
    row: |treatment, plate| {
        let week = plate.split('_').next().unwrap();
        match treatment {
            Some("ethanol") => format!("1,Solvent,ethanol,{week},10,CCO"),
            Some(other) => format!("1,Ring,{other},{week},3,c1ccccc1"),
            None => format!("0,DMSO,DMSO,{week},0,CS(=O)C"),
        }
    },
    treatments: &["ethanol", "benzene"],
    tables: &[],
};

const RXRX1: Miniature = Miniature {
    name: "rxrx1",
    header: "SAMPLE_KEY,SPLIT,ANNOT,CPD_NAME,BATCH",
    channels: 6,
    place: |plate, well, cell| {
        let (experiment, number) = plate.split_once('_').unwrap();
        let experiment = experiment.split('-').nth(1).unwrap();
        (
            format!("{plate}_{well}_s1_{cell}"),
            format!("{experiment}_{number}/{well}/s1_{cell}.npy"),
        )
    },
    plates: ["HUVEC-01_1", "HUVEC-02_1"],
    row: |treatment, plate| match treatment {
        Some(gene) => format!("treated,{gene},{plate}"),
        None => format!("negative_control,UNTREATED,{plate}"),
    },
    treatments: &["A4GALT", "ZRANB3"],
    tables: &[(
        "rxrx1/impa_rxrx1_gene2vec_embeddings.csv.gz",
        200,
        &["A4GALT", "ZRANB3", "UNTREATED"],
    )],
};

const CPG0000: Miniature = Miniature {
    name: "cpg0000",
    header: "SAMPLE_KEY,SPLIT,STATE,BROAD_SAMPLE,PLATE",
    channels: 5,
    place: |plate, well, cell| {
        (
            format!("{plate}_{well}_f1_{cell}"),
            format!("{plate}/{well}_f1/{well}_f1_{cell}.npy"),
        )
    },
    plates: ["BR00117010", "BR00117006"],
    row: |treatment, plate| match treatment {
        Some(name) => format!("trt,{name},{plate}"),
        None => format!("control,,{plate}"),
    },
    treatments: &["BRD-K50720187-051-03-1", "BRDN0001487609", "ccsbBroad304_14741"],
    tables: &[
        (
            "jump/impa_cpg0000_cpd_embeddings.csv.gz",
            1224,
            &["DMSO", "BRD-K50720187-051-03-1"],
        ),
        (
            "jump/impa_cpg0000_crispr_embeddings.csv.gz",
            328,
            &["BRDN0001487609"],
        ),
        (
            "jump/impa_cpg0000_orf_embeddings.csv.gz",
            456,
            &["ccsbBroad304_14741"],
        ),
    ],
};

impl Miniature {
    /// Writes crops and table into `data`: on each plate two wells of two cells for each treatment and four
    /// control wells, a test cell for each treatment, and a row of a split that the loader passes over.
    /// Returns each crop's well.
    fn write(&self, data: &Path) -> BTreeMap<String, String> {
        let mut wells = BTreeMap::new();
        let mut table = format!("{}\n", self.header);
        for plate in self.plates {
            let treated = self.treatments.iter().flat_map(|name| [Some(*name); 2]);
            let content = treated.chain([None; 4]).enumerate();
            for (number, treatment) in content {
                let well = format!("B{:02}", number + 2);
                for (cell, split) in ["train", "train", "test"].into_iter().enumerate() {
                    let (key, path) = (self.place)(plate, &well, cell);
                    let row = (self.row)(treatment, plate);
                    writeln!(table, "{key},{split},{row}").unwrap();
                    let file = data.join("images").join(&path);
                    fs::create_dir_all(file.parent().unwrap()).unwrap();
                    let bytes: Vec<u8> = (0..SIDE * SIDE * self.channels)
                        .map(|index| ((index * 7 + number * 11 + cell) % 251) as u8)
                        .collect();
                    fs::write(file, npy::write_u8(&[SIDE, SIDE, self.channels], &bytes).unwrap()).unwrap();
                    wells.insert(path, format!("{plate} {well}"));
                }
            }
            let (key, _) = (self.place)(plate, "Z99", 0);
            writeln!(table, "{key},ood,{}", (self.row)(Some(self.treatments[0]), plate)).unwrap();
        }
        fs::write(data.join("table.csv"), table).unwrap();
        wells
    }

    /// Writes made-up vectors of the published tables' widths and names.
    fn write_vectors(&self, data: &Path) {
        for (file, width, names) in self.tables {
            let mut text = String::new();
            for number in 0..*width {
                write!(text, ",{number}").unwrap();
            }
            for (row, name) in names.iter().enumerate() {
                write!(text, "\n{name}").unwrap();
                for number in 0..*width {
                    write!(text, ",{}", (number + row) % 3).unwrap();
                }
            }
            let file = data.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    /// The shipped configuration, with another folder of vectors, of a network and a run that suit a test.
    fn config(&self, data: &Path, vectors: &Path, run: &Path) -> Config {
        let file = root().join(format!("configs/public-{}.toml", self.name));
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("../shared/data", vectors.to_str().unwrap());
        let settings = [
            "data.image.height=16",
            "data.image.width=16",
            // Of so few wells a twentieth would be one.
            "data.split.validation.share=0.5",
            "network.model_channels=32",
            "network.channel_mult=[1, 1]",
            "network.num_res_blocks=1",
            "network.attention_resolutions=[]",
            "training.steps=1",
            "training.batch=2",
            "training.precision=f32",
            "run.device=cpu",
            "run.validation_pairs=2",
            "run.validate_every=0",
            "run.sheet_every=0",
        ];
        let mut settings: Vec<Setting> = settings.iter().map(|text| text.parse().unwrap()).collect();
        settings.push(Setting::new("run", "folder", run.to_str().unwrap()));
        let mut config = Config::from_text(&file.display().to_string(), &text, &settings).unwrap();
        if let cellflux_data::Source::Public { table, images, .. } = &mut config.data.source {
            *table = data.join("table.csv");
            *images = data.join("images");
        }
        config
    }

    /// Trains one step on the miniature and exports the bundle.
    fn bundle(&self, vectors: Option<&Path>) -> Manifest {
        let data = tempfile::tempdir().unwrap();
        let wells = self.write(data.path());
        self.write_vectors(data.path());
        let run_folder = data.path().join("run");
        let config = self.config(data.path(), vectors.unwrap_or(data.path()), &run_folder);
        // The public code's effective batch.
        assert_eq!(config.training.accumulate, 4);
        let mut run = Run::start(config, |_, _| {}).unwrap();
        self.check_split(&run, &wells);
        run.train(&Interrupt::default()).unwrap();
        drop(run);
        assert!(!run_folder.join(MISSING).exists());
        let out = data.path().join("bundle");
        let export = Command::new(env!("CARGO_BIN_EXE_cellflux-train"))
            .arg("export")
            .arg(&run_folder)
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        assert!(
            export.status.success(),
            "{}",
            String::from_utf8_lossy(&export.stderr)
        );
        folder::read_manifest(&out).unwrap()
    }

    /// No well of the drawn validation split is in training, and no treatment has lost all its wells there.
    fn check_split(&self, run: &Run, wells: &BTreeMap<String, String>) {
        let experiment = &run.material().experiment;
        let of = |split: Split| -> BTreeSet<&String> {
            let entries = experiment.entries().iter();
            let own = entries.filter(|entry| entry.split == split);
            own.map(|entry| &wells[&*entry.image]).collect()
        };
        let (training, validation) = (of(Split::Train), of(Split::Validation));
        assert!(training.is_disjoint(&validation), "{training:?} {validation:?}");
        // Half of the wells of both plates: two for each treatment, and four controls.
        let all = 2 * (2 * self.treatments.len() + 4);
        assert_eq!((training.len(), validation.len()), (all / 2, all / 2));
        for compound in 0..experiment.compounds().len() as u32 {
            let mut entries = experiment.entries().iter();
            assert!(
                entries.any(|entry| entry.compound == compound && entry.split == Split::Train),
                "{compound}"
            );
        }
        assert_eq!(experiment.left_out().unknown_splits["ood"], 2);
    }
}

/// Bundles of a miniature with made-up vectors and, where they are there, with the published ones.
fn bundles(miniature: &Miniature) -> Vec<Manifest> {
    let mut bundles = vec![miniature.bundle(None)];
    if miniature.tables.is_empty() {
        return bundles;
    }
    let shared = root().join("../shared/data");
    if miniature
        .tables
        .iter()
        .all(|(file, ..)| shared.join(file).is_file())
    {
        bundles.push(miniature.bundle(Some(&shared)));
    } else {
        eprintln!(
            "skipped: the published vectors are not below {}",
            shared.display()
        );
    }
    bundles
}

/// Condition by name: kind, and whether it is the control.
fn kinds(manifest: &Manifest) -> BTreeMap<&str, (Perturbation, bool)> {
    let list = manifest.conditions.list.iter();
    list.map(|own| (own.name.as_str(), (own.kind, own.control)))
        .collect()
}

#[test]
fn bbbc021_is_trained_on_as_published() {
    for manifest in bundles(&BBBC021) {
        assert_eq!(manifest.model.config.condition_dim, 1024);
        assert_eq!(
            kinds(&manifest),
            BTreeMap::from([
                ("DMSO", (Perturbation::Compound, true)),
                ("benzene", (Perturbation::Compound, false)),
                ("ethanol", (Perturbation::Compound, false)),
            ])
        );
        let ethanol = manifest.conditions.get("ethanol").unwrap();
        assert_eq!(ethanol.mode_of_action.as_deref(), Some("Solvent"));
    }
}

#[test]
fn rxrx1_is_trained_on_as_published_and_its_bundle_speaks_of_genes_knocked_down() {
    for manifest in bundles(&RXRX1) {
        let network = &manifest.model.config;
        assert_eq!((network.in_channels, network.condition_dim), (6, 200));
        assert_eq!(manifest.image.channels[0].name, "nuclei");
        assert_eq!(
            kinds(&manifest),
            BTreeMap::from([
                ("A4GALT", (Perturbation::KnockDown, false)),
                ("UNTREATED", (Perturbation::Compound, true)),
                ("ZRANB3", (Perturbation::KnockDown, false)),
            ])
        );
        // The column ANNOT says whether a cell is treated, and no mode of action.
        assert!(
            manifest
                .conditions
                .list
                .iter()
                .all(|own| own.mode_of_action.is_none())
        );
        let crops = manifest.gallery.controls.iter().chain(&manifest.gallery.treated);
        assert!(
            crops
                .map(|crop| &crop.licence)
                .all(|licence| licence == "CC BY-NC-SA 4.0")
        );
    }
}

#[test]
fn cpg0000_is_trained_on_as_published_in_one_space_of_compounds_guides_and_reading_frames() {
    for manifest in bundles(&CPG0000) {
        let network = &manifest.model.config;
        assert_eq!((network.in_channels, network.condition_dim), (5, 1224));
        assert_eq!(manifest.image.channels[4].name, "DNA");
        assert_eq!(
            kinds(&manifest),
            BTreeMap::from([
                ("BRD-K50720187-051-03-1", (Perturbation::Compound, false)),
                ("BRDN0001487609", (Perturbation::KnockOut, false)),
                ("DMSO", (Perturbation::Compound, true)),
                ("ccsbBroad304_14741", (Perturbation::OverExpression, false)),
            ])
        );
    }
}

#[test]
fn a_run_names_every_missing_image_beside_its_log() {
    let data = tempfile::tempdir().unwrap();
    let wells = RXRX1.write(data.path());
    RXRX1.write_vectors(data.path());
    let (gone, _) = wells.iter().next().unwrap();
    fs::remove_file(data.path().join("images").join(gone)).unwrap();
    let run = data.path().join("run");
    let mut config = RXRX1.config(data.path(), data.path(), &run);
    config.data.missing = cellflux_data::MissingImage::Skip;
    drop(Run::start(config, |_, _| {}).unwrap());
    assert_eq!(
        fs::read_to_string(run.join(MISSING)).unwrap(),
        format!("{gone}\n")
    );
}
