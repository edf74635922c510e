#![doc = include_str!("../README.md")]
//!
//! [`open`] and [`read`] refuse what is not a regular file. The new content of a folder is written in a
//! [`Workplace`] beside the place, on the same file system: `.writing-NAME`, whose `lock` one process holds.

mod error;
mod exchange;
mod regular;
mod workplace;

pub use error::SwapError;
pub use regular::{open, read};
pub use workplace::Workplace;
