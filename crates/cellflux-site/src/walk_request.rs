//! An author's request for a walk: plain data, as in `site.toml` and in a component's settings.

use serde::Deserialize;
use toml::Spanned;

/// Which trajectory an author means. What is not stated is as the bundle recommends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WalkRequest {
    /// The bundle's name; the first one where this is absent.
    pub bundle: Option<Spanned<String>>,
    /// Id of the control to start from; without it, one of the compound's plate or batch where there is one,
    /// else the first.
    pub control: Option<Spanned<String>>,
    /// Id of the compound.
    pub compound: Option<Spanned<String>>,
    /// Dose in micromolar, for a model that takes one.
    pub dose_um: Option<f64>,
    /// Guidance strength.
    pub alpha: Option<f64>,
    /// ODE solver, by its name in links.
    pub solver: Option<Spanned<String>>,
    /// Time grid, by its name in links.
    pub grid: Option<Spanned<String>>,
    /// Steps on the grid.
    pub steps: Option<usize>,
    /// Standard deviation of the source noise, in model range.
    pub noise: Option<f64>,
    /// Its seed.
    pub seed: Option<u32>,
    /// Whether to start from a real control of a plate that also has cells treated with the compound, where
    /// `--data` adds some; a picture without such a control is left out.
    #[serde(default)]
    pub real: bool,
}

impl WalkRequest {
    /// Its keys in TOML.
    pub const KEYS: [&'static str; 11] = [
        "bundle", "control", "compound", "dose_um", "alpha", "solver", "grid", "steps", "noise", "seed",
        "real",
    ];
}
