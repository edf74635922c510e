//! Group normalisation, what follows it, and the gradient, on a GPU.

#![allow(
    unsafe_code,
    reason = "launches of kernels, which Rust cannot check; each says what was checked instead"
)]

use candle_core::{CudaDevice, CudaStorage, DType, Result, Shape};
use cellflux_bundle::config::NORM_GROUPS;
use cellflux_candle::group_norm::Activation;

use super::After;
use crate::cuda::kernels::THREADS;
use crate::cuda::launch::{Argument, Grid, MOST_CHANNELS, int, launch};
use crate::cuda::memory::{Reading, Writing, allocate, type_name};
use crate::cuda::profile::Class;

/// As far as the second axis of a grid goes.
const MOST_IMAGES: usize = 65_535;

// Each group's sums are added up by a thread of their own.
const _: () = assert!(NORM_GROUPS <= THREADS as usize);

/// A feature map `[N, H, W, C]` as the kernels divide it: a block takes one of `chunks` pieces of one image's
/// pixels.
#[derive(Clone, Copy, Debug)]
pub struct Map {
    images: usize,
    pixels: usize,
    channels: usize,
    chunks: usize,
}

impl Map {
    /// The map of a shape, if the kernels can take it.
    pub fn of(shape: &Shape) -> Result<Self> {
        let (images, height, width, channels) = shape.dims4()?;
        let pixels = height * width;
        if !(1..=MOST_CHANNELS).contains(&channels) || !channels.is_multiple_of(NORM_GROUPS) {
            candle_core::bail!("fused group normalisation of {channels} channels")
        }
        if !(1..=MOST_IMAGES).contains(&images) || pixels == 0 {
            candle_core::bail!("fused group normalisation of {images} images of {pixels} pixels")
        }
        int(pixels)?;
        // A few thousand blocks fill the device; below 64 pixels a block's sums cost more than they save.
        let chunks = (2048 / images).clamp(1, pixels.div_ceil(64));
        Ok(Self {
            images,
            pixels,
            channels,
            chunks,
        })
    }

    /// Values of the map.
    fn len(self) -> usize {
        self.images * self.pixels * self.channels
    }

    /// Values of a tensor `[N, rows, C]`.
    fn rows(self, rows: usize) -> usize {
        self.images * rows * self.channels
    }

    /// Room for two sums per chunk and channel, `[N, chunks, 2, C]`.
    fn sums(self, device: &CudaDevice) -> Result<CudaStorage> {
        let shape = Shape::from((self.images, self.chunks, 2, self.channels));
        allocate(device, &shape, DType::F32)
    }

    /// A block for every chunk of every image.
    fn grid(self) -> Grid {
        Grid(self.chunks as u32, self.images as u32)
    }
}

/// The kernels' arguments for activation and dropout: `u32 l, u32 h, u32 t, float g, int silu`.
fn told(after: After) -> [Argument<'static>; 5] {
    let key = after.dropout.map_or(0, |dropout| dropout.key);
    [
        Argument::Unsigned(key as u32),
        Argument::Unsigned((key >> 32) as u32),
        Argument::Unsigned(after.dropout.map_or(0, |dropout| dropout.threshold())),
        Argument::Float(after.dropout.map_or(1.0, |dropout| dropout.gain())),
        Argument::Int(i32::from(after.activation == Activation::Silu)),
    ]
}

/// `[N, 4, C]` of `x`, of gains and offsets `[2, C]`, and of scales and shifts `[N, 2 C]` where there are
/// some: a, b with `z = x a + b`, then r, m with `xhat = x r + m`.
pub fn coefficients(x: Reading, affine: Reading, film: Option<Reading>, map: Map) -> Result<CudaStorage> {
    let (device, dtype) = (x.device(), x.dtype());
    let x = x.vectors(dtype, map.len())?;
    let mut sums = map.sums(device)?;
    let arguments = [
        Argument::Reads(x),
        Argument::Writes(Writing::whole(&mut sums)?),
        Argument::count(map.pixels)?,
        Argument::count(map.channels)?,
    ];
    let name = format!("moments_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `moments_T(const T *x, float *partial, int p, int c)`. A block
    // reads its image in `x`, and writes two sums per channel to its own place in `partial`, which has one
    // for every block of the grid.
    unsafe { launch(Class::Normalise, &name, map.grid(), &arguments) }?;

    let mut out = allocate(device, &Shape::from(map.rows(4)), DType::F32)?;
    let film = film.map(|film| film.values(DType::F32, map.rows(2)));
    let arguments = [
        Argument::Reads(x),
        Argument::Reads(Reading::whole(&sums)?),
        Argument::Reads(affine.values(DType::F32, 2 * map.channels)?),
        film.transpose()?.map_or(Argument::Null, Argument::Reads),
        Argument::Writes(Writing::whole(&mut out)?),
        Argument::count(map.pixels)?,
        Argument::count(map.channels)?,
        Argument::count(map.chunks)?,
    ];
    let (name, grid) = (
        format!("coefficients_{}", type_name(dtype)?),
        Grid::each(map.images, 1)?,
    );
    // SAFETY: these are the parameters of `coefficients_T(const T *x, const float *partial,
    // const float *affine, const float *film, float *out, int p, int c, int chunks)`. The block of an image
    // reads the image's first pixel, the sums of its `chunks`, gains and offsets, and its row of `film`
    // unless that is null; it writes four numbers per channel to its own place in `out`. A map's channels fit
    // the block's shared memory.
    unsafe { launch(Class::Normalise, &name, grid, &arguments) }?;
    Ok(out)
}

/// `y = dropout(activation(x a + b))`, with the coefficients `[N, 4, C]` of [`coefficients`].
pub fn normalise(x: Reading, coefficients: Reading, map: Map, after: After) -> Result<CudaStorage> {
    let dtype = x.dtype();
    let mut y = allocate(x.device(), &Shape::from(map.len()), dtype)?;
    let [low, high, threshold, gain, silu] = told(after);
    let arguments = [
        Argument::Reads(x.vectors(dtype, map.len())?),
        Argument::Reads(coefficients.values(DType::F32, map.rows(4))?),
        Argument::Writes(Writing::whole(&mut y)?.vectors(dtype, map.len())?),
        Argument::count(map.pixels)?,
        Argument::count(map.channels)?,
        low,
        high,
        threshold,
        gain,
        silu,
    ];
    let name = format!("normalise_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `normalise_T(const T *x, const float *k, T *y, int p, int c, u32 l,
    // u32 h, u32 t, float g, int silu)`. A block reads its image's four rows in `k` and its chunk of pixels
    // in `x`, and writes the same pixels of `y`.
    unsafe { launch(Class::Normalise, &name, map.grid(), &arguments) }?;
    Ok(y)
}

/// `[N, 6, C]` of `x`, the gradient of `y` and the coefficients `[N, 4, C]`: a, b, u, v with
/// `dx = dz a + x u + v`; then the sums of `dz` and of `dz xhat`.
pub fn fold(
    x: Reading,
    gradient: Reading,
    coefficients: Reading,
    map: Map,
    after: After,
) -> Result<CudaStorage> {
    let (device, dtype) = (x.device(), x.dtype());
    let coefficients = coefficients.values(DType::F32, map.rows(4))?;
    let mut sums = map.sums(device)?;
    let [low, high, threshold, gain, silu] = told(after);
    let arguments = [
        Argument::Reads(x.vectors(dtype, map.len())?),
        Argument::Reads(gradient.vectors(dtype, map.len())?),
        Argument::Reads(coefficients),
        Argument::Writes(Writing::whole(&mut sums)?),
        Argument::count(map.pixels)?,
        Argument::count(map.channels)?,
        low,
        high,
        threshold,
        gain,
        silu,
    ];
    let name = format!("normalise_sums_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `normalise_sums_T(const T *x, const T *dy, const float *k,
    // float *partial, int p, int c, u32 l, u32 h, u32 t, float g, int silu)`. A block reads its image's four
    // rows in `k` and its chunk of pixels in `x` and `dy`, and writes two sums per channel to its own place
    // in `partial`.
    unsafe { launch(Class::NormaliseBackward, &name, map.grid(), &arguments) }?;

    let mut out = allocate(device, &Shape::from(map.rows(6)), DType::F32)?;
    let arguments = [
        Argument::Reads(Reading::whole(&sums)?),
        Argument::Reads(coefficients),
        Argument::Writes(Writing::whole(&mut out)?),
        Argument::count(map.pixels)?,
        Argument::count(map.channels)?,
        Argument::count(map.chunks)?,
    ];
    let grid = Grid::each(map.images, 1)?;
    // SAFETY: these are the parameters of `normalise_fold_f32(const float *partial, const float *k,
    // float *out, int p, int c, int chunks)`. The block of an image reads the sums of its `chunks` and its
    // four rows in `k`, and writes six numbers per channel to its own place in `out`. A map's channels fit
    // the block's shared memory.
    unsafe { launch(Class::NormaliseBackward, "normalise_fold_f32", grid, &arguments) }?;
    Ok(out)
}

/// `dx = dz a + x u + v`, of `x`, the gradient of `y` and what [`fold`] found, `[N, 6, C]`.
pub fn image_gradient(
    x: Reading,
    gradient: Reading,
    folded: Reading,
    map: Map,
    after: After,
) -> Result<CudaStorage> {
    let dtype = x.dtype();
    let mut dx = allocate(x.device(), &Shape::from(map.len()), dtype)?;
    let [low, high, threshold, gain, silu] = told(after);
    let arguments = [
        Argument::Reads(x.vectors(dtype, map.len())?),
        Argument::Reads(gradient.vectors(dtype, map.len())?),
        Argument::Reads(folded.values(DType::F32, map.rows(6))?),
        Argument::Writes(Writing::whole(&mut dx)?.vectors(dtype, map.len())?),
        Argument::count(map.pixels)?,
        Argument::count(map.channels)?,
        low,
        high,
        threshold,
        gain,
        silu,
    ];
    let name = format!("normalise_gradient_{}", type_name(dtype)?);
    // SAFETY: these are the parameters of `normalise_gradient_T(const T *x, const T *dy, const float *k,
    // T *dx, int p, int c, u32 l, u32 h, u32 t, float g, int silu)`. A block reads the first four of its
    // image's six rows in `k` and its chunk of pixels in `x` and `dy`, and writes the same pixels of `dx`.
    unsafe { launch(Class::NormaliseBackward, &name, map.grid(), &arguments) }?;
    Ok(dx)
}

/// Gradients of gains and offsets `[2, C]`, and behind them of scales and shifts `[N, 2 C]` where there are
/// some, of what [`fold`] found, `[N, 6, C]`.
pub fn affine_gradient(folded: Reading, affine: Reading, film: Option<Reading>) -> Result<CudaStorage> {
    let channels = affine.len() / 2;
    let images = folded.len() / (6 * channels).max(1);
    let film = film.map(|film| film.values(DType::F32, images * 2 * channels));
    let film = film.transpose()?;
    let values = 2 * channels + film.map_or(0, |film| film.len());
    let mut out = allocate(folded.device(), &Shape::from(values), DType::F32)?;
    let arguments = [
        Argument::Reads(folded.values(DType::F32, images * 6 * channels)?),
        Argument::Reads(affine.values(DType::F32, 2 * channels)?),
        film.map_or(Argument::Null, Argument::Reads),
        Argument::Writes(Writing::whole(&mut out)?),
        Argument::count(images)?,
        Argument::count(channels)?,
    ];
    let grid = Grid::each(channels, THREADS)?;
    // SAFETY: these are the parameters of `affine_gradient_f32(const float *folded, const float *affine,
    // const float *film, float *out, int images, int channels)`. The thread of a channel, if there is one,
    // reads that channel in every tensor, and writes two numbers of `out`, and two more per image after the
    // first `2 C` unless `film` is null: `out` is longer by the length of `film`.
    unsafe { launch(Class::NormaliseBackward, "affine_gradient_f32", grid, &arguments) }?;
    Ok(out)
}
