//! Files read when they are files, and a folder that takes the place of another in one step.
//!
//! [`open`] and [`read`] refuse what is no regular file. The new content of a folder is written in a
//! [`Workplace`] beside the place, on the same file system: `.writing-NAME`, whose `lock` one process holds.
//! Killed at any moment, a command leaves the old folder or the new one in the place, whole; what lies in a
//! workplace that nobody holds is put back or cleared away by the next command that writes there.
//!
//! ```
//! # let parent = tempfile::tempdir().unwrap();
//! let place = parent.path().join("dist");
//! let work = cellflux_files::Workplace::take(&place)?;
//! std::fs::write(work.content().join("index.html"), "a page").unwrap();
//! work.swap()?;
//! assert!(place.join("index.html").is_file());
//! # Ok::<(), cellflux_files::SwapError>(())
//! ```

mod error;
mod exchange;
mod regular;
mod workplace;

pub use error::SwapError;
pub use regular::{open, read};
pub use workplace::Workplace;
