//! What a synthetic experiment is asked to be.

use cellflux_image::synthetic::{Batch, Effects};
use serde::{Deserialize, Serialize};

/// A synthetic experiment to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticConfig {
    /// Decides every cell and plate.
    pub seed: u64,
    /// Images in all.
    pub images: usize,
    /// Share of controls in every batch, above 0 and below 1.
    #[serde(default = "quarter")]
    pub controls: f64,
    /// Share of validation among the repeats of every condition, 0 or more and below 1.
    #[serde(default = "tenth")]
    pub validation: f64,
    /// Batches, drawn from the seed; not used where `plates` are given.
    #[serde(default = "four")]
    pub batches: usize,
    /// The batches themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plates: Vec<Batch>,
    /// The compounds; [`panel`] unless stated.
    #[serde(default = "panel")]
    pub compounds: Vec<SyntheticCompound>,
    /// The drawn side in pixels of the BBBC021 crops, where a nucleus is about 36 px long; resampled to the
    /// model's size. The model's longer side unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_side: Option<usize>,
}

fn quarter() -> f64 {
    0.25
}
fn tenth() -> f64 {
    0.1
}
fn four() -> usize {
    4
}

/// A compound whose effect is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticCompound {
    /// Its name.
    pub name: String,
    /// A structure, where an encoder is to read one. It has no influence on the effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smiles: Option<String>,
    /// What it does at full strength.
    pub effects: Effects,
    /// The doses given, in micromolar.
    #[serde(default = "doses")]
    pub doses_um: Vec<f64>,
    /// The dose of half strength in micromolar; the strength of a dose `d` is `d / (d + half_dose_um)`.
    #[serde(default = "half_dose")]
    pub half_dose_um: f64,
    /// How often each of its doses is given, 1 to 1,000: a compound of 8 has eight times as many cells as one
    /// of 1.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub weight: usize,
}

fn doses() -> Vec<f64> {
    vec![0.3, 3.0, 30.0]
}
fn half_dose() -> f64 {
    1.0
}
fn once() -> usize {
    1
}
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_once(weight: &usize) -> bool {
    *weight == once()
}

/// Compounds, each of which changes something else.
pub fn panel() -> Vec<SyntheticCompound> {
    let none = Effects::default();
    let of = |name: &str, effects| SyntheticCompound {
        name: name.into(),
        smiles: None,
        effects,
        doses_um: doses(),
        half_dose_um: half_dose(),
        weight: once(),
    };
    vec![
        of(
            "larger nucleus",
            Effects {
                nuclear_size: 1.7,
                ..none
            },
        ),
        of(
            "smaller nucleus",
            Effects {
                nuclear_size: 0.55,
                ..none
            },
        ),
        of(
            "fragmented nucleus",
            Effects {
                fragmentation: 0.9,
                ..none
            },
        ),
        of(
            "fewer microtubules",
            Effects {
                microtubules: 0.15,
                ..none
            },
        ),
        of(
            "bundled microtubules",
            Effects {
                bundling: 0.9,
                microtubules: 1.4,
                ..none
            },
        ),
        of(
            "less actin",
            Effects {
                actin_fibres: 0.2,
                ..none
            },
        ),
        of(
            "rounded cell",
            Effects {
                rounding: 0.9,
                cell_size: 0.7,
                ..none
            },
        ),
    ]
}
