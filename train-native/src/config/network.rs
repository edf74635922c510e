//! `[network]`: a preset's fields, and what the file changes in them.

use cellflux_bundle::config::{PRESETS, UNetConfig};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::TrainError;

/// The network's fields, except the image channels and the condition width, which the data decides. Names and
/// meaning are [`UNetConfig`]'s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    missing_docs,
    reason = "the public network's own fields, documented there"
)]
pub struct NetworkConfig {
    /// The preset from which the fields started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    pub model_channels: usize,
    pub channel_mult: Vec<usize>,
    pub num_res_blocks: usize,
    pub attention_resolutions: Vec<usize>,
    pub dropout: f64,
    pub conv_resample: bool,
    pub num_heads: usize,
    pub num_head_channels: i64,
    pub num_heads_upsample: i64,
    pub use_scale_shift_norm: bool,
    pub resblock_updown: bool,
    pub use_new_attention_order: bool,
}

impl NetworkConfig {
    /// The network for images of `channels` channels and condition vectors of `condition_dim` numbers.
    ///
    /// # Errors
    /// [`TrainError::Network`] when no network could have these fields.
    pub fn unet(&self, channels: usize, condition_dim: usize) -> Result<UNetConfig, TrainError> {
        let config = UNetConfig {
            in_channels: channels,
            out_channels: channels,
            model_channels: self.model_channels,
            num_res_blocks: self.num_res_blocks,
            attention_resolutions: self.attention_resolutions.clone(),
            dropout: self.dropout,
            channel_mult: self.channel_mult.clone(),
            conv_resample: self.conv_resample,
            dims: 2,
            num_classes: None,
            use_checkpoint: false,
            num_heads: self.num_heads,
            num_head_channels: self.num_head_channels,
            num_heads_upsample: self.num_heads_upsample,
            use_scale_shift_norm: self.use_scale_shift_norm,
            resblock_updown: self.resblock_updown,
            use_new_attention_order: self.use_new_attention_order,
            with_fourier_features: false,
            condition_dim,
        };
        config.validate()?;
        Ok(config)
    }

    fn of(preset: &str, config: UNetConfig) -> Self {
        Self {
            preset: Some(preset.to_owned()),
            model_channels: config.model_channels,
            channel_mult: config.channel_mult,
            num_res_blocks: config.num_res_blocks,
            attention_resolutions: config.attention_resolutions,
            dropout: config.dropout,
            conv_resample: config.conv_resample,
            num_heads: config.num_heads,
            num_head_channels: config.num_head_channels,
            num_heads_upsample: config.num_heads_upsample,
            use_scale_shift_norm: config.use_scale_shift_norm,
            resblock_updown: config.resblock_updown,
            use_new_attention_order: config.use_new_attention_order,
        }
    }
}

/// The fields of a preset; `small` where none is named.
pub(super) fn preset(name: Option<&str>) -> Result<Table, TrainError> {
    let name = name.unwrap_or("small");
    let config = UNetConfig::preset(name).ok_or_else(|| {
        let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
        TrainError::value("network.preset", name, format!("one of {}", names.join(", ")))
    })?;
    super::to_table("network", &NetworkConfig::of(name, config))
}
