//! The weights to import, and the configuration of their network.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::Context;
use cellflux_bundle::config::PRESETS;
use cellflux_bundle::pth::{self, Weights};
use cellflux_bundle::state_dict::config_from_safetensors;
use cellflux_bundle::{StateDict, UNetConfig};

/// A network with its weights.
pub struct Checkpoint {
    /// The network.
    pub config: UNetConfig,
    /// Its weights, complete and of the right shapes.
    pub weights: StateDict,
    /// Which weights these are, in words.
    pub origin: &'static str,
}

/// Reads a `.pth` or `.safetensors` file; which of them it is, its first bytes say.
pub fn read(
    path: &Path,
    config: Option<&Path>,
    preset: Option<&str>,
    trained: bool,
) -> anyhow::Result<Checkpoint> {
    let shown = path.display();
    let mut file = File::open(path).with_context(|| format!("{shown}: cannot be opened"))?;
    let given = given_config(config, preset)?;
    let mut start = Vec::new();
    file.by_ref()
        .take(512)
        .read_to_end(&mut start)
        .and_then(|_| file.rewind())
        .with_context(|| format!("{shown}: cannot be read"))?;
    if let Some(kind) = pth::other_kind(&start) {
        anyhow::bail!("{shown}: is {kind}");
    }
    if start.starts_with(b"PK\x03\x04") {
        let config = given.with_context(|| {
            format!(
                "{shown}: a .pth does not carry its network's configuration, expected --config or --preset"
            )
        })?;
        let wanted = if trained {
            Weights::Trained
        } else {
            Weights::Averaged
        };
        let imported = pth::read(file, &config, wanted).with_context(|| format!("{shown}"))?;
        for note in &imported.notes {
            eprintln!("note: {shown}: {note}");
        }
        let origin = match imported.kind {
            Weights::Averaged => "averaged",
            Weights::Trained => "as trained",
        };
        return Ok(Checkpoint {
            config,
            weights: imported.weights,
            origin,
        });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .with_context(|| format!("{shown}: cannot be read"))?;
    let config = match given {
        Some(config) => config,
        None => config_from_safetensors(&bytes)
            .with_context(|| format!("{shown}: without a configuration, expected --config or --preset"))?,
    };
    let weights = StateDict::from_safetensors(&bytes, &config).with_context(|| format!("{shown}"))?;
    Ok(Checkpoint {
        config,
        weights,
        origin: "as stored",
    })
}

fn given_config(config: Option<&Path>, preset: Option<&str>) -> anyhow::Result<Option<UNetConfig>> {
    if let Some(path) = config {
        let shown = path.display();
        let bytes = std::fs::read(path).with_context(|| format!("{shown}: cannot be read"))?;
        let text = cellflux_table::decode(&bytes).with_context(|| format!("{shown}"))?;
        let config = UNetConfig::from_json(&text).with_context(|| format!("{}", path.display()))?;
        return Ok(Some(config));
    }
    let Some(name) = preset else { return Ok(None) };
    let config = UNetConfig::preset(name).with_context(|| {
        let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
        format!("--preset is {name:?}, expected one of {}", names.join(", "))
    })?;
    Ok(Some(config))
}
