//! The weights to import, and the configuration of their network.

use std::io::{Read, Seek};
use std::path::Path;

use anyhow::Context;
use cellflux_bundle::config::PRESETS;
use cellflux_bundle::pth::{self, Weights};
use cellflux_bundle::state_dict::config_from_safetensors;
use cellflux_bundle::{BundleError, StateDict, UNetConfig};
use cellflux_files::open;

/// A network with its weights.
pub struct Checkpoint {
    /// The network.
    pub config: UNetConfig,
    /// Its weights, complete and of the right shapes.
    pub weights: StateDict,
    /// Which weights these are, in words.
    pub origin: &'static str,
}

/// Reads a `.pth` or `.safetensors` file; its first bytes say which of them it is.
pub fn read(
    path: &Path,
    config: Option<&Path>,
    preset: Option<&str>,
    trained: bool,
) -> anyhow::Result<Checkpoint> {
    let shown = path.display();
    let mut file = open(path).with_context(|| format!("{shown}: cannot be opened"))?;
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
        let Some(config) = given else {
            anyhow::bail!(
                "{shown}: a .pth does not hold its network's configuration, expected --config or --preset; \
                {}",
                fitting(|config| pth::read(open(path).ok()?, config, Weights::Averaged).ok())
                    .unwrap_or_else(no_preset)
            );
        };
        let wanted = if trained {
            Weights::Trained
        } else {
            Weights::Averaged
        };
        let imported = pth::read(file, &config, wanted).map_err(|error| {
            let fits = fitting(|config| pth::read(open(path).ok()?, config, wanted).ok());
            of_another_network(error, fits).context(shown.to_string())
        })?;
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
        None => config_from_safetensors(&bytes).with_context(|| {
            let fits = fitting(|config| StateDict::from_safetensors(&bytes, config).ok());
            let fits = fits.unwrap_or_else(no_preset);
            format!("{shown}: without a configuration, expected --config or --preset; {fits}")
        })?,
    };
    let weights = StateDict::from_safetensors(&bytes, &config).map_err(|error| {
        let fits = fitting(|config| StateDict::from_safetensors(&bytes, config).ok());
        of_another_network(error, fits).context(shown.to_string())
    })?;
    Ok(Checkpoint {
        config,
        weights,
        origin: "as stored",
    })
}

/// Which presets a checkpoint's tensors fit, as the end of a sentence; `read` reads them as those of a
/// network.
fn fitting<T>(read: impl Fn(&UNetConfig) -> Option<T>) -> Option<String> {
    let fits = |name: &str| UNetConfig::preset(name).is_some_and(|config| read(&config).is_some());
    let names: Vec<&str> = PRESETS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| fits(name))
        .collect();
    (!names.is_empty()).then(|| format!("its tensors are those of --preset {}", names.join(" or ")))
}

/// A refusal; where the tensors are another network's, it also says which presets they fit.
fn of_another_network(error: BundleError, fits: Option<String>) -> anyhow::Error {
    let another = matches!(
        error,
        BundleError::MissingTensor { .. } | BundleError::UnexpectedTensor { .. } | BundleError::Shape { .. }
    );
    let fits = fits.or_else(|| another.then(no_preset));
    let error = anyhow::Error::from(error);
    match fits {
        Some(fits) => anyhow::anyhow!("{error:#}; {fits}"),
        None => error,
    }
}

fn no_preset() -> String {
    "its tensors fit none of the presets".to_owned()
}

fn given_config(config: Option<&Path>, preset: Option<&str>) -> anyhow::Result<Option<UNetConfig>> {
    if let Some(path) = config {
        let shown = path.display();
        let bytes = cellflux_files::read(path).with_context(|| format!("{shown}: cannot be read"))?;
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
