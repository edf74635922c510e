//! Generated cells beside real ones: what `cellflux-train evaluate` measures.
//!
//! ```text
//! experiment + bundle ─ Cells::choose ─▶ Cells ─ Generator ─▶ sets of images ─ features ─▶ score ─▶ Evaluation
//! ```
//!
//! Every real treated cell of a split gets a generated partner, made from a control of its own batch (paper,
//! section 4). The same cells are made again with something exchanged: compounds, the control's batch. What
//! follows is arithmetic on features (`cellflux_measure::sets`), with intervals that resample fields of view.

pub mod cells;
mod error;
pub mod generate;
pub mod plan;

pub use error::EvaluateError;

use std::io::Write;
use std::path::Path;

/// Writes a file whole or not at all: an interrupted evaluation leaves no half of a picture.
pub(crate) fn written(path: &Path, content: &[u8]) -> Result<(), EvaluateError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(EvaluateError::file(folder))?;
    file.write_all(content).map_err(EvaluateError::file(path))?;
    file.persist(path).map_err(|error| EvaluateError::file(path)(error.error))?;
    Ok(())
}
