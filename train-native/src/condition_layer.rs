//! The layer that reads condition vectors. A run may multiply the vectors (`conditions.scale`); with its
//! weights multiplied instead the layer is the same for the vectors as they are.

use cellflux_bundle::{UNetConfig, layer_names};

use crate::step::layout;

/// Multiplies the weights of that layer, but not its bias, by `factor`; `flat` are all parameters `[P]` of
/// the network.
pub(crate) fn multiply(config: &UNetConfig, flat: &mut [f32], factor: f64) {
    let name = format!("{}.weight", layer_names::CONDITION);
    let mut start = 0;
    for parameter in layout(config) {
        let end = start + parameter.len();
        if parameter.name == name
            && let Some(weights) = flat.get_mut(start..end)
        {
            for weight in weights {
                *weight = (f64::from(*weight) * factor) as f32;
            }
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::initial_weights;

    #[test]
    fn one_layer_s_weights_are_multiplied_and_nothing_else() {
        let config = UNetConfig {
            condition_dim: 8,
            ..UNetConfig::preset("tiny").unwrap()
        };
        let before = initial_weights(&config, 3);
        let mut after = before.clone();
        multiply(&config, &mut after, 2.0);
        let pairs = before.iter().zip(&after);
        let changed = pairs.filter(|(before, after)| before.to_bits() != after.to_bits());
        let doubled = changed.inspect(|(before, after)| assert!((2.0 * *before - *after).abs() < 1e-12));
        let weights = 8 * 4 * config.model_channels;
        let changed = doubled.count();
        // A weight may be 0 at the start.
        assert!(
            changed <= weights && changed > weights / 2,
            "{changed} of {weights}"
        );
        multiply(&config, &mut after, 0.5);
        assert_eq!(after, before);
    }
}
