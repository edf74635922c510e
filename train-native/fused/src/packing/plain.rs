//! Packing and unpacking in candle's operations, which keep the number type.

use candle_core::{Result, Tensor};

use super::Sizes;

/// `weight` `[O, I, k, k]` or `[O, I]` and `bias` `[O]` as one tensor.
pub fn pack(weight: &Tensor, bias: &Tensor, sizes: Sizes) -> Result<Tensor> {
    let (padded_outputs, padded_inputs) = sizes.padded();
    let missing = padded_outputs - sizes.outputs;
    let kernel = weight
        .reshape((sizes.outputs, sizes.inputs, sizes.taps))?
        .permute((0, 2, 1))?
        .pad_with_zeros(2, 0, padded_inputs - sizes.inputs)?
        .pad_with_zeros(0, 0, missing)?;
    let bias = bias.pad_with_zeros(0, 0, missing)?;
    Tensor::cat(&[kernel.flatten_all()?, bias], 0)
}

/// Kernel `[O, I, k k]` and bias `[O]`, one after the other, of a packed tensor.
pub fn unpack(packed: &Tensor, sizes: Sizes) -> Result<Tensor> {
    let (padded_outputs, padded_inputs) = sizes.padded();
    let Sizes {
        outputs,
        inputs,
        taps,
    } = sizes;
    let length = padded_outputs * taps * padded_inputs;
    let kernel = packed
        .narrow(0, 0, length)?
        .reshape((padded_outputs, taps, padded_inputs))?
        .narrow(0, 0, outputs)?
        .narrow(2, 0, inputs)?
        .permute((0, 2, 1))?;
    let bias = packed.narrow(0, length, outputs)?;
    Tensor::cat(&[kernel.flatten_all()?, bias], 0)
}
