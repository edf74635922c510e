//! What a run learns from: images, the experiment's table, conditions, and the batches drawn from them.
//!
//! Data goes one way:
//!
//! ```text
//! table + images ─ Experiment::read ─▶ Experiment ─ PackedCache::open ─▶ PackedCache ─┐
//!                                          │                                          ├─ Loader ─▶ HostBatch
//!                                          ├─ ConditionTable::build ─▶ Pairing::new ──┘
//!                                          └─ Report
//! ```
//!
//! A table of images is read and checked, its images are decoded once into a packed cache, every treated image is paired with
//! a control of its own batch, and a loader hands out batches of coded bytes. What happens to them then is the device's part.

mod cache;
mod conditions;
mod config;
mod error;
mod experiment;
pub mod fields;
#[cfg(test)]
mod fixtures;
mod images;
mod layout;
mod loader;
mod mapped_file;
mod pairing;
mod report;
pub mod synthetic;
mod synthetic_files;
pub mod table;

pub use cache::{ChannelValues, PackedCache};
pub use conditions::{ConditionRow, ConditionTable};
pub use config::{
    Columns, ConditionsConfig, DataConfig, DoseConfig, EncoderConfig, Fit, ImageConfig, ImagePreset,
    PairingConfig, Prefetch, PublicDataset, Source, SplitValues, StateValues, WithoutControl, WithoutVector,
};
pub use error::{DataError, Place};
pub use experiment::{Compound, Entry, Experiment, Split};
pub use loader::{Batches, Draw, HostBatch, Loader, fixed_batches};
pub use pairing::{Pair, Pairing, PairingCounts};
pub use report::{BatchReport, CompoundReport, Images as ImageCounts, Report};
pub use synthetic_files::write_synthetic;
