//! The network itself, for evaluation: batch normalisation is part of the kernels.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor};

use super::layers::{Block, Branch, Layer, Pool, blocks};

/// Added to the variance in every batch normalisation.
const EPSILON: f64 = 0.001;

/// A layer's kernel and bias, normalisation included.
#[derive(Debug)]
struct Weights {
    kernel: Tensor,
    /// `[1, out, 1, 1]`.
    bias: Tensor,
}

/// Inception-v3 up to its last pooling.
#[derive(Debug)]
pub(super) struct Network {
    blocks: Vec<Block>,
    weights: BTreeMap<String, Weights>,
}

impl Network {
    /// Takes the tensors that [`super::parameters`] lists, by name, in their shapes.
    ///
    /// # Errors
    /// When one is missing or of another shape, or candle fails.
    pub(super) fn new(tensors: &BTreeMap<String, Tensor>, device: &Device) -> Result<Self> {
        let blocks = blocks();
        let weights = super::layers::layers(&blocks)
            .map(|layer| Ok((layer.name.clone(), folded(layer, tensors, device)?)))
            .collect::<Result<_>>()?;
        Ok(Self { blocks, weights })
    }

    /// Prepared images `[N, 3, 299, 299]` to `[N, 2048]`.
    pub(super) fn features(&self, images: &Tensor) -> Result<Tensor> {
        let last = self
            .blocks
            .iter()
            .try_fold(images.clone(), |x, block| self.block(&x, block))?;
        last.mean((2, 3))
    }

    fn block(&self, x: &Tensor, block: &Block) -> Result<Tensor> {
        let results = block
            .iter()
            .map(|branch| self.branch(x, branch))
            .collect::<Result<Vec<_>>>()?;
        Tensor::cat(&results, 1)
    }

    fn branch(&self, x: &Tensor, branch: &Branch) -> Result<Tensor> {
        let pooled = match branch.pool {
            None => x.clone(),
            Some(pool) => pool.apply(x)?,
        };
        let x = branch
            .series
            .iter()
            .try_fold(pooled, |x, layer| self.layer(&x, layer))?;
        if branch.ends.is_empty() {
            return Ok(x);
        }
        let ends = branch
            .ends
            .iter()
            .map(|layer| self.layer(&x, layer))
            .collect::<Result<Vec<_>>>()?;
        Tensor::cat(&ends, 1)
    }

    fn layer(&self, x: &Tensor, layer: &Layer) -> Result<Tensor> {
        let Some(weights) = self.weights.get(&layer.name) else {
            candle_core::bail!("layer {} has no weights", layer.name)
        };
        let [rows, columns] = layer.padding;
        // candle pads rows and columns alike.
        let (x, padding) = if rows == columns {
            (x.clone(), rows)
        } else {
            let padded = x
                .pad_with_zeros(2, rows, rows)?
                .pad_with_zeros(3, columns, columns)?;
            (padded, 0)
        };
        x.conv2d(&weights.kernel, padding, layer.stride, 1, 1)?
            .broadcast_add(&weights.bias)?
            .relu()
    }
}

impl Pool {
    fn apply(self, x: &Tensor) -> Result<Tensor> {
        let bordered = || x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1);
        match self {
            Self::HalvingMax => x.max_pool2d_with_stride(3, 2),
            // Every pool follows a ReLU: no value is below the border's zeros.
            Self::Max => bordered()?.max_pool2d_with_stride(3, 1),
            Self::Mean => bordered()?
                .avg_pool2d_with_stride(3, 1)?
                .broadcast_mul(&nine_by_pixels_inside(x)?),
        }
    }
}

/// `[1, 1, H, W]`: 9 by the number of pixels of a 3x3 window that are inside of the image.
fn nine_by_pixels_inside(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let inside = |at: usize, side: usize| {
        let beyond = usize::from(at == 0) + usize::from(at + 1 == side);
        (3 - beyond) as f32
    };
    let factors: Vec<f32> = (0..height)
        .flat_map(|y| (0..width).map(move |x| 9.0 / (inside(y, height) * inside(x, width))))
        .collect();
    Tensor::from_vec(factors, (1, 1, height, width), x.device())
}

/// `gamma (w x - mean) / sqrt(variance + epsilon) + beta` is a convolution too. Its numbers are computed in
/// f64 and rounded once.
fn folded(layer: &Layer, tensors: &BTreeMap<String, Tensor>, device: &Device) -> Result<Weights> {
    let get = |part: &str, shape: &[usize]| {
        let name = format!("{}.{part}", layer.name);
        match tensors.get(&name) {
            Some(tensor) if tensor.dims() == shape => tensor.to_dtype(DType::F64),
            Some(tensor) => candle_core::bail!("{name} has shape {:?}, expected {shape:?}", tensor.shape()),
            None => candle_core::bail!("{name} is missing"),
        }
    };
    let [rows, columns] = layer.kernel;
    let outputs = layer.outputs;
    let kernel = get("conv.weight", &[outputs, layer.inputs, rows, columns])?;
    let norm = |part: &str| get(&format!("bn.{part}"), &[outputs]);
    let gain = (norm("weight")? / (norm("running_var")? + EPSILON)?.sqrt()?)?;
    let bias = (norm("bias")? - (norm("running_mean")? * &gain)?)?;
    let rounded = |tensor: Tensor| tensor.to_dtype(DType::F32)?.to_device(device);
    Ok(Weights {
        kernel: rounded(kernel.broadcast_mul(&gain.reshape((outputs, 1, 1, 1))?)?)?,
        bias: rounded(bias.reshape((1, outputs, 1, 1))?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_at_the_edge_is_of_the_pixels_that_there_are() {
        let x = Tensor::from_vec(
            (1..=6u8).map(f32::from).collect::<Vec<_>>(),
            (1, 1, 2, 3),
            &Device::Cpu,
        )
        .unwrap();
        let found: Vec<f32> = Pool::Mean
            .apply(&x)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        // Of 1 2 3 / 4 5 6 every window holds both rows, and two or three columns.
        for (found, expected) in found.iter().zip([3.0, 3.5, 4.0, 3.0, 3.5, 4.0]) {
            // A few roundings of f32.
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        let maximum: Vec<f32> = Pool::Max
            .apply(&x)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        assert_eq!(maximum, [5.0, 6.0, 6.0, 5.0, 6.0, 6.0]);
    }
}
