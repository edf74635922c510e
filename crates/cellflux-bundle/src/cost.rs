//! What one evaluation of the network costs: floating-point operations, counted from the topology.

use crate::config::UNetConfig;
use crate::topology::{Layer, LayerKind, Resample, Topology};

/// Floating-point operations of evaluating one image once; a multiplication and its addition are two.
///
/// Norms, activations, softmax and resampling are not counted: they cost memory traffic, not arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// 3x3 convolutions.
    pub convolution: f64,
    /// Products of queries with keys, and of weights with values.
    pub attention: f64,
    /// 1x1 convolutions: skips, qkv and output projections.
    pub pointwise: f64,
    /// Linear layers of the embeddings.
    pub linear: f64,
}

impl Cost {
    /// The cost of `config`'s network at images of `height` x `width`, which it can halve at every level.
    pub fn of(config: &UNetConfig, height: usize, width: usize) -> Self {
        let topology = Topology::new(config);
        let pixels = (height * width) as f64;
        let embedding = config.embedding_width();
        let mut cost = Self::default();
        cost.linear += matrix(config.condition_dim, embedding);
        cost.linear += matrix(config.model_channels, embedding);
        cost.linear += matrix(embedding, embedding);
        for layer in topology.layers() {
            cost.add(layer, config, pixels);
        }
        cost.convolution += 9.0 * matrix(topology.head, config.out_channels) * pixels;
        cost
    }

    /// All operations together.
    pub fn total(&self) -> f64 {
        self.convolution + self.attention + self.pointwise + self.linear
    }

    fn add(&mut self, layer: &Layer, config: &UNetConfig, image_pixels: f64) {
        let pixels = image_pixels / (layer.factor * layer.factor) as f64;
        match layer.kind {
            LayerKind::Convolution { input, output } => {
                self.convolution += 9.0 * matrix(input, output) * pixels;
            }
            LayerKind::Residual {
                input,
                output,
                resample,
            } => {
                // Both convolutions run at the resolution that the block puts out.
                let pixels = match resample {
                    None => pixels,
                    Some(Resample::Down) => pixels / 4.0,
                    Some(Resample::Up) => pixels * 4.0,
                };
                self.convolution += 9.0 * (matrix(input, output) + matrix(output, output)) * pixels;
                if input != output {
                    self.pointwise += matrix(input, output) * pixels;
                }
                self.linear += matrix(config.embedding_width(), config.modulation_width(output));
            }
            LayerKind::Attention { channels, .. } => {
                self.pointwise += 4.0 * matrix(channels, channels) * pixels;
                self.attention += 2.0 * 2.0 * pixels * pixels * channels as f64;
            }
            LayerKind::Downsample {
                channels,
                convolution: true,
            } => self.convolution += 9.0 * matrix(channels, channels) * pixels / 4.0,
            LayerKind::Upsample {
                channels,
                convolution: true,
            } => self.convolution += 9.0 * matrix(channels, channels) * pixels * 4.0,
            LayerKind::Downsample { .. } | LayerKind::Upsample { .. } => {}
        }
    }
}

/// Operations of a matrix of these widths times one vector.
fn matrix(input: usize, output: usize) -> f64 {
    2.0 * input as f64 * output as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(value: f64) -> i64 {
        value.round() as i64
    }

    #[test]
    fn the_public_network_costs_what_was_counted_elsewhere() {
        let config = UNetConfig::preset("cellflux-bbbc021").unwrap();
        let cost = Cost::of(&config, 96, 96);
        // 407.5 GFLOP: 3x3 convolutions 81 %, attention 12 %, 1x1 convolutions 4 + 3 %.
        assert_eq!(whole(cost.total() / 1e8), 4075);
        let share = |part: f64| whole(100.0 * part / cost.total());
        assert_eq!(share(cost.convolution), 81);
        assert_eq!(share(cost.attention), 12);
        assert_eq!(share(cost.pointwise), 7);
    }

    #[test]
    fn the_papers_network_costs_what_was_counted_elsewhere() {
        let config = UNetConfig::preset("cellflux-paper").unwrap();
        assert_eq!(whole(Cost::of(&config, 96, 96).total() / 1e8), 509);
    }

    #[test]
    fn resampling_in_residual_blocks_counts_at_the_resolution_it_leaves() {
        let with = |resblock_updown| {
            let config = UNetConfig {
                resblock_updown,
                conv_resample: false,
                ..UNetConfig::preset("tiny").unwrap()
            };
            Cost::of(&config, 64, 64).convolution
        };
        // Two blocks down (32 channels to 32 pixels a side, 64 to 16), two up (64 to 32, 64 to 64), two
        // convolutions each.
        let block = |channels: f64, side: f64| 2.0 * 9.0 * 2.0 * channels * channels * side * side;
        let expected = block(32.0, 32.0) + block(64.0, 16.0) + block(64.0, 32.0) + block(64.0, 64.0);
        assert_eq!(whole(with(true) - with(false)), whole(expected));
    }
}
