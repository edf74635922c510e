//! The velocity network: residual blocks, attention and resampling, laid out as the topology says.

use candle_core::{Device, Tensor};
use candle_nn::{Linear, Module, VarBuilder};
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::topology::{self, LayerKind, Topology};

use crate::CandleError;
use crate::attention::Attention;
use crate::convolution::Convolution;
use crate::group_norm::{Activation, GroupNorm};
use crate::resample::{Downsample, Upsample};
use crate::residual_block::{ResidualBlock, ResidualShape};
use crate::time_embedding::TimeEmbedding;

/// The velocity network `v(x, t, c)`.
#[derive(Clone, Debug)]
pub struct UNet {
    config: UNetConfig,
    condition: Linear,
    time: TimeEmbedding,
    input: Vec<Vec<Layer>>,
    middle: Vec<Layer>,
    output: Vec<Vec<Layer>>,
    norm: GroupNorm,
    head: Convolution,
}

#[derive(Clone, Debug)]
enum Layer {
    Convolution(Convolution),
    Residual(Box<ResidualBlock>),
    Attention(Attention),
    Downsample(Downsample),
    Upsample(Upsample),
}

impl UNet {
    /// Builds the network of `config` on the parameters of `vars`, which carry the public network's names.
    ///
    /// # Errors
    /// [`CandleError::Config`] for a config that describes no network; [`CandleError::Candle`] when `vars`
    /// lacks a tensor or holds one of another shape.
    pub fn new(config: &UNetConfig, vars: &VarBuilder) -> Result<Self, CandleError> {
        config.validate()?;
        let topology = Topology::new(config);
        let group = |layers: &Vec<topology::Layer>| -> candle_core::Result<Vec<Layer>> {
            layers
                .iter()
                .map(|layer| Layer::new(config, layer, vars))
                .collect()
        };
        let embedding = config.embedding_width();
        Ok(Self {
            condition: candle_nn::linear(config.condition_dim, embedding, vars.pp("mol_embed_transform"))?,
            time: TimeEmbedding::new(config.model_channels, embedding, &vars.pp("time_embed"))?,
            input: topology
                .input
                .iter()
                .map(group)
                .collect::<candle_core::Result<_>>()?,
            middle: group(&topology.middle)?,
            output: topology
                .output
                .iter()
                .map(group)
                .collect::<candle_core::Result<_>>()?,
            norm: GroupNorm::new(topology.head, &vars.pp("out.0"))?,
            head: Convolution::same(topology.head, config.out_channels, &vars.pp("out.2"))?,
            config: config.clone(),
        })
    }

    /// The network's configuration.
    pub fn config(&self) -> &UNetConfig {
        &self.config
    }

    /// What [`Self::forward`] adds to the time embedding, `[N, E]`: each sample's condition vector `[D]`
    /// through one linear layer. A sample without a condition adds nothing at all, not even the bias.
    ///
    /// # Errors
    /// [`CandleError::Length`] when a vector's width is not the config's `condition_dim`.
    pub fn embed_conditions(
        &self,
        conditions: &[Option<&[f32]>],
        device: &Device,
    ) -> Result<Tensor, CandleError> {
        let width = self.config.condition_dim;
        let mut values = Vec::with_capacity(conditions.len() * width);
        let mut present = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition {
                Some(vector) if vector.len() == width => values.extend_from_slice(vector),
                Some(vector) => {
                    return Err(CandleError::Length {
                        what: "a condition vector",
                        found: vector.len(),
                        expected: format!("{width} as the config's condition_dim"),
                    });
                }
                None => values.resize(values.len() + width, 0.0),
            }
            present.push(if condition.is_some() { 1.0f32 } else { 0.0 });
        }
        let values = Tensor::from_vec(values, (conditions.len(), width), device)?;
        let present = Tensor::from_vec(present, (conditions.len(), 1), device)?;
        Ok(self.condition.forward(&values)?.broadcast_mul(&present)?)
    }

    /// The velocity `[N, C, H, W]` of images `x` at N times in `[0, 1]`, given the embedded conditions
    /// `[N, E]` of [`Self::embed_conditions`], or `None` when no sample has one.
    ///
    /// Dropout takes part only where `training` is set.
    ///
    /// # Errors
    /// [`CandleError::Config`] when a side of the image cannot be halved at every level, [`CandleError::Length`]
    /// when channels or times do not fit.
    pub fn forward(
        &self,
        x: &Tensor,
        times: &[f64],
        conditions: Option<&Tensor>,
        training: bool,
    ) -> Result<Tensor, CandleError> {
        let (batch, channels, height, width) = x.dims4()?;
        self.config.validate_size(height, width)?;
        if channels != self.config.in_channels {
            return Err(CandleError::Length {
                what: "an image's channel axis",
                found: channels,
                expected: format!("{} as the config's in_channels", self.config.in_channels),
            });
        }
        if times.len() != batch {
            return Err(CandleError::Length {
                what: "the list of times",
                found: times.len(),
                expected: format!("{batch}, one a sample"),
            });
        }
        let mut embedding = self.time.forward(times, x.device())?;
        if let Some(conditions) = conditions {
            embedding = (embedding + conditions)?;
        }
        // Every residual block starts with SiLU(embedding).
        Ok(self.layers(x, &embedding.silu()?, training)?)
    }

    fn layers(&self, x: &Tensor, activated: &Tensor, training: bool) -> candle_core::Result<Tensor> {
        let run = |group: &[Layer], h: Tensor| {
            group
                .iter()
                .try_fold(h, |h, layer| layer.forward(&h, activated, training))
        };
        let mut h = x.clone();
        let mut skips = Vec::with_capacity(self.input.len());
        for group in &self.input {
            h = run(group, h)?;
            skips.push(h.clone());
        }
        h = run(&self.middle, h)?;
        for group in &self.output {
            if let Some(skip) = skips.pop() {
                h = Tensor::cat(&[h, skip], 1)?;
            }
            h = run(group, h)?;
        }
        self.head.forward(&self.norm.forward(&h, None, Activation::Silu)?)
    }
}

impl Layer {
    fn new(config: &UNetConfig, layer: &topology::Layer, vars: &VarBuilder) -> candle_core::Result<Self> {
        let vars = vars.pp(&layer.name);
        Ok(match layer.kind {
            LayerKind::Convolution { input, output } => {
                Self::Convolution(Convolution::same(input, output, &vars)?)
            }
            LayerKind::Residual {
                input,
                output,
                resample,
            } => {
                let shape = ResidualShape {
                    input,
                    output,
                    embedding: config.embedding_width(),
                    scale_shift: config.use_scale_shift_norm,
                    resample,
                    dropout: config.dropout as f32,
                };
                Self::Residual(Box::new(ResidualBlock::new(shape, &vars)?))
            }
            LayerKind::Attention { channels, heads } => Self::Attention(Attention::new(
                channels,
                heads,
                config.use_new_attention_order,
                &vars,
            )?),
            LayerKind::Downsample {
                channels,
                convolution,
            } => Self::Downsample(Downsample::new(channels, convolution, &vars)?),
            LayerKind::Upsample {
                channels,
                convolution,
            } => Self::Upsample(Upsample::new(channels, convolution, &vars)?),
        })
    }

    fn forward(&self, x: &Tensor, activated: &Tensor, training: bool) -> candle_core::Result<Tensor> {
        match self {
            Self::Convolution(layer) => layer.forward(x),
            Self::Residual(layer) => layer.forward(x, activated, training),
            Self::Attention(layer) => layer.forward(x),
            Self::Downsample(layer) => layer.forward(x),
            Self::Upsample(layer) => layer.forward(x),
        }
    }
}
