//! The fused operations as the network's [`Operations`].

use std::collections::BTreeSet;

use candle_core::{DType, Result, Tensor};
use cellflux_bundle::topology::Resample;
use cellflux_candle::Operations;
use cellflux_candle::attention::Heads;
use cellflux_candle::convolution::Convolution;
use cellflux_candle::group_norm::GroupNorm;
use cellflux_candle::operations::Then;

use crate::convolution::{Form, Treatment};
use crate::group_norm::After;
use crate::{CHANNEL_UNIT, Kind, attention, concatenation, convolution, group_norm, packing, resample};

/// Fused operations on feature maps `[N, H, W, C]` of one number type.
#[derive(Clone, Debug)]
pub struct Fused {
    dtype: DType,
    treatment: Treatment,
    replaced: BTreeSet<Kind>,
}

impl Fused {
    /// Operations that compute in `dtype`, whatever type the parameters have.
    pub fn new(dtype: DType, treatment: Treatment) -> Self {
        Self {
            dtype,
            treatment,
            replaced: BTreeSet::new(),
        }
    }

    /// The same with some operations carried out by their twins.
    #[must_use]
    pub fn with_twins(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.replaced.extend(kinds);
        self
    }

    /// The compute type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How numbers are treated.
    pub fn treatment(&self) -> Treatment {
        self.treatment
    }

    fn is_fused(&self, kind: Kind) -> bool {
        !self.replaced.contains(&kind)
    }

    /// Gains and offsets are small: they are kept in f32 (in f64 where all is).
    fn parameter_dtype(&self) -> DType {
        match self.dtype {
            DType::F64 => DType::F64,
            _ => DType::F32,
        }
    }
}

impl Operations for Fused {
    fn enter(&self, image: &Tensor) -> Result<Tensor> {
        let channels = image.dim(1)?;
        let missing = channels.next_multiple_of(CHANNEL_UNIT) - channels;
        image
            .to_dtype(self.dtype)?
            .permute((0, 2, 3, 1))?
            .pad_with_zeros(3, 0, missing)?
            .contiguous()
    }

    fn leave(&self, features: &Tensor, channels: usize) -> Result<Tensor> {
        features
            .narrow(3, 0, channels)?
            .permute((0, 3, 1, 2))?
            .contiguous()
    }

    fn convolution(&self, x: &Tensor, layer: &Convolution, residual: Option<&Tensor>) -> Result<Tensor> {
        let (weight, stride) = layer.kernel()?;
        let (images, height, width, inputs) = x.dims4()?;
        let form = Form {
            images,
            height,
            width,
            inputs,
            outputs: weight.dim(0)?.next_multiple_of(CHANNEL_UNIT),
            side: if weight.rank() == 4 { weight.dim(3)? } else { 1 },
            stride,
        };
        let packed = packing::pack(weight, layer.bias(), self.dtype)?;
        let x = x.contiguous()?;
        if self.is_fused(Kind::Convolution) {
            convolution::fused(&x, &packed, residual, form, self.treatment)
        } else {
            convolution::twin(&x, &packed, residual, form)
        }
    }

    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor> {
        let dtype = self.parameter_dtype();
        let affine = Tensor::stack(&[norm.weight(), norm.bias()], 0)?.to_dtype(dtype)?;
        let film = then.film.map(|film| film.to_dtype(dtype)).transpose()?;
        let after = After {
            activation: then.activation,
            dropout: then.dropout,
        };
        if self.is_fused(Kind::Normalisation) {
            group_norm::fused(x, &affine, film.as_ref(), after)
        } else {
            group_norm::twin(x, &affine, film.as_ref(), after)
        }
    }

    fn shift(&self, x: &Tensor, offset: &Tensor) -> Result<Tensor> {
        let (images, channels) = offset.dims2()?;
        let offset = offset.to_dtype(self.dtype)?;
        x.broadcast_add(&offset.reshape((images, 1, 1, channels))?)
    }

    fn attention(&self, qkv: &Tensor, heads: Heads) -> Result<Tensor> {
        let (_, height, width, _) = qkv.dims4()?;
        // Rows of scores are read 16 bytes at a time.
        let fits = qkv.device().is_cpu() || (height * width).is_multiple_of(CHANNEL_UNIT);
        if self.is_fused(Kind::Attention) && fits {
            attention::fused(qkv, heads, self.treatment.tf32)
        } else {
            attention::twin(qkv, heads)
        }
    }

    fn resample(&self, x: &Tensor, to: Resample) -> Result<Tensor> {
        if self.is_fused(Kind::Resampling) {
            resample::fused(x, to)
        } else {
            resample::twin(x, to)
        }
    }

    fn concatenate(&self, x: &Tensor, skip: &Tensor) -> Result<Tensor> {
        if self.is_fused(Kind::Concatenation) {
            concatenation::fused(x, skip)
        } else {
            concatenation::twin(x, skip)
        }
    }
}
