//! Whether a network uses its compound: the same controls under different compounds.
//!
//! End points of one control under two compounds lie apart by some distance in feature space; the real cells of
//! the two compounds lie apart by another. The ratio of the two, over all pairs of compounds, is 1 for a network
//! that tells compounds apart as the microscope does and 0 for one that ignores its condition.

use cellflux_measure::sets::bootstrap::{Draw, Plan, bootstrap};
use cellflux_measure::sets::groups::Groups;
use cellflux_measure::sets::{Features, SetError};

use super::{Estimate, EvaluateError, bundled};

/// One compound's real cells, and its end points of the controls that all compounds share.
#[derive(Clone, Debug)]
pub struct Compound {
    /// Features of real cells `[N, D]`.
    pub real: Features,
    /// Their groups, at least two.
    pub groups: Groups,
    /// Features of end points `[M, D]`, a row for each shared control.
    pub made: Features,
}

/// The mean distance between compounds' mean end points, as a share of that between their real means; with an
/// interval that resamples the real cells' groups and the controls.
///
/// `None` below two compounds, or where the real compounds do not differ beyond noise.
///
/// # Errors
/// [`EvaluateError::Sets`] for a bootstrap that cannot be.
pub fn compound_use(
    compounds: &[Compound],
    controls: &Groups,
    plan: Plan,
) -> Result<Option<Estimate>, EvaluateError> {
    if compounds.len() < 2 || controls.count() < 2 {
        return Ok(None);
    }
    let sides: Vec<&Groups> = std::iter::once(controls)
        .chain(compounds.iter().map(|compound| &compound.groups))
        .collect();
    let mut first = true;
    let replicates = bootstrap(&sides, plan, |draw| {
        let noise = if std::mem::take(&mut first) { 1.0 } else { 2.0 };
        let (made, real) = apart(compounds, draw, noise)?;
        Ok(vec![made, real])
    })?;
    let ratio = |values: &[f64]| match values {
        // A real distance within its noise: there is nothing to be a share of.
        [_, real] if *real <= 0.0 => None,
        [made, real] => Some(made / real),
        _ => None,
    };
    Ok(replicates.of(ratio).map(bundled))
}

/// The mean distance of end points' means and of real cells' means, over pairs of compounds, the latter without
/// the noise of its finite numbers.
fn apart(compounds: &[Compound], draw: &Draw<'_>, noise: f64) -> Result<(f64, f64), SetError> {
    let controls = draw.rows(1)?;
    let mut means = Vec::with_capacity(compounds.len());
    for (side, compound) in (2..).zip(compounds) {
        let counts = draw.rows(side)?;
        let real = compound.real.weighted_mean(&counts)?;
        means.push((
            compound.made.weighted_mean(&controls)?,
            real,
            error_of_mean(compound)?,
        ));
    }
    let (mut made, mut real, mut pairs) = (0.0, 0.0, 0.0);
    for (index, first) in means.iter().enumerate() {
        for second in means.iter().skip(index + 1) {
            made += square(&first.0, &second.0).sqrt();
            let beyond = square(&first.1, &second.1) - noise * (first.2 + second.2);
            real += beyond.signum() * beyond.abs().sqrt();
            pairs += 1.0;
        }
    }
    Ok((made / pairs, real / pairs))
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The expected square of how far the mean of so many groups lies from the truth, over all features.
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
