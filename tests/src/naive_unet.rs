//! The velocity network a second time, in plain f64 loops: slow, but simple enough to check by reading.
//!
//! It is written from the description of the public network and knows nothing of `Topology`; the engines are
//! compared with it on small random networks of every configuration.

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;

const GROUPS: usize = 32;

/// A feature map of one sample, `[channels, height, width]`.
#[derive(Clone)]
struct Map {
    channels: usize,
    height: usize,
    width: usize,
    values: Vec<f64>,
}

impl Map {
    fn zeros(channels: usize, height: usize, width: usize) -> Self {
        Self {
            channels,
            height,
            width,
            values: vec![0.0; channels * height * width],
        }
    }

    fn at(&self, channel: usize, y: usize, x: usize) -> f64 {
        self.values[(channel * self.height + y) * self.width + x]
    }

    fn at_mut(&mut self, channel: usize, y: usize, x: usize) -> &mut f64 {
        &mut self.values[(channel * self.height + y) * self.width + x]
    }

    fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        for value in &mut self.values {
            *value = f(*value);
        }
        self
    }

    fn plus(mut self, other: &Self) -> Self {
        for (a, b) in self.values.iter_mut().zip(&other.values) {
            *a += b;
        }
        self
    }

    /// `self` above `other` on the channel axis.
    fn above(mut self, other: &Self) -> Self {
        self.channels += other.channels;
        self.values.extend_from_slice(&other.values);
        self
    }
}

/// The velocity of one image `x` of `[C, H, W]` at time `t`, with a condition vector or none.
///
/// # Panics
/// When the state dict does not hold the network of `config`.
pub fn velocity(
    config: &UNetConfig,
    state: &StateDict,
    x: &[f32],
    (height, width): (usize, usize),
    t: f64,
    condition: Option<&[f32]>,
) -> Vec<f64> {
    let network = Network { config, state };
    let image = Map {
        channels: config.in_channels,
        height,
        width,
        values: x.iter().map(|&v| f64::from(v)).collect(),
    };
    network.forward(&image, t, condition).values
}

struct Network<'a> {
    config: &'a UNetConfig,
    state: &'a StateDict,
}

impl Network<'_> {
    fn forward(&self, image: &Map, t: f64, condition: Option<&[f32]>) -> Map {
        let config = self.config;
        let embedding = self.embedding(t, condition);
        let levels = config.channel_mult.len();

        let mut h = self.convolution(image, "input_blocks.0.0", 1);
        let mut skips = vec![h.clone()];
        let mut block = 1;
        for level in 0..levels {
            for _ in 0..config.num_res_blocks {
                h = self.residual(&h, &format!("input_blocks.{block}.0"), &embedding, Size::Same);
                if config.attention_resolutions.contains(&(1 << level)) {
                    h = self.attention(&h, &format!("input_blocks.{block}.1"), config.num_heads);
                }
                skips.push(h.clone());
                block += 1;
            }
            if level + 1 < levels {
                let name = format!("input_blocks.{block}.0");
                h = if config.resblock_updown {
                    self.residual(&h, &name, &embedding, Size::Half)
                } else if config.conv_resample {
                    self.convolution(&h, &format!("{name}.op"), 2)
                } else {
                    halve(&h)
                };
                skips.push(h.clone());
                block += 1;
            }
        }

        h = self.residual(&h, "middle_block.0", &embedding, Size::Same);
        h = self.attention(&h, "middle_block.1", config.num_heads);
        h = self.residual(&h, "middle_block.2", &embedding, Size::Same);

        let heads_up = match config.num_heads_upsample {
            -1 => config.num_heads,
            heads => heads as usize,
        };
        block = 0;
        for level in (0..levels).rev() {
            for i in 0..=config.num_res_blocks {
                let skip = skips
                    .pop()
                    .unwrap_or_else(|| panic!("no skip is left for {block}"));
                let mut part = 0;
                let name = |part: usize| format!("output_blocks.{block}.{part}");
                h = self.residual(&h.above(&skip), &name(part), &embedding, Size::Same);
                part += 1;
                if config.attention_resolutions.contains(&(1 << level)) {
                    h = self.attention(&h, &name(part), heads_up);
                    part += 1;
                }
                if level > 0 && i == config.num_res_blocks {
                    h = if config.resblock_updown {
                        self.residual(&h, &name(part), &embedding, Size::Double)
                    } else if config.conv_resample {
                        self.convolution(&double(&h), &format!("{}.conv", name(part)), 1)
                    } else {
                        double(&h)
                    };
                }
                block += 1;
            }
        }
        assert!(skips.is_empty(), "every skip is used");
        let h = self.group_norm(&h, "out.0").map(silu);
        self.convolution(&h, "out.2", 1)
    }

    fn embedding(&self, t: f64, condition: Option<&[f32]>) -> Vec<f64> {
        let half = self.config.model_channels / 2;
        let phase = |i: usize| t * (-(1e4_f64).ln() * i as f64 / half as f64).exp();
        let cosines = (0..half).map(|i| phase(i).cos());
        let sines = (0..half).map(|i| phase(i).sin());
        let waves: Vec<f64> = cosines.chain(sines).collect();
        let hidden: Vec<f64> = self
            .linear(&waves, "time_embed.0")
            .into_iter()
            .map(silu)
            .collect();
        let mut embedding = self.linear(&hidden, "time_embed.2");
        if let Some(condition) = condition {
            let condition: Vec<f64> = condition.iter().map(|&v| f64::from(v)).collect();
            for (e, c) in embedding
                .iter_mut()
                .zip(self.linear(&condition, "mol_embed_transform"))
            {
                *e += c;
            }
        }
        embedding
    }

    fn residual(&self, x: &Map, name: &str, embedding: &[f64], size: Size) -> Map {
        let h = size.apply(&self.group_norm(x, &format!("{name}.in_layers.0")).map(silu));
        let x = size.apply(x);
        let mut h = self.convolution(&h, &format!("{name}.in_layers.2"), 1);
        let activated: Vec<f64> = embedding.iter().copied().map(silu).collect();
        let e = self.linear(&activated, &format!("{name}.emb_layers.1"));
        let norm = format!("{name}.out_layers.0");
        let pixels = h.height * h.width;
        if self.config.use_scale_shift_norm {
            let (scale, shift) = e.split_at(h.channels);
            h = self.group_norm(&h, &norm);
            for (channel, plane) in h.values.chunks_mut(pixels).enumerate() {
                for value in plane {
                    *value = *value * (1.0 + scale[channel]) + shift[channel];
                }
            }
        } else {
            for (channel, plane) in h.values.chunks_mut(pixels).enumerate() {
                for value in plane {
                    *value += e[channel];
                }
            }
            h = self.group_norm(&h, &norm);
        }
        let h = self.convolution(&h.map(silu), &format!("{name}.out_layers.3"), 1);
        let skip = format!("{name}.skip_connection");
        if self.state.tensors.contains_key(&format!("{skip}.weight")) {
            h.plus(&self.convolution(&x, &skip, 1))
        } else {
            h.plus(&x)
        }
    }

    fn attention(&self, x: &Map, name: &str, heads: usize) -> Map {
        let channels = x.channels;
        let heads = match self.config.num_head_channels {
            -1 => heads,
            depth => channels / depth as usize,
        };
        let depth = channels / heads;
        let pixels = x.height * x.width;
        let qkv = self.pointwise(
            &self.group_norm(x, &format!("{name}.norm")),
            &format!("{name}.qkv"),
        );
        let row = |part: usize, head: usize, i: usize| {
            if self.config.use_new_attention_order {
                part * channels + head * depth + i
            } else {
                head * 3 * depth + part * depth + i
            }
        };
        let get = |part: usize, head: usize, i: usize, pixel: usize| {
            qkv.values[row(part, head, i) * pixels + pixel]
        };
        let scale = (depth as f64).powf(-0.25);
        let mut out = Map::zeros(channels, x.height, x.width);
        for head in 0..heads {
            for query in 0..pixels {
                let scores: Vec<f64> = (0..pixels)
                    .map(|key| {
                        let product = |i| (get(0, head, i, query) * scale) * (get(1, head, i, key) * scale);
                        (0..depth).map(product).sum()
                    })
                    .collect();
                let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
                let total: f64 = weights.iter().sum();
                for i in 0..depth {
                    let mixed: f64 = (0..pixels).map(|key| weights[key] * get(2, head, i, key)).sum();
                    out.values[(head * depth + i) * pixels + query] = mixed / total;
                }
            }
        }
        self.pointwise(&out, &format!("{name}.proj_out")).plus(x)
    }

    /// A convolution with zero padding that keeps the size, or halves it where `stride` is 2.
    fn convolution(&self, x: &Map, name: &str, stride: usize) -> Map {
        let (weight, shape) = self.tensor(&format!("{name}.weight"));
        let (bias, _) = self.tensor(&format!("{name}.bias"));
        let (outputs, inputs, kernel) = (shape[0], shape[1], shape[2]);
        assert_eq!(inputs, x.channels, "{name}");
        let padding = kernel / 2;
        let mut out = Map::zeros(outputs, x.height / stride, x.width / stride);
        for o in 0..outputs {
            for y in 0..out.height {
                for column in 0..out.width {
                    let mut sum = bias[o];
                    for i in 0..inputs {
                        for ky in 0..kernel {
                            for kx in 0..kernel {
                                let (from_y, from_x) = (y * stride + ky, column * stride + kx);
                                let inside = (padding..x.height + padding).contains(&from_y)
                                    && (padding..x.width + padding).contains(&from_x);
                                if inside {
                                    sum += weight[((o * inputs + i) * kernel + ky) * kernel + kx]
                                        * x.at(i, from_y - padding, from_x - padding);
                                }
                            }
                        }
                    }
                    *out.at_mut(o, y, column) = sum;
                }
            }
        }
        out
    }

    /// A 1-d convolution with a kernel of one pixel.
    fn pointwise(&self, x: &Map, name: &str) -> Map {
        let pixels = x.height * x.width;
        let outputs = self.tensor(&format!("{name}.bias")).0.len();
        let mut out = Map::zeros(outputs, x.height, x.width);
        for pixel in 0..pixels {
            let column: Vec<f64> = (0..x.channels).map(|c| x.values[c * pixels + pixel]).collect();
            for (o, value) in self.linear(&column, name).into_iter().enumerate() {
                out.values[o * pixels + pixel] = value;
            }
        }
        out
    }

    fn group_norm(&self, x: &Map, name: &str) -> Map {
        let (weight, _) = self.tensor(&format!("{name}.weight"));
        let (bias, _) = self.tensor(&format!("{name}.bias"));
        let pixels = x.height * x.width;
        let depth = x.channels / GROUPS;
        let mut out = x.clone();
        for (group, values) in out.values.chunks_mut(depth * pixels).enumerate() {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
            for (i, value) in values.iter_mut().enumerate() {
                let channel = group * depth + i / pixels;
                *value = (*value - mean) / (variance + 1e-5).sqrt() * weight[channel] + bias[channel];
            }
        }
        out
    }

    fn linear(&self, x: &[f64], name: &str) -> Vec<f64> {
        let (weight, _) = self.tensor(&format!("{name}.weight"));
        let (bias, _) = self.tensor(&format!("{name}.bias"));
        assert_eq!(weight.len(), x.len() * bias.len(), "{name}");
        weight
            .chunks(x.len())
            .zip(bias)
            .map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
            .collect()
    }

    fn tensor(&self, name: &str) -> (Vec<f64>, Vec<usize>) {
        let tensor = self
            .state
            .tensors
            .get(name)
            .unwrap_or_else(|| panic!("tensor {name} is missing"));
        let values = tensor.to_f32().into_iter().map(f64::from).collect();
        (values, tensor.shape.clone())
    }
}

/// Resampling inside a residual block.
#[derive(Clone, Copy)]
enum Size {
    Same,
    Half,
    Double,
}

impl Size {
    fn apply(self, x: &Map) -> Map {
        match self {
            Self::Same => x.clone(),
            Self::Half => halve(x),
            Self::Double => double(x),
        }
    }
}

fn halve(x: &Map) -> Map {
    let mut out = Map::zeros(x.channels, x.height / 2, x.width / 2);
    for c in 0..out.channels {
        for y in 0..out.height {
            for column in 0..out.width {
                let pair = |y: usize| x.at(c, y, 2 * column) + x.at(c, y, 2 * column + 1);
                *out.at_mut(c, y, column) = (pair(2 * y) + pair(2 * y + 1)) / 4.0;
            }
        }
    }
    out
}

fn double(x: &Map) -> Map {
    let mut out = Map::zeros(x.channels, 2 * x.height, 2 * x.width);
    for c in 0..out.channels {
        for y in 0..out.height {
            for column in 0..out.width {
                *out.at_mut(c, y, column) = x.at(c, y / 2, column / 2);
            }
        }
    }
    out
}

fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}
