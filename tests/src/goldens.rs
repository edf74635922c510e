//! Where the golden files are: `micro` in the repository, the larger cases in the shared folder beside it.

use std::path::{Path, PathBuf};

/// The folder of the golden case `name`, with its `model.safetensors` and `io.safetensors`; `None`, with a
/// line on stderr, where a case that the repository does not hold is absent.
pub fn folder(name: &str) -> Option<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = tests.join("fixtures").join(name);
    if fixtures.is_dir() {
        return Some(fixtures);
    }
    present(tests.join("../../shared/reference/goldens").join(name))
}

/// The trained checkpoint `name` of the shared folder; `None`, with a line on stderr, where it is absent.
pub fn checkpoint(name: &str) -> Option<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    present(tests.join("../../shared/reference/checkpoints").join(name))
}

fn present(path: PathBuf) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent", path.display());
    None
}
