//! Group normalisation, what follows it, and the gradient in candle's operations.

use candle_core::{D, Result, Tensor};
use cellflux_bundle::config::{NORM_EPSILON, NORM_GROUPS};
use cellflux_candle::group_norm::Activation;

use super::After;

/// The twin of [`fused`](super::fused) in plain candle operations.
///
/// # Errors
/// When shapes do not fit, or candle fails.
pub fn twin(x: &Tensor, affine: &Tensor, film: Option<&Tensor>, after: After) -> Result<Tensor> {
    let wide = x.to_dtype(affine.dtype())?;
    let (images, height, width, channels) = wide.dims4()?;
    let depth = channels / NORM_GROUPS;
    let grouped = wide
        .reshape((images, height * width, NORM_GROUPS, depth))?
        .transpose(1, 2)?
        .reshape((images, NORM_GROUPS, height * width * depth))?;
    let centred = grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normed = centred
        .broadcast_div(&(variance + NORM_EPSILON)?.sqrt()?)?
        .reshape((images, NORM_GROUPS, height * width, depth))?
        .transpose(1, 2)?
        .reshape((images, height, width, channels))?;
    let (mut gain, mut offset) = (affine.narrow(0, 0, 1)?, affine.narrow(0, 1, 1)?);
    if let Some(film) = film {
        let scale = (film.narrow(1, 0, channels)? + 1.0)?;
        offset = (scale.broadcast_mul(&offset)? + film.narrow(1, channels, channels)?)?;
        gain = scale.broadcast_mul(&gain)?;
    }
    let spread = |t: &Tensor| t.reshape(((), 1, 1, channels));
    let z = normed
        .broadcast_mul(&spread(&gain)?)?
        .broadcast_add(&spread(&offset)?)?;
    followed(z, after)?.to_dtype(x.dtype())
}

/// `[N, 4, C]`: a, b with `z = x a + b`, then r, m with `xhat = x r + m`.
pub fn coefficients(x: &Tensor, affine: &Tensor, film: Option<&Tensor>) -> Result<Tensor> {
    let (images, height, width, channels) = x.dims4()?;
    let depth = channels / NORM_GROUPS;
    let count = (height * width * depth) as f64;
    let groups = x
        .to_dtype(affine.dtype())?
        .reshape((images, height * width, NORM_GROUPS, depth))?;
    let mean = (groups.sum_keepdim((1, 3))? / count)?;
    let variance = (groups.broadcast_sub(&mean)?.sqr()?.sum_keepdim((1, 3))? / count)?;
    let spread = |t: Tensor| {
        t.broadcast_as((images, 1, NORM_GROUPS, depth))?
            .reshape((images, channels))
    };
    let r = spread((variance + NORM_EPSILON)?.sqrt()?.recip()?)?;
    let m = (spread(mean)? * &r)?.neg()?;
    let (gain, offset) = modulated(affine, film, images)?;
    let a = (&r * &gain)?;
    let b = ((&m * gain)? + offset)?;
    Tensor::stack(&[a, b, r, m], 1)
}

/// `y = dropout(activation(x a + b))`.
pub fn normalise(x: &Tensor, coefficients: &Tensor, after: After) -> Result<Tensor> {
    followed(linear(x, coefficients, 0, 1)?, after)?.to_dtype(x.dtype())
}

/// `[N, 6, C]`: a, b, u, v with `dx = dz a + x u + v`; then the sums of `dz` and of `dz xhat`.
pub fn fold(x: &Tensor, gradient: &Tensor, coefficients: &Tensor, after: After) -> Result<Tensor> {
    let (images, height, width, channels) = x.dims4()?;
    let depth = channels / NORM_GROUPS;
    let dz = before(after, x, gradient, coefficients)?;
    let xhat = linear(x, coefficients, 2, 3)?;
    let first = dz.sum((1, 2))?;
    let second = (dz * xhat)?.sum((1, 2))?;
    let row = |k| coefficients.narrow(1, k, 1)?.squeeze(1);
    let (a, b, r, m) = (row(0)?, row(1)?, row(2)?, row(3)?);
    let gain = (&a / &r)?;
    let count = (height * width * depth) as f64;
    let of_group = |sum: &Tensor| {
        ((sum * &gain)?
            .reshape((images, NORM_GROUPS, depth))?
            .sum_keepdim(2)?
            / count)?
            .broadcast_as((images, NORM_GROUPS, depth))?
            .reshape((images, channels))
    };
    let (group_first, group_second) = (of_group(&first)?, of_group(&second)?);
    let u = (r.sqr()? * &group_second)?.neg()?;
    let v = (&r * (group_first + (m * group_second)?)?)?.neg()?;
    Tensor::stack(&[a, b, u, v, first, second], 1)
}

/// `dx = dz a + x u + v`, of what [`fold`] found.
pub fn image_gradient(x: &Tensor, gradient: &Tensor, folded: &Tensor, after: After) -> Result<Tensor> {
    let dz = before(after, x, gradient, folded)?;
    let (images, _, channels) = folded.dims3()?;
    let a = folded.narrow(1, 0, 1)?.reshape((images, 1, 1, channels))?;
    let dx = (dz.broadcast_mul(&a)? + linear(x, folded, 2, 3)?)?;
    dx.to_dtype(x.dtype())
}

/// Gradients of affine `[2, C]` and of film `[N, 2 C]`, one after the other, of what [`fold`] found.
pub fn affine_gradient(folded: &Tensor, affine: &Tensor, film: Option<&Tensor>) -> Result<Tensor> {
    let (images, _, channels) = folded.dims3()?;
    let first = folded.narrow(1, 4, 1)?.squeeze(1)?;
    let second = folded.narrow(1, 5, 1)?.squeeze(1)?;
    let Some(film) = film else {
        return Tensor::cat(&[second.sum(0)?, first.sum(0)?], 0);
    };
    let scale = (film.narrow(1, 0, channels)? + 1.0)?;
    let (gain, offset) = modulated(affine, None, images)?;
    let of_scale = ((&second * gain)? + (&first * offset)?)?;
    let of_film = Tensor::cat(&[&of_scale, &first], 1)?;
    let gains = (second * &scale)?.sum(0)?;
    let offsets = (first * scale)?.sum(0)?;
    Tensor::cat(&[gains, offsets, of_film.flatten_all()?], 0)
}

/// Gain and offset of every sample and channel, `[N, C]`.
fn modulated(affine: &Tensor, film: Option<&Tensor>, images: usize) -> Result<(Tensor, Tensor)> {
    let channels = affine.dim(1)?;
    let gain = affine.narrow(0, 0, 1)?.broadcast_as((images, channels))?;
    let offset = affine.narrow(0, 1, 1)?.broadcast_as((images, channels))?;
    let Some(film) = film else {
        return Ok((gain.contiguous()?, offset.contiguous()?));
    };
    let scale = (film.narrow(1, 0, channels)? + 1.0)?;
    let shift = film.narrow(1, channels, channels)?;
    Ok(((gain * &scale)?, ((offset * scale)? + shift)?))
}

/// `dropout(activation(z))`.
fn followed(z: Tensor, after: After) -> Result<Tensor> {
    let activated = match after.activation {
        Activation::None => z,
        Activation::Silu => z.silu()?,
    };
    match factors(after, &activated)? {
        None => Ok(activated),
        Some(factors) => activated * factors,
    }
}

/// `dz`, the gradient before activation and dropout.
fn before(after: After, x: &Tensor, gradient: &Tensor, coefficients: &Tensor) -> Result<Tensor> {
    let gradient = gradient.to_dtype(coefficients.dtype())?;
    let gradient = match factors(after, &gradient)? {
        None => gradient,
        Some(factors) => (gradient * factors)?,
    };
    match after.activation {
        Activation::None => Ok(gradient),
        Activation::Silu => {
            let z = linear(x, coefficients, 0, 1)?;
            let s = (z.neg()?.exp()? + 1.0)?.recip()?;
            // s (1 + z (1 - s))
            let slope = (&s * ((&z * (1.0 - &s)?)? + 1.0)?)?;
            gradient * slope
        }
    }
}

/// Dropout's factors of a feature map `[N, H, W, C]`.
fn factors(after: After, x: &Tensor) -> Result<Option<Tensor>> {
    let Some(dropout) = &after.dropout else {
        return Ok(None);
    };
    let (images, height, width, channels) = x.dims4()?;
    let mask = dropout.mask((images, channels, height, width), x.device())?;
    let mask = mask.permute((0, 2, 3, 1))?.contiguous()?;
    Ok(Some(mask.to_dtype(x.dtype())?))
}

/// `x p + q` with rows `p` and `q` of coefficients `[N, K, C]`, in the coefficients' type.
fn linear(x: &Tensor, coefficients: &Tensor, p: usize, q: usize) -> Result<Tensor> {
    let (images, _, channels) = coefficients.dims3()?;
    let row = |k| coefficients.narrow(1, k, 1)?.reshape((images, 1, 1, channels));
    let wide = x.to_dtype(coefficients.dtype())?;
    wide.broadcast_mul(&row(p)?)?.broadcast_add(&row(q)?)
}
