//! What a network has learnt, as a velocity field of a condition or of none.

use candle_core::{Device, Tensor, Var};

use crate::error::LabError;
use crate::network::Network;
use crate::plane::Point;
use crate::plane_field::PlaneField;

/// A network's velocity field under a condition, or the null velocity.
#[derive(Clone, Debug)]
pub struct LearntField {
    network: Network,
    condition: Option<usize>,
}

impl LearntField {
    /// The field of a network, whose weights it shares.
    pub fn new(network: &Network, condition: Option<usize>) -> Self {
        Self {
            network: network.frozen(),
            condition,
        }
    }

    fn of(&self, t: f64, x: &Tensor) -> Result<Tensor, LabError> {
        let count = x.dim(0)?;
        self.network
            .forward(x, &vec![t; count], &vec![self.condition; count])
    }
}

impl PlaneField for LearntField {
    fn velocity(&self, t: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
        if at.is_empty() {
            return Ok(Vec::new());
        }
        points(&self.of(t, &tensor(at)?)?)
    }

    /// By automatic differentiation: exact but for f32's rounding.
    fn divergence(&self, t: f64, at: &[Point]) -> Result<Vec<f64>, LabError> {
        let mut divergence = vec![0.0; at.len()];
        if at.is_empty() {
            return Ok(divergence);
        }
        let x = Var::from_tensor(&tensor(at)?)?;
        let velocity = self.of(t, &x)?;
        for axis in [0, 1] {
            // A point's velocity depends on no other point, so that the sum's gradient is each one's.
            let gradients = velocity.narrow(1, axis, 1)?.sum_all()?.backward()?;
            let Some(gradient) = gradients.get(&x) else {
                continue;
            };
            for (sum, gradient) in divergence.iter_mut().zip(points(gradient)?) {
                *sum += gradient[axis];
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

    #[test]
    fn each_condition_and_none_have_velocities_of_their_own() {
        let network = network();
        let [null, one, other] = [None, Some(0), Some(1)].map(|condition| {
            LearntField::new(&network, condition)
                .velocity(0.3, &PLACES)
                .unwrap()
        });
        assert!(null != one && one != other && other != null);
    }

    #[test]
    fn the_divergence_is_that_of_difference_quotients() {
        let step = 0.01;
        for condition in [None, Some(1)] {
            let field = LearntField::new(&network(), condition);
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
        let field = LearntField::new(&network(), None);
        assert!(field.velocity(0.0, &[]).unwrap().is_empty());
        assert!(field.divergence(0.0, &[]).unwrap().is_empty());
    }
}
