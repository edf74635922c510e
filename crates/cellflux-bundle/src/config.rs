//! The network's configuration: the public network's own fields, what they may hold, and the presets.

use cellflux_image::spec::MAX_CHANNELS;
use serde::{Deserialize, Serialize};

pub use crate::error::ConfigError;
use crate::{check::parser_words, error::BundleError, limits};

/// Groups of every `GroupNorm` in the network; channel counts must be multiples of it.
pub const NORM_GROUPS: usize = 32;
/// What every group norm adds to the variance.
pub const NORM_EPSILON: f64 = 1e-5;

/// The configuration of a velocity U-Net, field by field as the public CellFlux code names them.
///
/// Fields that JSON leaves out take the public network's defaults; a field that is not listed here is
/// refused, since it could change the function. [`UNetConfig::validate`] says whether the values describe a
/// network that can be built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "the public network's own switches")]
pub struct UNetConfig {
    /// Channels of the image that flows (BBBC021: 3, CPJUMP1: 5, RxRx1: 6).
    pub in_channels: usize,
    /// Channels of the velocity; equal to `in_channels`, since a velocity moves an image.
    pub out_channels: usize,
    /// Width that `channel_mult` multiplies; also the width of the sinusoidal time embedding.
    pub model_channels: usize,
    /// Residual blocks per level on the way down (the way up has one more).
    pub num_res_blocks: usize,
    /// Down-sampling factors (1, 2, 4, ...) at which residual blocks are followed by attention.
    pub attention_resolutions: Vec<usize>,
    /// Dropout while training; inference ignores it.
    #[serde(default)]
    pub dropout: f64,
    /// Channel multiplier of each level.
    pub channel_mult: Vec<usize>,
    /// Whether plain down- and up-sampling learn a convolution.
    #[serde(default = "yes")]
    pub conv_resample: bool,
    /// Spatial dimensions; only 2 is a cell image.
    #[serde(default = "two")]
    pub dims: usize,
    /// Class labels are not part of `CellFlux`; must be absent.
    #[serde(default)]
    pub num_classes: Option<usize>,
    /// A training-time memory switch of the public code; it does not change the function.
    #[serde(default)]
    pub use_checkpoint: bool,
    /// Attention heads where `num_head_channels` is -1.
    #[serde(default = "one")]
    pub num_heads: usize,
    /// Channels per head, or -1 to use `num_heads`.
    #[serde(default = "minus_one")]
    pub num_head_channels: i64,
    /// Heads on the way up where `num_head_channels` is -1; -1 means `num_heads`.
    #[serde(default = "minus_one")]
    pub num_heads_upsample: i64,
    /// Whether the embedding scales and shifts (`true`) or is added (`false`).
    #[serde(default)]
    pub use_scale_shift_norm: bool,
    /// Whether residual blocks do the down- and up-sampling.
    #[serde(default)]
    pub resblock_updown: bool,
    /// Whether qkv channels are `[q | k | v]` first (`true`) or split into heads first (legacy order).
    #[serde(default)]
    pub use_new_attention_order: bool,
    /// Fourier features of the input image; the public networks have none, and neither have these.
    #[serde(default)]
    pub with_fourier_features: bool,
    /// Width D of a perturbation's condition vector.
    pub condition_dim: usize,
}

fn yes() -> bool {
    true
}
fn one() -> usize {
    1
}
fn two() -> usize {
    2
}
fn minus_one() -> i64 {
    -1
}

/// Widths and depths beyond these are refused before any memory is reserved for them.
const MAX_WIDTH: usize = 8192;
const MAX_LEVELS: usize = 8;
const MAX_BLOCKS: usize = 16;
const MAX_CONDITION: usize = 1 << 20;

impl UNetConfig {
    /// The width of the time and condition embedding: four times `model_channels`.
    pub fn embedding_width(&self) -> usize {
        4 * self.model_channels
    }

    /// Numbers by which the embedding modulates a residual block of `output` channels (feature-wise linear
    /// modulation): a scale and a shift for each, or a shift alone.
    pub fn modulation_width(&self, output: usize) -> usize {
        if self.use_scale_shift_norm {
            2 * output
        } else {
            output
        }
    }

    /// The factor by which the deepest level is smaller than the image.
    pub fn downsampling(&self) -> usize {
        1 << (self.channel_mult.len().max(1) - 1)
    }

    /// Attention heads of a block of `channels` channels, on the way up or not.
    pub fn heads(&self, channels: usize, way_up: bool) -> usize {
        if self.num_head_channels > 0 {
            channels / self.num_head_channels as usize
        } else if way_up && self.num_heads_upsample > 0 {
            self.num_heads_upsample as usize
        } else {
            self.num_heads
        }
    }

    /// Reads a configuration from JSON and checks it.
    ///
    /// # Errors
    /// [`BundleError::Json`] when the text is not JSON of a configuration, [`BundleError::Config`] when no
    /// network could have it.
    pub fn from_json(text: &str) -> Result<Self, BundleError> {
        let config: Self = serde_json::from_str(text).map_err(|error| BundleError::Json {
            file: "network config".into(),
            reason: parser_words(&error),
        })?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every field, and that the whole network has at most [`limits::PARAMETERS`] parameters.
    ///
    /// # Errors
    /// [`ConfigError::Field`] names the first field that no network of this family could have.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let within = |field, value: usize, low: usize, high: usize| {
            check(field, value, (low..=high).contains(&value), || {
                format!("{low} to {high}")
            })
        };
        within("in_channels", self.in_channels, 1, MAX_CHANNELS)?;
        check(
            "out_channels",
            self.out_channels,
            self.out_channels == self.in_channels,
            || format!("{} as in_channels", self.in_channels),
        )?;
        within("model_channels", self.model_channels, 2, MAX_WIDTH)?;
        check(
            "model_channels",
            self.model_channels,
            self.model_channels.is_multiple_of(2),
            || "an even number".into(),
        )?;
        within("num_res_blocks", self.num_res_blocks, 1, MAX_BLOCKS)?;
        within(
            "length of attention_resolutions",
            self.attention_resolutions.len(),
            0,
            MAX_LEVELS,
        )?;
        within("length of channel_mult", self.channel_mult.len(), 1, MAX_LEVELS)?;
        for &mult in &self.channel_mult {
            let width = mult.saturating_mul(self.model_channels);
            within("channel_mult x model_channels", width, NORM_GROUPS, MAX_WIDTH)?;
            check(
                "channel_mult x model_channels",
                width,
                width.is_multiple_of(NORM_GROUPS),
                || format!("a multiple of {NORM_GROUPS}"),
            )?;
        }
        check(
            "dropout",
            self.dropout,
            (0.0..1.0).contains(&self.dropout),
            || "0 to below 1".into(),
        )?;
        check("dims", self.dims, self.dims == 2, || "2".into())?;
        check(
            "num_classes",
            format!("{:?}", self.num_classes),
            self.num_classes.is_none(),
            || "null".into(),
        )?;
        check(
            "with_fourier_features",
            self.with_fourier_features,
            !self.with_fourier_features,
            || "false".into(),
        )?;
        within("condition_dim", self.condition_dim, 1, MAX_CONDITION)?;
        within("num_heads", self.num_heads, 1, MAX_WIDTH)?;
        let signed = |field, value: i64| {
            check(
                field,
                value,
                value == -1 || (1..=MAX_WIDTH as i64).contains(&value),
                || format!("-1 or 1 to {MAX_WIDTH}"),
            )
        };
        signed("num_head_channels", self.num_head_channels)?;
        signed("num_heads_upsample", self.num_heads_upsample)?;
        for (channels, way_up) in self.attention_widths() {
            let heads = self.heads(channels, way_up);
            check(
                "num_heads / num_head_channels",
                heads,
                heads > 0
                    && channels.is_multiple_of(heads)
                    && (self.num_head_channels <= 0 || heads * self.num_head_channels as usize == channels),
                || format!("a divisor of the {channels} channels it attends over"),
            )?;
        }
        // With the bounds above no single tensor overflows, so the sum can be taken before any is made.
        let parameters = self.scalars();
        check(
            "number of parameters",
            parameters,
            parameters <= limits::PARAMETERS,
            || format!("at most {}", limits::PARAMETERS),
        )
    }

    /// Checks that an image of this size can be halved at every level.
    ///
    /// # Errors
    /// [`ConfigError::Size`] when a side is zero or not a multiple of [`Self::downsampling`].
    pub fn validate_size(&self, height: usize, width: usize) -> Result<(), ConfigError> {
        let multiple = self.downsampling();
        if height == 0 || width == 0 || !height.is_multiple_of(multiple) || !width.is_multiple_of(multiple) {
            return Err(ConfigError::Size {
                height,
                width,
                multiple,
            });
        }
        Ok(())
    }

    /// Channel widths under attention, with whether they are on the way up; the middle counts as down.
    fn attention_widths(&self) -> Vec<(usize, bool)> {
        let mut widths = Vec::new();
        for (level, mult) in self.channel_mult.iter().enumerate() {
            if self.attention_resolutions.contains(&(1 << level)) {
                widths.push((mult * self.model_channels, false));
                widths.push((mult * self.model_channels, true));
            }
        }
        if let Some(mult) = self.channel_mult.last() {
            widths.push((mult * self.model_channels, false));
        }
        widths
    }

    fn public(channels: usize, condition_dim: usize) -> Self {
        Self {
            in_channels: channels,
            out_channels: channels,
            model_channels: 128,
            num_res_blocks: 4,
            attention_resolutions: vec![2],
            dropout: 0.3,
            channel_mult: vec![2, 2, 2],
            conv_resample: false,
            dims: 2,
            num_classes: None,
            use_checkpoint: false,
            num_heads: 1,
            num_head_channels: -1,
            num_heads_upsample: -1,
            use_scale_shift_norm: true,
            resblock_updown: false,
            use_new_attention_order: true,
            with_fourier_features: false,
            condition_dim,
        }
    }

    /// The preset of this name, or `None`; [`PRESETS`] lists the names.
    pub fn preset(name: &str) -> Option<Self> {
        let public = Self::public(3, 1024);
        Some(match name {
            "cellflux-bbbc021" => public,
            "cellflux-rxrx1" => Self::public(6, 200),
            "cellflux-cpg0000" => Self::public(5, 1224),
            "cellflux-paper" => Self {
                num_res_blocks: 2,
                attention_resolutions: vec![4],
                channel_mult: vec![1; 4],
                num_heads: 4,
                ..public
            },
            "small" => Self {
                model_channels: 64,
                num_res_blocks: 2,
                attention_resolutions: vec![4],
                channel_mult: vec![1, 2, 2],
                conv_resample: true,
                num_head_channels: 64,
                dropout: 0.1,
                ..public
            },
            "tiny" => Self {
                model_channels: 32,
                num_res_blocks: 1,
                attention_resolutions: vec![4],
                channel_mult: vec![1, 2, 2],
                conv_resample: true,
                num_head_channels: 32,
                dropout: 0.0,
                ..public
            },
            _ => return None,
        })
    }
}

/// Names of the presets, with the exact number of parameters of each.
pub const PRESETS: [(&str, usize); 6] = [
    ("cellflux-bbbc021", 56_201_219),
    ("cellflux-rxrx1", 55_793_158),
    ("cellflux-cpg0000", 56_312_837),
    ("cellflux-paper", 12_820_099),
    ("small", 7_211_587),
    ("tiny", 1_323_587),
];

fn check(
    field: &'static str,
    found: impl std::fmt::Display,
    holds: bool,
    expected: impl FnOnce() -> String,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Field {
        field,
        found: found.to_string(),
        expected: expected(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> UNetConfig {
        UNetConfig::preset("tiny").unwrap()
    }

    /// The field that `validate` complains about.
    fn complaint(config: &UNetConfig) -> &'static str {
        match config.validate() {
            Err(ConfigError::Field { field, .. }) => field,
            other => panic!("expected a complaint about a field, got {other:?}"),
        }
    }

    #[test]
    fn fields_left_out_take_the_public_networks_defaults() {
        let config = UNetConfig::from_json(
            r#"{"in_channels": 3, "out_channels": 3, "model_channels": 32, "num_res_blocks": 1,
                "attention_resolutions": [2], "channel_mult": [1, 2], "condition_dim": 64}"#,
        )
        .unwrap();
        assert!(config.conv_resample);
        assert!(!config.use_scale_shift_norm && !config.resblock_updown && !config.use_new_attention_order);
        assert_eq!(
            (
                config.num_heads,
                config.num_head_channels,
                config.num_heads_upsample
            ),
            (1, -1, -1)
        );
        assert!(config.dropout.abs() < f64::EPSILON);
    }

    #[test]
    fn json_and_back_is_the_same_config() {
        for (name, _) in PRESETS {
            let config = UNetConfig::preset(name).unwrap();
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(UNetConfig::from_json(&text).unwrap(), config, "{name}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let mut json = serde_json::to_value(tiny()).unwrap();
        json["spectral_norm"] = true.into();
        let error = UNetConfig::from_json(&json.to_string()).unwrap_err().to_string();
        assert!(error.contains("spectral_norm"), "{error}");
    }

    #[test]
    fn each_impossible_value_is_named() {
        type Change = fn(&mut UNetConfig);
        let cases: [(&str, Change); 14] = [
            ("in_channels", |c| c.in_channels = 0),
            ("out_channels", |c| c.out_channels = 6),
            ("model_channels", |c| c.model_channels = 33),
            ("num_res_blocks", |c| c.num_res_blocks = usize::MAX),
            ("length of channel_mult", |c| c.channel_mult = vec![1; 9]),
            ("channel_mult x model_channels", |c| {
                c.channel_mult[0] = usize::MAX;
            }),
            ("length of attention_resolutions", |c| {
                c.attention_resolutions = vec![4; 9];
            }),
            ("dropout", |c| c.dropout = f64::NAN),
            ("dims", |c| c.dims = 3),
            ("num_classes", |c| c.num_classes = Some(10)),
            ("with_fourier_features", |c| c.with_fourier_features = true),
            ("condition_dim", |c| c.condition_dim = 0),
            ("num_head_channels", |c| c.num_head_channels = i64::MIN),
            ("num_heads / num_head_channels", |c| c.num_head_channels = 48),
        ];
        for (field, change) in cases {
            let mut config = tiny();
            change(&mut config);
            assert_eq!(complaint(&config), field);
        }
    }

    #[test]
    fn a_network_of_more_parameters_than_memory_is_refused_before_it_is_made() {
        let config = UNetConfig {
            model_channels: MAX_WIDTH,
            channel_mult: vec![1; MAX_LEVELS],
            num_res_blocks: MAX_BLOCKS,
            ..UNetConfig::preset("cellflux-bbbc021").unwrap()
        };
        assert_eq!(complaint(&config), "number of parameters");
    }

    #[test]
    fn sizes_must_halve_evenly_at_every_level() {
        let config = tiny();
        config.validate_size(64, 96).unwrap();
        for (height, width) in [(0, 64), (64, 0), (66, 64), (64, 2)] {
            let error = config.validate_size(height, width).unwrap_err();
            assert!(matches!(error, ConfigError::Size { multiple: 4, .. }));
        }
    }
}
