//! The network's shape as data: which layers there are, in order, with the names their tensors carry.
//!
//! Both engines, the parameter count and the checks of a state dict follow this one description, so that they
//! cannot disagree about the network.

use crate::config::UNetConfig;
use crate::layer_names::{self, attention, resampling, residual};

/// One layer, with the prefix of its tensors' names in the state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// For example `input_blocks.4.1`; tensors are `{name}.norm.weight` and so on.
    pub name: String,
    /// What the layer does.
    pub kind: LayerKind,
    /// Down-sampling factor of the layer's input: the input is `[N, C, H / factor, W / factor]`.
    pub factor: usize,
}

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// The first 3x3 convolution; tensors `weight`, `bias`.
    Convolution {
        /// Input channels.
        input: usize,
        /// Output channels.
        output: usize,
    },
    /// A residual block; tensors `in_layers.{0,2}`, `emb_layers.1`, `out_layers.{0,3}`, and
    /// `skip_connection` when the channel count changes.
    Residual {
        /// Input channels (with the concatenated skip on the way up).
        input: usize,
        /// Output channels.
        output: usize,
        /// Resampling done inside the block (`resblock_updown`).
        resample: Option<Resample>,
    },
    /// Self-attention over all pixels; tensors `norm`, `qkv`, `proj_out`.
    Attention {
        /// Channels, input and output.
        channels: usize,
        /// Heads.
        heads: usize,
    },
    /// Down-sampling by two: a strided 3x3 convolution (tensors `op`) or 2x2 average pooling.
    Downsample {
        /// Channels, input and output.
        channels: usize,
        /// Whether it is a convolution.
        convolution: bool,
    },
    /// Nearest up-sampling by two, then, if `convolution`, a 3x3 convolution (tensors `conv`).
    Upsample {
        /// Channels, input and output.
        channels: usize,
        /// Whether a convolution follows.
        convolution: bool,
    },
}

/// Resampling inside a residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resample {
    /// 2x2 average pooling.
    Down,
    /// Nearest, by two.
    Up,
}

/// A tensor that the network has: its public name and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the state dict.
    pub name: String,
    /// Shape: convolution `[out, in, 3, 3]` or `[out, in, 1, 1]`, attention's 1-d convolutions
    /// `[out, in, 1]`, linear `[out, in]`, norms and biases `[channels]`.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// Number of scalars.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor holds nothing; no tensor of a valid network does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The layers of a network in the order in which the forward pass runs them.
///
/// The forward pass pushes the output of every group of `input` as a skip; every group of `output`
/// first concatenates `[h, popped skip]` on channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The way down, group by group (`input_blocks.I`).
    pub input: Vec<Vec<Layer>>,
    /// The middle: residual, attention, residual (`middle_block`).
    pub middle: Vec<Layer>,
    /// The way up, group by group (`output_blocks.I`).
    pub output: Vec<Vec<Layer>>,
    /// Channels before the output norm and convolution (`out.0`, `out.2`).
    pub head: usize,
}

impl Topology {
    /// Lays out the network that a valid configuration describes.
    pub fn new(config: &UNetConfig) -> Self {
        Builder::new(config).build()
    }

    /// Every layer between the embeddings and the head, in the order of the forward pass.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        let (down, up) = (self.input.iter().flatten(), self.output.iter().flatten());
        down.chain(&self.middle).chain(up)
    }

    /// Channels of the skip that each group of `output` pops, in that order.
    pub fn skip_channels(&self) -> Vec<usize> {
        self.input
            .iter()
            .rev()
            .filter_map(|group| group.last())
            .map(|layer| layer.kind.output())
            .collect()
    }

    /// Every tensor of the network, in the order in which the public trainer's EMA numbers them.
    pub fn parameters(&self, config: &UNetConfig) -> Vec<Parameter> {
        let mut list = Vec::new();
        let embedding = config.embedding_width();
        linear(&mut list, layer_names::CONDITION, config.condition_dim, embedding);
        linear(
            &mut list,
            &format!("{}.0", layer_names::TIME),
            config.model_channels,
            embedding,
        );
        linear(
            &mut list,
            &format!("{}.2", layer_names::TIME),
            embedding,
            embedding,
        );
        for layer in self.layers() {
            layer.parameters(config, &mut list);
        }
        affine(&mut list, layer_names::OUT_NORM, self.head);
        convolution(
            &mut list,
            layer_names::OUT_CONVOLUTION,
            self.head,
            config.out_channels,
            3,
        );
        list
    }

    /// Number of scalars in all tensors.
    pub fn parameter_count(&self, config: &UNetConfig) -> usize {
        self.parameters(config).iter().map(Parameter::len).sum()
    }
}

impl UNetConfig {
    /// Scalars in all tensors of the network, whose widths and depths must be within bounds; in 64 bits, as
    /// the sum may be more than a page can address. Here, so that [`UNetConfig::validate`] asks for it and
    /// the configuration's file knows no layers.
    pub(crate) fn scalars(&self) -> u64 {
        let parameters = Topology::new(self).parameters(self);
        parameters.iter().map(|parameter| parameter.len() as u64).sum()
    }
}

impl LayerKind {
    /// Channels of the layer's output.
    pub fn output(self) -> usize {
        match self {
            Self::Convolution { output, .. } | Self::Residual { output, .. } => output,
            Self::Attention { channels, .. }
            | Self::Downsample { channels, .. }
            | Self::Upsample { channels, .. } => channels,
        }
    }
}

impl Layer {
    fn parameters(&self, config: &UNetConfig, list: &mut Vec<Parameter>) {
        let name = &self.name;
        let part = |part: &str| format!("{name}.{part}");
        match self.kind {
            LayerKind::Convolution { input, output } => convolution(list, name, input, output, 3),
            LayerKind::Residual { input, output, .. } => {
                affine(list, &part(residual::IN_NORM), input);
                convolution(list, &part(residual::IN_CONVOLUTION), input, output, 3);
                linear(
                    list,
                    &part(residual::EMBEDDING),
                    config.embedding_width(),
                    config.modulation_width(output),
                );
                affine(list, &part(residual::OUT_NORM), output);
                convolution(list, &part(residual::OUT_CONVOLUTION), output, output, 3);
                if input != output {
                    convolution(list, &part(residual::SKIP), input, output, 1);
                }
            }
            LayerKind::Attention { channels, .. } => {
                affine(list, &part(attention::NORM), channels);
                for (own, output) in [(attention::QKV, 3 * channels), (attention::PROJECTION, channels)] {
                    list.push(Parameter {
                        name: format!("{name}.{own}.weight"),
                        shape: vec![output, channels, 1],
                    });
                    list.push(Parameter {
                        name: format!("{name}.{own}.bias"),
                        shape: vec![output],
                    });
                }
            }
            LayerKind::Downsample {
                channels,
                convolution: true,
            } => {
                convolution(list, &part(resampling::DOWN), channels, channels, 3);
            }
            LayerKind::Upsample {
                channels,
                convolution: true,
            } => {
                convolution(list, &part(resampling::UP), channels, channels, 3);
            }
            LayerKind::Downsample { .. } | LayerKind::Upsample { .. } => {}
        }
    }
}

fn linear(list: &mut Vec<Parameter>, name: &str, input: usize, output: usize) {
    list.push(Parameter {
        name: format!("{name}.weight"),
        shape: vec![output, input],
    });
    list.push(Parameter {
        name: format!("{name}.bias"),
        shape: vec![output],
    });
}

fn convolution(list: &mut Vec<Parameter>, name: &str, input: usize, output: usize, kernel: usize) {
    list.push(Parameter {
        name: format!("{name}.weight"),
        shape: vec![output, input, kernel, kernel],
    });
    list.push(Parameter {
        name: format!("{name}.bias"),
        shape: vec![output],
    });
}

fn affine(list: &mut Vec<Parameter>, name: &str, channels: usize) {
    list.push(Parameter {
        name: format!("{name}.weight"),
        shape: vec![channels],
    });
    list.push(Parameter {
        name: format!("{name}.bias"),
        shape: vec![channels],
    });
}

/// What is known while the layers are laid out: the channels and factor reached so far.
struct Builder<'a> {
    config: &'a UNetConfig,
    channels: usize,
    factor: usize,
}

impl<'a> Builder<'a> {
    fn new(config: &'a UNetConfig) -> Self {
        Self {
            config,
            channels: config.in_channels,
            factor: 1,
        }
    }

    fn build(mut self) -> Topology {
        let config = self.config;
        let width = |level: usize| config.channel_mult[level] * config.model_channels;
        let levels = config.channel_mult.len();
        let mut input = Vec::new();
        let mut skips = Vec::new();

        let first = LayerKind::Convolution {
            input: config.in_channels,
            output: width(0),
        };
        input.push(vec![self.push("input_blocks.0.0", first)]);
        skips.push(self.channels);
        for level in 0..levels {
            for _ in 0..config.num_res_blocks {
                let name = format!("input_blocks.{}", input.len());
                let mut group = vec![self.residual(&format!("{name}.0"), self.channels, width(level), None)];
                if self.attends() {
                    group.push(self.attention(&format!("{name}.1"), false));
                }
                input.push(group);
                skips.push(self.channels);
            }
            if level + 1 < levels {
                let name = format!("input_blocks.{}.0", input.len());
                input.push(vec![self.resample(&name, Resample::Down)]);
                skips.push(self.channels);
            }
        }

        let channels = self.channels;
        let middle = vec![
            self.residual("middle_block.0", channels, channels, None),
            self.attention("middle_block.1", false),
            self.residual("middle_block.2", channels, channels, None),
        ];

        let mut output = Vec::new();
        for level in (0..levels).rev() {
            for block in 0..=config.num_res_blocks {
                let skip = skips.pop().unwrap_or_default();
                let name = format!("output_blocks.{}", output.len());
                let joined = self.channels + skip;
                let mut group = vec![self.residual(&format!("{name}.0"), joined, width(level), None)];
                if self.attends() {
                    group.push(self.attention(&format!("{name}.1"), true));
                }
                if level > 0 && block == config.num_res_blocks {
                    let name = format!("{name}.{}", group.len());
                    group.push(self.resample(&name, Resample::Up));
                }
                output.push(group);
            }
        }
        Topology {
            input,
            middle,
            output,
            head: self.channels,
        }
    }

    fn attends(&self) -> bool {
        self.config.attention_resolutions.contains(&self.factor)
    }

    fn residual(&mut self, name: &str, input: usize, output: usize, resample: Option<Resample>) -> Layer {
        self.push(
            name,
            LayerKind::Residual {
                input,
                output,
                resample,
            },
        )
    }

    fn attention(&mut self, name: &str, way_up: bool) -> Layer {
        let channels = self.channels;
        self.push(
            name,
            LayerKind::Attention {
                channels,
                heads: self.config.heads(channels, way_up),
            },
        )
    }

    fn resample(&mut self, name: &str, direction: Resample) -> Layer {
        let channels = self.channels;
        let convolution = self.config.conv_resample;
        let kind = match direction {
            _ if self.config.resblock_updown => LayerKind::Residual {
                input: channels,
                output: channels,
                resample: Some(direction),
            },
            Resample::Down => LayerKind::Downsample {
                channels,
                convolution,
            },
            Resample::Up => LayerKind::Upsample {
                channels,
                convolution,
            },
        };
        let layer = self.push(name, kind);
        match direction {
            Resample::Down => self.factor *= 2,
            Resample::Up => self.factor /= 2,
        }
        layer
    }

    fn push(&mut self, name: &str, kind: LayerKind) -> Layer {
        self.channels = kind.output();
        Layer {
            name: name.to_owned(),
            kind,
            factor: self.factor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PRESETS;

    #[test]
    fn every_preset_has_its_published_parameter_count() {
        for (name, count) in PRESETS {
            let config = UNetConfig::preset(name).unwrap();
            config.validate().unwrap();
            assert_eq!(Topology::new(&config).parameter_count(&config), count, "{name}");
        }
    }

    #[test]
    fn the_way_up_pops_exactly_the_skips_that_the_way_down_pushed() {
        for (name, _) in PRESETS {
            let topology = Topology::new(&UNetConfig::preset(name).unwrap());
            assert_eq!(topology.input.len(), topology.output.len(), "{name}");
            assert_eq!(topology.skip_channels().len(), topology.output.len(), "{name}");
        }
    }
}
