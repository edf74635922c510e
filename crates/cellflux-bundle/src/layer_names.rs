//! Names of layers, and of the parts of a layer, as the public state dict has them.
//!
//! A tensor's name is the layer's own, the part's, and `weight` or `bias`:
//! `input_blocks.1.0.in_layers.2.weight`.

/// The linear layer that the condition vector goes through.
pub const CONDITION: &str = "mol_embed_transform";
/// The two linear layers that the sinusoids of the time go through.
pub const TIME: &str = "time_embed";
/// The norm before the last convolution.
pub const OUT_NORM: &str = "out.0";
/// The last convolution, to the velocity.
pub const OUT_CONVOLUTION: &str = "out.2";

/// Parts of a residual block.
pub mod residual {
    /// The norm at its start.
    pub const IN_NORM: &str = "in_layers.0";
    /// The first convolution.
    pub const IN_CONVOLUTION: &str = "in_layers.2";
    /// The linear layer of the embedding, for the modulation after the second norm.
    pub const EMBEDDING: &str = "emb_layers.1";
    /// The second norm.
    pub const OUT_NORM: &str = "out_layers.0";
    /// The second convolution.
    pub const OUT_CONVOLUTION: &str = "out_layers.3";
    /// The 1x1 convolution beside the others, where the number of channels changes.
    pub const SKIP: &str = "skip_connection";
}

/// Parts of a self-attention.
pub mod attention {
    /// The norm at its start.
    pub const NORM: &str = "norm";
    /// Queries, keys and values.
    pub const QKV: &str = "qkv";
    /// The projection of the attended values.
    pub const PROJECTION: &str = "proj_out";
}

/// Parts of a resampling layer that has a convolution.
pub mod resampling {
    /// Of one that halves the resolution.
    pub const DOWN: &str = "op";
    /// Of one that doubles it.
    pub const UP: &str = "conv";
}
