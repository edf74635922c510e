//! Group normalisation, modulation, activation and dropout in one operation, forward and backward.
//!
//! Of a feature map `x` `[N, H, W, C]` in [`NORM_GROUPS`](cellflux_bundle::config::NORM_GROUPS) groups of
//! channels (Wu and He 2018), with gain and offset of every channel and, in FiLM, a scale and a shift of
//! every sample and channel:
//!
//! ```text
//! xhat = (x - mean) / sqrt(variance + epsilon)               mean and variance of the sample's group
//! z    = (gain xhat + offset) (1 + scale) + shift
//! y    = dropout(activation(z))
//! ```
//!
//! With mean and variance known, `xhat = x r + m` and `z = x a + b` with one `r`, `m`, `a`, `b` per sample
//! and channel (`Coefficients`). With `dz` the gradient before the activation, and A and B the means over the
//! group of `dz a / r` and of `dz xhat a / r`:
//!
//! ```text
//! dx = dz a + x u + v,   u = -r^2 B,   v = -r (A + m B)
//! dgain = sum of dz xhat (1 + scale),   doffset = sum of dz (1 + scale)      over samples and pixels
//! dscale = sum of dz (gain xhat + offset),   dshift = sum of dz              over pixels
//! ```
//!
//! All of it follows from two sums per sample and channel, of `dz` and of `dz xhat` (`Fold`). So both
//! directions read the feature map twice and write it once, and keep nothing as large besides input and
//! output.

#[cfg(feature = "cudnn")]
mod cuda;
mod plain;

#[cfg(feature = "cudnn")]
use candle_core::CudaStorage;
#[cfg(feature = "cudnn")]
use candle_core::Shape;
use candle_core::{Result, Tensor};
use cellflux_candle::dropout::Dropout;
use cellflux_candle::group_norm::Activation;

#[cfg(feature = "cudnn")]
use crate::adapter::Input;
use crate::adapter::{Apply as _, Operation, gradients_of, two_or_three};
#[cfg(feature = "cudnn")]
use crate::cuda::memory::{Reading, on_cuda};
#[cfg(feature = "cudnn")]
use cuda::Map;

pub use plain::twin;

/// What follows the normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct After {
    /// Applied to the modulated values.
    pub activation: Activation,
    /// Which of the activated values are dropped.
    pub dropout: Option<Dropout>,
}

/// The fused operation on `x` `[N, H, W, C]`, with `affine` `[2, C]`, the gains and offsets, and `film` `[N,
/// 2 C]`, the scales and shifts, both f32 (f64 for an f64 `x`).
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(x: &Tensor, affine: &Tensor, film: Option<&Tensor>, after: After) -> Result<Tensor> {
    let x = x.contiguous()?;
    let affine = affine.contiguous()?;
    let Some(film) = film else {
        let coefficients = Coefficients.evaluate([&x, &affine])?;
        return Normalise { coefficients, after }.apply([&x, &affine]);
    };
    let film = film.contiguous()?;
    let coefficients = Coefficients.evaluate([&x, &affine, &film])?;
    Normalise { coefficients, after }.apply([&x, &affine, &film])
}

/// `[N, 4, C]` of `x`, affine and, where there is one, film: a, b with `z = x a + b`, then r, m with `xhat =
/// x r + m`.
struct Coefficients;

impl<const N: usize> Operation<N> for Coefficients {
    const NAME: &'static str = "norm-coefficients";

    fn on_cpu(&self, inputs: [Tensor; N]) -> Result<Tensor> {
        let (x, affine, film) = two_or_three(&inputs)?;
        plain::coefficients(x, affine, film)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, inputs: [Input; N]) -> Result<(CudaStorage, Shape)> {
        let (x, affine, film) = two_or_three(&inputs)?;
        let (images, _, _, channels) = x.shape.dims4()?;
        let film = film.map(|film| film.values);
        let coefficients = cuda::coefficients(x.values, affine.values, film, Map::of(x.shape)?)?;
        Ok((coefficients, Shape::from((images, 4, channels))))
    }
}

/// `y = dropout(activation(x a + b))`.
struct Normalise {
    coefficients: Tensor,
    after: After,
}

impl<const N: usize> Operation<N> for Normalise {
    const NAME: &'static str = "normalise";

    fn on_cpu(&self, inputs: [Tensor; N]) -> Result<Tensor> {
        let (x, ..) = two_or_three(&inputs)?;
        plain::normalise(x, &self.coefficients, self.after)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, inputs: [Input; N]) -> Result<(CudaStorage, Shape)> {
        let (x, ..) = two_or_three(&inputs)?;
        let (coefficients, layout) = self.coefficients.storage_and_layout();
        let coefficients = Reading::of(on_cuda(&coefficients)?, layout)?;
        let y = cuda::normalise(x.values, coefficients, Map::of(x.shape)?, self.after)?;
        Ok((y, x.shape.clone()))
    }

    fn gradients(&self, inputs: [&Tensor; N], gradient: &Tensor) -> Result<[Option<Tensor>; N]> {
        let (x, affine, film) = two_or_three(&inputs)?;
        let gradient = gradient.contiguous()?;
        let after = self.after;
        let folded = Fold { after }.evaluate([*x, &gradient, &self.coefficients])?;
        let of_x = ImageGradient { after }.evaluate([*x, &gradient, &folded])?;
        let flat = match film {
            None => AffineGradient.evaluate([&folded, *affine])?,
            Some(film) => AffineGradient.evaluate([&folded, *affine, *film])?,
        };
        let of_affine = flat.narrow(0, 0, affine.elem_count())?.reshape(affine.shape())?;
        let of_film = film.map(|film| {
            let part = flat.narrow(0, affine.elem_count(), film.elem_count())?;
            part.reshape(film.shape())
        });
        Ok(gradients_of([Some(of_x), Some(of_affine), of_film.transpose()?]))
    }
}

/// `[N, 6, C]` of `x`, the gradient of `y` and the coefficients: a, b, u, v with `dx = dz a + x u + v`; then
/// the sums of `dz` and of `dz xhat`.
struct Fold {
    after: After,
}

impl Operation<3> for Fold {
    const NAME: &'static str = "normalise-fold";

    fn on_cpu(&self, [x, gradient, coefficients]: [Tensor; 3]) -> Result<Tensor> {
        plain::fold(&x, &gradient, &coefficients, self.after)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [x, gradient, coefficients]: [Input; 3]) -> Result<(CudaStorage, Shape)> {
        let (images, _, _, channels) = x.shape.dims4()?;
        let map = Map::of(x.shape)?;
        let folded = cuda::fold(x.values, gradient.values, coefficients.values, map, self.after)?;
        Ok((folded, Shape::from((images, 6, channels))))
    }
}

/// `dx = dz a + x u + v`, of `x`, the gradient of `y` and what [`Fold`] found.
struct ImageGradient {
    after: After,
}

impl Operation<3> for ImageGradient {
    const NAME: &'static str = "normalise-image-gradient";

    fn on_cpu(&self, [x, gradient, folded]: [Tensor; 3]) -> Result<Tensor> {
        plain::image_gradient(&x, &gradient, &folded, self.after)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [x, gradient, folded]: [Input; 3]) -> Result<(CudaStorage, Shape)> {
        let map = Map::of(x.shape)?;
        let dx = cuda::image_gradient(x.values, gradient.values, folded.values, map, self.after)?;
        Ok((dx, x.shape.clone()))
    }
}

/// Gradients of affine `[2, C]` and of film `[N, 2 C]`, where there is one, one after the other, of what
/// [`Fold`] found.
struct AffineGradient;

impl<const N: usize> Operation<N> for AffineGradient {
    const NAME: &'static str = "normalise-affine-gradient";

    fn on_cpu(&self, inputs: [Tensor; N]) -> Result<Tensor> {
        let (folded, affine, film) = two_or_three(&inputs)?;
        plain::affine_gradient(folded, affine, film)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, inputs: [Input; N]) -> Result<(CudaStorage, Shape)> {
        let (folded, affine, film) = two_or_three(&inputs)?;
        let values = affine.values.len() + film.map_or(0, |film| film.values.len());
        let film = film.map(|film| film.values);
        let gradients = cuda::affine_gradient(folded.values, affine.values, film)?;
        Ok((gradients, Shape::from(values)))
    }
}
