//! What a person says about a model, beside its weights and compounds: `about.json`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use cellflux_bundle::conditions::{DoseFeatures, slug};
use cellflux_bundle::gallery::Example;
use cellflux_bundle::provenance::{DataSet, Provenance};
use cellflux_bundle::sampling::{FlowSource, Sampling, TrainedNoise};
use cellflux_image::spec::ImageSpec;
use cellflux_image::synthetic::Cell;
use cellflux_terminal::today;
use serde::Deserialize;

/// `about.json`: the manifest's sections that only a person can fill in. Unknown fields are refused, so that
/// a misspelt one does not vanish.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Name of the bundle in links and commands.
    pub id: String,
    /// Name to show.
    pub title: String,
    /// A sentence or two about the model.
    #[serde(default)]
    pub description: String,
    /// The images it works on.
    pub image: ImageSpec,
    /// Radius of the Morgan environments, in bonds.
    #[serde(default = "two")]
    pub morgan_radius: u32,
    /// Which features of the dose the vectors hold.
    #[serde(default)]
    pub dose: DoseFeatures,
    /// The recommended sampling; [`Sampling::public_code`] where it is absent.
    #[serde(default)]
    pub sampling: Option<Sampling>,
    /// Control crops; their files are beside `about.json`.
    #[serde(default)]
    pub controls: Vec<Example>,
    /// Real treated cells; their files are beside `about.json`.
    #[serde(default)]
    pub treated: Vec<Example>,
    /// Control crops that the import draws.
    #[serde(default)]
    pub synthetic_controls: Vec<SyntheticControl>,
    /// What the flow starts from: `control` (the default) or `noise`.
    #[serde(default)]
    pub source: FlowSource,
    /// The levels of source noise that the network was trained with: `{"levels": [0, 0.5]}`, or
    /// `{"range": [0, 1]}` for all between. Nothing where that is not known.
    #[serde(default)]
    pub trained_noise: Option<TrainedNoise>,
    /// Whether training also had controls as ends of its paths, paired with controls. Nothing where that is
    /// not known.
    #[serde(default)]
    pub control_is_target: Option<bool>,
    /// Data, citation, licence, training.
    pub provenance: Provenance,
    /// The folder of `about.json`.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A control crop to be drawn by `cellflux-image`'s procedure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticControl {
    /// Name in links and commands.
    pub id: String,
    /// The plate it pretends to be from.
    #[serde(default)]
    pub batch: Option<String>,
    /// The cell: seed, effects, plate.
    pub cell: Cell,
}

fn two() -> u32 {
    2
}

impl About {
    /// Reads the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let bytes = cellflux_files::read(path).with_context(|| format!("{shown}: cannot be read"))?;
        let text = cellflux_table::decode(&bytes).with_context(|| format!("{shown}"))?;
        let mut about: Self = serde_json::from_str(&cellflux_table::unix_lines(&text))
            .with_context(|| format!("{shown}: not the expected JSON"))?;
        about.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(about)
    }

    /// What can be said of a checkpoint that came alone: its file's name, and that nothing else is stated.
    pub fn unstated(checkpoint: &Path, channels: usize, size: usize) -> Self {
        let name = checkpoint
            .file_stem()
            .map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned());
        Self {
            id: slug(&name),
            title: name,
            description: String::new(),
            image: ImageSpec::plain(channels, size, size),
            morgan_radius: two(),
            dose: DoseFeatures::None,
            sampling: None,
            controls: Vec::new(),
            treated: Vec::new(),
            synthetic_controls: Vec::new(),
            source: FlowSource::Control,
            trained_noise: None,
            control_is_target: None,
            provenance: Provenance {
                data_set: DataSet {
                    name: "not stated".to_owned(),
                    citation: "not stated".to_owned(),
                    licence: "not stated".to_owned(),
                    url: None,
                },
                training: None,
                metrics: std::collections::BTreeMap::default(),
                tools: std::collections::BTreeMap::default(),
                licence: "not stated".to_owned(),
                notes: String::new(),
                created: today(),
            },
            folder: PathBuf::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_field_is_refused_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("about.json");
        std::fs::write(&path, r#"{"id": "a", "titel": "A"}"#).unwrap();
        let message = format!("{:#}", About::read(&path).unwrap_err());
        assert!(
            message.contains("about.json") && message.contains("titel"),
            "{message}"
        );
    }

    #[test]
    fn what_nobody_stated_is_marked_so() {
        let about = About::unstated(Path::new("runs/My Model.pth"), 5, 96);
        assert_eq!(
            (about.id.as_str(), about.title.as_str()),
            ("my-model", "My Model")
        );
        assert_eq!((about.image.channels.len(), about.image.height), (5, 96));
        assert_eq!(about.provenance.licence, "not stated");
    }
}
