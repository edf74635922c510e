//! The network's operations on a CPU where no gradient is wanted: Winograd convolutions, normalisation in one
//! pass, attention a few queries at a time.
//!
//! Everything is written for f32, and a page's size depends on it: an operation of candle's own comes with
//! its code for ten number types, and the operations that a network needs, with their gradients, would be a
//! third of the browser's module.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::Linear;
use cellflux_bundle::topology::Resample;
use rayon::prelude::*;
use wide::f32x4;

use crate::attention;
use crate::attention_blocks;
use crate::convolution::Convolution;
use crate::exponential;
use crate::group_norm::{self, GroupNorm};
use crate::lanes::{self, load};
use crate::memory::{values, with_values};
use crate::operations::{Heads, Operations, Then};
use crate::plain::Plain;

/// What is fast in f32 on a CPU where no gradient is wanted. Other number types and devices, and images that
/// take part in a gradient, are refused.
#[derive(Clone, Copy, Debug)]
pub struct Inference;

impl Operations for Inference {
    fn inference_only(&self) -> bool {
        true
    }

    fn enter(&self, image: &Tensor) -> Result<Tensor> {
        Plain.enter(image)
    }

    fn leave(&self, features: &Tensor, channels: usize) -> Result<Tensor> {
        Plain.leave(features, channels)
    }

    fn cast(&self, x: &Tensor, to: DType) -> Result<Tensor> {
        if x.dtype() != to {
            candle_core::bail!(
                "inference on a CPU computes in f32, found {:?} and {to:?}",
                x.dtype()
            );
        }
        Ok(x.clone())
    }

    fn linear(&self, x: &Tensor, layer: &Linear) -> Result<Tensor> {
        let (samples, inputs) = x.dims2()?;
        let (outputs, expected) = layer.weight().dims2()?;
        if inputs != expected {
            candle_core::bail!("a linear layer of {expected} inputs on {:?}", x.shape());
        }
        let bias = match layer.bias() {
            Some(bias) => values(bias)?,
            None => vec![0.0; outputs],
        };
        // Output by output, so that weights are read once for all samples.
        let mut products = vec![0.0; outputs * samples];
        with_values(layer.weight(), |weight| {
            with_values(x, |x| {
                products
                    .par_chunks_mut(samples.max(1))
                    .zip(weight.par_chunks(inputs.max(1)))
                    .zip(&bias)
                    .for_each(|((products, weight), bias)| {
                        for (product, x) in products.iter_mut().zip(x.chunks(inputs.max(1))) {
                            *product = dot(weight, x) + bias;
                        }
                    });
            })
        })??;
        let of_sample = |sample| products.iter().skip(sample).step_by(samples).copied();
        let out: Vec<f32> = (0..samples).flat_map(of_sample).collect();
        Tensor::from_vec(out, (samples, outputs), &Device::Cpu)
    }

    fn silu(&self, x: &Tensor) -> Result<Tensor> {
        let mut out = vec![0.0; x.elem_count()];
        with_values(x, |x| lanes::map(x, &mut out, exponential::silu))?;
        Tensor::from_vec(out, x.shape(), &Device::Cpu)
    }

    fn scale(&self, x: &Tensor, factors: &Tensor) -> Result<Tensor> {
        let (samples, width) = x.dims2()?;
        let factors = of_shape(factors, &[samples, 1])?;
        let mut out = values(x)?;
        for (row, factor) in out.chunks_mut(width.max(1)).zip(factors) {
            for value in row {
                *value *= factor;
            }
        }
        Tensor::from_vec(out, x.shape(), &Device::Cpu)
    }

    fn combine(&self, terms: &[(f64, &Tensor)]) -> Result<Tensor> {
        let Some(((factor, first), rest)) = terms.split_first() else {
            candle_core::bail!("a linear combination of no tensors")
        };
        let mut out = values(first)?;
        for value in &mut out {
            *value *= *factor as f32;
        }
        for (factor, term) in rest {
            if term.dims() != first.dims() {
                candle_core::bail!("a sum of {:?} and {:?}", first.shape(), term.shape());
            }
            with_values(term, |term| {
                for (value, term) in out.iter_mut().zip(term) {
                    *value += term * *factor as f32;
                }
            })?;
        }
        Tensor::from_vec(out, first.shape(), &Device::Cpu)
    }

    fn convolution(&self, x: &Tensor, layer: &Convolution, residual: Option<&Tensor>) -> Result<Tensor> {
        layer.evaluate(x, residual)
    }

    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor> {
        let normalised = group_norm::evaluate(x, norm, then.film, then.activation)?;
        let Some(dropout) = &then.dropout else {
            return Ok(normalised);
        };
        let mut kept = values(&normalised)?;
        for (value, factor) in kept.iter_mut().zip(dropout.factors()) {
            *value *= factor;
        }
        Tensor::from_vec(kept, x.shape(), &Device::Cpu)
    }

    fn shift(&self, x: &Tensor, offset: &Tensor) -> Result<Tensor> {
        let (images, channels, height, width) = x.dims4()?;
        let offset = of_shape(offset, &[images, channels])?;
        let mut out = values(x)?;
        let planes = out.par_chunks_mut((height * width).max(1));
        planes.zip(&offset).for_each(|(plane, offset)| {
            for value in plane {
                *value += offset;
            }
        });
        Tensor::from_vec(out, x.shape(), &Device::Cpu)
    }

    fn attention(&self, qkv: &Tensor, heads: Heads) -> Result<Tensor> {
        // Natively candle's products find vectors at run time that are wider than WebAssembly's.
        if cfg!(target_arch = "wasm32") {
            attention_blocks::attend(qkv, heads)
        } else {
            attention::in_pieces(qkv, heads)
        }
    }

    fn resample(&self, x: &Tensor, to: Resample) -> Result<Tensor> {
        let (images, channels, height, width) = x.dims4()?;
        let [new_height, new_width] = match to {
            Resample::Down => [height / 2, width / 2],
            Resample::Up => [2 * height, 2 * width],
        };
        let mut out = vec![0.0; images * channels * new_height * new_width];
        with_values(x, |x| {
            out.par_chunks_mut((new_height * new_width).max(1))
                .zip(x.par_chunks((height * width).max(1)))
                .for_each(|(out, plane)| match to {
                    Resample::Down => halve(plane, width, out),
                    Resample::Up => double(plane, width, out),
                });
        })?;
        Tensor::from_vec(out, (images, channels, new_height, new_width), &Device::Cpu)
    }

    fn concatenate(&self, x: &Tensor, skip: &Tensor) -> Result<Tensor> {
        let (images, channels, height, width) = x.dims4()?;
        let (more_images, more, more_height, more_width) = skip.dims4()?;
        if (images, height, width) != (more_images, more_height, more_width) {
            candle_core::bail!("channels of {:?} and of {:?}", x.shape(), skip.shape());
        }
        let pixels = (height * width).max(1);
        let mut out = Vec::with_capacity(x.elem_count() + skip.elem_count());
        with_values(x, |x| {
            with_values(skip, |skip| {
                for (x, skip) in x.chunks(channels * pixels).zip(skip.chunks(more * pixels)) {
                    out.extend_from_slice(x);
                    out.extend_from_slice(skip);
                }
            })
        })??;
        Tensor::from_vec(out, (images, channels + more, height, width), &Device::Cpu)
    }
}

/// The values of a tensor that must have this shape.
fn of_shape(tensor: &Tensor, shape: &[usize]) -> Result<Vec<f32>> {
    if tensor.dims() != shape {
        candle_core::bail!("a tensor {:?}, expected {shape:?}", tensor.shape());
    }
    values(tensor)
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [f32x4::ZERO; 2];
    for (left, right) in left.chunks(lanes::COUNT).zip(right.chunks(lanes::COUNT)) {
        let (left, right) = (load(left), load(right));
        sums[0] += left[0] * right[0];
        sums[1] += left[1] * right[1];
    }
    (sums[0] + sums[1]).reduce_add()
}

/// The means of every 2x2 pixels of a plane.
fn halve(plane: &[f32], width: usize, out: &mut [f32]) {
    let lines = plane.chunks_exact((2 * width).max(1));
    for (lines, out) in lines.zip(out.chunks_mut((width / 2).max(1))) {
        let (upper, lower) = lines.split_at(width);
        let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        for (out, ([a, b], [c, d])) in out.iter_mut().zip(pairs) {
            *out = (a + b + c + d) * 0.25;
        }
    }
}

/// Every pixel of a plane as 2x2 pixels.
fn double(plane: &[f32], width: usize, out: &mut [f32]) {
    let lines = out.chunks_exact_mut((4 * width).max(1));
    for (out, line) in lines.zip(plane.chunks(width.max(1))) {
        let (upper, lower) = out.split_at_mut(2 * width);
        for (pair, pixel) in upper.as_chunks_mut::<2>().0.iter_mut().zip(line) {
            *pair = [*pixel; 2];
        }
        lower.copy_from_slice(upper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dropout::Dropout;
    use crate::group_norm::Activation;
    use crate::test_numbers::numbers;
    use candle_nn::VarBuilder;
    use std::collections::HashMap;

    /// The largest difference of two tensors of one shape.
    fn apart(ours: &Tensor, plain: &Tensor) -> f32 {
        assert_eq!(ours.dims(), plain.dims());
        let apart = (ours - plain).unwrap().abs().unwrap();
        apart
            .flatten_all()
            .unwrap()
            .max_all()
            .unwrap()
            .to_scalar()
            .unwrap()
    }

    /// Compares what an operation gives with its definition.
    fn agrees(what: &str, bound: f32, operation: impl Fn(&dyn Operations) -> Result<Tensor>) {
        let found = apart(&operation(&Inference).unwrap(), &operation(&Plain).unwrap());
        assert!(found <= bound, "{what}: {found:.1e}");
    }

    #[test]
    fn operations_on_vectors_equal_their_definition() {
        // Widths that fill lanes and that do not; one sample, several and none.
        for (samples, inputs, outputs) in [(1, 8, 3), (2, 37, 64), (5, 512, 7), (0, 8, 4)] {
            let x = numbers(0, &[samples, inputs]);
            for bias in [None, Some(numbers(2, &[outputs]))] {
                let layer = Linear::new(numbers(1, &[outputs, inputs]), bias);
                // Sums of up to 512 products below 1, in another order.
                if samples > 0 {
                    agrees("linear", 2e-5, |with| with.linear(&x, &layer));
                } else {
                    assert_eq!(Inference.linear(&x, &layer).unwrap().dims(), [0, outputs]);
                }
            }
            if samples > 0 {
                agrees("silu", 1e-6, |with| with.silu(&x));
                agrees("scale", 0.0, |with| with.scale(&x, &numbers(3, &[samples, 1])));
            }
        }
    }

    #[test]
    fn operations_on_feature_maps_equal_their_definition() {
        for (images, channels, height, width) in [(1, 32, 2, 2), (2, 64, 4, 6), (3, 96, 8, 2)] {
            let x = numbers(0, &[images, channels, height, width]);
            let other = numbers(1, &[images, channels, height, width]);
            let skip = numbers(2, &[images, 5, height, width]);
            // A view that is not contiguous: it is read in the order of its axes all the same.
            let turned = x.transpose(2, 3).unwrap();
            let offset = numbers(3, &[images, channels]);
            for x in [&x, &turned] {
                agrees("shift", 0.0, |with| with.shift(x, &offset));
                agrees("down", 0.0, |with| with.resample(x, Resample::Down));
                agrees("up", 0.0, |with| with.resample(x, Resample::Up));
            }
            agrees("combine", 0.0, |with| {
                with.combine(&[(0.7, &x), (-1.3, &other), (0.1, &x)])
            });
            agrees("concatenate", 0.0, |with| with.concatenate(&x, &skip));
            let norm = ["weight", "bias"].map(|name| (name.to_owned(), numbers(4, &[channels])));
            let vars = VarBuilder::from_tensors(HashMap::from(norm), DType::F32, &Device::Cpu);
            let norm = GroupNorm::new(channels, &vars).unwrap();
            let film = numbers(5, &[images, 2 * channels]);
            for film in [None, Some(&film)] {
                for dropout in [None, Some(Dropout::of_block(0.4, 3, 1))] {
                    for activation in [Activation::None, Activation::Silu] {
                        let then = Then {
                            film,
                            activation,
                            dropout,
                        };
                        // Values of about 2, a few roundings each.
                        agrees("normalise", 2e-5, |with| with.normalise(&x, &norm, &then));
                    }
                }
            }
        }
    }

    #[test]
    fn other_shapes_and_number_types_are_refused() {
        let map = |channels| numbers(0, &[2, channels, 4, 4]);
        let layer = Linear::new(numbers(1, &[3, 7]), None);
        assert!(Inference.linear(&numbers(0, &[2, 8]), &layer).is_err());
        assert!(
            Inference
                .scale(&numbers(0, &[2, 8]), &numbers(1, &[3, 1]))
                .is_err()
        );
        assert!(Inference.shift(&map(3), &numbers(1, &[2, 4])).is_err());
        assert!(Inference.combine(&[]).is_err());
        assert!(Inference.combine(&[(1.0, &map(3)), (1.0, &map(4))]).is_err());
        assert!(
            Inference
                .concatenate(&map(3), &numbers(0, &[2, 3, 4, 2]))
                .is_err()
        );
        let half = map(3).to_dtype(DType::F16).unwrap();
        assert!(Inference.cast(&half, DType::F32).is_err());
        assert!(Inference.silu(&half).is_err());
    }
}
