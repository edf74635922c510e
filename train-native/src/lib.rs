//! Trains the `CellFlux` flow: images and a CSV go in, a bundle that the page opens comes out.
//!
//! ```text
//! config ─▶ data (experiment, cache, loader) ─▶ step (path, network, loss, optimiser)
//!                                                 │ ▲ random: a pure function of seed and step
//!                                                 └─▶ run folder ─▶ bundle
//! ```
//!
//! A *run* is a folder: the resolved `config.toml`, checkpoints, a JSONL log, `TensorBoard` events and sample
//! sheets. Every random choice is a function of the run's seed and the step's number, so that a resumed run
//! gives the same result as an uninterrupted one.
//!
//! ```
//! use cellflux_train::config::Config;
//!
//! let config = Config::read("../configs/synthetic-tiny.toml".as_ref(), &["training.steps=10".parse()?])?;
//! assert_eq!(config.training.steps, 10);
//! assert_eq!(config.data.image.spec()?.channels.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bench;
pub mod compare;
mod condition_layer;
pub mod condition_use;
pub mod config;
pub mod device;
pub mod difference;
pub mod error;
pub mod evaluate;
pub mod export;
pub mod features;
pub mod generated;
pub mod material;
pub mod measure;
pub mod network;
pub mod ranks;
pub mod rate_range;
pub mod report;
pub mod run;
pub mod sampling;
pub mod sheet;
pub mod step;
pub mod summary;
pub mod truth;
pub mod validation;

pub use error::TrainError;
