//! The classifier's network: four convolutions, each at half the resolution of the one before, then the mean
//! over the remaining pixels.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Linear, Module, VarBuilder};
use cellflux_bundle::topology::{Parameter, Resample};
use cellflux_candle::convolution::Convolution;
use cellflux_candle::cpu_training::CpuTraining;
use cellflux_candle::{Operations, Plain};
use cellflux_data::random::{Purpose, stream, unit};

/// Features of a cell, from which the last layer decides.
pub const FEATURES: usize = 64;

/// Channels after each convolution. Every convolution is followed by `ReLU`, and all except the last by 2x2
/// average pooling.
pub(super) const WIDTHS: [usize; 4] = [32, 64, 64, 64];

/// The sides of an image are multiples of this: 2x2 pixels are folded into channels, then each pooling halves
/// the sides.
pub const MULTIPLE: usize = 1 << WIDTHS.len();

/// Pixels that are folded into channels before the first convolution. Nothing of the image is lost, and the
/// widest feature maps, which cost most of the time on a CPU, have a quarter of the pixels.
const FOLDED: usize = 4;

/// The network. There is no normalisation in it, so that the brightness of a cell reaches the features.
#[derive(Debug)]
pub(super) struct Network {
    convolutions: Vec<Convolution>,
    features: Linear,
    classes: Linear,
    operations: Arc<dyn Operations>,
}

/// The network's tensors for images of `channels` and this number of classes.
pub(super) fn parameters(channels: usize, classes: usize) -> Vec<Parameter> {
    let parameter = |name: String, shape: Vec<usize>| Parameter { name, shape };
    let layer = |name: String, weight: Vec<usize>| {
        let outputs = weight.iter().take(1).copied().collect();
        [
            parameter(format!("{name}.weight"), weight),
            parameter(format!("{name}.bias"), outputs),
        ]
    };
    let [.., last] = WIDTHS;
    inputs(channels)
        .zip(WIDTHS)
        .enumerate()
        .flat_map(|(index, (inputs, outputs))| {
            layer(format!("convolutions.{index}"), vec![outputs, inputs, 3, 3])
        })
        .chain(layer("features".to_owned(), vec![FEATURES, last]))
        .chain(layer("classes".to_owned(), vec![classes, FEATURES]))
        .collect()
}

fn inputs(channels: usize) -> impl Iterator<Item = usize> {
    std::iter::once(FOLDED * channels).chain(WIDTHS)
}

/// The tensors before the first step: weights uniform in `±sqrt(6 / fan in)` (He et al. 2015), so that
/// signals keep their size through `ReLU`; biases zero.
pub(super) fn initial(parameters: &[Parameter], seed: u64) -> Result<Vec<(String, Tensor)>> {
    let tensor = |position: usize, parameter: &Parameter| {
        let fan_in: usize = parameter.shape.iter().skip(1).product();
        let bound = if parameter.shape.len() > 1 {
            (6.0 / fan_in as f64).sqrt()
        } else {
            0.0
        };
        let mut numbers = stream(seed, Purpose::Weights, 0, position as u64);
        let values: Vec<f32> = (0..parameter.len())
            .map(|_| (bound * (2.0 * unit(&mut numbers) - 1.0)) as f32)
            .collect();
        let tensor = Tensor::from_vec(values, parameter.shape.as_slice(), &Device::Cpu)?;
        Ok((parameter.name.clone(), tensor))
    };
    parameters
        .iter()
        .enumerate()
        .map(|(position, parameter)| tensor(position, parameter))
        .collect()
}

impl Network {
    /// The network on these tensors, which may be variables.
    pub(super) fn new(
        tensors: HashMap<String, Tensor>,
        channels: usize,
        classes: usize,
        device: &Device,
    ) -> Result<Self> {
        let operations: Arc<dyn Operations> = if device.is_cpu() {
            Arc::new(CpuTraining)
        } else {
            Arc::new(Plain)
        };
        let vars = VarBuilder::from_tensors(tensors, DType::F32, device);
        let [.., last] = WIDTHS;
        Ok(Self {
            convolutions: inputs(channels)
                .zip(WIDTHS)
                .enumerate()
                .map(|(index, (inputs, outputs))| {
                    let vars = vars.pp("convolutions").pp(index);
                    Convolution::same(inputs, outputs, &vars, operations.as_ref())
                })
                .collect::<Result<_>>()?,
            features: candle_nn::linear(last, FEATURES, vars.pp("features"))?,
            classes: candle_nn::linear(FEATURES, classes, vars.pp("classes"))?,
            operations,
        })
    }

    /// Images `[N, C, H, W]` in model range to `[N, 64]`, none below 0.
    pub(super) fn features(&self, images: &Tensor) -> Result<Tensor> {
        let mut x = self.operations.enter(&folded(images)?)?;
        for (position, convolution) in self.convolutions.iter().enumerate() {
            if position > 0 {
                x = self.operations.resample(&x, Resample::Down)?;
            }
            x = self.operations.convolution(&x, convolution, None)?.relu()?;
        }
        self.features.forward(&x.mean((2, 3))?)?.relu()
    }

    /// Features `[N, 64]` to the classes' unnormalised log-probabilities `[N, classes]`.
    pub(super) fn logits(&self, features: &Tensor) -> Result<Tensor> {
        self.classes.forward(features)
    }
}

/// The four pixels of every 2x2 square as channels: `[N, C, H, W]` to `[N, 4 C, H / 2, W / 2]`.
fn folded(images: &Tensor) -> Result<Tensor> {
    let (count, channels, height, width) = images.dims4()?;
    images
        .reshape(&[count, channels, height / 2, 2, width / 2, 2][..])?
        .permute([0, 1, 3, 5, 2, 4])?
        .contiguous()?
        .reshape((count, FOLDED * channels, height / 2, width / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_every_pixel_beside_its_neighbours() {
        let image = Tensor::arange(0.0f32, 16.0, &Device::Cpu)
            .unwrap()
            .reshape((1, 1, 4, 4))
            .unwrap();
        let found: Vec<f32> = folded(&image).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let expected: [f32; 16] = [
            0.0, 2.0, 8.0, 10.0, 1.0, 3.0, 9.0, 11.0, 4.0, 6.0, 12.0, 14.0, 5.0, 7.0, 13.0, 15.0,
        ];
        assert_eq!(found, expected);
    }
}
