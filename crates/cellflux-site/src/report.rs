//! What a site weighs: by kind, and what a visitor downloads before the first picture and before the first
//! computed one.

use std::collections::BTreeMap;
use std::fmt;

use cellflux_session::comparison::storage::StorageError;
use serde::Serialize;

/// The figures of a build.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Files in the folder.
    pub files: usize,
    /// Their bytes together.
    pub bytes: u64,
    /// Bytes by kind of file.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Bytes, as stored, that a visitor downloads before the page shows its text and its first pictures.
    pub first_picture: u64,
    /// Bytes, as stored, before the first computed frame of the first explorer; nothing without one.
    pub first_frame: Option<u64>,
    /// The largest file.
    pub largest: (String, u64),
    /// Real crops added to the first bundle.
    pub real_crops: usize,
    /// Trajectories that had to be computed; the others were kept from an earlier build.
    pub computed: usize,
    /// What fewer bytes per weight cost, by the bundle's name.
    pub storage: BTreeMap<String, StorageError>,
}

impl Report {
    /// Counts files.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let mut report = Self::default();
        for (path, bytes) in files {
            report.files += 1;
            report.bytes += bytes;
            *report.kinds.entry(kind(path)).or_default() += bytes;
            if bytes > report.largest.1 {
                report.largest = (path.to_owned(), bytes);
            }
        }
        report
    }
}

fn kind(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "safetensors" if path.contains("/weights-") => "weights",
        "safetensors" if path.contains("/quick-") => "quick weights",
        "wasm" => "WebAssembly",
        "js" | "mjs" => "scripts",
        "css" => "styles",
        "html" => "pages",
        "png" | "webp" | "jpg" | "jpeg" | "svg" | "gif" | "avif" | "ico" => "pictures",
        "woff2" | "woff" | "ttf" | "otf" => "fonts",
        "mp4" | "webm" | "vtt" => "videos",
        _ => "other",
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} files, {}", self.files, size(self.bytes))?;
        for (kind, bytes) in &self.kinds {
            writeln!(f, "  {kind:<14}{:>10}", size(*bytes))?;
        }
        writeln!(f, "before the first picture {}", size(self.first_picture))?;
        if let Some(bytes) = self.first_frame {
            writeln!(
                f,
                "before the first computed frame {}, as stored (hosts compress scripts and WebAssembly)",
                size(bytes)
            )?;
        }
        for (name, error) in &self.storage {
            writeln!(
                f,
                "{name}: against the weights as given, the velocity is {:.2e} off and a ten-step trajectory \
                {:.2e} (relative)",
                error.velocity, error.trajectory
            )?;
        }
        write!(f, "largest file {} ({})", self.largest.0, size(self.largest.1))
    }
}

/// Bytes in decimal units.
pub(crate) fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < 1e3 {
        format!("{bytes} B")
    } else if bytes < 1e6 {
        format!("{:.1} kB", bytes / 1e3)
    } else {
        format!("{:.2} MB", bytes / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_by_kind() {
        let report = Report::of([
            ("index.html", 10),
            ("bundles/b/weights-0001-of-0001.safetensors", 2_000_000),
            ("bundles/b/conditions.safetensors", 7),
            ("pkg/m-1.wasm", 500),
        ]);
        assert_eq!(report.kinds["weights"], 2_000_000);
        assert_eq!(report.kinds["other"], 7);
        assert_eq!(report.largest.0, "bundles/b/weights-0001-of-0001.safetensors");
        assert!(report.to_string().contains("2.00 MB"), "{report}");
    }
}
