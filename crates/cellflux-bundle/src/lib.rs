//! What a trained CellFlux model is on disk: config, state dict, manifest, shards, hashes, quantisation.

pub mod config;
pub mod state_dict;
pub mod topology;
