//! Whether a network uses its compound: the same controls under different compounds.
//!
//! End points of one control under two compounds lie apart by some distance in feature space; the real cells
//! of the two compounds lie apart by another. The ratio of the two, over all pairs of compounds, is 1 for a
//! network that tells compounds apart as the microscope does and 0 for one that ignores its condition.

use cellflux_bundle::evaluation::CompoundUse as Stated;
use cellflux_measure::sets::bootstrap::{Draw, Plan, Replicates, bootstrap};
use cellflux_measure::sets::groups::Groups;
use cellflux_measure::sets::{Features, SetError};

use super::gaps::ConditionCells;
use super::measured::{Measured, Scale};
use super::{Estimate, EvaluateError, bundled};

/// The name of the tensor of [`SameControls`].
pub const TENSOR: &str = "the same controls under each compound";

/// Walks of the same controls under each of several compounds, measured.
#[derive(Clone, Debug)]
pub struct SameControls {
    /// The compounds' ids.
    pub ids: Vec<String>,
    /// A row for each control under the first compound, then under the second, and so on.
    pub measured: Measured,
}

/// One compound's real cells, and each network's end points of the controls that all compounds share.
#[derive(Clone, Debug)]
struct Compound {
    /// Features of real cells `[N, D]`.
    real: Features,
    /// Their groups, at least two.
    groups: Groups,
    /// Features of end points `[M, D]`, a row for each shared control, for each network.
    made: Vec<Features>,
}

/// How much networks use their compound, all on the same draws.
#[derive(Clone, Debug)]
pub struct CompoundUse {
    replicates: Replicates,
    /// Controls that each network walked under every compound.
    controls: usize,
    /// Pairs of compounds.
    pairs: usize,
}

impl CompoundUse {
    /// Compares the end points of several networks, whose controls and compounds are the same, with the real
    /// cells of `known` conditions, each under its id; features are measures in units of `scale`.
    ///
    /// `None` below two compounds or two controls.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] for a bootstrap that cannot be.
    pub fn of(
        known: &[(&str, &ConditionCells)],
        networks: &[&SameControls],
        scale: &Scale,
        plan: Plan,
    ) -> Result<Option<Self>, EvaluateError> {
        let Some(first) = networks.first() else {
            return Ok(None);
        };
        let count = first.measured.len() / first.ids.len().max(1);
        let mut compounds = Vec::new();
        for (index, id) in first.ids.iter().enumerate() {
            let Some((_, cells)) = known.iter().find(|(known, _)| known == id) else {
                continue;
            };
            let rows: Vec<usize> = (index * count..(index + 1) * count).collect();
            compounds.push(Compound {
                real: cells.treated.features(scale)?,
                groups: cells.groups.clone(),
                made: networks
                    .iter()
                    .map(|network| network.measured.select(&rows).features(scale))
                    .collect::<Result<_, _>>()?,
            });
        }
        if compounds.len() < 2 || count < 2 {
            return Ok(None);
        }
        // Shared controls are spread over the split: each is taken for a draw of its own.
        let controls = Groups::cells(count);
        let sides: Vec<&Groups> = std::iter::once(&controls)
            .chain(compounds.iter().map(|compound| &compound.groups))
            .collect();
        let mut first = true;
        let replicates = bootstrap(&sides, plan, |draw| {
            let noise = if std::mem::take(&mut first) { 1.0 } else { 2.0 };
            apart(&compounds, networks.len(), draw, noise)
        })?;
        Ok(Some(Self {
            replicates,
            controls: count,
            pairs: compounds.len() * (compounds.len() - 1) / 2,
        }))
    }

    /// A network's mean distance between compounds' mean end points, as a share of that between their real
    /// means.
    ///
    /// `None` where the real compounds do not differ beyond noise.
    pub fn estimate(&self, network: usize) -> Option<Estimate> {
        self.shares(|values| values.get(network + 1).copied())
    }

    /// The same with what it is a mean of, as an evaluation states it.
    pub fn stated(&self, network: usize) -> Option<Stated> {
        let Estimate { value, low, high } = self.estimate(network)?;
        Some(Stated {
            value,
            low,
            high,
            controls: Some(self.controls),
            pairs: Some(self.pairs),
        })
    }

    /// How much larger one network's share is than another's, on the same draws.
    pub fn difference(&self, first: usize, second: usize) -> Option<Estimate> {
        self.shares(|values| Some(values.get(first + 1)? - values.get(second + 1)?))
    }

    fn shares(&self, distance: impl Fn(&[f64]) -> Option<f64>) -> Option<Estimate> {
        let share = |values: &[f64]| {
            // A real distance within its noise: there is nothing to be a share of.
            let real = values.first().copied().filter(|real| *real > 0.0)?;
            Some(distance(values)? / real)
        };
        self.replicates.of(share).map(bundled)
    }
}

/// The mean distance, over pairs of compounds, of real cells' means without the noise of their finite
/// numbers, and of each network's end points' means.
fn apart(compounds: &[Compound], networks: usize, draw: &Draw<'_>, noise: f64) -> Result<Vec<f64>, SetError> {
    let controls = draw.rows(1)?;
    let mut means = Vec::with_capacity(compounds.len());
    for (side, compound) in (2..).zip(compounds) {
        let made = compound.made.iter().map(|made| made.weighted_mean(&controls));
        means.push((
            compound.real.weighted_mean(&draw.rows(side)?)?,
            error_of_mean(compound)?,
            made.collect::<Result<Vec<_>, _>>()?,
        ));
    }
    let mut sums = vec![0.0; 1 + networks];
    let mut pairs = 0.0;
    for (index, first) in means.iter().enumerate() {
        for second in means.iter().skip(index + 1) {
            let beyond = square(&first.0, &second.0) - noise * (first.1 + second.1);
            let made = first.2.iter().zip(&second.2);
            let distances = std::iter::once(beyond.signum() * beyond.abs().sqrt())
                .chain(made.map(|(first, second)| square(first, second).sqrt()));
            for (sum, distance) in sums.iter_mut().zip(distances) {
                *sum += distance;
            }
            pairs += 1.0;
        }
    }
    Ok(sums.into_iter().map(|sum| sum / pairs).collect())
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The expected square of how far the mean of this many groups lies from the truth, over all features.
fn error_of_mean(compound: &Compound) -> Result<f64, SetError> {
    let groups = compound.groups.count();
    let mean = compound.real.mean()?;
    let mut sum = 0.0;
    for group in 0..groups {
        let counts: Vec<u32> = compound
            .groups
            .of_rows()
            .iter()
            .map(|&of| u32::from(of == group))
            .collect();
        sum += square(&compound.real.weighted_mean(&counts)?, &mean);
    }
    Ok(sum / (groups as f64 * (groups as f64 - 1.0)))
}
