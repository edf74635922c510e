//! The weights of linear layers; several may run as one.

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::layer_names;

use crate::Precision;
use crate::weight_storage::WeightStorage;
use crate::weights::{Packing, WeightSpec};

/// The condition's linear layer, which the engine runs once per condition and not once per evaluation.
pub(crate) fn condition_weights(config: &UNetConfig, storage: WeightStorage) -> [WeightSpec; 2] {
    let name = layer_names::CONDITION;
    let layers = [(name.to_owned(), config.embedding_width())];
    linear_weights(name, &layers, config.condition_dim, storage)
}

/// The weights and the biases of linear layers that run as one.
pub(crate) fn linear_weights(
    label: &str,
    layers: &[(String, usize)],
    inputs: usize,
    storage: WeightStorage,
) -> [WeightSpec; 2] {
    let spec = |packing, storage| WeightSpec {
        name: label.to_owned(),
        packing,
        storage,
    };
    let layers = layers.to_vec();
    [
        spec(
            Packing::Rows {
                layers: layers.clone(),
                inputs,
            },
            storage,
        ),
        spec(Packing::Biases { layers }, WeightStorage::Plain(Precision::F32)),
    ]
}
