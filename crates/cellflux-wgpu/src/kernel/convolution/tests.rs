use super::*;
use crate::kernel::winograd::Winograd;
use crate::twin::{Numbers, bound, distance, gpu, precisions, run};
use crate::weight_storage::WeightStorage;
use crate::weights::{Packing, WeightSpec, padded};

/// Every tile is tested: those that the tuner may choose, and odd ones.
const TILES: [&str; 10] = [
    "registers:1x1",
    "registers:8x2",
    "registers:3x4",
    "workgroup:8x8:8x2:4",
    "workgroup:8x8:4x1:4",
    "workgroup:4x4:3x2:3",
    "workgroup:8x16:4x2:4",
    "cooperative:2x1:1x2:4",
    "winograd:4x2",
    "winograd:3x1",
];

/// Random inputs of one case, as channels (whole quads) of NHWC images.
struct Case {
    kernel: Convolution,
    shape: ConvolutionShape,
    weights: Vec<f32>,
    bias: Vec<f32>,
    inputs: [Vec<f32>; 2],
    residual: Vec<f32>,
}

impl Case {
    fn new(numbers: &mut Numbers, tile: Tile, precision: Precision) -> Self {
        let winograd = matches!(tile, Tile::Winograd { .. });
        let kernel = if winograd || numbers.coin() { 3 } else { 1 };
        let upsampled = kernel == 3 && numbers.coin();
        let stride = if kernel == 3 && !winograd && !upsampled && numbers.coin() {
            2
        } else {
            1
        };
        let joined = !winograd && numbers.coin();
        let kernel = Convolution {
            kernel,
            stride,
            upsampled,
            joined,
            residual: [Residual::None, Residual::Added, Residual::InPlace][numbers.between(0, 2) as usize],
            input: precision,
            weight: WeightStorage::Plain(precision),
            output: precision,
            tile,
        };
        let [in_height, in_width] = [0, 1].map(|_| stride * numbers.between(1, 13));
        let in_quads = [
            numbers.between(1, 9),
            if joined { numbers.between(1, 9) } else { 0 },
        ];
        let shape = ConvolutionShape {
            images: numbers.between(1, 3),
            in_height,
            in_width,
            out_height: kernel.out_side(in_height),
            out_width: kernel.out_side(in_width),
            in_quads,
            out_quads: numbers.between(1, 11),
        };
        let in_pixels = shape.images * in_height * in_width;
        let outputs = shape.images * shape.out_height * shape.out_width * shape.out_quads * 4;
        let channels = 4 * (in_quads[0] + in_quads[1]);
        Self {
            kernel,
            shape,
            weights: numbers.stored(
                precision,
                (kernel.taps() * channels * shape.out_quads * 4) as usize,
            ),
            bias: numbers.values(4 * shape.out_quads as usize),
            inputs: in_quads.map(|quads| numbers.stored(precision, (in_pixels * quads * 4) as usize)),
            residual: numbers.values(outputs as usize),
        }
    }

    /// The definition, in f64.
    fn twin(&self) -> Vec<f64> {
        let ConvolutionShape {
            images,
            in_height,
            in_width,
            out_height,
            out_width,
            in_quads,
            out_quads,
        } = self.shape;
        let Convolution { kernel, stride, .. } = self.kernel;
        let scale = if self.kernel.upsampled { 2 } else { 1 };
        let widths = in_quads.map(|quads| quads as usize * 4);
        let outputs = out_quads as usize * 4;
        let mut result = Vec::new();
        for image in 0..images {
            for y in 0..out_height {
                for x in 0..out_width {
                    let mut sums: Vec<f64> = self.bias.iter().map(|b| f64::from(*b)).collect();
                    for tap in 0..self.kernel.taps() {
                        let margin = i64::from(kernel / 2);
                        let iy = i64::from(y * stride + tap / kernel) - margin;
                        let ix = i64::from(x * stride + tap % kernel) - margin;
                        let inside = |at: i64, side: u32| (0..i64::from(side * scale)).contains(&at);
                        if !inside(iy, in_height) || !inside(ix, in_width) {
                            continue;
                        }
                        let pixel = (i64::from(image * in_height) + iy / i64::from(scale))
                            * i64::from(in_width)
                            + ix / i64::from(scale);
                        let values = (0..2).flat_map(|source| {
                            let first = pixel as usize * widths[source];
                            &self.inputs[source][first..first + widths[source]]
                        });
                        for (channel, value) in values.enumerate() {
                            for (output, sum) in sums.iter_mut().enumerate() {
                                let input = tap as usize * (widths[0] + widths[1]) + channel;
                                let weight = self.weights[match self.kernel.tile.weight_order() {
                                    WeightOrder::Rows => input * outputs + output,
                                    WeightOrder::Blocks | WeightOrder::Points => {
                                        let block = input / 4 * out_quads as usize + output / 4;
                                        (block * 4 + input % 4) * 4 + output % 4
                                    }
                                }];
                                *sum += f64::from(*value) * f64::from(weight);
                            }
                        }
                    }
                    result.extend(sums);
                }
            }
        }
        assert_eq!(result.len(), (images * out_height * out_width) as usize * outputs);
        if self.kernel.residual != Residual::None {
            for (sum, residual) in result.iter_mut().zip(&self.residual) {
                *sum += f64::from(*residual);
            }
        }
        result
    }

    fn run(&self, gpu: &crate::Gpu) -> Vec<f32> {
        let precision = self.kernel.output;
        if let Tile::Winograd { patches, quads } = self.kernel.tile {
            return self.run_winograd(gpu, patches, quads);
        }
        let mut inputs = vec![
            self.kernel.weight.precision().encode(&self.weights),
            Precision::F32.encode(&self.bias),
            precision.encode(&self.inputs[0]),
        ];
        if self.kernel.joined {
            inputs.push(precision.encode(&self.inputs[1]));
        }
        let residual = precision.encode(&self.residual);
        if self.kernel.residual == Residual::Added {
            inputs.push(residual.clone());
        }
        precision.decode(&run(gpu, &self.kernel.dispatch(&self.shape), &inputs, &residual))
    }

    /// The three calls, one after the other.
    fn run_winograd(&self, gpu: &crate::Gpu, patches: u32, quads: u32) -> Vec<f32> {
        let precision = self.kernel.output;
        let winograd = Winograd {
            convolution: self.kernel,
            patches,
            quads,
        };
        let [points, products] = [self.shape.in_quads[0], self.shape.out_quads]
            .map(|quads| vec![0xff; Winograd::bytes(&self.shape, quads) as usize]);
        let input = precision.encode(&self.inputs[0]);
        let points = run(gpu, &winograd.patches(&self.shape), &[input], &points);
        let kernels = Precision::F32.encode(&self.kernel_points());
        let products = run(gpu, &winograd.product(&self.shape), &[kernels, points], &products);
        let mut inputs = vec![products, Precision::F32.encode(&self.bias)];
        let residual = precision.encode(&self.residual);
        if self.kernel.residual == Residual::Added {
            inputs.push(residual.clone());
        }
        precision.decode(&run(gpu, &winograd.outputs(&self.shape), &inputs, &residual))
    }

    /// The weights, which lie in blocks, as the loader transforms them.
    fn kernel_points(&self) -> Vec<f32> {
        let (inputs, outputs) = (
            4 * self.shape.in_quads[0] as usize,
            4 * self.shape.out_quads as usize,
        );
        let mut tensor = vec![0.0; self.weights.len()];
        for (index, value) in self.weights.iter().enumerate() {
            let (output, input) = (index % 4, index / 4 % 4);
            let (block, tap) = (index / 16 % (inputs * outputs / 16), index / (inputs * outputs));
            let output = block % (outputs / 4) * 4 + output;
            let input = block / (outputs / 4) * 4 + input;
            tensor[(output * inputs + input) * 9 + tap] = *value;
        }
        let spec = WeightSpec {
            name: String::new(),
            packing: Packing::Taps {
                outputs: padded(outputs),
                inputs: padded(inputs),
                taps: 9,
                tensor: [outputs, inputs],
                order: WeightOrder::Points,
            },
            storage: WeightStorage::Plain(Precision::F32),
        };
        spec.arrange(&tensor)
    }
}

#[test]
fn every_tile_equals_the_definition_on_odd_sizes() {
    let Some(gpu) = gpu() else { return };
    for precision in precisions(gpu) {
        for (tile_index, tile) in (0..).zip(TILES) {
            let tile: Tile = tile.parse().unwrap();
            if matches!(tile, Tile::Cooperative { .. }) && !gpu.report().cooperative {
                continue;
            }
            for seed in 0..4 {
                let case = Case::new(&mut Numbers::new(1000 * tile_index + seed), tile, precision);
                let error = distance(&case.run(gpu), &case.twin());
                // Winograd's transforms take differences of numbers up to ten times as large.
                let factor = if matches!(tile, Tile::Winograd { .. }) {
                    5.0
                } else {
                    1.0
                };
                assert!(
                    error <= factor * bound(precision),
                    "{error:e} in {:?} {:?}",
                    case.kernel,
                    case.shape
                );
            }
        }
    }
}

#[test]
fn an_f32_image_goes_in_and_an_f32_velocity_comes_out_of_an_f16_network() {
    let Some(gpu) = gpu() else { return };
    for precision in precisions(gpu) {
        let mut case = Case::new(&mut Numbers::new(7), TILES[1].parse().unwrap(), Precision::F32);
        case.kernel.weight = WeightStorage::Plain(precision);
        case.weights = precision.decode(&precision.encode(&case.weights));
        let mut inputs = vec![
            precision.encode(&case.weights),
            Precision::F32.encode(&case.bias),
            Precision::F32.encode(&case.inputs[0]),
        ];
        case.kernel.joined = false;
        case.kernel.residual = Residual::None;
        case.shape.in_quads[1] = 0;
        case.inputs[1].clear();
        inputs.truncate(3);
        let output = vec![0; case.residual.len() * 4];
        let found = run(gpu, &case.kernel.dispatch(&case.shape), &inputs, &output);
        // Weights are f16 numbers and sums f32, so only the output's rounding is left, and it is f32's.
        let error = distance(&Precision::F32.decode(&found), &case.twin());
        assert!(
            error <= bound(Precision::F32),
            "{error:e} with {precision} weights"
        );
    }
}

/// The kernels' order of sums is the same, and widening an f16 number changes nothing. Subnormal numbers,
/// which a device may flush to zero as it widens them, are left out.
#[test]
fn packed_weights_give_bit_for_bit_what_f32_weights_of_the_same_values_give() {
    let Some(gpu) = gpu() else { return };
    let smallest = half::f16::MIN_POSITIVE.to_f32();
    for (tile_index, tile) in (0..).zip(TILES) {
        let tile: Tile = tile.parse().unwrap();
        let winograd = matches!(tile, Tile::Winograd { .. });
        if winograd || (matches!(tile, Tile::Cooperative { .. }) && !gpu.report().cooperative) {
            // Winograd's points are f32 whatever the weights are.
            continue;
        }
        for seed in 0..3 {
            let mut numbers = Numbers::new(5000 + 10 * tile_index + seed);
            let mut case = Case::new(&mut numbers, tile, Precision::F32);
            for weight in &mut case.weights {
                *weight = half::f16::from_f32(*weight).to_f32();
                if weight.abs() < smallest {
                    *weight = 0.0;
                }
            }
            let plain = case.run(gpu);
            case.kernel.weight = WeightStorage::Packed;
            let packed = case.run(gpu);
            let differs = plain
                .iter()
                .zip(&packed)
                .filter(|(a, b)| a.to_bits() != b.to_bits())
                .count();
            assert_eq!(differs, 0, "{:?} {:?}", case.kernel, case.shape);
            assert!(distance(&packed, &case.twin()) <= bound(Precision::F32));
        }
    }
}
