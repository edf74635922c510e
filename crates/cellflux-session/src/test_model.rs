//! A small model's manifest and a recipe for it, for the tests. It has no weights: no test here needs a
//! bundle's files.

use cellflux_bundle::conditions::{Condition, ConditionVectors, Conditions, DoseFeatures, Encoder, Split};
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::gallery::{Example, Gallery};
use cellflux_bundle::manifest::{Model, VERSION};
use cellflux_bundle::perturbation::Perturbation;
use cellflux_bundle::provenance::{DataSet, Provenance};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::{FlowSource, Sampling};
use cellflux_bundle::{Manifest, files};
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::GridKind;
use cellflux_image::ImageSpec;

use crate::prepared_walk::PreparedWalk;
use crate::recipe::{Direction, Recipe, Start, Treatment, View};

/// Two channels of 4 x 4 px, two conditions, one control, one treated cell.
pub fn manifest() -> Manifest {
    manifest_of_channels(2)
}

pub fn manifest_of_channels(channels: usize) -> Manifest {
    let preset = UNetConfig::preset("tiny").unwrap();
    Manifest {
        version: VERSION,
        id: "test-model".into(),
        title: "A model for tests".into(),
        description: String::new(),
        model: Model {
            config: UNetConfig {
                in_channels: channels,
                out_channels: channels,
                condition_dim: 3,
                ..preset
            },
            dtype: WeightDtype::F16,
            parameters: 1,
            shards: 1,
        },
        quick_weights: None,
        image: ImageSpec::plain(channels, 4, 4),
        conditions: Conditions {
            encoder: Encoder::Table {
                source: "made up".into(),
            },
            dose: DoseFeatures::None,
            list: vec![condition("dmso", true), condition("taxol", false)],
        },
        source: FlowSource::Control,
        sampling: recipe().sampling,
        gallery: Gallery {
            controls: vec![example("control-1", "dmso")],
            treated: vec![example("treated-1", "taxol")],
        },
        trained_noise: None,
        trajectories: Vec::new(),
        evaluation: None,
        provenance: Provenance {
            data_set: DataSet {
                name: "none".into(),
                citation: String::new(),
                licence: "CC0-1.0".into(),
                url: None,
            },
            training: None,
            metrics: std::collections::BTreeMap::new(),
            tools: std::collections::BTreeMap::new(),
            licence: "CC0-1.0".into(),
            notes: String::new(),
            created: "2020-01-01".into(),
        },
        files: vec![files::FileEntry::of("samples/control-1.png", b"")],
    }
}

/// The same with vectors that count environments of structures.
pub fn manifest_of_counts() -> Manifest {
    let mut manifest = manifest();
    manifest.conditions.encoder = Encoder::MorganCounts { radius: 2, bits: 3 };
    manifest
}

/// The first one with a dose at the end of the vector.
pub fn manifest_with_dose() -> Manifest {
    let mut manifest = manifest();
    manifest.conditions.dose = DoseFeatures::Log1p {
        mean: 0.0,
        scale: 1.0,
    };
    manifest
}

pub fn vectors() -> ConditionVectors {
    ConditionVectors::from_rows(&[vec![0.0; 3], vec![0.0, 2.0, 1.0]]).unwrap()
}

/// Four Heun steps under taxol from the control with noise.
pub fn recipe() -> Recipe {
    Recipe {
        model: "test-model".into(),
        start: Start::Example("control-1".into()),
        condition: Treatment::Listed("taxol".into()),
        dose_um: None,
        sampling: Sampling {
            solver: Solver::Fixed(FixedSolver::Heun),
            grid: GridKind::Uniform,
            steps: 4,
            alpha: 1.2,
            noise: 0.5,
            seed: 7,
            rtol: 1e-5,
            atol: 1e-5,
        },
        direction: Direction::Forward,
        view: View::default(),
    }
}

/// A walk of the model from an even grey start, under a condition of zeros.
pub fn walk(recipe: Recipe) -> PreparedWalk {
    PreparedWalk::of_parts(recipe, &[0.25; 32], vec![0.0; 3]).unwrap()
}

fn condition(id: &str, control: bool) -> Condition {
    Condition {
        id: id.into(),
        name: id.into(),
        kind: Perturbation::Compound,
        smiles: None,
        structure: None,
        mode_of_action: None,
        doses_um: vec![0.3, 3.0],
        trained_doses_um: None,
        batches: Vec::new(),
        target: None,
        split: Split::Seen,
        control,
    }
}

fn example(id: &str, condition: &str) -> Example {
    Example {
        id: id.into(),
        file: format!("samples/{id}.png"),
        condition: condition.into(),
        dose_um: None,
        batch: None,
        plate: None,
        well: None,
        source: "made up".into(),
        licence: "CC0-1.0".into(),
        synthetic: true,
        split: None,
    }
}
