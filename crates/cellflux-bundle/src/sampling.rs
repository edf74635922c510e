//! How a trajectory is integrated: the choices that a bundle recommends and a recorded trajectory used.

use cellflux_flow::{solver::Solver, time_grid::GridKind};
use serde::{Deserialize, Serialize};

use crate::{
    check::{ensure, within},
    error::BundleError,
    limits,
};

/// What the flow starts from at t = 0 (paper, section 3): CellFlux starts from a control image, and an
/// ordinary generative flow, which the paper compares it with, from Gaussian noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowSource {
    /// A control image, with the source noise of [`Sampling::noise`] added.
    #[default]
    Control,
    /// Standard normal noise; no control image enters.
    Noise,
}

impl FlowSource {
    /// Whether it is the default, which a manifest leaves out.
    pub fn is_control(&self) -> bool {
        *self == Self::Control
    }
}

/// The levels of source noise that a network was trained with, as standard deviations in model range. What it
/// makes of another level nobody taught it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainedNoise {
    /// These levels, rising; 0 for controls as they are.
    Levels(Vec<f64>),
    /// Every level from the first to the second.
    Range([f64; 2]),
}

impl TrainedNoise {
    /// The levels of a training that adds noise of one level with a probability (paper, section 3.4).
    pub fn with_probability(level: f64, probability: f64) -> Self {
        let levels = [
            (0.0, probability < 1.0),
            (level, probability > 0.0 && level > 0.0),
        ];
        let levels: Vec<f64> = levels
            .iter()
            .filter(|(_, seen)| *seen)
            .map(|(level, _)| *level)
            .collect();
        Self::Levels(if levels.is_empty() { vec![0.0] } else { levels })
    }

    /// Checks every level against its range and the order; `field` is where this stands in the manifest.
    pub(crate) fn validate(&self, field: &str) -> Result<(), BundleError> {
        let (name, levels) = match self {
            Self::Levels(levels) => ("levels", &levels[..]),
            Self::Range(ends) => ("range", &ends[..]),
        };
        let field = format!("{field}.{name}");
        ensure(
            (1..=limits::NOISE_LEVELS).contains(&levels.len()),
            field.clone(),
            format!("of {} levels", levels.len()),
            format!("1 to {}", limits::NOISE_LEVELS),
        )?;
        for &level in levels {
            within(field.clone(), level, 0.0, limits::NOISE)?;
        }
        let rising = levels
            .iter()
            .zip(levels.iter().skip(1))
            .all(|(low, high)| low < high);
        ensure(rising, field, format!("{levels:?}"), "rising numbers")
    }
}

/// Solver, time grid, guidance and source noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// The ODE solver.
    pub solver: Solver,
    /// The time grid of a fixed-step solver.
    pub grid: GridKind,
    /// Steps on the grid, 1 to [`limits::STEPS`].
    pub steps: usize,
    /// Guidance strength, 0 to [`limits::ALPHA`]; 1 is the conditional velocity alone.
    pub alpha: f64,
    /// Standard deviation of the noise added to the control, in model range, 0 to [`limits::NOISE`].
    pub noise: f64,
    /// Seed of that noise.
    pub seed: u32,
    /// Relative tolerance of the adaptive solver, within [`limits::TOLERANCE`].
    #[serde(default = "tolerance")]
    pub rtol: f64,
    /// Absolute tolerance of the adaptive solver, in model range, within [`limits::TOLERANCE`].
    #[serde(default = "tolerance")]
    pub atol: f64,
}

fn tolerance() -> f64 {
    1e-5
}

impl Default for Sampling {
    /// The sampler of the public code's scripts, Heun on the EDM grid in 50 steps, and the paper's guidance,
    /// alpha 1.2 (appendix C); without source noise.
    fn default() -> Self {
        Self {
            solver: Solver::Fixed(cellflux_flow::solver::FixedSolver::Heun),
            grid: GridKind::Edm,
            steps: 50,
            alpha: 1.2,
            noise: 0.0,
            seed: 0,
            rtol: tolerance(),
            atol: tolerance(),
        }
    }
}

impl Sampling {
    /// How the public code's scripts sample: [`Sampling::default`] with standard normal source noise, which a
    /// flow from `source = noise` has no need of.
    pub fn public_code(source: FlowSource) -> Self {
        Self {
            noise: if source.is_control() { 1.0 } else { 0.0 },
            ..Self::default()
        }
    }

    /// Checks every number against its range; `field` is where this stands in the manifest.
    pub(crate) fn validate(&self, field: &str) -> Result<(), BundleError> {
        ensure(
            (1..=limits::STEPS).contains(&self.steps),
            format!("{field}.steps"),
            self.steps,
            format!("1 to {}", limits::STEPS),
        )?;
        within(format!("{field}.alpha"), self.alpha, 0.0, limits::ALPHA)?;
        within(format!("{field}.noise"), self.noise, 0.0, limits::NOISE)?;
        let (least, most) = limits::TOLERANCE.into_inner();
        within(format!("{field}.rtol"), self.rtol, least, most)?;
        within(format!("{field}.atol"), self.atol, least, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_s_levels_follow_from_its_probability() {
        let levels = |level, probability| TrainedNoise::with_probability(level, probability);
        assert_eq!(levels(0.5, 0.5), TrainedNoise::Levels(vec![0.0, 0.5]));
        assert_eq!(levels(0.5, 1.0), TrainedNoise::Levels(vec![0.5]));
        assert_eq!(levels(0.5, 0.0), TrainedNoise::Levels(vec![0.0]));
        assert_eq!(levels(0.0, 1.0), TrainedNoise::Levels(vec![0.0]));
    }

    #[test]
    fn levels_that_cannot_be_are_refused_by_name() {
        let refused = |noise: TrainedNoise| noise.validate("trained_noise").unwrap_err().to_string();
        assert!(refused(TrainedNoise::Levels(vec![])).contains("trained_noise.levels is of 0 levels"));
        assert!(refused(TrainedNoise::Levels(vec![0.5, 0.0])).contains("rising"));
        assert!(refused(TrainedNoise::Range([0.5, 0.5])).contains("trained_noise.range"));
        assert!(refused(TrainedNoise::Range([0.0, 11.0])).contains("0 to 10"));
        assert!(refused(TrainedNoise::Levels(vec![f64::NAN])).contains("trained_noise.levels"));
        TrainedNoise::Range([0.0, 0.5]).validate("").unwrap();
        let read: TrainedNoise = serde_json::from_str(r#"{"levels": [0, 0.5]}"#).unwrap();
        assert_eq!(read, TrainedNoise::Levels(vec![0.0, 0.5]));
        assert!(serde_json::from_str::<TrainedNoise>(r#"{"level": 1}"#).is_err());
    }
}
