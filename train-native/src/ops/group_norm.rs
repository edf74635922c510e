//! Group normalisation, modulation, activation and dropout in one operation, forward and backward.
//!
//! With mean and deviation of its group known, all of it is `y = dropout(activation(x a + b))` with one `a`
//! and one `b` a sample and channel; its gradient is `dx = dz a + x u + v`, where `dz` is the gradient before
//! the activation and `u`, `v` follow from two sums per sample and channel, of `dz` and of `dz xhat`. So both
//! directions read the feature map twice and write it once, and nothing of its size is kept besides input and
//! output.

#[cfg(feature = "cudnn")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, D, Layout, Result, Shape, Tensor};
use cellflux_bundle::config::{NORM_EPSILON, NORM_GROUPS};
use cellflux_candle::dropout::Dropout;
use cellflux_candle::group_norm::Activation;

#[cfg(feature = "cudnn")]
use super::cuda::{
    group_norm::{self, Map},
    memory::{Reading, on_cuda},
};
use super::on_cpu;

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
        let coefficients = x.apply_op2_no_bwd(&affine, &Coefficients)?;
        return x.apply_op2(&affine, Normalise { coefficients, after });
    };
    let film = film.contiguous()?;
    let coefficients = x.apply_op3_no_bwd(&affine, &film, &Coefficients)?;
    x.apply_op3(&affine, &film, Normalise { coefficients, after })
}

/// The twin of [`fused`] in plain candle operations.
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
    let modulated = normed
        .broadcast_mul(&spread(&gain)?)?
        .broadcast_add(&spread(&offset)?)?;
    let activated = match after.activation {
        Activation::None => modulated,
        Activation::Silu => modulated.silu()?,
    };
    match factors(&after, &activated)? {
        None => activated,
        Some(factors) => (activated * factors)?,
    }
    .to_dtype(x.dtype())
}

/// Dropout's factors of a feature map `[N, H, W, C]`.
fn factors(after: &After, x: &Tensor) -> Result<Option<Tensor>> {
    let Some(dropout) = &after.dropout else {
        return Ok(None);
    };
    let (images, height, width, channels) = x.dims4()?;
    let mask = dropout.mask((images, channels, height, width), x.device())?;
    let mask = mask.permute((0, 2, 3, 1))?.contiguous()?;
    Ok(Some(mask.to_dtype(x.dtype())?))
}

/// `[N, 4, C]`: a, b with `z = x a + b`, then r, m with `xhat = x r + m`.
struct Coefficients;

impl Coefficients {
    fn on_cpu(inputs: &[Tensor]) -> Result<(CpuStorage, Shape)> {
        let [x, affine, film @ ..] = inputs else {
            candle_core::bail!("too few inputs")
        };
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
        let (gain, offset) = modulated(affine, film.first(), images)?;
        let a = (&r * &gain)?;
        let b = ((&m * gain)? + offset)?;
        on_cpu::storage(&Tensor::stack(&[a, b, r, m], 1)?)
    }

    #[cfg(feature = "cudnn")]
    fn on_gpu(
        x: (&CudaStorage, &Layout),
        affine: (&CudaStorage, &Layout),
        film: Option<(&CudaStorage, &Layout)>,
    ) -> Result<(CudaStorage, Shape)> {
        let (images, _, _, channels) = x.1.shape().dims4()?;
        let film = film.map(|(storage, layout)| Reading::of(storage, layout));
        let coefficients = group_norm::coefficients(
            Reading::of(x.0, x.1)?,
            Reading::of(affine.0, affine.1)?,
            film.transpose()?,
            Map::of(x.1.shape())?,
        )?;
        Ok((coefficients, Shape::from((images, 4, channels))))
    }
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

impl CustomOp2 for Coefficients {
    fn name(&self) -> &'static str {
        "norm-coefficients"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Self::on_cpu(&on_cpu::tensors(&[(x, x_layout), (affine, affine_layout)])?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        affine: &CudaStorage,
        affine_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Self::on_gpu((x, x_layout), (affine, affine_layout), None)
    }
}

impl CustomOp3 for Coefficients {
    fn name(&self) -> &'static str {
        "norm-film-coefficients"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
        film: &CpuStorage,
        film_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = [(x, x_layout), (affine, affine_layout), (film, film_layout)];
        Self::on_cpu(&on_cpu::tensors(&inputs)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        affine: &CudaStorage,
        affine_layout: &Layout,
        film: &CudaStorage,
        film_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Self::on_gpu((x, x_layout), (affine, affine_layout), Some((film, film_layout)))
    }
}

/// `y = dropout(activation(x a + b))`.
struct Normalise {
    coefficients: Tensor,
    after: After,
}

impl Normalise {
    fn on_cpu(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = &on_cpu::tensors(&[(x, layout)])?[0];
        let z = linear(x, &self.coefficients, 0, 1)?;
        let activated = match self.after.activation {
            Activation::None => z,
            Activation::Silu => z.silu()?,
        };
        let y = match factors(&self.after, &activated)? {
            None => activated,
            Some(factors) => (activated * factors)?,
        };
        on_cpu::storage(&y.to_dtype(x.dtype())?)
    }

    #[cfg(feature = "cudnn")]
    fn on_gpu(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (coefficients, in_coefficients) = self.coefficients.storage_and_layout();
        let y = group_norm::normalise(
            Reading::of(x, layout)?,
            Reading::of(on_cuda(&coefficients)?, in_coefficients)?,
            Map::of(layout.shape())?,
            self.after,
        )?;
        Ok((y, layout.shape().clone()))
    }

    /// Gradients of x, affine and film.
    fn gradients(
        &self,
        x: &Tensor,
        affine: &Tensor,
        film: Option<&Tensor>,
        gradient: &Tensor,
    ) -> Result<(Tensor, Tensor, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let fold = Fold {
            coefficients: self.coefficients.clone(),
            after: self.after,
        };
        let folded = x.apply_op2_no_bwd(&gradient, &fold)?;
        let image = x.apply_op3_no_bwd(&gradient, &folded, &ImageGradient { after: self.after })?;
        let flat = match film {
            None => folded.apply_op2_no_bwd(affine, &AffineGradient)?,
            Some(film) => folded.apply_op3_no_bwd(affine, film, &AffineGradient)?,
        };
        let of_affine = flat.narrow(0, 0, affine.elem_count())?.reshape(affine.shape())?;
        let of_film = film.map(|film| {
            let part = flat.narrow(0, affine.elem_count(), film.elem_count())?;
            part.reshape(film.shape())
        });
        Ok((image, of_affine, of_film.transpose()?))
    }
}

/// `x p + q` with rows `p` and `q` of coefficients `[N, K, C]`, in the coefficients' type.
fn linear(x: &Tensor, coefficients: &Tensor, p: usize, q: usize) -> Result<Tensor> {
    let (images, _, channels) = coefficients.dims3()?;
    let row = |k| coefficients.narrow(1, k, 1)?.reshape((images, 1, 1, channels));
    let wide = x.to_dtype(coefficients.dtype())?;
    wide.broadcast_mul(&row(p)?)?.broadcast_add(&row(q)?)
}

impl CustomOp2 for Normalise {
    fn name(&self) -> &'static str {
        "normalise"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        _affine: &CpuStorage,
        _affine_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu(x, x_layout)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        _affine: &CudaStorage,
        _affine_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_gpu(x, x_layout)
    }

    fn bwd(
        &self,
        x: &Tensor,
        affine: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (image, affine, _) = self.gradients(x, affine, None, gradient)?;
        Ok((Some(image), Some(affine)))
    }
}

impl CustomOp3 for Normalise {
    fn name(&self) -> &'static str {
        "normalise-film"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        _affine: &CpuStorage,
        _affine_layout: &Layout,
        _film: &CpuStorage,
        _film_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu(x, x_layout)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        _affine: &CudaStorage,
        _affine_layout: &Layout,
        _film: &CudaStorage,
        _film_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_gpu(x, x_layout)
    }

    fn bwd(
        &self,
        x: &Tensor,
        affine: &Tensor,
        film: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (image, affine, film) = self.gradients(x, affine, Some(film), gradient)?;
        Ok((Some(image), Some(affine), film))
    }
}

/// `dz`, the gradient before activation and dropout, on the CPU.
fn before(after: &After, x: &Tensor, gradient: &Tensor, coefficients: &Tensor) -> Result<Tensor> {
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

/// `[N, 6, C]`: a, b, u, v with `dx = dz a + x u + v`; then the sums of `dz` and of `dz xhat`.
struct Fold {
    coefficients: Tensor,
    after: After,
}

impl CustomOp2 for Fold {
    fn name(&self) -> &'static str {
        "normalise-fold"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = on_cpu::tensors(&[(x, x_layout), (gradient, gradient_layout)])?;
        let (images, height, width, channels) = inputs[0].dims4()?;
        let depth = channels / NORM_GROUPS;
        let dz = before(&self.after, &inputs[0], &inputs[1], &self.coefficients)?;
        let xhat = linear(&inputs[0], &self.coefficients, 2, 3)?;
        let first = dz.sum((1, 2))?;
        let second = (dz * xhat)?.sum((1, 2))?;
        let row = |k| self.coefficients.narrow(1, k, 1)?.squeeze(1);
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
        on_cpu::storage(&Tensor::stack(&[a, b, u, v, first, second], 1)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (images, _, _, channels) = x_layout.shape().dims4()?;
        let (coefficients, in_coefficients) = self.coefficients.storage_and_layout();
        let folded = group_norm::fold(
            Reading::of(x, x_layout)?,
            Reading::of(gradient, gradient_layout)?,
            Reading::of(on_cuda(&coefficients)?, in_coefficients)?,
            Map::of(x_layout.shape())?,
            self.after,
        )?;
        Ok((folded, Shape::from((images, 6, channels))))
    }
}

/// `dx = dz a + x u + v`.
struct ImageGradient {
    after: After,
}

impl CustomOp3 for ImageGradient {
    fn name(&self) -> &'static str {
        "normalise-image-gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        folded: &CpuStorage,
        folded_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = on_cpu::tensors(&[
            (x, x_layout),
            (gradient, gradient_layout),
            (folded, folded_layout),
        ])?;
        let (x, folded) = (&inputs[0], &inputs[2]);
        let dz = before(&self.after, x, &inputs[1], folded)?;
        let (images, _, channels) = folded.dims3()?;
        let a = folded.narrow(1, 0, 1)?.reshape((images, 1, 1, channels))?;
        let dx = (dz.broadcast_mul(&a)? + linear(x, folded, 2, 3)?)?;
        on_cpu::storage(&dx.to_dtype(x.dtype())?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
        folded: &CudaStorage,
        folded_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let dx = group_norm::image_gradient(
            Reading::of(x, x_layout)?,
            Reading::of(gradient, gradient_layout)?,
            Reading::of(folded, folded_layout)?,
            Map::of(x_layout.shape())?,
            self.after,
        )?;
        Ok((dx, x_layout.shape().clone()))
    }
}

/// Gradients of affine `[2, C]` and of film `[N, 2 C]`, one after the other, of the folded sums.
struct AffineGradient;

impl AffineGradient {
    fn on_cpu(inputs: &[Tensor]) -> Result<(CpuStorage, Shape)> {
        let [folded, affine, film @ ..] = inputs else {
            candle_core::bail!("too few inputs")
        };
        let (images, _, channels) = folded.dims3()?;
        let first = folded.narrow(1, 4, 1)?.squeeze(1)?;
        let second = folded.narrow(1, 5, 1)?.squeeze(1)?;
        let Some(film) = film.first() else {
            let flat = Tensor::cat(&[second.sum(0)?, first.sum(0)?], 0)?;
            return on_cpu::storage(&flat);
        };
        let scale = (film.narrow(1, 0, channels)? + 1.0)?;
        let (gain, offset) = modulated(affine, None, images)?;
        let of_scale = ((&second * gain)? + (&first * offset)?)?;
        let of_film = Tensor::cat(&[&of_scale, &first], 1)?;
        let gains = (second * &scale)?.sum(0)?;
        let offsets = (first * scale)?.sum(0)?;
        on_cpu::storage(&Tensor::cat(&[gains, offsets, of_film.flatten_all()?], 0)?)
    }

    #[cfg(feature = "cudnn")]
    fn on_gpu(
        folded: (&CudaStorage, &Layout),
        affine: (&CudaStorage, &Layout),
        film: Option<(&CudaStorage, &Layout)>,
    ) -> Result<(CudaStorage, Shape)> {
        let of_film = film.map_or(0, |(_, layout)| layout.shape().elem_count());
        let shape = Shape::from(affine.1.shape().elem_count() + of_film);
        let film = film.map(|(storage, layout)| Reading::of(storage, layout));
        let gradients = group_norm::affine_gradient(
            Reading::of(folded.0, folded.1)?,
            Reading::of(affine.0, affine.1)?,
            film.transpose()?,
        )?;
        Ok((gradients, shape))
    }
}

impl CustomOp2 for AffineGradient {
    fn name(&self) -> &'static str {
        "normalise-affine-gradient"
    }

    fn cpu_fwd(
        &self,
        folded: &CpuStorage,
        folded_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Self::on_cpu(&on_cpu::tensors(&[
            (folded, folded_layout),
            (affine, affine_layout),
        ])?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        folded: &CudaStorage,
        folded_layout: &Layout,
        affine: &CudaStorage,
        affine_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Self::on_gpu((folded, folded_layout), (affine, affine_layout), None)
    }
}

impl CustomOp3 for AffineGradient {
    fn name(&self) -> &'static str {
        "normalise-film-gradient"
    }

    fn cpu_fwd(
        &self,
        folded: &CpuStorage,
        folded_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
        film: &CpuStorage,
        film_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Self::on_cpu(&on_cpu::tensors(&[
            (folded, folded_layout),
            (affine, affine_layout),
            (film, film_layout),
        ])?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        folded: &CudaStorage,
        folded_layout: &Layout,
        affine: &CudaStorage,
        affine_layout: &Layout,
        film: &CudaStorage,
        film_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Self::on_gpu(
            (folded, folded_layout),
            (affine, affine_layout),
            Some((film, film_layout)),
        )
    }
}
