//! Small models of every kind, made here. Links and recipes are read for them, and their manifests are seeds:
//! a shipped bundle may change, and with it would change which inputs are taken.

use std::collections::BTreeMap;

use anyhow::Result;
use cellflux_bundle::conditions::{Condition, ConditionVectors, Conditions, DoseFeatures, Encoder, Split};
use cellflux_bundle::gallery::{Example, Gallery, Trajectory};
use cellflux_bundle::perturbation::Perturbation;
use cellflux_bundle::provenance::{DataSet, Provenance};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::{FlowSource, Sampling, TrainedNoise};
use cellflux_bundle::tensor::{Tensor, Values};
use cellflux_bundle::topology::Topology;
use cellflux_bundle::{Draft, Evaluation, Manifest, StateDict, UNetConfig};
use cellflux_image::ImageSpec;

/// The smallest network there is: one level of 32 channels.
pub(crate) const SMALLEST: &str = r#"{
    "in_channels": 3, "out_channels": 3, "model_channels": 32, "num_res_blocks": 1,
    "attention_resolutions": [], "channel_mult": [1], "condition_dim": 8,
    "use_scale_shift_norm": true, "use_new_attention_order": true}"#;

/// Numbers in a condition's vector, of [`SMALLEST`].
const WIDTH: usize = 8;

/// How the models differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The flow starts from a control.
    Control,
    /// The same, with a dose.
    Dosed,
    /// The flow starts from noise.
    Noise,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Control, Self::Dosed, Self::Noise];

    /// The model's id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Dosed => "dosed",
            Self::Noise => "noise",
        }
    }
}

/// The manifest of a model of this kind: three channels of 8 x 8 px, two conditions, weights of zeros. It
/// uses every part of the format, with an evaluation of these weights.
///
/// # Errors
/// As [`Draft::pack`].
pub fn manifest(kind: Kind) -> Result<Manifest> {
    let mut packed = draft(kind)?.pack()?;
    let mut evaluation: serde_json::Value =
        serde_json::from_slice(include_bytes!("../../tests/fixtures/evaluation.json"))?;
    if let Some(fields) = evaluation.as_object_mut() {
        fields.insert("weights".into(), packed.manifest.weights_digest()?.into());
        fields.insert("vectors".into(), packed.manifest.vectors_digest()?.into());
    }
    packed.attach(Evaluation::from_json(evaluation.to_string().as_bytes())?)?;
    Ok(packed.manifest)
}

fn draft(kind: Kind) -> Result<Draft> {
    let config = UNetConfig::from_json(SMALLEST)?;
    let dosed = kind == Kind::Dosed;
    let dose_um = dosed.then_some(3.0);
    let sampling = Sampling {
        steps: 2,
        ..Sampling::default()
    };
    let list: Vec<Condition> = ["dmso", "taxol", "simvastatin"].map(condition).into();
    let vectors = vec![vec![1.0; if dosed { WIDTH - 1 } else { WIDTH }]; list.len()];
    let strip = "trajectories/taxol.png";
    let files = [
        "samples/control-1.png",
        "samples/taxol-1.png",
        "structures/any.svg",
        strip,
    ];
    Ok(Draft {
        id: kind.id().into(),
        title: "A model for hostile inputs".into(),
        description: "Not trained.".into(),
        weights: zeros(&config)?,
        config,
        dtype: WeightDtype::F16,
        image: ImageSpec::bbbc021(8, 8),
        conditions: Conditions {
            encoder: if dosed {
                Encoder::Table {
                    source: "made up".into(),
                }
            } else {
                Encoder::MorganCounts {
                    radius: 2,
                    bits: WIDTH,
                }
            },
            dose: if dosed {
                DoseFeatures::Log1p {
                    mean: 1.0,
                    scale: 2.0,
                }
            } else {
                DoseFeatures::None
            },
            list,
        },
        vectors: ConditionVectors::from_rows(&vectors)?,
        source: if kind == Kind::Noise {
            FlowSource::Noise
        } else {
            FlowSource::Control
        },
        trained_noise: Some(match kind {
            Kind::Dosed => TrainedNoise::Range([0.0, 0.5]),
            _ => TrainedNoise::Levels(vec![0.0, 0.5]),
        }),
        gallery: Gallery {
            controls: vec![example("control-1", "dmso", dose_um)],
            treated: vec![example("taxol-1", "taxol", dose_um)],
        },
        trajectories: vec![Trajectory {
            start: "control-1".into(),
            condition: "taxol".into(),
            dose_um,
            reverse: false,
            sampling: sampling.clone(),
            strip: strip.into(),
            times: vec![0.0, 0.25, 1.0],
        }],
        sampling,
        provenance: Provenance {
            data_set: DataSet {
                name: "none".into(),
                citation: String::new(),
                licence: "CC0-1.0".into(),
                url: Some("https://a.example/".into()),
            },
            training: None,
            metrics: BTreeMap::from([("loss".into(), 0.5)]),
            tools: BTreeMap::new(),
            licence: "CC0-1.0".into(),
            notes: "Two\nlines.".into(),
            created: "2026-11-22".into(),
        },
        assets: files
            .iter()
            .map(|path| ((*path).to_owned(), path.as_bytes().to_vec()))
            .collect(),
    })
}

fn zeros(config: &UNetConfig) -> Result<StateDict> {
    let parameters = Topology::new(config).parameters(config);
    let zeros = parameters.into_iter().map(|parameter| {
        let tensor = Tensor {
            values: Values::F32(vec![0.0; parameter.len()]),
            shape: parameter.shape,
        };
        (parameter.name, tensor)
    });
    Ok(StateDict::from_tensors(zeros.collect(), config)?)
}

fn condition(id: &str) -> Condition {
    Condition {
        id: id.into(),
        name: id.to_uppercase(),
        kind: Perturbation::KnockOut,
        smiles: Some("CS(C)=O".into()),
        structure: Some("structures/any.svg".into()),
        mode_of_action: Some("Tubulin stabiliser".into()),
        doses_um: vec![0.3, 3.0],
        trained_doses_um: None,
        batches: vec!["Week4".into()],
        target: Some(id != "dmso"),
        split: Split::Seen,
        control: id == "dmso",
    }
}

fn example(id: &str, condition: &str, dose_um: Option<f64>) -> Example {
    Example {
        id: id.into(),
        file: format!("samples/{id}.png"),
        condition: condition.into(),
        dose_um,
        batch: Some("Week4".into()),
        plate: Some("Week4_27521".into()),
        well: Some("B02".into()),
        source: "drawn".into(),
        licence: "CC0-1.0".into(),
        synthetic: true,
        split: None,
    }
}
