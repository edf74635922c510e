//! Ordinary differential equations written down: fields for lessons, tests and comparisons.

use std::convert::Infallible;

use crate::field::{AdaptiveField, Field, Tolerance};

/// The equation `dx/dt = f(t, x)` over plain numbers, as a field.
#[derive(Clone, Copy, Debug)]
pub struct Ode<F> {
    derivative: F,
    evaluations: usize,
}

impl<F: Fn(f64, &[f64]) -> Vec<f64>> Ode<F> {
    /// The field whose velocity is `derivative`.
    pub fn new(derivative: F) -> Self {
        Self {
            derivative,
            evaluations: 0,
        }
    }

    /// How often the velocity was evaluated.
    pub fn evaluations(&self) -> usize {
        self.evaluations
    }
}

impl<F: Fn(f64, &[f64]) -> Vec<f64>> Field for Ode<F> {
    type State = Vec<f64>;
    type Error = Infallible;

    fn velocity(&mut self, t: f64, x: &Vec<f64>) -> Result<Vec<f64>, Infallible> {
        self.evaluations += 1;
        Ok((self.derivative)(t, x))
    }

    fn combine(&mut self, terms: &[(f64, &Vec<f64>)]) -> Result<Vec<f64>, Infallible> {
        let mut sum = vec![0.0; terms.first().map_or(0, |(_, x)| x.len())];
        for (weight, x) in terms {
            for (sum, x) in sum.iter_mut().zip(*x) {
                *sum += weight * x;
            }
        }
        Ok(sum)
    }
}

impl<F: Fn(f64, &[f64]) -> Vec<f64>> AdaptiveField for Ode<F> {
    async fn error_norm(
        &mut self,
        error: &Vec<f64>,
        from: &Vec<f64>,
        to: &Vec<f64>,
        tolerance: Tolerance,
    ) -> Result<f64, Infallible> {
        let squares = error
            .iter()
            .zip(from.iter().zip(to))
            .map(|(e, (a, b))| (e / (tolerance.atol + tolerance.rtol * a.abs().max(b.abs()))).powi(2));
        Ok((squares.sum::<f64>() / error.len() as f64).sqrt())
    }
}
