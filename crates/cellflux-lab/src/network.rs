//! The velocity network: a multilayer perceptron of a point, a time and a condition.

use candle_core::{DType, Device, Tensor, Var};
use cellflux_candle::reproducible::{dense, silu};
use cellflux_flow::random::unit;
use cellflux_flow::time_embedding::timestep_embedding;

use crate::draws::{Purpose, stream};
use crate::error::LabError;
use crate::settings::NetworkSettings;

/// Coordinates of a point.
const PLANE: usize = 2;

/// A velocity network `v(x, t, c)`.
///
/// The first layer sees the point's two coordinates and sinusoids of the time
/// ([`timestep_embedding`]); to what it gives, the condition's row of a table is added. The table's first row
/// stands for no condition. `SiLU` follows every layer but the last.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Vec<Layer>,
    table: Tensor,
    time_features: usize,
}

/// Weight `[in, out]` and bias `[out]`.
#[derive(Clone, Debug)]
struct Layer {
    weight: Tensor,
    bias: Tensor,
}

impl Network {
    /// A network for so many conditions, with the initial weights of a seed: weights of hidden layers uniform
    /// within `1 / sqrt(in)`, everything else 0, so that its first velocities are 0.
    ///
    /// # Errors
    /// [`LabError`] for settings out of range, or when candle fails.
    pub fn new(settings: &NetworkSettings, conditions: usize, seed: u32) -> Result<Self, LabError> {
        settings.check()?;
        let mut layers = Vec::new();
        let mut inputs = PLANE + settings.time_features;
        for (number, &width) in settings.widths.iter().enumerate() {
            let mut numbers = stream(seed, Purpose::Weights, number as u64, 0);
            let bound = 1.0 / (inputs as f64).sqrt();
            let weights: Vec<f32> = (0..inputs * width)
                .map(|_| (bound * (2.0 * unit(&mut numbers) - 1.0)) as f32)
                .collect();
            let weight = Var::from_vec(weights, (inputs, width), &Device::Cpu)?;
            layers.push(Layer {
                weight: weight.into_inner(),
                bias: zeros(&[width])?,
            });
            inputs = width;
        }
        layers.push(Layer {
            weight: zeros(&[inputs, PLANE])?,
            bias: zeros(&[PLANE])?,
        });
        let first = settings.widths.first().copied().unwrap_or(PLANE);
        Ok(Self {
            layers,
            table: zeros(&[conditions + 1, first])?,
            time_features: settings.time_features,
        })
    }

    /// The velocities `[N, 2]` of points `[N, 2]`, N times in `[0, 1]` and N conditions, of which none is the
    /// null condition; f32.
    ///
    /// # Errors
    /// When the numbers of points, times and conditions differ, a condition has no row, or candle fails.
    pub fn forward(&self, x: &Tensor, t: &[f64], conditions: &[Option<usize>]) -> Result<Tensor, LabError> {
        let mut sinusoids = Vec::with_capacity(t.len() * self.time_features);
        for &t in t {
            sinusoids.extend(timestep_embedding(t, self.time_features)?);
        }
        let sinusoids = Tensor::from_vec(sinusoids, (t.len(), self.time_features), &Device::Cpu)?;
        let rows: Vec<u32> = conditions
            .iter()
            .map(|condition| condition.map_or(0, |condition| condition as u32 + 1))
            .collect();
        let rows = Tensor::from_vec(rows, conditions.len(), &Device::Cpu)?;
        let added = self.table.index_select(&rows, 0)?;
        let mut values = Tensor::cat(&[x, &sinusoids], 1)?;
        for (number, layer) in self.layers.iter().enumerate() {
            values = match number {
                0 => (dense(&values, &layer.weight, &layer.bias)? + &added)?,
                _ => dense(&silu(&values)?, &layer.weight, &layer.bias)?,
            };
        }
        Ok(values)
    }

    /// All parameters, in an order that does not change: weight and bias of each layer, then the table.
    pub fn parameters(&self) -> Vec<Tensor> {
        let layers = self.layers.iter();
        let mut parameters: Vec<Tensor> = layers
            .flat_map(|layer| [layer.weight.clone(), layer.bias.clone()])
            .collect();
        parameters.push(self.table.clone());
        parameters
    }

    /// The parameters as variables, for an optimiser.
    ///
    /// # Errors
    /// When candle fails.
    pub(crate) fn variables(&self) -> Result<Vec<Var>, LabError> {
        self.parameters()
            .iter()
            .map(|parameter| Ok(Var::from_tensor(parameter)?))
            .collect()
    }

    /// How many numbers the network has learnt.
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(Tensor::elem_count).sum()
    }

    /// The same network for evaluation: it shares the weights and keeps nothing for gradients of them.
    #[must_use]
    pub fn frozen(&self) -> Self {
        let layers = self.layers.iter().map(|layer| Layer {
            weight: layer.weight.detach(),
            bias: layer.bias.detach(),
        });
        Self {
            layers: layers.collect(),
            table: self.table.detach(),
            time_features: self.time_features,
        }
    }
}

/// A variable that starts at 0.
fn zeros(shape: &[usize]) -> Result<Tensor, LabError> {
    Ok(Var::zeros(shape, DType::F32, &Device::Cpu)?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cellflux_candle::reproducible::mean_square;

    fn settings() -> NetworkSettings {
        NetworkSettings {
            widths: vec![8, 12],
            time_features: 4,
        }
    }

    fn points() -> Tensor {
        Tensor::new(&[[0.5f32, -1.0], [2.0, 0.25], [-1.5, 1.0]], &Device::Cpu).unwrap()
    }

    /// A network whose every parameter is different from 0.
    fn stirred() -> Network {
        let network = Network::new(&settings(), 2, 1).unwrap();
        for (number, variable) in (0u64..).zip(network.variables().unwrap()) {
            let mut numbers = stream(9, Purpose::Weights, number, 1);
            let values: Vec<f32> = (0..variable.elem_count())
                .map(|_| (unit(&mut numbers) - 0.5) as f32)
                .collect();
            let values = Tensor::from_vec(values, variable.shape().clone(), &Device::Cpu).unwrap();
            variable.set(&values).unwrap();
        }
        network
    }

    const TIMES: [f64; 3] = [0.0, 0.5, 1.0];
    const CONDITIONS: [Option<usize>; 3] = [None, Some(0), Some(1)];

    fn loss(network: &Network) -> Tensor {
        mean_square(&network.forward(&points(), &TIMES, &CONDITIONS).unwrap()).unwrap()
    }

    #[test]
    fn a_new_network_stands_still_and_has_the_parameters_of_its_shape() {
        let network = Network::new(&settings(), 2, 1).unwrap();
        assert_eq!(
            network.parameter_count(),
            6 * 8 + 8 + 8 * 12 + 12 + 12 * 2 + 2 + 3 * 8
        );
        let velocity = network.forward(&points(), &TIMES, &CONDITIONS).unwrap();
        assert_eq!(velocity.to_vec2::<f32>().unwrap(), [[0.0; 2]; 3]);
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let network = stirred();
        let gradients = loss(&network).backward().unwrap();
        let value = || f64::from(loss(&network).to_scalar::<f32>().unwrap());
        for variable in network.variables().unwrap() {
            let gradient = gradients.get(&variable).unwrap().flatten_all().unwrap();
            let gradient = gradient.to_vec1::<f32>().unwrap();
            let before = variable.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for place in [0, before.len() / 2, before.len() - 1] {
                let step = 0.01f32;
                let [less, more] = [-step, step].map(|step| {
                    let mut moved = before.clone();
                    moved[place] += step;
                    let moved = Tensor::from_vec(moved, variable.shape().clone(), &Device::Cpu).unwrap();
                    variable.set(&moved).unwrap();
                    value()
                });
                let quotient = (more - less) / (2.0 * f64::from(step));
                let found = f64::from(gradient[place]);
                // The rounding of two losses below 1 in f32 over 0.02, and the square of the step.
                assert!((quotient - found).abs() < 2e-4, "{place}: {quotient} {found}");
                let restored = Tensor::from_vec(before.clone(), variable.shape().clone(), &Device::Cpu);
                variable.set(&restored.unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn each_condition_has_a_velocity_of_its_own_and_each_sample_stands_alone() {
        let network = stirred();
        let one = |condition| {
            let x = points().narrow(0, 1, 1).unwrap();
            let velocity = network.forward(&x, &[0.5], &[condition]).unwrap();
            velocity.to_vec2::<f32>().unwrap().concat()
        };
        let all = network.forward(&points(), &TIMES, &CONDITIONS).unwrap();
        assert_eq!(one(Some(0)), all.to_vec2::<f32>().unwrap()[1]);
        assert!(one(None) != one(Some(0)) && one(Some(0)) != one(Some(1)));
        assert!(network.forward(&points(), &TIMES, &[Some(2); 3]).is_err());
        assert!(network.forward(&points(), &TIMES[..2], &CONDITIONS).is_err());
    }

    #[test]
    fn a_frozen_network_computes_the_same_and_needs_no_gradient() {
        let network = stirred();
        let frozen = network.frozen();
        let [all, same] = [&network, &frozen].map(|network| {
            let velocity = network.forward(&points(), &TIMES, &CONDITIONS).unwrap();
            velocity.to_vec2::<f32>().unwrap()
        });
        assert_eq!(all, same);
        assert!(!loss(&frozen).track_op());
    }
}
