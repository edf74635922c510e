//! How much of a treatment's effect generated crops reproduce.

use super::error::SetError;
use super::features::{Features, check_sets};
use super::interval::Estimate;
use super::standardise::Standardiser;
use super::vectors::dot;
use super::wasserstein::Sorted;

/// The share of the gap between control and treated crops that generated crops close, in one measure:
/// `1 - W1(generated, treated) / W1(control, treated)`.
///
/// 1 where generated crops are distributed as treated ones, 0 where they are as far from them as control
/// crops, and below 0 where they are further away. Finite sets of one distribution are some distance apart,
/// so a perfect model stays below 1: show `1 - floor / W1(control, treated)` beside it, where the floor is
/// the distance of treated crops from other treated crops
/// ([`Groups::halves`](super::groups::Groups::halves)).
///
/// # Errors
///
/// [`SetError::NoEffect`] where control and treated are equal, and [`SetError::Overflow`] for values so far
/// apart that f64 cannot hold the difference.
///
/// ```
/// use cellflux_measure::sets::{effect::gap_closed, wasserstein::Sorted};
///
/// let control = Sorted::new(&[0.0, 1.0])?;
/// let treated = Sorted::new(&[4.0, 5.0])?;
/// let generated = Sorted::new(&[3.0, 4.0])?;
/// assert_eq!(gap_closed(&control, &treated, &generated)?, 0.75);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn gap_closed(control: &Sorted, treated: &Sorted, generated: &Sorted) -> Result<f64, SetError> {
    gap_of_distances(control.distance(treated)?, generated.distance(treated)?)
}

/// The same share from both distances, which a bootstrap has at hand: the effect's `W1(control, treated)`,
/// and what is left of it, `W1(generated, treated)`.
///
/// # Errors
///
/// [`SetError::NoEffect`] for an effect of 0.
pub fn gap_of_distances(effect: f64, left: f64) -> Result<f64, SetError> {
    if effect > 0.0 {
        Ok(1.0 - left / effect)
    } else {
        Err(SetError::NoEffect)
    }
}

/// Whether a treatment changes a measure by more than real crops differ among themselves: the interval of
/// `W1(control, treated) - floor` lies above 0. The floor is `W1` of two random halves of one side's groups.
/// Take the difference of one bootstrap
/// ([`Replicates::difference`](super::bootstrap::Replicates::difference)): a distance alone is above 0 in
/// every replicate.
///
/// Halves have half the rows, so the floor is somewhat high, and a measure with a weak effect is rather left
/// out than taken in.
pub fn distinguishable(effect_above_floor: Estimate) -> bool {
    effect_above_floor.low > 0.0
}

/// The mean share of the gap that is closed, over the measures with an effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanGap {
    /// The mean of [`gap_closed`], each measure counted equally.
    pub value: f64,
    /// How many measures it is the mean of.
    pub measures: usize,
    /// How many measures there are.
    pub of: usize,
}

/// The mean of `gaps` over the measures that `mask` takes in, as a rule those that are [`distinguishable`]:
/// where the treatment changes nothing, the share is a quotient of two noises. Decide the mask on real crops,
/// before a model is looked at, and use one mask for all models. A gap that is not taken in may be NaN.
///
/// # Errors
///
/// [`SetError::Count`] where there is not one mark for each measure, [`SetError::NoMeasure`] where none is
/// taken in, and [`SetError::Overflow`] where one that is taken in is not finite.
///
/// ```
/// use cellflux_measure::sets::effect::mean_gap_closed;
///
/// let mean = mean_gap_closed(&[0.8, f64::NAN, 0.4], &[true, false, true])?;
/// assert!((mean.value - 0.6).abs() < 1e-15);
/// assert_eq!((mean.measures, mean.of), (2, 3));
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn mean_gap_closed(gaps: &[f64], mask: &[bool]) -> Result<MeanGap, SetError> {
    const MEASURE: &str = "gap closed";
    let of = gaps.len();
    if mask.len() != of {
        return Err(SetError::Count {
            measure: MEASURE,
            what: "marks",
            found: mask.len(),
            expected: of,
        });
    }
    let taken: Vec<f64> = gaps
        .iter()
        .zip(mask)
        .filter(|(_, taken)| **taken)
        .map(|(&gap, _)| gap)
        .collect();
    if taken.is_empty() {
        return Err(SetError::NoMeasure { measures: of });
    }
    let value = taken.iter().sum::<f64>() / taken.len() as f64;
    Ok(MeanGap {
        value: super::error::finite(MEASURE, value)?,
        measures: taken.len(),
        of,
    })
}

/// The cosine between the change that the treatment makes and the change that the model makes: of
/// `mean(treated) - mean(control)` and `mean(generated) - mean(control)`, in features standardised by
/// `standardiser`, which is fitted on the control crops as a rule.
///
/// From -1, the opposite, over 0, an unrelated change, to 1, the same direction. It says nothing of the size.
///
/// # Errors
///
/// [`SetError::Width`] for sets of another width, [`SetError::TooFewRows`] for an empty set, and
/// [`SetError::NoChange`] where a mean equals the control's.
///
/// ```
/// use cellflux_measure::sets::{Features, effect::direction_cosine, standardise::Standardiser};
///
/// let control = Features::new(2, 2, vec![-1.0, -100.0, 1.0, 100.0])?;
/// let treated = Features::new(1, 2, vec![3.0, 300.0])?;
/// let generated = Features::new(1, 2, vec![2.0, 0.0])?;
/// let standardiser = Standardiser::fit(&control)?;
/// let cosine = direction_cosine(&standardiser, &control, &treated, &generated)?;
/// assert!((cosine - 0.5f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn direction_cosine(
    standardiser: &Standardiser,
    control: &Features,
    treated: &Features,
    generated: &Features,
) -> Result<f64, SetError> {
    check_sets("direction of change", &[control, treated, generated], 1)?;
    let mean = |set: &Features| standardiser.apply(set)?.mean();
    cosine_of_means(&mean(control)?, &mean(treated)?, &mean(generated)?)
}

/// The same cosine from the means of standardised features, which a bootstrap has at hand
/// ([`Features::weighted_mean`]).
///
/// # Errors
///
/// [`SetError::NoChange`] where a mean equals the control's.
pub fn cosine_of_means(control: &[f64], treated: &[f64], generated: &[f64]) -> Result<f64, SetError> {
    let change = |mean: &[f64], set| {
        let change: Vec<f64> = mean
            .iter()
            .zip(control)
            .map(|(mean, control)| mean - control)
            .collect();
        let size = dot(&change, &change).sqrt();
        if size > 0.0 {
            Ok((change, size))
        } else {
            Err(SetError::NoChange { set })
        }
    };
    let ((real, real_size), (made, made_size)) = (change(treated, 2)?, change(generated, 3)?);
    Ok((dot(&real, &made) / real_size / made_size).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_closed_left_or_widened() {
        let [control, treated, beyond] =
            [[0.0, 1.0], [2.0, 3.0], [-4.0, -3.0]].map(|set| Sorted::new(&set).unwrap());
        let gap = |generated| gap_closed(&control, &treated, generated).unwrap();
        // Quotients of small whole numbers.
        assert!((gap(&treated) - 1.0).abs() < f64::EPSILON);
        assert!(gap(&control).abs() < f64::EPSILON);
        assert!((gap(&beyond) + 2.0).abs() < f64::EPSILON);
        assert_eq!(gap_closed(&control, &control, &treated), Err(SetError::NoEffect));
    }

    #[test]
    fn only_measures_with_an_effect_are_averaged() {
        let estimate = |low| Estimate {
            value: 1.0,
            low,
            high: 2.0,
        };
        assert!(distinguishable(estimate(0.1)) && !distinguishable(estimate(0.0)));
        assert_eq!(
            mean_gap_closed(&[1.0, 2.0], &[false, false]),
            Err(SetError::NoMeasure { measures: 2 })
        );
        assert!(matches!(
            mean_gap_closed(&[1.0, 2.0], &[true]),
            Err(SetError::Count { found: 1, .. })
        ));
        assert!(matches!(
            mean_gap_closed(&[f64::NAN], &[true]),
            Err(SetError::Overflow { .. })
        ));
    }

    #[test]
    fn directions_are_alike_opposite_or_missing() {
        let (control, treated) = ([1.0, 1.0, 1.0], [2.0, 3.0, 1.0]);
        let cosine = |generated: [f64; 3]| cosine_of_means(&control, &treated, &generated);
        // A few roundings of numbers near 1.
        assert!((cosine([1.5, 2.0, 1.0]).unwrap() - 1.0).abs() < 1e-15);
        assert!((cosine([0.5, 0.0, 1.0]).unwrap() + 1.0).abs() < 1e-15);
        assert!(cosine([1.0, 1.0, 4.0]).unwrap().abs() < 1e-15);
        assert_eq!(cosine(control), Err(SetError::NoChange { set: 3 }));
        assert_eq!(
            cosine_of_means(&control, &control, &treated),
            Err(SetError::NoChange { set: 2 })
        );
    }
}
