//! Which tile each convolution takes: defaults by adapter, and what was measured.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use cellflux_bundle::state_dict::StateDict;
use cellflux_bundle::tensor::Values;

use crate::adapter::COOPERATIVE_MEMORY;
use crate::kernel::attention::AttentionTile;
use crate::kernel::convolution::Tile;
use crate::kernel::winograd::POINTS;
use crate::weight_storage::WeightStorage;
use crate::{AdapterReport, Precision};

/// What a convolution's best tile depends on, besides the adapter. The batch is not part of it, so that all
/// batches share pipelines and weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// 3 or 1.
    pub kernel: u32,
    /// 1 or 2.
    pub stride: u32,
    /// Output pixels of an image.
    pub pixels: u32,
    /// Quads of input channels, both inputs together.
    pub in_quads: u32,
    /// Quads of output channels.
    pub out_quads: u32,
    /// Storage of input and weights; f32 where either is.
    pub precision: Precision,
    /// Whether the input comes from a norm, so that its numbers are small: a few units, never thousands.
    pub normed: bool,
}

impl Site {
    /// Floating-point operations of the plain algorithm for this many images.
    pub fn flops(&self, images: u32) -> f64 {
        let inner = f64::from(self.kernel * self.kernel) * f64::from(4 * self.in_quads);
        2.0 * f64::from(images) * f64::from(self.pixels) * f64::from(4 * self.out_quads) * inner
    }

    /// Bytes of the larger of an image's two buffers of points.
    fn winograd_bytes(&self) -> u64 {
        let quads = u64::from(self.in_quads.max(self.out_quads));
        u64::from(self.pixels.div_ceil(16)) * quads * POINTS as u64 * 16
    }
}

/// The tiles of a plan's convolutions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    software: bool,
    /// Whether a software adapter computes four invocations at a time.
    narrow: bool,
    cooperative: bool,
    f16_weights: F16Weights,
    forced: Option<Tile>,
    attention: Option<AttentionTile>,
    measured: BTreeMap<Site, Tile>,
}

/// What becomes of f16 weights in memory under f32 arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum F16Weights {
    /// f32 numbers.
    #[default]
    Widened,
    /// They stay f16, two in each `u32`.
    Packed,
}

impl F16Weights {
    fn packed_if(packs: bool) -> Self {
        if packs { Self::Packed } else { Self::Widened }
    }
}

impl Tuning {
    /// The defaults for an adapter. [`Self::default`] has those of a GPU without special features.
    pub fn of(adapter: &AdapterReport) -> Self {
        Self {
            software: adapter.software,
            narrow: adapter.narrow(),
            cooperative: adapter.cooperative,
            // A CPU has memory enough, and would pay for every number that it widens.
            f16_weights: F16Weights::packed_if(!adapter.software && !adapter.half_precision),
            ..Self::default()
        }
    }

    /// Takes `tile` for every 3x3 and 1x1 convolution that it suits, for tests and measurements.
    #[must_use]
    pub fn forcing(mut self, tile: Tile) -> Self {
        self.forced = Some(tile);
        self
    }

    /// Keeps f16 weights as f16 in memory, or not, under f32 arithmetic: half of the weights' memory, for one
    /// conversion per number read. Without `shader-f16` it is the default on a GPU; otherwise for tests and
    /// measurements.
    #[must_use]
    pub fn packing_weights(mut self, packs: bool) -> Self {
        self.f16_weights = F16Weights::packed_if(packs);
        self
    }

    /// Whether f16 weights stay f16 in memory under f32 arithmetic.
    pub fn packs_weights(&self) -> bool {
        self.f16_weights == F16Weights::Packed
    }

    /// The tuning for a network with these weights: they are packed only if all matrices and convolutions
    /// are f16 numbers, so that nothing is rounded.
    #[must_use]
    pub(crate) fn for_weights(mut self, weights: &StateDict) -> Self {
        // Vectors are f32 in memory whatever they are in the file.
        let mut large = weights.tensors.values().filter(|tensor| tensor.shape.len() > 1);
        if !large.all(|tensor| matches!(tensor.values, Values::F16(_))) {
            self.f16_weights = F16Weights::Widened;
        }
        self
    }

    /// How large weights lie in memory in a network of a precision.
    pub(crate) fn weight_storage(&self, precision: Precision) -> WeightStorage {
        if self.packs_weights() && precision == Precision::F32 {
            WeightStorage::Packed
        } else {
            WeightStorage::Plain(precision)
        }
    }

    /// Takes `tile` at `site`, if it suits.
    pub fn set(&mut self, site: Site, tile: Tile) {
        self.measured.insert(site, tile);
    }

    /// What was measured, besides the defaults.
    pub fn measured(&self) -> &BTreeMap<Site, Tile> {
        &self.measured
    }

    /// The tile for a site: the forced one, the measured one, or the default.
    pub fn tile(&self, site: &Site) -> Tile {
        let special = self.forced.or_else(|| self.measured.get(site).copied());
        special
            .filter(|tile| self.suits(*tile, site))
            .unwrap_or_else(|| self.default_tile(site))
    }

    /// Whether the kernel of this tile can compute the site on this adapter.
    pub fn suits(&self, tile: Tile, site: &Site) -> bool {
        match tile {
            Tile::Registers { .. } => true,
            Tile::Winograd { .. } => site.kernel == 3 && site.stride == 1,
            Tile::Workgroup { .. } => {
                tile.invocations() <= 256 && tile.workgroup_bytes(site.precision) <= 16_384
            }
            Tile::Cooperative { depth, .. } => {
                self.cooperative
                    && (site.normed || site.precision == Precision::F16)
                    && depth.is_multiple_of(4)
                    && tile.workgroup_bytes(site.precision) <= COOPERATIVE_MEMORY
            }
        }
    }

    /// Whether the tiles are for an adapter that computes on the CPU.
    pub(crate) fn is_software(&self) -> bool {
        self.software
    }

    /// Takes `tile` for attention, for tests and measurements.
    #[must_use]
    pub fn forcing_attention(mut self, tile: AttentionTile) -> Self {
        self.attention = Some(tile);
        self
    }

    /// The tile for attention: the forced one, or the default. Workgroup memory is faster than the buffers
    /// behind it, except on a CPU.
    pub fn attention(&self) -> AttentionTile {
        let default = if self.software {
            AttentionTile::Direct
        } else {
            AttentionTile::Staged
        };
        self.attention.unwrap_or(default)
    }

    /// The tiles worth measuring at a site that the adapter can run.
    pub fn candidates(&self, site: &Site) -> Vec<Tile> {
        let names = if self.software {
            CPU_CANDIDATES
        } else {
            GPU_CANDIDATES
        };
        names
            .iter()
            .filter_map(|name| name.parse().ok())
            .filter(|tile| self.suits(*tile, site))
            .collect()
    }

    /// All candidates of any adapter, for tests that force each.
    pub fn all_candidates() -> Vec<Tile> {
        [CPU_CANDIDATES, GPU_CANDIDATES]
            .concat()
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect()
    }

    /// The shape that suits most adapters of the kind.
    fn default_tile(&self, site: &Site) -> Tile {
        if self.software {
            self.cpu_tile(site)
        } else {
            self.gpu_tile(site)
        }
    }

    /// Where memory reads decide the time: the larger the block, the fewer reads per product. A narrow
    /// adapter gains little from large blocks and takes longer to compile them, so few pipelines are best for
    /// it.
    fn cpu_tile(&self, site: &Site) -> Tile {
        let (pixels, patches, quads) = match site.pixels {
            _ if self.narrow => (4, 4, 2),
            128.. => (8, 8, 4),
            _ => (8, 4, 4),
        };
        let winograd = Tile::Winograd { patches, quads };
        let wide = site.in_quads.min(site.out_quads) >= 4;
        if self.suits(winograd, site) && wide && site.winograd_bytes() <= WINOGRAD_BYTES {
            return winograd;
        }
        Tile::Registers {
            pixels,
            quads: site.out_quads.min(quads),
        }
    }

    fn gpu_tile(&self, site: &Site) -> Tile {
        let cooperative = Tile::Cooperative {
            rows: 2,
            columns: if site.pixels >= 2304 { 4 } else { 2 },
            // 96 pixels per tile, which images 24, 48 or 96 pixels wide fill without remainder.
            pixels: if site.precision == Precision::F16 && site.pixels >= 2304 {
                3
            } else {
                2
            },
            channels: 2,
            depth: 8,
        };
        if self.suits(cooperative, site) && site.out_quads >= 8 {
            return cooperative;
        }
        if site.out_quads < 4 {
            return Tile::Registers {
                pixels: 8,
                quads: site.out_quads.min(2),
            };
        }
        if site.pixels >= 2048 && site.out_quads >= 32 {
            return Tile::Workgroup {
                rows: 8,
                columns: 16,
                pixels: 9,
                quads: 2,
                depth: 4,
            };
        }
        Tile::Workgroup {
            rows: 8,
            columns: 8,
            pixels: if site.pixels >= 2048 { 8 } else { 4 },
            quads: if site.out_quads >= 16 { 2 } else { 1 },
            depth: 4,
        }
    }
}

/// The largest number of points of an image for which Winograd is a default: several images at once then stay
/// within WebGPU's default binding.
const WINOGRAD_BYTES: u64 = 24 << 20;
/// Tiles that CPUs may like.
const CPU_CANDIDATES: &[&str] = &[
    "registers:8x4",
    "registers:8x2",
    "registers:4x2",
    "winograd:8x4",
    "winograd:8x2",
    "winograd:4x4",
    "winograd:4x2",
    "winograd:2x2",
];
/// Tiles that GPUs may like.
const GPU_CANDIDATES: &[&str] = &[
    "registers:8x2",
    "workgroup:8x8:2x1:4",
    "workgroup:8x8:4x1:4",
    "workgroup:8x8:8x2:4",
    "workgroup:8x16:8x2:4",
    "workgroup:8x16:9x2:4",
    "cooperative:2x2:2x2:8",
    "cooperative:2x2:2x4:8",
    "cooperative:2x4:2x2:8",
    "cooperative:2x4:3x2:8",
];

const NORMED: &str = "normed";
const RAW: &str = "raw";

/// `3 1 9216 64 64 f16 normed`: kernel, stride, pixels, quads in, quads out, storage, what the input is.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kernel,
            stride,
            pixels,
            in_quads,
            out_quads,
            precision,
            normed,
        } = self;
        let input = if *normed { NORMED } else { RAW };
        write!(
            f,
            "{kernel} {stride} {pixels} {in_quads} {out_quads} {precision} {input}"
        )
    }
}

impl FromStr for Site {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split(' ').collect();
        let number = |part: &str| part.parse().ok();
        let site = match parts.as_slice() {
            [kernel, stride, pixels, in_quads, out_quads, precision, input] => (|| {
                Some(Self {
                    kernel: number(kernel)?,
                    stride: number(stride)?,
                    pixels: number(pixels)?,
                    in_quads: number(in_quads)?,
                    out_quads: number(out_quads)?,
                    precision: precision.parse().ok()?,
                    normed: match *input {
                        NORMED => true,
                        RAW => false,
                        _ => return None,
                    },
                })
            })(),
            _ => None,
        };
        site.ok_or_else(|| format!("site is {text:?}, expected for example 3 1 9216 64 64 f32 normed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_tiles_fit_default_limits() {
        for (pixels, quads) in [(16, 8), (4096, 64), (64, 1), (9216, 16)] {
            for software in [false, true] {
                let tuning = Tuning {
                    software,
                    ..Tuning::default()
                };
                let tile = tuning.tile(&Site {
                    kernel: 3,
                    stride: 1,
                    pixels,
                    in_quads: quads,
                    out_quads: quads,
                    precision: Precision::F32,
                    normed: true,
                });
                assert!(
                    tile.workgroup_bytes(Precision::F32) <= 16_384 && tile.invocations() <= 256,
                    "{tile}"
                );
            }
        }
    }

    #[test]
    fn a_site_is_read_back_from_its_name() {
        let text = "3 1 9216 64 128 f16 raw";
        assert_eq!(text.parse::<Site>().unwrap().to_string(), text);
        assert!("3 9216 64 64 f16 raw".parse::<Site>().is_err());
        assert!("3 1 9216 64 64 f64 raw".parse::<Site>().is_err());
    }
}
