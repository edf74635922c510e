//! Inception-v3 as a list: which convolutions there are, and how they are joined.
//!
//! The network of Szegedy et al. 2016 ("Rethinking the Inception Architecture for Computer Vision", figures
//! 5, 6 and 7, table 1) up to its last pooling, in the form that FID is computed with: average pools divide
//! by the pixels inside the image, and the last block pools by the maximum. Blocks have torchvision's names.

use cellflux_bundle::topology::Parameter;

/// Features of an image: channels of the last block.
pub const FEATURES: usize = 2048;

/// A convolution without bias, then batch normalisation and `ReLU`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    /// Where its tensors are in the state dict: `.conv.weight` and `.bn.*`.
    pub(super) name: String,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Rows and columns of the kernel.
    pub(super) kernel: [usize; 2],
    pub(super) stride: usize,
    /// Rows and columns of zeros on each side.
    pub(super) padding: [usize; 2],
}

/// Pooling over 3x3 pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pool {
    /// Their mean, stride 1, over the pixels that are inside of the image.
    Mean,
    /// Their maximum, stride 1, over the pixels that are inside of the image.
    Max,
    /// Their maximum, stride 2, windows inside of the image only.
    HalvingMax,
}

/// One branch of a block: a pool, convolutions one after the other, then, if there are any, parallel
/// convolutions whose results are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) pool: Option<Pool>,
    pub(super) series: Vec<Layer>,
    pub(super) ends: Vec<Layer>,
}

/// Branches that see the same input; their results' channels are joined in order.
pub(super) type Block = Vec<Branch>;

/// All blocks from the image to the features.
pub(super) fn blocks() -> Vec<Block> {
    let mut blocks = stem();
    for (name, inputs, pooled) in [
        ("Mixed_5b", 192, 32),
        ("Mixed_5c", 256, 64),
        ("Mixed_5d", 288, 64),
    ] {
        blocks.push(block_a(name, inputs, pooled));
    }
    blocks.push(halving_to_17("Mixed_6a", 288));
    for (name, inner) in [
        ("Mixed_6b", 128),
        ("Mixed_6c", 160),
        ("Mixed_6d", 160),
        ("Mixed_6e", 192),
    ] {
        blocks.push(block_c(name, inner));
    }
    blocks.push(halving_to_8("Mixed_7a"));
    blocks.push(block_e("Mixed_7b", 1280, Pool::Mean));
    blocks.push(block_e("Mixed_7c", 2048, Pool::Max));
    blocks
}

/// All layers, in the order of [`blocks`].
pub(super) fn layers(blocks: &[Block]) -> impl Iterator<Item = &Layer> {
    blocks
        .iter()
        .flatten()
        .flat_map(|branch| branch.series.iter().chain(&branch.ends))
}

/// The tensors that the network is read from, without `fc.*` and counts of batches.
pub fn parameters() -> Vec<Parameter> {
    layers(&blocks()).flat_map(Layer::parameters).collect()
}

impl Layer {
    fn parameters(&self) -> Vec<Parameter> {
        let kernel = Parameter {
            name: format!("{}.conv.weight", self.name),
            shape: vec![self.outputs, self.inputs, self.kernel[0], self.kernel[1]],
        };
        let norm = ["weight", "bias", "running_mean", "running_var"].map(|part| Parameter {
            name: format!("{}.bn.{part}", self.name),
            shape: vec![self.outputs],
        });
        std::iter::once(kernel).chain(norm).collect()
    }

    fn strided(self) -> Self {
        Self {
            stride: 2,
            padding: [0, 0],
            ..self
        }
    }
}

/// A convolution that keeps the size: its padding is half of the kernel.
fn layer(name: String, inputs: usize, outputs: usize, kernel: [usize; 2]) -> Layer {
    Layer {
        name,
        inputs,
        outputs,
        kernel,
        stride: 1,
        padding: kernel.map(|side| side / 2),
    }
}

/// Convolutions one after the other, from `inputs` channels: for each the part of its name after the block's,
/// its outputs and its kernel.
fn series<const N: usize>(block: &str, inputs: usize, list: [(&str, usize, [usize; 2]); N]) -> Vec<Layer> {
    let mut inputs = inputs;
    list.into_iter()
        .map(|(part, outputs, kernel)| {
            let layer = layer(format!("{block}.{part}"), inputs, outputs, kernel);
            inputs = outputs;
            layer
        })
        .collect()
}

fn branch<const N: usize>(block: &str, inputs: usize, list: [(&str, usize, [usize; 2]); N]) -> Branch {
    Branch {
        series: series(block, inputs, list),
        ..Branch::default()
    }
}

/// A pool and a 1x1 convolution.
fn pooled(block: &str, pool: Pool, inputs: usize, outputs: usize) -> Branch {
    Branch {
        pool: Some(pool),
        ..branch(block, inputs, [("branch_pool", outputs, [1, 1])])
    }
}

/// Only the maximum of 3x3 pixels, at every second pixel.
fn halved() -> Branch {
    Branch {
        pool: Some(Pool::HalvingMax),
        ..Branch::default()
    }
}

/// 299x299 pixels in 3 channels to 35x35 in 192.
fn stem() -> Vec<Block> {
    let single = |name: &str, inputs, outputs, side| layer(name.to_owned(), inputs, outputs, [side, side]);
    let unpadded = |layer: Layer| Layer {
        padding: [0, 0],
        ..layer
    };
    vec![
        vec![Branch {
            series: vec![
                single("Conv2d_1a_3x3", 3, 32, 3).strided(),
                unpadded(single("Conv2d_2a_3x3", 32, 32, 3)),
                single("Conv2d_2b_3x3", 32, 64, 3),
            ],
            ..Branch::default()
        }],
        vec![Branch {
            series: vec![
                single("Conv2d_3b_1x1", 64, 80, 1),
                unpadded(single("Conv2d_4a_3x3", 80, 192, 3)),
            ],
            ..halved()
        }],
        vec![halved()],
    ]
}

/// 35x35 pixels (figure 5, its 5x5 convolution kept as one).
fn block_a(name: &str, inputs: usize, from_pool: usize) -> Block {
    vec![
        branch(name, inputs, [("branch1x1", 64, [1, 1])]),
        branch(
            name,
            inputs,
            [("branch5x5_1", 48, [1, 1]), ("branch5x5_2", 64, [5, 5])],
        ),
        branch(
            name,
            inputs,
            [
                ("branch3x3dbl_1", 64, [1, 1]),
                ("branch3x3dbl_2", 96, [3, 3]),
                ("branch3x3dbl_3", 96, [3, 3]),
            ],
        ),
        pooled(name, Pool::Mean, inputs, from_pool),
    ]
}

/// 35x35 pixels to 17x17 in 768 channels.
fn halving_to_17(name: &str, inputs: usize) -> Block {
    let mut single = branch(name, inputs, [("branch3x3", 384, [3, 3])]);
    let mut double = branch(
        name,
        inputs,
        [
            ("branch3x3dbl_1", 64, [1, 1]),
            ("branch3x3dbl_2", 96, [3, 3]),
            ("branch3x3dbl_3", 96, [3, 3]),
        ],
    );
    stride_last(&mut single);
    stride_last(&mut double);
    vec![single, double, halved()]
}

/// 17x17 pixels in 768 channels (figure 6, n = 7).
fn block_c(name: &str, inner: usize) -> Block {
    vec![
        branch(name, 768, [("branch1x1", 192, [1, 1])]),
        branch(
            name,
            768,
            [
                ("branch7x7_1", inner, [1, 1]),
                ("branch7x7_2", inner, [1, 7]),
                ("branch7x7_3", 192, [7, 1]),
            ],
        ),
        branch(
            name,
            768,
            [
                ("branch7x7dbl_1", inner, [1, 1]),
                ("branch7x7dbl_2", inner, [7, 1]),
                ("branch7x7dbl_3", inner, [1, 7]),
                ("branch7x7dbl_4", inner, [7, 1]),
                ("branch7x7dbl_5", 192, [1, 7]),
            ],
        ),
        pooled(name, Pool::Mean, 768, 192),
    ]
}

/// 17x17 pixels in 768 channels to 8x8 in 1280.
fn halving_to_8(name: &str) -> Block {
    let mut single = branch(
        name,
        768,
        [("branch3x3_1", 192, [1, 1]), ("branch3x3_2", 320, [3, 3])],
    );
    let mut double = branch(
        name,
        768,
        [
            ("branch7x7x3_1", 192, [1, 1]),
            ("branch7x7x3_2", 192, [1, 7]),
            ("branch7x7x3_3", 192, [7, 1]),
            ("branch7x7x3_4", 192, [3, 3]),
        ],
    );
    stride_last(&mut single);
    stride_last(&mut double);
    vec![single, double, halved()]
}

/// 8x8 pixels, to 2048 channels (figure 7).
fn block_e(name: &str, inputs: usize, pool: Pool) -> Block {
    let ends = |row: &str, column: &str, inputs: usize| {
        vec![
            layer(format!("{name}.{row}"), inputs, 384, [1, 3]),
            layer(format!("{name}.{column}"), inputs, 384, [3, 1]),
        ]
    };
    vec![
        branch(name, inputs, [("branch1x1", 320, [1, 1])]),
        Branch {
            ends: ends("branch3x3_2a", "branch3x3_2b", 384),
            ..branch(name, inputs, [("branch3x3_1", 384, [1, 1])])
        },
        Branch {
            ends: ends("branch3x3dbl_3a", "branch3x3dbl_3b", 384),
            ..branch(
                name,
                inputs,
                [("branch3x3dbl_1", 448, [1, 1]), ("branch3x3dbl_2", 384, [3, 3])],
            )
        },
        pooled(name, pool, inputs, 192),
    ]
}

fn stride_last(branch: &mut Branch) {
    if let Some(last) = branch.series.pop() {
        branch.series.push(last.strided());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_fit_from_the_image_to_the_features() {
        let mut channels = 3;
        for block in blocks() {
            let found = block.iter().map(|branch| {
                let mut at = channels;
                for layer in &branch.series {
                    assert_eq!(layer.inputs, at, "{}", layer.name);
                    at = layer.outputs;
                }
                for end in &branch.ends {
                    assert_eq!(end.inputs, at, "{}", end.name);
                }
                match branch.ends.iter().map(|end| end.outputs).sum() {
                    0 => at,
                    joined => joined,
                }
            });
            channels = found.sum();
        }
        assert_eq!(channels, FEATURES);
    }

    #[test]
    fn there_are_94_convolutions_with_as_many_weights_as_the_published_network() {
        assert_eq!(layers(&blocks()).count(), 94);
        // torchvision states 27,161,264 parameters for Inception-v3 with 1000 classes and its auxiliary head;
        // without both heads (2,049,000 and 3,326,696) these are left. Running means and variances are not
        // parameters.
        let learnt: usize = parameters()
            .iter()
            .filter(|parameter| !parameter.name.contains("running"))
            .map(Parameter::len)
            .sum();
        assert_eq!(learnt, 27_161_264 - 2_049_000 - 3_326_696);
    }
}
