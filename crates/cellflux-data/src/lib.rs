#![doc = include_str!("../README.md")]
//!
//! Data goes one way:
//!
//! ```text
//! table + images ─ read_experiment ─▶ Experiment ─ PackedCache::open ─▶ PackedCache ─┐
//!                                         │                                          ├─ Loader ─▶ HostBatch
//!                                         ├─ ConditionTable::build ─▶ Pairing::new ──┘
//!                                         └─ Report::of
//! ```
//!
//! A table of images is read and checked, its images are decoded once into a packed cache, every treated
//! image is paired with a control of its own batch, and a loader hands out batches of coded bytes. What
//! follows happens on the device.

mod bundle_conditions;
mod cache;
mod conditions;
mod config;
mod containers;
mod drawn_split;
mod entry;
mod error;
mod experiment;
pub mod fields;
#[cfg(test)]
mod fixtures;
mod images;
mod layout;
mod left_out;
mod loader;
mod mapped_file;
mod mixture;
mod named_vectors;
mod names;
mod pairing;
#[cfg(feature = "parquet")]
mod parquet_table;
mod pixel_size;
pub mod random;
mod reader;
mod report;
pub mod synthetic;
pub mod table;
mod template;
mod titles;
mod vectors;

pub use bundle_conditions::conditions_for_bundle;
pub use cache::{ChannelValues, PackedCache};
pub use conditions::{ConditionRow, ConditionTable};
pub use config::{
    Balance, Columns, ConditionsConfig, DataConfig, DoseConfig, DrawConfig, DrawnFrom, DrawnSplit,
    EncoderConfig, Fit, ImageConfig, ImagePreset, MissingImage, PairingConfig, Prefetch, PublicDataset,
    Source, SplitValues, StateValues, UnknownSplit, ValidationSplit, VectorTable, WithoutControl,
    WithoutVector,
};
pub use containers::ContainerError;
pub use drawn_split::DrawnGroups;
pub use entry::{Compound, Entry, Split};
pub use error::{DataError, Place};
pub use experiment::Experiment;
pub use left_out::{LeftOut, MissingImages};
pub use loader::{Batches, Draw, HostBatch, Loader, Positions, fixed_batches};
pub use named_vectors::NamedVectors;
pub use pairing::{Pair, Pairing, PairingCounts};
pub use pixel_size::PixelScale;
pub use reader::read_experiment;
pub use report::{BatchReport, CompoundReport, Images as ImageCounts, Report};
pub use synthetic::write_synthetic;
