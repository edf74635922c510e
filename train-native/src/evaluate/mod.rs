//! Generated cells beside real ones: what `cellflux-train evaluate` measures.
//!
//! ```text
//! experiment + bundle ─ Cells::choose ─▶ Cells ─ Generator ─▶ images ─ features ─▶ score ─▶ Evaluation
//! ```
//!
//! Every real treated cell of a split gets a generated partner, made from a control of its own batch (paper,
//! section 2.3). The same cells are made again with something exchanged: compounds, the control's batch. What
//! follows is arithmetic on features (`cellflux_measure::sets`), with intervals that resample fields of view.

pub mod assess;
pub mod by_condition;
pub mod by_measure;
pub mod cells;
pub mod compounds;
pub mod conditions;
pub mod detail;
pub mod distances;
pub mod effect;
pub mod elsewhere;
mod error;
pub mod gaps;
mod gathered;
pub mod generate;
pub mod listing;
pub mod measured;
pub mod modes;
pub mod nearest;
pub mod pictures;
pub mod plan;
pub mod planes;
pub mod plots;
pub mod question;
pub mod real;
pub mod real_cells;
pub mod real_halves;
pub mod report;
mod report_text;
mod rows;
pub mod same_plate;
pub mod sets;
pub mod sheets;
mod shown;
pub mod spaces;
mod statistics;
mod subject;
pub mod sweep;
pub mod sweep_report;
pub mod told_apart;

pub use cellflux_bundle::Estimate;
pub use error::EvaluateError;
pub use subject::Subject;

use std::io::Write;
use std::path::Path;

/// An estimate as bundles have it. A bootstrap's interval need not hold the sample's own value.
pub(crate) fn bundled(estimate: cellflux_measure::sets::interval::Estimate) -> Estimate {
    Estimate {
        value: estimate.value,
        low: estimate.low,
        high: estimate.high,
    }
}

/// A value's name in files.
pub(crate) fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Writes a file whole or not at all: an interrupted evaluation leaves no half of a picture.
pub(crate) fn written(path: &Path, content: &[u8]) -> Result<(), EvaluateError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(EvaluateError::file(folder))?;
    file.write_all(content).map_err(EvaluateError::file(path))?;
    file.persist(path)
        .map_err(|error| EvaluateError::file(path)(error.error))?;
    Ok(())
}
