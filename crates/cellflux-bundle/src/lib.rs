//! What a trained CellFlux model is on disk: config, state dict, manifest, shards, hashes, quantisation.
