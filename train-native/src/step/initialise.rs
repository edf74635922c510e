//! Weights before the first step.

use cellflux_bundle::UNetConfig;
use cellflux_bundle::topology::Parameter;
use rayon::prelude::*;

use super::parameters::layout;
use cellflux_data::random::{Purpose, stream, unit};

/// The initial weights `[P]` of a network: zero for the last convolution of each residual block, attention's
/// output and the output convolution, so that the network starts by predicting no change; 1 and 0 for the
/// norms; otherwise uniform in `±1 / sqrt(fan in)`, weights and biases alike, as the public network's library
/// does.
pub fn initial_weights(config: &UNetConfig, seed: u64) -> Vec<f32> {
    let layout = layout(config);
    let values: Vec<Vec<f32>> = layout
        .par_iter()
        .enumerate()
        .map(|(position, parameter)| {
            let count = parameter.len();
            if starts_at_zero(&parameter.name) {
                return vec![0.0; count];
            }
            let Some(fan_in) = fan_in(&layout, parameter) else {
                let value = if parameter.name.ends_with(".weight") {
                    1.0
                } else {
                    0.0
                };
                return vec![value; count];
            };
            let bound = 1.0 / (fan_in as f64).sqrt();
            let mut numbers = stream(seed, Purpose::Weights, 0, position as u64);
            (0..count)
                .map(|_| (bound * (2.0 * unit(&mut numbers) - 1.0)) as f32)
                .collect()
        })
        .collect();
    values.concat()
}

fn starts_at_zero(name: &str) -> bool {
    [".out_layers.3.", ".proj_out."]
        .iter()
        .any(|part| name.contains(part))
        || name.starts_with("out.2.")
}

/// Inputs of a unit of the layer that a weight or bias belongs to; `None` for norms, whose weight has one
/// axis.
fn fan_in(layout: &[Parameter], parameter: &Parameter) -> Option<usize> {
    let (layer, _) = parameter.name.rsplit_once('.')?;
    let weight = format!("{layer}.weight");
    let weight = layout.iter().find(|other| other.name == weight)?;
    (weight.shape.len() > 1).then(|| weight.shape.iter().skip(1).product())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_start_as_the_public_network_s() {
        let config = UNetConfig::preset("tiny").unwrap();
        let weights = initial_weights(&config, 4);
        assert_eq!(weights, initial_weights(&config, 4));
        assert_ne!(weights, initial_weights(&config, 5));
        let mut start = 0;
        for parameter in layout(&config) {
            let values = &weights[start..start + parameter.len()];
            start += parameter.len();
            let largest = values.iter().fold(0.0f32, |a, v| a.max(v.abs()));
            let (low, high) = match parameter.name.as_str() {
                "out.2.weight" | "out.2.bias" | "out.0.bias" | "input_blocks.1.0.out_layers.3.bias" => {
                    (0.0, 0.0)
                }
                "out.0.weight" => (1.0, 1.0),
                // 1 / sqrt(3 x 3 x 3) and 1 / sqrt(128).
                "input_blocks.0.0.weight" | "input_blocks.0.0.bias" => (0.17, 0.192_46),
                "time_embed.2.weight" => (0.088, 0.088_39),
                _ => continue,
            };
            assert!((low..=high).contains(&largest), "{}: {largest}", parameter.name);
        }
        assert_eq!(start, weights.len());
    }
}
