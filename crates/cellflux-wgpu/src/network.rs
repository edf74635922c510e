//! The forward pass as a plan: the topology's layers, in order, as kernel calls.

use cellflux_bundle::config::{NORM_GROUPS, UNetConfig};
use cellflux_bundle::layer_names::{self, attention, resampling, residual};
use cellflux_bundle::topology::{Layer, LayerKind, Resample as Direction, Topology};

use crate::Precision;
use crate::film_table::FilmTable;
use crate::kernel::attention::{Attention, AttentionShape};
use crate::kernel::convolution::{Convolution, ConvolutionShape, Residual, Tile};
use crate::kernel::group_norm::{Coefficients, CoefficientsShape, Film, Statistics, strips};
use crate::kernel::linear::Linear;
use crate::kernel::normalise::Normalise;
use crate::kernel::resample::Resample;
use crate::kernel::winograd::Winograd;
use crate::linear_weights::{condition_weights, linear_weights};
use crate::plan::{Operand, Ports, Value};
use crate::plan_builder::PlanBuilder;
use crate::tuning::{Site, Tuning};
use crate::weight_storage::WeightStorage;
use crate::weights::{Packing, WeightSpec, head_channels, padded, qkv_channels};

/// What a plan is made for.
pub(crate) struct Network<'a> {
    pub config: &'a UNetConfig,
    pub size: [u32; 2],
    pub images: u32,
    pub precision: Precision,
    pub tuning: &'a Tuning,
}

impl Network<'_> {
    /// How large weights lie in memory.
    fn weight_storage(&self) -> WeightStorage {
        self.tuning.weight_storage(self.precision)
    }

    /// Writes down the whole forward pass.
    pub(crate) fn forward(&self) -> (PlanBuilder, Ports) {
        let topology = Topology::new(self.config);
        let mut pass = Pass {
            network: self,
            plan: PlanBuilder::default(),
            film: FilmTable::new(self.config, &topology),
        };
        let ports = pass.forward(&topology);
        (pass.plan, ports)
    }
}

/// Images of activations: `[images, height, width, 4 quads]`.
#[derive(Clone, Copy, Debug)]
struct Activation {
    value: Value,
    size: [u32; 2],
    quads: u32,
    precision: Precision,
    /// Whether a norm made it.
    normed: bool,
}

impl Activation {
    fn pixels(&self) -> u32 {
        self.size[0] * self.size[1]
    }
}

/// How a convolution is used, apart from its tensors.
#[derive(Clone, Copy)]
struct Use {
    kernel: u32,
    stride: u32,
    upsampled: bool,
    residual: Option<Addend>,
}

/// What is added to a convolution's output.
#[derive(Clone, Copy)]
enum Addend {
    /// Another activation.
    Activation(Activation),
    /// The activation that the output overwrites.
    Overwritten(Activation),
}

impl Use {
    const PLAIN: Self = Self {
        kernel: 3,
        stride: 1,
        upsampled: false,
        residual: None,
    };
    const POINTWISE: Self = Self {
        kernel: 1,
        ..Self::PLAIN
    };
}

/// The tensors of a convolution: their prefix, and where each of their channels lies.
struct Tensors {
    name: String,
    outputs: Vec<Option<usize>>,
    inputs: Vec<Option<usize>>,
    tensor: [usize; 2],
    /// Storage of the output.
    output: Precision,
}

struct Pass<'a> {
    network: &'a Network<'a>,
    plan: PlanBuilder,
    film: FilmTable,
}

impl Pass<'_> {
    fn forward(&mut self, topology: &Topology) -> Ports {
        let config = self.network.config;
        let images = u64::from(self.network.images);
        let quads = config.in_channels.div_ceil(4) as u32;
        let [height, width] = self.network.size;
        let image_bytes = images * u64::from(height) * u64::from(width) * u64::from(quads) * 16;
        let image = Activation {
            value: self.plan.input(image_bytes),
            size: self.network.size,
            quads,
            precision: Precision::F32,
            normed: false,
        };
        let time = self.plan.input(images * config.model_channels as u64 * 4);
        let condition = self.plan.input(images * config.embedding_width() as u64 * 4);
        let film = self.embedding(time, condition);
        let condition_weights =
            condition_weights(config, self.network.weight_storage()).map(|spec| self.plan.weight(spec));

        let mut h = image;
        let mut skips = Vec::new();
        for group in &topology.input {
            h = self.group(&[h], group, film);
            skips.push(h);
        }
        h = self.group(&[h], &topology.middle, film);
        for group in &topology.output {
            // The topology pops exactly what it pushed; its own tests say so.
            let joined: Vec<_> = std::iter::once(h).chain(skips.pop()).collect();
            h = self.group(&joined, group, film);
        }

        let normed = self.group_norm(layer_names::OUT_NORM, &[h], None, true, false);
        let velocity = self.convolution(
            &Tensors {
                name: layer_names::OUT_CONVOLUTION.into(),
                outputs: padded(config.out_channels),
                inputs: padded(topology.head),
                tensor: [config.out_channels, topology.head],
                output: Precision::F32,
            },
            &[normed],
            Use::PLAIN,
        );
        Ports {
            image: image.value,
            time,
            condition,
            condition_weights,
            velocity: velocity.value,
        }
    }

    /// The embedding of time and condition, then every block's part of it.
    fn embedding(&mut self, time: Value, condition: Value) -> Value {
        let config = self.network.config;
        let (inner, width) = (config.model_channels, config.embedding_width());
        let [first, second] = [0, 2].map(|layer| format!("{}.{layer}", layer_names::TIME));
        let hidden = self.linear(&first, &[(first.clone(), width)], inner, false, time, None);
        let layers = [(second.clone(), width)];
        let embedding = self.linear(&second, &layers, width, true, hidden, Some(condition));
        let layers = self.film.layers.clone();
        self.linear("emb_layers", &layers, width, true, embedding, None)
    }

    fn linear(
        &mut self,
        label: &str,
        layers: &[(String, usize)],
        inputs: usize,
        silu: bool,
        input: Value,
        added: Option<Value>,
    ) -> Value {
        let weight = self.network.weight_storage();
        let outputs: usize = layers.iter().map(|(_, width)| width).sum();
        let images = self.network.images;
        let [weights, bias] =
            linear_weights(label, layers, inputs, weight).map(|spec| self.plan.weight(spec));
        let output = self.plan.value(u64::from(images) * outputs as u64 * 4);
        let kernel = Linear {
            silu,
            added: added.is_some(),
            kept: false,
            weight,
        };
        let mut operands = vec![weights, bias, Operand::Value(input)];
        operands.extend(added.map(Operand::Value));
        operands.push(Operand::Value(output));
        let dispatch = kernel.dispatch(images, inputs as u32, outputs as u32 / 4);
        self.plan.call(label, dispatch, operands);
        output
    }

    /// Layers one after the other; the first reads `inputs` concatenated.
    fn group(&mut self, inputs: &[Activation], layers: &[Layer], film: Value) -> Activation {
        let mut current = inputs.to_vec();
        for layer in layers {
            current = vec![self.layer(layer, &current, film)];
        }
        current[0]
    }

    fn layer(&mut self, layer: &Layer, inputs: &[Activation], film: Value) -> Activation {
        let name = &layer.name;
        match layer.kind {
            LayerKind::Convolution { input, output } => {
                self.convolution(&self.plain(name, input, output), inputs, Use::PLAIN)
            }
            LayerKind::Residual {
                input,
                output,
                resample,
            } => self.residual(name, inputs, [input, output], resample, film),
            LayerKind::Attention { channels, heads } => self.attention(name, inputs, channels, heads),
            LayerKind::Downsample {
                channels,
                convolution: true,
            } => {
                let strided = Use {
                    stride: 2,
                    ..Use::PLAIN
                };
                self.convolution(
                    &self.plain(&format!("{name}.{}", resampling::DOWN), channels, channels),
                    inputs,
                    strided,
                )
            }
            LayerKind::Upsample {
                channels,
                convolution: true,
            } => {
                let upsampled = Use {
                    upsampled: true,
                    ..Use::PLAIN
                };
                self.convolution(
                    &self.plain(&format!("{name}.{}", resampling::UP), channels, channels),
                    inputs,
                    upsampled,
                )
            }
            LayerKind::Downsample { .. } => self.resample(name, inputs[0], Direction::Down),
            LayerKind::Upsample { .. } => self.resample(name, inputs[0], Direction::Up),
        }
    }

    fn residual(
        &mut self,
        name: &str,
        inputs: &[Activation],
        [input, output]: [usize; 2],
        resample: Option<Direction>,
        film: Value,
    ) -> Activation {
        let pooled = resample == Some(Direction::Down);
        let normed = self.group_norm(
            &format!("{name}.{}", residual::IN_NORM),
            inputs,
            None,
            true,
            pooled,
        );
        let first = Use {
            upsampled: resample == Some(Direction::Up),
            ..Use::PLAIN
        };
        let tensors = self.plain(&format!("{name}.{}", residual::IN_CONVOLUTION), input, output);
        let residual = if input == output {
            let identity = inputs[0];
            let skip = resample.map(|direction| self.resample(&format!("{name}.skip"), identity, direction));
            Addend::Activation(skip.unwrap_or(identity))
        } else {
            // Before the convolutions, so that the concatenated inputs can be freed.
            let skip = self.plain(&format!("{name}.{}", residual::SKIP), input, output);
            Addend::Overwritten(self.convolution(&skip, inputs, Use::POINTWISE))
        };
        let h = self.convolution(&tensors, &[normed], first);
        let offset = self.film.offset(name);
        let normed = self.group_norm(
            &format!("{name}.{}", residual::OUT_NORM),
            &[h],
            Some((film, offset)),
            true,
            false,
        );
        let second = Use {
            residual: Some(residual),
            ..Use::PLAIN
        };
        self.convolution(
            &self.plain(&format!("{name}.{}", residual::OUT_CONVOLUTION), output, output),
            &[normed],
            second,
        )
    }

    fn attention(&mut self, name: &str, inputs: &[Activation], channels: usize, heads: usize) -> Activation {
        let x = inputs[0];
        let precision = self.network.precision;
        let normed = self.group_norm(&format!("{name}.{}", attention::NORM), inputs, None, false, false);
        let qkv = self.convolution(
            &Tensors {
                name: format!("{name}.{}", attention::QKV),
                outputs: qkv_channels(channels, heads, self.network.config.use_new_attention_order),
                inputs: padded(channels),
                tensor: [3 * channels, channels],
                output: precision,
            },
            &[normed],
            Use::POINTWISE,
        );
        let inner = head_channels(channels, heads);
        let attended = self.activation(x.size, inner.len() as u32 / 4, precision);
        let kernel = Attention {
            head_quads: (inner.len() / heads / 4) as u32,
            precision,
            tile: self.network.tuning.attention(),
        };
        let dispatch = kernel.dispatch(&AttentionShape {
            images: self.network.images,
            tokens: x.pixels(),
            heads: heads as u32,
            head_channels: (channels / heads) as u32,
        });
        let operands = vec![Operand::Value(qkv.value), Operand::Value(attended.value)];
        self.plan.call(&format!("{name}.attention"), dispatch, operands);
        self.convolution(
            &Tensors {
                name: format!("{name}.{}", attention::PROJECTION),
                outputs: padded(channels),
                inputs: inner,
                tensor: [channels, channels],
                output: precision,
            },
            &[attended],
            Use {
                residual: Some(Addend::Activation(x)),
                ..Use::POINTWISE
            },
        )
    }

    /// Statistics, coefficients and application of one norm over the concatenated inputs.
    fn group_norm(
        &mut self,
        name: &str,
        inputs: &[Activation],
        film: Option<(Value, u32)>,
        silu: bool,
        pooled: bool,
    ) -> Activation {
        let images = self.network.images;
        let precision = self.network.precision;
        let size = inputs[0].size;
        let pixels = inputs[0].pixels();
        let quads = [inputs[0].quads, inputs.get(1).map_or(0, |second| second.quads)];
        let joined = inputs.len() > 1;
        let channels = 4 * (quads[0] + quads[1]);
        let per_image = u64::from(channels) * 4;
        let sources = inputs.iter().map(|input| Operand::Value(input.value));

        let statistics = self
            .plan
            .value(u64::from(images) * u64::from(strips(pixels).0) * 2 * per_image);
        let kernel = Statistics {
            joined,
            input: precision,
        };
        let dispatch = kernel.dispatch(images, pixels, quads);
        let operands = sources.clone().chain([Operand::Value(statistics)]).collect();
        self.plan.call(&format!("{name}.statistics"), dispatch, operands);

        let coefficients = self.plan.value(u64::from(images) * 3 * per_image);
        let kernel = Coefficients {
            film: match film {
                None => Film::None,
                Some(_) if self.network.config.use_scale_shift_norm => Film::ScaleShift,
                Some(_) => Film::Added,
            },
        };
        let dispatch = kernel.dispatch(&CoefficientsShape {
            images,
            pixels,
            channels,
            groups: NORM_GROUPS as u32,
            film: film.map_or([0, 0], |(_, offset)| [offset, self.film.width()]),
        });
        let mut operands = vec![Operand::Value(statistics)];
        for part in ["weight", "bias"] {
            operands.push(self.vector(name, part, padded(channels as usize), channels as usize));
        }
        operands.extend(film.map(|(value, _)| Operand::Value(value)));
        operands.push(Operand::Value(coefficients));
        self.plan
            .call(&format!("{name}.coefficients"), dispatch, operands);

        let out_size = if pooled { size.map(|side| side / 2) } else { size };
        let output = self.activation(out_size, quads[0] + quads[1], precision);
        let kernel = Normalise {
            silu,
            pooled,
            joined,
            precision,
        };
        let operands = std::iter::once(Operand::Value(coefficients))
            .chain(sources)
            .chain([Operand::Value(output.value)])
            .collect();
        self.plan
            .call(name, kernel.dispatch(images, out_size, quads), operands);
        Activation {
            normed: true,
            ..output
        }
    }

    fn convolution(&mut self, tensors: &Tensors, inputs: &[Activation], how: Use) -> Activation {
        let out_quads = tensors.outputs.len() as u32 / 4;
        let in_quads = [inputs[0].quads, inputs.get(1).map_or(0, |second| second.quads)];
        let mut kernel = Convolution {
            kernel: how.kernel,
            stride: how.stride,
            upsampled: how.upsampled,
            joined: inputs.len() > 1,
            residual: match how.residual {
                None => Residual::None,
                Some(Addend::Activation(_)) => Residual::Added,
                Some(Addend::Overwritten(_)) => Residual::InPlace,
            },
            input: inputs[0].precision,
            weight: self.network.weight_storage(),
            output: tensors.output,
            tile: Tile::Registers { pixels: 1, quads: 1 },
        };
        let [in_height, in_width] = inputs[0].size;
        let size = inputs[0].size.map(|side| kernel.out_side(side));
        let site = Site {
            kernel: how.kernel,
            stride: how.stride,
            pixels: size[0] * size[1],
            in_quads: in_quads[0] + in_quads[1],
            out_quads,
            precision: kernel.input.min(self.network.precision),
            normed: inputs.iter().all(|input| input.normed),
        };
        self.plan.visit(site, site.flops(self.network.images));
        kernel.tile = self.network.tuning.tile(&site);
        let weight = self.plan.weight(WeightSpec {
            name: tensors.name.clone(),
            packing: Packing::Taps {
                outputs: tensors.outputs.clone(),
                inputs: tensors.inputs.clone(),
                taps: (how.kernel * how.kernel) as usize,
                tensor: tensors.tensor,
                order: kernel.tile.weight_order(),
            },
            storage: kernel.tile.weight_storage(kernel.weight),
        });
        let bias = self.vector(&tensors.name, "bias", tensors.outputs.clone(), tensors.tensor[0]);
        let output = match how.residual {
            Some(Addend::Overwritten(activation)) => activation,
            _ => self.activation(size, out_quads, tensors.output),
        };
        let shape = ConvolutionShape {
            images: self.network.images,
            in_height,
            in_width,
            out_height: size[0],
            out_width: size[1],
            in_quads,
            out_quads,
        };
        let residual = match how.residual {
            Some(Addend::Activation(residual)) => Some(Operand::Value(residual.value)),
            _ => None,
        };
        let output_value = Operand::Value(output.value);
        if let Tile::Winograd { patches, quads } = kernel.tile {
            let winograd = Winograd {
                convolution: kernel,
                patches,
                quads,
            };
            let points =
                [in_quads[0], out_quads].map(|quads| self.plan.value(Winograd::bytes(&shape, quads)));
            let [patches, products] = points.map(Operand::Value);
            let input = Operand::Value(inputs[0].value);
            let dispatch = winograd.product(&shape);
            self.plan.call(
                &format!("{}.patches", tensors.name),
                winograd.patches(&shape),
                vec![input, patches],
            );
            self.plan.call(
                &format!("{}.product", tensors.name),
                dispatch,
                vec![weight, patches, products],
            );
            let operands = [products, bias].into_iter().chain(residual).chain([output_value]);
            self.plan
                .call(&tensors.name, winograd.outputs(&shape), operands.collect());
            return output;
        }
        let dispatch = kernel.dispatch(&shape);
        let mut operands = vec![weight, bias];
        operands.extend(inputs.iter().map(|input| Operand::Value(input.value)));
        operands.extend(residual);
        operands.push(output_value);
        self.plan.call(&tensors.name, dispatch, operands);
        output
    }

    fn resample(&mut self, name: &str, input: Activation, direction: Direction) -> Activation {
        let size = input.size.map(|side| match direction {
            Direction::Down => side / 2,
            Direction::Up => side * 2,
        });
        let output = self.activation(size, input.quads, input.precision);
        let kernel = Resample {
            direction,
            precision: input.precision,
        };
        let operands = vec![Operand::Value(input.value), Operand::Value(output.value)];
        let dispatch = kernel.dispatch(self.network.images, size, input.quads);
        self.plan.call(name, dispatch, operands);
        output
    }

    fn activation(&mut self, size: [u32; 2], quads: u32, precision: Precision) -> Activation {
        let scalars =
            u64::from(self.network.images) * u64::from(size[0]) * u64::from(size[1]) * u64::from(quads);
        Activation {
            value: self.plan.value(scalars * precision.quad_bytes() as u64),
            size,
            quads,
            precision,
            normed: false,
        }
    }

    fn vector(
        &mut self,
        name: &str,
        part: &'static str,
        entries: Vec<Option<usize>>,
        tensor: usize,
    ) -> Operand {
        self.plan.weight(WeightSpec {
            name: name.to_owned(),
            packing: Packing::Vector {
                part,
                entries,
                tensor,
            },
            storage: WeightStorage::Plain(Precision::F32),
        })
    }

    fn plain(&self, name: &str, input: usize, output: usize) -> Tensors {
        Tensors {
            name: name.to_owned(),
            outputs: padded(output),
            inputs: padded(input),
            tensor: [output, input],
            output: self.network.precision,
        }
    }
}
