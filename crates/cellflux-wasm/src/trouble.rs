//! Errors for the page: a kind for the program, a sentence for the visitor.

use cellflux_bundle::BundleError;
use cellflux_engine::{EngineError, Failure};
use cellflux_image::ImageError;
use cellflux_session::SessionError;
use cellflux_wgpu::GpuError;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// What went wrong, as the page receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// One of the module's `KINDS` in `web/failures.js`, which is the list of all of them.
    pub kind: &'static str,
    /// One sentence that names the thing and what was expected.
    pub sentence: String,
}

impl Trouble {
    /// A trouble of this kind.
    pub fn new(kind: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
        }
    }

    /// An error of a recipe, a link or an export.
    pub fn of_session(error: &SessionError) -> Self {
        let kind = match error {
            SessionError::Link { .. } => "bad-link",
            SessionError::Image(_) => "bad-image",
            SessionError::Bundle(_) => "bad-bundle",
            _ => "bad-recipe",
        };
        Self::new(kind, error.to_string())
    }
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        let kind = match error.failure() {
            Failure::NoAdapter => "no-adapter",
            Failure::Limits => "limits",
            Failure::OutOfMemory => "out-of-memory",
            Failure::DeviceLost => "device-lost",
            Failure::Other if matches!(error, EngineError::Wgpu(_)) => "gpu",
            Failure::Other => "cpu",
        };
        Self::new(kind, error.to_string())
    }
}

impl From<GpuError> for Trouble {
    fn from(error: GpuError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<Trouble> for JsValue {
    fn from(trouble: Trouble) -> Self {
        // Two strings always serialise; the sentence alone would still be shown.
        serde_wasm_bindgen::to_value(&trouble).unwrap_or_else(|_| Self::from_str(&trouble.sentence))
    }
}

impl From<BundleError> for Trouble {
    fn from(error: BundleError) -> Self {
        Self::new("bad-bundle", error.to_string())
    }
}

impl From<ImageError> for Trouble {
    fn from(error: ImageError) -> Self {
        Self::new("bad-image", error.to_string())
    }
}

impl From<serde_wasm_bindgen::Error> for Trouble {
    fn from(error: serde_wasm_bindgen::Error) -> Self {
        Self::new("bad-recipe", error.to_string())
    }
}
