//! How well a classifier names the classes of crops, with scikit-learn's definitions.

use super::error::SetError;

const MEASURE: &str = "confusion matrix";

/// More classes than any screen has mechanisms; a matrix of that many takes 128 MiB.
const MOST_CLASSES: usize = 4096;

/// How often crops of each class were given each class.
///
/// A share of nothing is 0, as with scikit-learn's `zero_division=0`.
///
/// ```
/// use cellflux_measure::sets::classification::Confusion;
///
/// let confusion = Confusion::new(3, &[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 1, 1])?;
/// assert_eq!(confusion.count(0, 1), Some(1));
/// assert!((confusion.accuracy() - 4.0 / 6.0).abs() < 1e-15);
/// assert!((confusion.balanced_accuracy() - (2.0 / 3.0 + 1.0 + 0.0) / 3.0).abs() < 1e-15);
/// assert_eq!(confusion.majority().class, 0);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

/// The numbers of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassScore {
    /// Crops of the class.
    pub support: u64,
    /// Crops that were given the class.
    pub predicted: u64,
    /// The share of the crops given the class that belong to it.
    pub precision: f64,
    /// The share of crops of the class that were given it.
    pub recall: f64,
    /// The harmonic mean of precision and recall.
    pub f1: f64,
}

/// The most frequent class of the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Majority {
    /// The class; of equally frequent ones the first.
    pub class: usize,
    /// Its share of all crops: the accuracy of always naming it.
    pub share: f64,
}

impl Confusion {
    /// Counts pairs of true and predicted class, each from 0 and below `classes`, one for each crop.
    ///
    /// # Errors
    ///
    /// [`SetError::TooFewRows`] without a crop, [`SetError::Count`] for lists of different length,
    /// [`SetError::Outside`] for no classes or more than 4096, and [`SetError::NoClass`] with the first row
    /// whose class is not below `classes`.
    pub fn new(classes: usize, truth: &[usize], predicted: &[usize]) -> Result<Self, SetError> {
        let (found, expected) = (predicted.len(), truth.len());
        if found != expected {
            return Err(SetError::Count {
                measure: MEASURE,
                what: "predicted classes",
                found,
                expected,
            });
        }
        if truth.is_empty() {
            return Err(SetError::TooFewRows {
                measure: MEASURE,
                set: 1,
                found: 0,
                needed: 1,
            });
        }
        if !(1..=MOST_CLASSES).contains(&classes) {
            let what = "the number of classes";
            return Err(SetError::Outside {
                measure: MEASURE,
                what,
                found: classes,
                least: 1,
                most: MOST_CLASSES,
            });
        }
        let mut counts = vec![0; classes * classes];
        for (row, (&of, &given)) in truth.iter().zip(predicted).enumerate() {
            if let Some(&found) = [of, given].iter().find(|&&class| class >= classes) {
                return Err(SetError::NoClass { row, found, classes });
            }
            if let Some(count) = counts.get_mut(of * classes + given) {
                *count += 1;
            }
        }
        Ok(Self { classes, counts })
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many crops of class `truth` were given class `predicted`; nothing beyond the last class.
    pub fn count(&self, truth: usize, predicted: usize) -> Option<u64> {
        self.rows().nth(truth)?.get(predicted).copied()
    }

    /// A row for each true class, a column for each predicted class.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks_exact(self.classes)
    }

    /// How many crops there are.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The share of crops that were given their class.
    pub fn accuracy(&self) -> f64 {
        ratio(self.hits().iter().sum(), self.total())
    }

    /// The mean recall of the classes that occur in the truth.
    pub fn balanced_accuracy(&self) -> f64 {
        mean(
            self.scores()
                .iter()
                .filter(|score| score.support > 0)
                .map(|score| score.recall),
        )
    }

    /// The mean F1 of the classes that occur in truth or prediction, each class counted equally.
    pub fn macro_f1(&self) -> f64 {
        mean(
            self.scores()
                .iter()
                .filter(|score| score.support + score.predicted > 0)
                .map(|score| score.f1),
        )
    }

    /// The mean F1 of the classes, each counted as often as it occurs in the truth.
    pub fn weighted_f1(&self) -> f64 {
        let weighted: f64 = self
            .scores()
            .iter()
            .map(|score| score.f1 * score.support as f64)
            .sum();
        weighted / self.total() as f64
    }

    /// The most frequent class of the truth, the baseline of accuracy.
    pub fn majority(&self) -> Majority {
        let supports = self.rows().map(|row| row.iter().sum::<u64>());
        let (class, support) =
            supports.enumerate().fold(
                (0, 0),
                |best, (class, support)| {
                    if support > best.1 { (class, support) } else { best }
                },
            );
        Majority {
            class,
            share: ratio(support, self.total()),
        }
    }

    /// The numbers of each class.
    pub fn scores(&self) -> Vec<ClassScore> {
        let mut predicted = vec![0; self.classes];
        for row in self.rows() {
            for (sum, count) in predicted.iter_mut().zip(row) {
                *sum += count;
            }
        }
        let supports = self.rows().map(|row| row.iter().sum::<u64>());
        let score = |((hits, support), predicted)| ClassScore {
            support,
            predicted,
            precision: ratio(hits, predicted),
            recall: ratio(hits, support),
            f1: ratio(2 * hits, support + predicted),
        };
        self.hits()
            .into_iter()
            .zip(supports)
            .zip(predicted)
            .map(score)
            .collect()
    }

    /// How many crops of each class were given it.
    fn hits(&self) -> Vec<u64> {
        self.counts.iter().step_by(self.classes + 1).copied().collect()
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0u64, 0.0), |(count, sum), value| (count + 1, sum + value));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_are_never_given_or_never_there_count_by_scikit_learns_rules() {
        // Class 2 is only predicted, class 3 only true, class 4 neither.
        let confusion = Confusion::new(5, &[0, 0, 1, 3], &[0, 2, 1, 1]).unwrap();
        let f1 = [2.0 / 3.0, 2.0 / 3.0, 0.0, 0.0];
        // A few roundings of numbers below 1.
        assert!((confusion.macro_f1() - f1.iter().sum::<f64>() / 4.0).abs() < 1e-15);
        assert!((confusion.weighted_f1() - (2.0 * f1[0] + f1[1]) / 4.0).abs() < 1e-15);
        assert!((confusion.balanced_accuracy() - (0.5 + 1.0 + 0.0) / 3.0).abs() < 1e-15);
        assert!((confusion.accuracy() - 0.5).abs() < 1e-15);
        assert_eq!(confusion.majority(), Majority { class: 0, share: 0.5 });
        assert_eq!(confusion.count(3, 1), Some(1));
        assert_eq!((confusion.count(5, 0), confusion.count(0, 5)), (None, None));
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        assert!(matches!(
            Confusion::new(2, &[0], &[]),
            Err(SetError::Count { .. })
        ));
        assert!(matches!(
            Confusion::new(2, &[], &[]),
            Err(SetError::TooFewRows { .. })
        ));
        let refused = Confusion::new(2, &[0, 1], &[0, 2]);
        assert_eq!(
            refused,
            Err(SetError::NoClass {
                row: 1,
                found: 2,
                classes: 2
            })
        );
        for classes in [0, usize::MAX] {
            assert!(matches!(
                Confusion::new(classes, &[0], &[0]),
                Err(SetError::Outside { .. })
            ));
        }
    }
}
