//! How far apart two sets of crops are, from the features of each crop as rows of numbers ([`Features`]).
//!
//! | question | module |
//! |---|---|
//! | how far apart are two sets in one measure | [`wasserstein`] |
//! | how far apart are they in many features at once | [`frechet`], [`kid`], [`energy`] |
//! | are generated crops realistic, and are they as diverse as real ones | [`prdc`] |
//! | are generated crops copies of training crops | [`nearest`] |
//! | does a classifier still name the treatment | [`classification`] |
//! | how sure is any of these numbers | [`bootstrap`], with the unit of [`groups`] |
//! | what is the mean of one measure | [`mean`] |
//! | a picture of the sets in two dimensions | [`pca`] |
//!
//! Everything is f64, sums run in a fixed order on one thread, and every draw comes from ChaCha8 with a seed
//! that the caller gives: the same input gives the same numbers everywhere.

pub mod bootstrap;
pub mod classification;
mod eigen;
pub mod energy;
pub mod error;
pub mod features;
pub mod frechet;
pub mod groups;
pub mod interval;
pub mod kid;
pub mod mean;
pub mod nearest;
mod pairs;
pub mod pca;
pub mod prdc;
mod random;
pub mod standardise;
mod unit;
mod vectors;
pub mod wasserstein;

pub use error::SetError;
pub use features::Features;
