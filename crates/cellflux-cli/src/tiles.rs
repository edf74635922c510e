//! Kernel variants measured on this machine's adapter, kept in the user's cache folder.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use cellflux_engine::{Network, Tiles};
use cellflux_wgpu::{Effort, Gpu, Precision, Tuning};

/// The fastest tiles for a network here: those kept from earlier runs, and, for what they leave open, those
/// measured now; what is found is kept. A cache that cannot be read or written only leads to a line on
/// stderr.
pub async fn fastest(gpu: &Gpu, network: &Network<'_>, precision: Precision) -> anyhow::Result<Tuning> {
    let adapter = gpu.report().to_string();
    let file = file(&adapter);
    let kept = file.as_deref().and_then(read);
    let mut tiles = Tiles::read(gpu, &adapter, kept.as_deref());
    if let Some(reason) = tiles.refused() {
        eprintln!("{reason}: measuring anew");
    }
    // Somebody asked for it and waits, so nothing is too slow to be measured before the budget ends.
    let effort = Effort {
        longest_run: f64::INFINITY,
        ..Effort::of(gpu.report())
    };
    let plan = network.plan(precision, &Tuning::of(gpu.report()))?;
    let clock = Instant::now();
    let seconds = || clock.elapsed().as_secs_f64();
    let mut tried = 0;
    while tiles.step(&plan, effort, 0.0, seconds).await?.is_some() {
        tried += 1;
    }
    if tried > 0 {
        eprintln!(
            "tried {tried} tiles in {:.1} s; {} convolutions of this adapter are measured",
            seconds(),
            tiles.measured()
        );
        if let Some(file) = file {
            keep(&file, &tiles.to_string());
        }
    }
    Ok(tiles.tuning(network, precision)?)
}

/// Where an adapter's tiles are kept; nothing where the platform names no folder for caches.
fn file(adapter: &str) -> Option<PathBuf> {
    let name: String = adapter
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(100)
        .collect();
    Some(cache_folder()?.join("cellflux").join(format!("tiles-{name}.txt")))
}

/// The folder for caches, by each platform's custom.
fn cache_folder() -> Option<PathBuf> {
    let folder = |variable: &str| {
        env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if cfg!(windows) {
        return folder("LOCALAPPDATA");
    }
    let customary = if cfg!(target_os = "macos") {
        "Library/Caches"
    } else {
        ".cache"
    };
    folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(customary)))
}

fn read(file: &Path) -> Option<String> {
    match fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            eprintln!("{}: {error}: measuring anew", file.display());
            None
        }
    }
}

fn keep(file: &Path, text: &str) {
    let written = file
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(file, text));
    match written {
        Ok(()) => eprintln!("kept in {}", file.display()),
        Err(error) => eprintln!("{}: {error}: not kept for the next run", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_a_folder_that_cannot_be_made_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cellflux/tiles-x.txt");
        assert_eq!(read(&file), None);
        keep(&file, "some tiles\n");
        assert_eq!(read(&file).as_deref(), Some("some tiles\n"));
        // The file stands where a folder would be needed.
        let beneath = file.join("tiles-y.txt");
        keep(&beneath, "others\n");
        assert_eq!(read(&beneath), None);
    }

    #[test]
    fn an_adapters_file_has_a_name_that_every_file_system_takes() {
        let Some(file) = file("A/B: \"GPU\" (\u{e9}, driver 1.2)\n") else {
            println!("skipped: this machine names no folder for caches");
            return;
        };
        let name = file.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, "tiles-A-B---GPU------driver-1-2--.txt");
    }
}
