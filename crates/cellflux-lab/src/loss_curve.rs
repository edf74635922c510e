//! The loss of every step of learning.

/// The losses, in the order of the steps: each the mean of `(v - (x1 - x0))^2` over the pairs of a step and
/// both coordinates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossCurve {
    losses: Vec<f32>,
}

/// A stretch of a loss curve, to be drawn as one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Its last step, from 1.
    pub step: usize,
    /// The mean loss of its steps.
    pub mean: f64,
}

impl LossCurve {
    /// How many steps were learnt.
    pub fn steps(&self) -> usize {
        self.losses.len()
    }

    /// The mean loss of the last `count` steps, or of all where there are fewer; nothing before the first.
    pub fn mean_of_last(&self, count: usize) -> Option<f64> {
        let first = self.losses.len().saturating_sub(count.max(1));
        mean(self.losses.get(first..)?)
    }

    /// The curve in at most `most` points of equally many steps each (the last may have fewer).
    pub fn stretches(&self, most: usize) -> Vec<Stretch> {
        let length = self.losses.len().div_ceil(most.max(1)).max(1);
        let stretches = self.losses.chunks(length).enumerate();
        stretches
            .filter_map(|(number, losses)| {
                Some(Stretch {
                    step: number * length + losses.len(),
                    mean: mean(losses)?,
                })
            })
            .collect()
    }

    /// Takes the loss of the next step.
    pub(crate) fn push(&mut self, loss: f64) {
        self.losses.push(loss as f32);
    }

    /// Forgets all steps after the first `steps`.
    pub(crate) fn cut(&mut self, steps: usize) {
        self.losses.truncate(steps);
    }
}

fn mean(losses: &[f32]) -> Option<f64> {
    let sum: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
    (!losses.is_empty()).then(|| sum / losses.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(losses: &[f64]) -> LossCurve {
        let mut curve = LossCurve::default();
        for &loss in losses {
            curve.push(loss);
        }
        curve
    }

    #[test]
    fn the_mean_of_the_last_steps_is_of_those_that_there_are() {
        let curve = curve(&[8.0, 4.0, 2.0, 1.0]);
        assert_eq!(curve.mean_of_last(2), Some(1.5));
        assert_eq!(curve.mean_of_last(100), Some(3.75));
        assert_eq!(LossCurve::default().mean_of_last(5), None);
    }

    #[test]
    fn stretches_cover_every_step_once() {
        let stretch = |step, mean| Stretch { step, mean };
        let mut curve = curve(&[8.0, 4.0, 2.0, 1.0, 3.0]);
        assert_eq!(
            curve.stretches(3),
            [stretch(2, 6.0), stretch(4, 1.5), stretch(5, 3.0)]
        );
        assert_eq!(curve.stretches(100).len(), 5);
        curve.cut(2);
        assert_eq!((curve.steps(), curve.mean_of_last(9)), (2, Some(6.0)));
        assert!(LossCurve::default().stretches(3).is_empty());
    }
}
