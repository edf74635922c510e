//! Fine detail: whether generated cells are as grainy as real ones.
//!
//! Source noise that is not wholly taken away, and steps that are too few, leave a grain that no other
//! measure of size or amount sees. Its energy is the Laplacian's (`cellflux_measure::crop::laplacian`).

use cellflux_measure::sets::SetError;
use cellflux_measure::sets::bootstrap::{Plan, Replicates, bootstrap};
use cellflux_measure::sets::groups::Groups;

use super::measured::{Column, Measured, Ruler};
use super::{Estimate, EvaluateError, bundled};

/// The fine detail of several sets as a multiple of the real cells' own, averaged over channels, all on the
/// same draws: 1 is right, 2 twice as grainy.
#[derive(Clone, Debug)]
pub struct FineDetail {
    replicates: Option<Replicates>,
    /// Where each set stands in the replicates; none for a set whose images lack the measure.
    places: Vec<Option<usize>>,
}

impl FineDetail {
    /// Of `sets`, whose rows are those of `real`.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] for fewer than two groups.
    pub fn of(
        ruler: &Ruler,
        real: &Measured,
        sets: &[&Measured],
        groups: &Groups,
        plan: Plan,
    ) -> Result<Self, EvaluateError> {
        let channels: Vec<usize> = (0..ruler.catalogue().len())
            .filter(|&at| {
                let measure = ruler.catalogue().get(at);
                measure.is_some_and(|measure| measure.name.ends_with(".laplacian-energy"))
            })
            .collect();
        let columns =
            |set: &Measured| -> Option<Vec<Column>> { channels.iter().map(|&at| set.column(at)).collect() };
        let none = |places| Self {
            replicates: None,
            places,
        };
        let Some(of_real) = columns(real) else {
            return Ok(none(Vec::new()));
        };
        // A set that lacks the measure has no figure, and takes none from the others.
        let mut of_sets = Vec::with_capacity(sets.len());
        let mut places = Vec::with_capacity(sets.len());
        for set in sets {
            let columns = columns(set);
            places.push(columns.is_some().then_some(of_sets.len()));
            of_sets.extend(columns);
        }
        if of_sets.is_empty() {
            return Ok(none(places));
        }
        let replicates = bootstrap(&[groups], plan, |draw| {
            let counts = draw.rows(1)?;
            let ratio = |set: &Vec<Column>| {
                let ratios = set.iter().zip(&of_real).map(|(made, real)| {
                    let real = real.mean(&counts).filter(|real| *real > 0.0);
                    Some(made.mean(&counts)? / real?)
                });
                ratios
                    .sum::<Option<f64>>()
                    .map(|sum| sum / channels.len().max(1) as f64)
            };
            // No detail at all in the real cells: every share of it is unknown, which the bootstrap sees as
            // NaN and refuses.
            Ok(of_sets.iter().map(|set| ratio(set).unwrap_or(f64::NAN)).collect())
        });
        match replicates {
            Ok(replicates) => Ok(Self {
                replicates: Some(replicates),
                places,
            }),
            Err(SetError::Replicate { .. }) => Ok(none(places)),
            Err(error) => Err(error.into()),
        }
    }

    /// A set's own; `None` where real cells or sets have no detail.
    pub fn estimate(&self, set: usize) -> Option<Estimate> {
        let place = self.places.get(set).copied().flatten()?;
        self.replicates.as_ref()?.estimate(place).map(bundled)
    }

    /// How much larger it is in one set than in another.
    pub fn difference(&self, first: usize, second: usize) -> Option<Estimate> {
        let place = |set: usize| self.places.get(set).copied().flatten();
        let difference = self
            .replicates
            .as_ref()?
            .difference(place(first)?, place(second)?);
        difference.map(bundled)
    }
}
