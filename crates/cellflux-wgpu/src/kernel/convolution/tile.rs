//! How a convolution is cut into pieces: variants as data, with names that a cache can keep.

use std::fmt;
use std::str::FromStr;

use crate::Precision;
use crate::dispatch::LANES;
use crate::weight_storage::WeightStorage;

/// Invocations of a subgroup of the cooperative kernel.
pub(super) const SUBGROUP: u32 = 32;
/// Rows, columns and depth of a cooperative matrix.
pub(super) const MATRIX: u32 = 16;
/// Quads between the rows of the cooperative kernel's slices, so that the rows of a matrix lie in different
/// banks of workgroup memory.
pub(super) const PADDING: u32 = 2;

/// How a convolution is cut into pieces for the device's invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tile {
    /// Every invocation multiplies a block of its own straight from the buffers.
    Registers {
        /// Output pixels per invocation.
        pixels: u32,
        /// Quads of output channels per invocation.
        quads: u32,
    },
    /// A workgroup shares slices of the image and of the weights through workgroup memory.
    Workgroup {
        /// Invocations along the pixels.
        rows: u32,
        /// Invocations along the channels.
        columns: u32,
        /// Output pixels per invocation.
        pixels: u32,
        /// Quads of output channels per invocation.
        quads: u32,
        /// Quads of input channels fetched at a time.
        depth: u32,
    },
    /// As [`Self::Workgroup`], but subgroups multiply 16x16 matrices together, f16 in, f32 sums; f32 factors
    /// take three products of halves. Only where the adapter's
    /// [`cooperative`](crate::AdapterReport::cooperative) says so.
    Cooperative {
        /// Subgroups along the pixels.
        rows: u32,
        /// Subgroups along the channels.
        columns: u32,
        /// Matrices of 16 output pixels per subgroup.
        pixels: u32,
        /// Matrices of 16 output channels per subgroup.
        channels: u32,
        /// Quads of input channels fetched at a time; a multiple of 4.
        depth: u32,
    },
    /// Winograd's F(4x4, 3x3), for 3x3 convolutions of stride 1: a quarter of the multiplications, more
    /// memory.
    Winograd {
        /// Patches of 4x4 outputs per invocation of its product.
        patches: u32,
        /// Quads of output channels per invocation of its product.
        quads: u32,
    },
}

/// How a convolution's weights lie in their buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WeightOrder {
    /// `[taps, in quads, out quads, 4]` quads: the 4x4 block of four inputs and four outputs lies together.
    Blocks,
    /// `[taps, in channels, out quads]` quads: all outputs of an input lie together.
    Rows,
    /// `[36, in quads, out quads, 4]` quads of the transformed kernels, in 4x4 blocks.
    Points,
}

impl Tile {
    /// Output pixels and quads of output channels of one workgroup.
    pub(crate) fn extent(self) -> [u32; 2] {
        match self {
            Self::Registers { pixels, quads }
            | Self::Winograd {
                patches: pixels,
                quads,
            } => [LANES * pixels, quads],
            Self::Workgroup {
                rows,
                columns,
                pixels,
                quads,
                ..
            } => [rows * pixels, columns * quads],
            Self::Cooperative {
                rows,
                columns,
                pixels,
                channels,
                ..
            } => [rows * pixels * MATRIX, columns * channels * MATRIX / 4],
        }
    }

    /// The order in which the kernel reads the weights.
    pub(crate) fn weight_order(self) -> WeightOrder {
        match self {
            Self::Registers { .. } => WeightOrder::Blocks,
            Self::Workgroup { .. } | Self::Cooperative { .. } => WeightOrder::Rows,
            Self::Winograd { .. } => WeightOrder::Points,
        }
    }

    /// How the weights are stored in a network with weights of a storage: transformed kernels need more than
    /// f16's 11 bits.
    pub(crate) fn weight_storage(self, network: WeightStorage) -> WeightStorage {
        match self {
            Self::Winograd { .. } => WeightStorage::Plain(Precision::F32),
            _ => network,
        }
    }

    /// Invocations of a workgroup.
    pub(crate) fn invocations(self) -> u32 {
        match self {
            Self::Registers { .. } | Self::Winograd { .. } => LANES,
            Self::Workgroup { rows, columns, .. } => rows * columns,
            Self::Cooperative { rows, columns, .. } => rows * columns * SUBGROUP,
        }
    }

    /// Bytes of workgroup memory for inputs and weights of a precision.
    pub(crate) fn workgroup_bytes(self, precision: Precision) -> u32 {
        let [pixels, quads] = self.extent();
        match self {
            Self::Registers { .. } | Self::Winograd { .. } => 0,
            Self::Workgroup { depth, .. } => 16 * depth * (pixels + 4 * quads),
            Self::Cooperative {
                rows, columns, depth, ..
            } => {
                let slices = pixels * (depth + PADDING) + 4 * depth * (quads + PADDING);
                // A half, or two.
                precision.quad_bytes() as u32 * slices + 4 * MATRIX * MATRIX * rows * columns
            }
        }
    }
}

/// `registers:8x2`, `winograd:8x2`, `workgroup:16x16:8x2:4`, `cooperative:2x4:4x2:8`: invocations or
/// subgroups, block, depth.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registers { pixels, quads } => write!(f, "registers:{pixels}x{quads}"),
            Self::Winograd { patches, quads } => write!(f, "winograd:{patches}x{quads}"),
            Self::Workgroup {
                rows,
                columns,
                pixels,
                quads,
                depth,
            } => write!(f, "workgroup:{rows}x{columns}:{pixels}x{quads}:{depth}"),
            Self::Cooperative {
                rows,
                columns,
                pixels,
                channels,
                depth,
            } => write!(f, "cooperative:{rows}x{columns}:{pixels}x{channels}:{depth}"),
        }
    }
}

impl FromStr for Tile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = |text: &str| -> Option<Vec<u32>> {
            text.split(['x', ':'])
                .map(|number| number.parse().ok().filter(|n| (1..=256).contains(n)))
                .collect()
        };
        let tile = text
            .split_once(':')
            .and_then(|(kind, rest)| match (kind, numbers(rest)?.as_slice()) {
                ("registers", &[pixels, quads]) => Some(Self::Registers { pixels, quads }),
                ("winograd", &[patches, quads]) => Some(Self::Winograd { patches, quads }),
                ("workgroup", &[rows, columns, pixels, quads, depth]) => Some(Self::Workgroup {
                    rows,
                    columns,
                    pixels,
                    quads,
                    depth,
                }),
                ("cooperative", &[rows, columns, pixels, channels, depth]) => Some(Self::Cooperative {
                    rows,
                    columns,
                    pixels,
                    channels,
                    depth,
                }),
                _ => None,
            });
        tile.ok_or_else(|| {
            format!("tile is {text:?}, expected for example registers:8x2 or workgroup:16x16:8x2:4")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_read_back_from_its_name() {
        for name in ["registers:8x2", "workgroup:16x16:8x2:4", "cooperative:2x4:4x2:8"] {
            let tile: Tile = name.parse().unwrap();
            assert_eq!(tile.to_string(), name);
        }
        for wrong in [
            "",
            "registers",
            "registers:0x2",
            "registers:8x2:4",
            "workgroup:1x2:3x4:99999999999",
            "warp:1x1",
        ] {
            assert!(wrong.parse::<Tile>().is_err(), "{wrong}");
        }
    }
}
