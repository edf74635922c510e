//! From stored bytes to what the network sees: flips, transposition, dequantisation, model range; on the
//! device.

use candle_core::{DType, Device, Tensor};
use cellflux_image::spec::ModelRange;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use crate::TrainError;
use crate::config::TrainingConfig;
use cellflux_data::random::chance;

/// How one image is augmented. The default leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Upside down.
    pub vertical: bool,
    /// Left and right exchanged.
    pub horizontal: bool,
    /// Rows and columns exchanged, after the flips.
    pub transposed: bool,
    /// Added to each byte in units of 1/256, `[C, H, W]`; none adds nothing.
    pub dither: Option<Vec<u8>>,
}

impl View {
    /// Draws a view of an image of `values` bytes.
    pub(super) fn draw(config: &TrainingConfig, values: usize, numbers: &mut ChaCha8Rng) -> Self {
        let (vertical, horizontal, transposed) = (
            chance(numbers, config.flip),
            chance(numbers, config.flip),
            chance(numbers, config.transpose),
        );
        let dither = config.dequantise.then(|| {
            let mut dither = vec![0; values];
            numbers.fill_bytes(&mut dither);
            dither
        });
        Self {
            vertical,
            horizontal,
            transposed,
            dither,
        }
    }
}

/// Images `[N, C, H, W]` of bytes in model range: `low + (q + u) / 255 (high - low)`, where u is the dither
/// in `[0, 1)`; the byte 255 may pass `high` by one step, as in the public code. f32, on `device`.
///
/// # Errors
/// [`TrainError::Tensor`] when the bytes, dithers or views do not fit the shape, or a transposed image is not
/// square.
pub fn to_model_range(
    bytes: Vec<u8>,
    shape: [usize; 4],
    views: &[&View],
    range: ModelRange,
    device: &Device,
) -> Result<Tensor, TrainError> {
    let [_, _, height, width] = shape;
    let mut x = Tensor::from_vec(bytes, &shape, device)?.to_dtype(DType::F32)?;
    if views.iter().any(|view| view.dither.is_some()) {
        let values = shape[1] * height * width;
        let mut dither = Vec::with_capacity(views.len() * values);
        for view in views {
            match &view.dither {
                Some(own) => dither.extend_from_slice(own),
                None => dither.resize(dither.len() + values, 0),
            }
        }
        let dither = Tensor::from_vec(dither, &shape, device)?.to_dtype(DType::F32)?;
        x = (x + (dither / 256.0)?)?;
    }
    let flip = |x: &Tensor, axis| x.flip(&[axis]);
    x = where_chosen(&x, views, |view| view.vertical, |x| flip(x, 2))?;
    x = where_chosen(&x, views, |view| view.horizontal, |x| flip(x, 3))?;
    x = where_chosen(
        &x,
        views,
        |view| view.transposed,
        |x| x.transpose(2, 3)?.contiguous(),
    )?;
    let scale = f64::from(range.high - range.low) / 255.0;
    Ok(x.affine(scale, f64::from(range.low))?)
}

/// `change(x)` for the samples that `chosen` marks, `x` for the others.
fn where_chosen(
    x: &Tensor,
    views: &[&View],
    chosen: impl Fn(&View) -> bool,
    change: impl Fn(&Tensor) -> candle_core::Result<Tensor>,
) -> candle_core::Result<Tensor> {
    let mask: Vec<u8> = views.iter().map(|view| u8::from(chosen(view))).collect();
    if mask.iter().all(|&m| m == 0) {
        return Ok(x.clone());
    }
    let mask = Tensor::from_vec(mask, (views.len(), 1, 1, 1), x.device())?;
    mask.broadcast_as(x.shape())?.where_cond(&change(x)?, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn augmented(views: &[View], bytes: Vec<u8>, side: (usize, usize)) -> Vec<f32> {
        let shape = [views.len(), 1, side.0, side.1];
        let views: Vec<&View> = views.iter().collect();
        to_model_range(bytes, shape, &views, ModelRange::default(), &Device::Cpu)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap()
    }

    fn coded(model: &[f32]) -> Vec<u8> {
        model.iter().map(|x| ((x + 1.0) * 127.5).round() as u8).collect()
    }

    #[test]
    fn each_sample_has_its_own_view() {
        let vertical = View {
            vertical: true,
            ..View::default()
        };
        let horizontal = View {
            horizontal: true,
            ..View::default()
        };
        let found = augmented(
            &[View::default(), vertical, horizontal],
            [1, 2, 3, 4, 5, 6].repeat(3),
            (2, 3),
        );
        assert_eq!(
            coded(&found),
            [1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 3, 2, 1, 6, 5, 4]
        );
        let transposed = View {
            vertical: true,
            transposed: true,
            ..View::default()
        };
        let found = augmented(&[transposed, View::default()], [1, 2, 3, 4].repeat(2), (2, 2));
        assert_eq!(coded(&found), [3, 1, 4, 2, 1, 2, 3, 4]);
    }

    #[test]
    fn bytes_reach_the_model_range_and_the_dither_stays_within_one() {
        assert_eq!(augmented(&[View::default()], vec![0, 255], (1, 2)), [-1.0, 1.0]);
        let dithered = View {
            dither: Some(vec![0, 128]),
            ..View::default()
        };
        let found = augmented(&[dithered], vec![100, 100], (1, 2));
        let expected = |q: f32| (q / 255.0 - 0.5) / 0.5;
        // One rounding of f32.
        assert!((found[0] - expected(100.0)).abs() < 1e-6);
        assert!((found[1] - expected(100.5)).abs() < 1e-6);
    }

    #[test]
    fn a_transposed_image_that_is_not_square_is_refused() {
        let view = View {
            transposed: true,
            ..View::default()
        };
        let bytes = vec![0; 6];
        assert!(to_model_range(bytes, [1, 1, 2, 3], &[&view], ModelRange::default(), &Device::Cpu).is_err());
    }
}
