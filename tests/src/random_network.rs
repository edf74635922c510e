//! State dicts of random weights, for untrained networks.

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;
use cellflux_bundle::tensor::{Tensor, Values};
use cellflux_bundle::topology::Topology;
use cellflux_flow::noise::source_noise;

/// Weights of `config`'s network drawn from a seed: normal, with the variance that keeps features at their
/// size (1 / fan-in), norms' gains around one, biases small. Every tensor affects the output, even those that
/// training starts at zero.
pub fn random_state_dict(config: &UNetConfig, seed: u32) -> StateDict {
    let mut state = StateDict::default();
    for (index, parameter) in Topology::new(config).parameters(config).into_iter().enumerate() {
        let mut values = source_noise(seed.wrapping_add(index as u32), parameter.len());
        let fan_in: usize = parameter.shape.iter().skip(1).product();
        let is_gain = parameter.shape.len() == 1 && parameter.name.ends_with("weight");
        let (centre, spread) = match parameter.shape.len() {
            1 if is_gain => (1.0, 0.2),
            1 => (0.0, 0.1),
            _ => (0.0, (fan_in as f32).powf(-0.5)),
        };
        for value in &mut values {
            *value = centre + spread * *value;
        }
        let tensor = Tensor {
            shape: parameter.shape,
            values: Values::F32(values),
        };
        state.tensors.insert(parameter.name, tensor);
    }
    state
}
