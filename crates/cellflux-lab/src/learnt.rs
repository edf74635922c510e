//! What a network has learnt, as a velocity field: conditional, null or guided.

use candle_core::{Device, Tensor, Var};
use cellflux_flow::guidance::Guidance;

use crate::error::LabError;
use crate::network::Network;
use crate::plane::{Point, scaled, sum};
use crate::plane_field::PlaneField;

/// A network's velocity field under a condition.
#[derive(Clone, Debug)]
pub struct LearntField {
    network: Network,
    condition: Option<usize>,
    guidance: Guidance,
}

impl LearntField {
    /// The field of a network as its weights are now. Without a condition it is the null velocity, whatever
    /// the guidance.
    pub fn new(network: &Network, condition: Option<usize>, guidance: Guidance) -> Self {
        Self {
            network: network.frozen(),
            condition,
            guidance,
        }
    }

    /// The conditions whose velocities are added up, and with which weights:
    /// `v = alpha v(x, t, c) + (1 - alpha) v(x, t, null)`.
    fn terms(&self) -> Vec<(f64, Option<usize>)> {
        if self.condition.is_none() || !self.guidance.needs_unconditional() {
            return vec![(1.0, self.condition)];
        }
        vec![
            (self.guidance.conditional(), self.condition),
            (self.guidance.unconditional(), None),
        ]
    }

    fn of(&self, condition: Option<usize>, t: f64, x: &Tensor) -> Result<Tensor, LabError> {
        let count = x.dim(0)?;
        self.network.forward(x, &vec![t; count], &vec![condition; count])
    }
}

impl PlaneField for LearntField {
    fn velocity(&self, t: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
        let mut velocity = vec![[0.0; 2]; at.len()];
        if at.is_empty() {
            return Ok(velocity);
        }
        let x = tensor(at)?;
        for (weight, condition) in self.terms() {
            for (sum_of_terms, term) in velocity.iter_mut().zip(points(&self.of(condition, t, &x)?)?) {
                *sum_of_terms = sum(*sum_of_terms, scaled(weight, term));
            }
        }
        Ok(velocity)
    }

    /// By automatic differentiation: exact but for f32's rounding.
    fn divergence(&self, t: f64, at: &[Point]) -> Result<Vec<f64>, LabError> {
        let mut divergence = vec![0.0; at.len()];
        if at.is_empty() {
            return Ok(divergence);
        }
        let x = Var::from_tensor(&tensor(at)?)?;
        for (weight, condition) in self.terms() {
            let velocity = self.of(condition, t, &x)?;
            for axis in [0, 1] {
                // A point's velocity depends on no other point, so that the sum's gradient is each one's.
                let gradients = velocity.narrow(1, axis, 1)?.sum_all()?.backward()?;
                // A network whose velocity does not depend on the point has no gradient there.
                let Some(gradient) = gradients.get(&x) else {
                    continue;
                };
                for (sum_of_terms, gradient) in divergence.iter_mut().zip(points(gradient)?) {
                    *sum_of_terms += weight * gradient[axis];
                }
            }
        }
        Ok(divergence)
    }
}

/// Points as a tensor `[N, 2]` in f32.
pub(crate) fn tensor(points: &[Point]) -> Result<Tensor, LabError> {
    let values: Vec<f32> = points.iter().flatten().map(|&value| value as f32).collect();
    Ok(Tensor::from_vec(values, (points.len(), 2), &Device::Cpu)?)
}

/// The points of a tensor `[N, 2]` in f32.
fn points(tensor: &Tensor) -> Result<Vec<Point>, LabError> {
    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
    let (pairs, _) = values.as_chunks::<2>();
    Ok(pairs.iter().map(|pair| pair.map(f64::from)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::{Purpose, stream};
    use crate::settings::NetworkSettings;
    use cellflux_flow::random::unit;

    /// A network with weights of every kind.
    fn network() -> Network {
        let settings = NetworkSettings {
            widths: vec![16, 16],
            time_features: 4,
        };
        let network = Network::new(&settings, 2, 3).unwrap();
        for (number, variable) in (0u64..).zip(network.variables().unwrap()) {
            let mut numbers = stream(4, Purpose::Weights, number, 1);
            let values: Vec<f32> = (0..variable.elem_count())
                .map(|_| (unit(&mut numbers) - 0.5) as f32)
                .collect();
            let values = Tensor::from_vec(values, variable.shape().clone(), &Device::Cpu).unwrap();
            variable.set(&values).unwrap();
        }
        network
    }

    const PLACES: [Point; 3] = [[0.0, 0.5], [2.0, -1.0], [-1.5, 1.0]];

    fn field(condition: Option<usize>, alpha: f64) -> LearntField {
        LearntField::new(&network(), condition, Guidance { alpha })
    }

    #[test]
    fn guidance_leads_from_the_null_velocity_through_the_condition_s_and_beyond() {
        let of = |condition, alpha| field(condition, alpha).velocity(0.3, &PLACES).unwrap();
        let (null, conditional) = (of(None, 1.0), of(Some(1), 1.0));
        assert_eq!(of(None, 1.2), null);
        for (alpha, place) in [(0.0, 0), (1.2, 1), (3.0, 2)] {
            for axis in [0, 1] {
                let expected = alpha * conditional[place][axis] + (1.0 - alpha) * null[place][axis];
                assert!((of(Some(1), alpha)[place][axis] - expected).abs() < 1e-12);
            }
        }
        assert!(null != conditional);
    }

    #[test]
    fn the_divergence_is_that_of_difference_quotients() {
        let step = 0.01;
        for (condition, alpha) in [(None, 1.0), (Some(0), 1.0), (Some(1), 2.5)] {
            let field = field(condition, alpha);
            let exact = field.divergence(0.6, &PLACES).unwrap();
            for (exact, [x, y]) in exact.into_iter().zip(PLACES) {
                let around = [[x - step, y], [x + step, y], [x, y - step], [x, y + step]];
                let velocity = field.velocity(0.6, &around).unwrap();
                let across = velocity[1][0] - velocity[0][0] + velocity[3][1] - velocity[2][1];
                // Velocities of a few units in f32, divided by 0.02, and the square of the step.
                assert!((exact - across / (2.0 * step)).abs() < 2e-3, "{exact} {across}");
            }
        }
    }

    #[test]
    fn no_points_have_no_velocities() {
        assert!(field(None, 1.0).velocity(0.0, &[]).unwrap().is_empty());
        assert!(field(None, 1.0).divergence(0.0, &[]).unwrap().is_empty());
    }
}
