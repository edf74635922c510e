//! The weights of linear layers; several may run as one.

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::layer_names;

use crate::Precision;
use crate::weights::{Packing, WeightSpec};

/// The condition's linear layer, which the engine runs once per condition and not once per evaluation.
pub(crate) fn condition_weights(config: &UNetConfig, precision: Precision) -> [WeightSpec; 2] {
    let name = layer_names::CONDITION;
    let layers = [(name.to_owned(), config.embedding_width())];
    linear_weights(name, &layers, config.condition_dim, precision)
}

/// The weights and the biases of linear layers that run as one.
pub(crate) fn linear_weights(
    label: &str,
    layers: &[(String, usize)],
    inputs: usize,
    precision: Precision,
) -> [WeightSpec; 2] {
    let spec = |packing, precision| WeightSpec {
        name: label.to_owned(),
        packing,
        precision,
    };
    let layers = layers.to_vec();
    [
        spec(
            Packing::Rows {
                layers: layers.clone(),
                inputs,
            },
            precision,
        ),
        spec(Packing::Biases { layers }, Precision::F32),
    ]
}
