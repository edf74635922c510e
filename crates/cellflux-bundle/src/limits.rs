//! The largest sizes that a version 1 bundle may state. A reader checks them before it reserves memory.

use std::ops::RangeInclusive;

/// Bytes of `manifest.json`.
pub const MANIFEST_BYTES: usize = 4 << 20;
/// Bytes of one weight shard, header included; small enough to cache, retry and show progress by.
pub const SHARD_BYTES: usize = 24 << 20;
/// Bytes of any other file (condition vectors, pictures).
pub const FILE_BYTES: u64 = 64 << 20;
/// Files of a bundle.
pub const FILES: usize = 4096;
/// Conditions (compounds, perturbations) of a bundle.
pub const CONDITIONS: usize = 16_384;
/// Experimental batches named for one condition.
pub const BATCHES: usize = 1024;
/// Doses listed for one condition; a page offers every one of them.
pub const DOSES: usize = 256;
/// Metrics, and likewise programs, that a provenance names.
pub const METRICS: usize = 256;
/// Largest absolute value of a metric: whole numbers up to it are exact, and a page writes it in full.
pub const METRIC: f64 = 9_007_199_254_740_991.0;
/// Cells, groups of cells or features that an evaluation counts; a 32-bit count in a page holds it.
pub const CELLS: usize = 1_000_000_000;
/// Modes of action in a confusion matrix, which is drawn whole.
pub const MODES_OF_ACTION: usize = 64;
/// Parameters of a network: 2 GiB of f32, beyond what a page can hold.
pub const PARAMETERS: u64 = 1 << 29;
/// Bytes of the JSON header of a safetensors file.
pub const TENSOR_HEADER_BYTES: usize = 1 << 20;
/// Steps of a trajectory.
pub const STEPS: usize = 1000;
/// Guidance strength alpha.
pub const ALPHA: f64 = 10.0;
/// Standard deviation of the source noise, in model range.
pub const NOISE: f64 = 10.0;
/// Relative and absolute tolerance of the adaptive solver; the absolute one is in model range.
pub const TOLERANCE: RangeInclusive<f64> = 1e-9..=1.0;
/// A dose in micromolar.
pub const DOSE_UM: f64 = 1e9;
/// The most levels of source noise that a manifest lists.
pub const NOISE_LEVELS: usize = 64;
/// Characters of a name or label.
pub const LABEL_CHARS: usize = 200;
/// Characters of a longer text (citation, command, SMILES).
pub const TEXT_CHARS: usize = 4000;
