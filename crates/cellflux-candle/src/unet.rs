//! The velocity network: residual blocks, attention and resampling, laid out as the topology says.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_nn::{Linear, VarBuilder};
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::layer_names;
use cellflux_bundle::topology::{self, LayerKind, Resample, Topology};

use crate::CandleError;
use crate::attention::Attention;
use crate::convolution::Convolution;
use crate::group_norm::{Activation, GroupNorm};
use crate::inference::Inference;
use crate::operations::{Heads, Operations, Then};
use crate::plain::Plain;
use crate::resample::ResampleLayer;
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
    operations: Arc<dyn Operations>,
}

#[derive(Clone, Debug)]
enum Layer {
    Convolution(Convolution),
    Residual(Box<ResidualBlock>),
    Attention(Attention),
    Resample(ResampleLayer),
}

impl UNet {
    /// Builds the network of `config` on the parameters of `vars`, which have the public network's names:
    /// with operations for inference where `vars` are constants on the CPU, else with plain operations.
    ///
    /// # Errors
    /// [`CandleError::Config`] for a config that describes no network; [`CandleError::Candle`] when `vars`
    /// lacks a tensor or holds one of another shape.
    pub fn new(config: &UNetConfig, vars: &VarBuilder) -> Result<Self, CandleError> {
        config.validate()?;
        let some = vars
            .pp(layer_names::CONDITION)
            .get(config.embedding_width(), "bias")?;
        let operations: Arc<dyn Operations> = if some.device().is_cpu() && !some.track_op() {
            Arc::new(Inference)
        } else {
            Arc::new(Plain)
        };
        Self::with_operations(config, vars, operations)
    }

    /// The same with a choice of who carries out the operations.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_operations(
        config: &UNetConfig,
        vars: &VarBuilder,
        operations: Arc<dyn Operations>,
    ) -> Result<Self, CandleError> {
        config.validate()?;
        let topology = Topology::new(config);
        let mut builder = Builder {
            config,
            vars,
            operations: operations.as_ref(),
            residual_blocks: 0,
        };
        let embedding = config.embedding_width();
        Ok(Self {
            condition: candle_nn::linear(config.condition_dim, embedding, vars.pp(layer_names::CONDITION))?,
            time: TimeEmbedding::new(config.model_channels, embedding, &vars.pp(layer_names::TIME))?,
            input: builder.groups(&topology.input)?,
            middle: builder.group(&topology.middle)?,
            output: builder.groups(&topology.output)?,
            norm: GroupNorm::new(topology.head, &vars.pp(layer_names::OUT_NORM))?,
            head: Convolution::same(
                topology.head,
                config.out_channels,
                &vars.pp(layer_names::OUT_CONVOLUTION),
                builder.operations,
            )?,
            config: config.clone(),
            operations,
        })
    }

    /// The network's configuration.
    pub fn config(&self) -> &UNetConfig {
        &self.config
    }

    /// Who carries out the network's operations.
    pub(crate) fn operations(&self) -> &dyn Operations {
        self.operations.as_ref()
    }

    /// Where the network's parameters are.
    pub fn device(&self) -> &Device {
        self.condition.weight().device()
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
        self.embed_vectors(&values, &present)
    }

    /// The same of vectors `[N, D]` that are on the device already; `present` `[N, 1]` is 1 where a sample
    /// has a condition and 0 where it has none.
    ///
    /// # Errors
    /// When shapes do not fit, or candle fails.
    pub fn embed_vectors(&self, values: &Tensor, present: &Tensor) -> Result<Tensor, CandleError> {
        let dtype = self.condition.weight().dtype();
        let operations = self.operations.as_ref();
        let embedded = operations.linear(&operations.cast(values, dtype)?, &self.condition)?;
        Ok(operations.scale(&embedded, &operations.cast(present, dtype)?)?)
    }

    /// The velocity `[N, C, H, W]` of images `x` at N times in `[0, 1]`, given the embedded conditions
    /// `[N, E]` of [`Self::embed_conditions`], or `None` when no sample has one.
    ///
    /// `dropout` is the step's key, from which every residual block's dropout mask follows; nothing is
    /// dropped without one.
    ///
    /// # Errors
    /// [`CandleError::Config`] when a side of the image cannot be halved at every level,
    /// [`CandleError::Length`] when channels or times do not fit.
    pub fn forward(
        &self,
        x: &Tensor,
        times: &[f64],
        conditions: Option<&Tensor>,
        dropout: Option<u64>,
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
                expected: format!("{batch}, one per sample"),
            });
        }
        let operations = self.operations.as_ref();
        let mut embedding = self.time.forward(times, x.device(), operations)?;
        if let Some(conditions) = conditions {
            embedding = operations.combine(&[(1.0, &embedding), (1.0, conditions)])?;
        }
        // Every residual block starts with SiLU(embedding).
        Ok(self.layers(x, &operations.silu(&embedding)?, dropout)?)
    }

    fn layers(&self, x: &Tensor, activated: &Tensor, dropout: Option<u64>) -> candle_core::Result<Tensor> {
        let operations = self.operations.as_ref();
        let run = |group: &[Layer], h: Tensor| {
            group
                .iter()
                .try_fold(h, |h, layer| layer.forward(&h, activated, dropout, operations))
        };
        let mut h = operations.enter(x)?;
        let mut skips = Vec::with_capacity(self.input.len());
        for group in &self.input {
            h = run(group, h)?;
            skips.push(h.clone());
        }
        h = run(&self.middle, h)?;
        for group in &self.output {
            if let Some(skip) = skips.pop() {
                h = operations.concatenate(&h, &skip)?;
            }
            h = run(group, h)?;
        }
        let h = operations.normalise(&h, &self.norm, &Then::activation(Activation::Silu))?;
        operations.leave(
            &operations.convolution(&h, &self.head, None)?,
            self.config.out_channels,
        )
    }
}

/// Builds layers as the topology lists them.
struct Builder<'a> {
    config: &'a UNetConfig,
    vars: &'a VarBuilder<'a>,
    operations: &'a dyn Operations,
    residual_blocks: usize,
}

impl Builder<'_> {
    fn groups(&mut self, groups: &[Vec<topology::Layer>]) -> candle_core::Result<Vec<Vec<Layer>>> {
        groups.iter().map(|group| self.group(group)).collect()
    }

    fn group(&mut self, layers: &[topology::Layer]) -> candle_core::Result<Vec<Layer>> {
        layers.iter().map(|layer| self.layer(layer)).collect()
    }

    fn layer(&mut self, layer: &topology::Layer) -> candle_core::Result<Layer> {
        let (config, operations) = (self.config, self.operations);
        let vars = self.vars.pp(&layer.name);
        let resample = |direction, channels, convolution| {
            ResampleLayer::new(direction, channels, convolution, &vars, operations).map(Layer::Resample)
        };
        Ok(match layer.kind {
            LayerKind::Convolution { input, output } => {
                Layer::Convolution(Convolution::same(input, output, &vars, operations)?)
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
                    modulation: config.modulation_width(output),
                    scale_shift: config.use_scale_shift_norm,
                    resample,
                    dropout: config.dropout as f32,
                    number: self.residual_blocks,
                };
                self.residual_blocks += 1;
                Layer::Residual(Box::new(ResidualBlock::new(shape, &vars, operations)?))
            }
            LayerKind::Attention { channels, heads } => {
                let heads = Heads {
                    count: heads,
                    new_order: config.use_new_attention_order,
                };
                Layer::Attention(Attention::new(channels, heads, &vars, operations)?)
            }
            LayerKind::Downsample {
                channels,
                convolution,
            } => resample(Resample::Down, channels, convolution)?,
            LayerKind::Upsample {
                channels,
                convolution,
            } => resample(Resample::Up, channels, convolution)?,
        })
    }
}

impl Layer {
    fn forward(
        &self,
        x: &Tensor,
        activated: &Tensor,
        dropout: Option<u64>,
        operations: &dyn Operations,
    ) -> candle_core::Result<Tensor> {
        match self {
            Self::Convolution(layer) => operations.convolution(x, layer, None),
            Self::Residual(layer) => layer.forward(x, activated, dropout, operations),
            Self::Attention(layer) => layer.forward(x, operations),
            Self::Resample(layer) => layer.forward(x, operations),
        }
    }
}
