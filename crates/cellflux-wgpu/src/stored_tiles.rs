//! What a tuner measured, as text that a cache keeps from one run to the next.
//!
//! ```text
//! cellflux tiles 1
//! adapter NVIDIA H100 80GB HBM3 (Vulkan, NVIDIA 580.159.04)
//! kernels 5f0c1a2b3c4d5e6f
//! 3 1 9216 64 64 f32 normed workgroup:8x16:9x2:4
//! ```
//!
//! One line per [`Site`], with the best of its tiles. The text is trusted no more than any file: what was
//! measured on another adapter or with other kernels is refused, and so is a tile that this adapter's tuner
//! would not have tried.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use cellflux_bundle::UNetConfig;

use crate::probe::shaders;
use crate::weight_storage::WeightStorage;
use crate::{Gpu, GpuError, Plan, Precision, Site, Tile, Tuning};

/// First line: the format and its version.
const HEADER: &str = "cellflux tiles 1";
const ADAPTER: &str = "adapter ";
const KERNELS: &str = "kernels ";
/// A network has a few dozen sites; more lines than this were not written by a tuner.
const MOST_SITES: usize = 4096;

/// The best tiles found on an adapter so far, by site. A site whose default was best is there too: it need
/// not be measured again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTiles {
    adapter: String,
    kernels: String,
    tiles: BTreeMap<Site, Tile>,
}

impl StoredTiles {
    /// Nothing measured yet on the adapter that `adapter` names: vendor, architecture, driver, as far as the
    /// platform says.
    pub fn new(adapter: &str) -> Self {
        Self {
            adapter: one_line(adapter),
            kernels: KERNEL_VERSION.clone(),
            tiles: BTreeMap::new(),
        }
    }

    /// Reads what [`fmt::Display`] wrote, for the adapter of this name whose defaults are `defaults`.
    ///
    /// # Errors
    /// [`GpuError::ForeignTiles`] for another adapter or other kernels; [`GpuError::StoredTiles`] naming the
    /// first line that is not as expected. Nothing of a refused text is used.
    pub fn read(text: &str, adapter: &str, defaults: &Tuning) -> Result<Self, GpuError> {
        let mut stored = Self::new(adapter);
        let mut lines = (1..).zip(text.lines());
        let mut header = |start: &str| match lines.next() {
            Some((_, line)) if line.starts_with(start) => Ok(line[start.len()..].to_owned()),
            other => {
                let (line, found) = other.unwrap_or((text.lines().count() + 1, ""));
                let problem = format!("found {found:?}, expected {start:?}");
                Err(GpuError::StoredTiles { line, problem })
            }
        };
        let rest = header(HEADER)?;
        if !rest.is_empty() {
            let problem = format!("found version 1{rest:?}, expected {HEADER:?}");
            return Err(GpuError::StoredTiles { line: 1, problem });
        }
        for (what, start, expected) in [
            ("adapter", ADAPTER, &stored.adapter),
            ("kernels", KERNELS, &stored.kernels),
        ] {
            let found = header(start)?;
            if found != *expected {
                return Err(GpuError::ForeignTiles {
                    what,
                    found,
                    expected: expected.clone(),
                });
            }
        }
        for (line, text) in lines {
            let (site, tile) =
                measured(text, defaults).map_err(|problem| GpuError::StoredTiles { line, problem })?;
            stored.insert(site, tile);
            if stored.len() > MOST_SITES {
                let problem = format!("more sites than a network has, expected at most {MOST_SITES}");
                return Err(GpuError::StoredTiles { line, problem });
            }
        }
        Ok(stored)
    }

    /// Notes the best tile at a site.
    pub fn insert(&mut self, site: Site, tile: Tile) {
        self.tiles.insert(site, tile);
    }

    /// Whether a site has been measured.
    pub fn contains(&self, site: &Site) -> bool {
        self.tiles.contains_key(site)
    }

    /// How many sites have been measured.
    pub fn len(&self) -> usize {
        self.tiles.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.tiles.is_empty()
    }

    /// The defaults with what was measured.
    pub fn tuning(&self, defaults: &Tuning) -> Tuning {
        let mut tuning = defaults.clone();
        for (site, tile) in &self.tiles {
            tuning.set(*site, *tile);
        }
        tuning
    }

    /// The tuning for an engine on `gpu` with room for states of `largest_batch` images: the measured tiles,
    /// or the defaults where the measured ones need larger buffers than the device gives.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn tuning_for(
        &self,
        gpu: &Gpu,
        config: &UNetConfig,
        size: [usize; 2],
        largest_batch: usize,
        precision: Precision,
    ) -> Result<Tuning, GpuError> {
        let defaults = Tuning::of(gpu.report());
        let tuned = self.tuning(&defaults);
        // Guidance evaluates every image twice.
        let plan = Plan::new(config, size, largest_batch.saturating_mul(2), precision, &tuned)?;
        Ok(if gpu.fits(&plan).is_ok() { tuned } else { defaults })
    }
}

/// The text that [`StoredTiles::read`] reads.
impl fmt::Display for StoredTiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            adapter,
            kernels,
            tiles,
        } = self;
        writeln!(f, "{HEADER}\n{ADAPTER}{adapter}\n{KERNELS}{kernels}")?;
        for (site, tile) in tiles {
            writeln!(f, "{site} {tile}")?;
        }
        Ok(())
    }
}

/// A line of what was measured.
fn measured(line: &str, defaults: &Tuning) -> Result<(Site, Tile), String> {
    let (site, tile) = line
        .rsplit_once(' ')
        .ok_or_else(|| format!("found {line:?}, expected a site and a tile"))?;
    let (site, tile): (Site, Tile) = (site.parse()?, tile.parse()?);
    if tile != defaults.tile(&site) && !defaults.candidates(&site).contains(&tile) {
        return Err(format!("{tile} is not a candidate at {site}"));
    }
    Ok((site, tile))
}

/// A digest of the names and shaders of all tiles that a tuner may try, so that measurements with other
/// kernels, or against other candidates, are not used.
static KERNEL_VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Fnv::default();
    for tile in Tuning::all_candidates() {
        digest.add(&tile.to_string());
        for precision in [Precision::F32, Precision::F16] {
            for (kernel, normed) in [(3, true), (3, false), (1, false)] {
                let site = Site {
                    kernel,
                    stride: 1,
                    pixels: 1024,
                    in_quads: 32,
                    out_quads: 32,
                    precision,
                    normed,
                };
                if kernel == 1 && matches!(tile, Tile::Winograd { .. }) {
                    continue;
                }
                for weight in [WeightStorage::Plain(precision), WeightStorage::Packed] {
                    for shader in shaders(&site, tile, weight) {
                        digest.add(&shader);
                    }
                }
            }
        }
    }
    format!("{:016x}", digest.0)
});

/// The hash FNV-1a (Fowler, Noll and Vo) in 64 bits: it tells versions apart, but protects against no attack.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, text: &str) {
        // The byte after each text keeps "ab", "c" and "a", "bc" apart.
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A name as one line, even if a driver put line breaks into it.
fn one_line(name: &str) -> String {
    let words: Vec<_> = name
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn site(pixels: u32) -> Site {
        Site {
            kernel: 3,
            stride: 1,
            pixels,
            in_quads: 16,
            out_quads: 16,
            precision: Precision::F32,
            normed: true,
        }
    }

    fn written() -> String {
        let mut stored = StoredTiles::new("a GPU (driver 1)");
        stored.insert(site(1024), "workgroup:8x8:8x2:4".parse().unwrap());
        stored.to_string()
    }

    fn refused(text: &str) -> String {
        StoredTiles::read(text, "a GPU (driver 1)", &Tuning::default())
            .unwrap_err()
            .to_string()
    }

    proptest! {
        #[test]
        fn stored_tiles_are_read_back_as_they_were(
            adapter in "\\PC{0,40}",
            measured in prop::collection::vec(
                (
                    1..=2_u32,
                    1..70_000_u32,
                    1..300_u32,
                    1..300_u32,
                    any::<[bool; 3]>(),
                    any::<prop::sample::Index>(),
                ),
                0..20,
            ),
        ) {
            let defaults = Tuning::default();
            let mut stored = StoredTiles::new(&adapter);
            for (stride, pixels, in_quads, out_quads, [wide, half, normed], pick) in measured {
                let precision = if half { Precision::F16 } else { Precision::F32 };
                let kernel = if wide { 3 } else { 1 };
                let site = Site { kernel, stride, pixels, in_quads, out_quads, precision, normed };
                let mut tiles = defaults.candidates(&site);
                tiles.push(defaults.tile(&site));
                stored.insert(site, *pick.get(&tiles));
            }
            let text = stored.to_string();
            let again = StoredTiles::read(&text, &adapter, &defaults).unwrap();
            prop_assert_eq!(again.to_string(), text);
            prop_assert_eq!(again, stored);
        }

        #[test]
        fn damaged_text_is_an_error_or_tiles_but_never_a_panic(
            position in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = written().into_bytes();
            let at = position.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.truncate(at);
            }
            let text = String::from_utf8_lossy(&bytes);
            // Everything that was read can be used: every tile suits its site.
            if let Ok(stored) = StoredTiles::read(&text, "a GPU (driver 1)", &Tuning::default()) {
                for (site, tile) in &stored.tiles {
                    prop_assert!(Tuning::default().suits(*tile, site));
                }
            }
        }
    }

    #[test]
    fn tiles_of_another_adapter_or_of_other_kernels_are_refused_by_name() {
        let text = written();
        let error = StoredTiles::read(&text, "another GPU", &Tuning::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "stored tiles are for adapter \"a GPU (driver 1)\", expected \"another GPU\""
        );
        let other = text.replace(KERNEL_VERSION.as_str(), "0123456789abcdef");
        assert!(refused(&other).starts_with("stored tiles are for kernels \"0123456789abcdef\""));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let text = written();
        assert_eq!(
            refused(""),
            "stored tiles, line 1: found \"\", expected \"cellflux tiles 1\""
        );
        assert!(refused("<!doctype html>").contains("line 1"));
        assert!(refused(&text.replace("tiles 1", "tiles 12")).contains("line 1"));
        assert!(refused(&text.replace("3 1 1024", "3 1024")).starts_with("stored tiles, line 4: site is"));
        assert!(refused(&text.replace("8x2:4", "8x2")).starts_with("stored tiles, line 4: tile is"));
        // A driver could crash on a block of this many registers.
        let monster = text.replace("workgroup:8x8:8x2:4", "registers:256x256");
        assert!(refused(&monster).contains("registers:256x256 is not a candidate at 3 1 1024"));
    }

    #[test]
    fn measured_tiles_take_the_defaults_place_at_their_site_only() {
        let tile = "workgroup:8x8:4x1:4".parse().unwrap();
        let mut stored = StoredTiles::new("x");
        stored.insert(site(1024), tile);
        let (defaults, tuned) = (Tuning::default(), stored.tuning(&Tuning::default()));
        assert_eq!(tuned.tile(&site(1024)), tile);
        assert_eq!(tuned.tile(&site(2048)), defaults.tile(&site(2048)));
        assert_ne!(tuned.tile(&site(2048)), tile);
    }
}
