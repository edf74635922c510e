//! A bundle for the BioImage Model Zoo: `rdf.yaml` in the format 0.5 of its model descriptions
//! (<https://bioimage.io>), which is written as JSON, since YAML reads that.

use anyhow::Context;
use cellflux_bundle::{Bundle, Manifest, files, torch_save};
use cellflux_image::npy;
use cellflux_site::archive::is_spdx;
use serde_json::{Value, json};

use super::export::{Files, Tried, card};

const NETWORK: &str = "network.py";
const WEIGHTS: &str = "weights.pt";
const COVER: &str = "cover.png";
const CARD: &str = "README.md";

/// Inputs and the output.
const IMAGE: &str = "image";
const TIME: &str = "time";
const CONDITION: &str = "condition";
const VELOCITY: &str = "velocity";

/// Every file of the description.
pub(super) fn files(bundle: &Bundle, tried: &Tried) -> anyhow::Result<Files> {
    let manifest = &bundle.manifest;
    let (config, spec) = (&manifest.model.config, &manifest.image);
    let image = [1, spec.channels.len(), spec.height, spec.width];
    let mut all = Files::from([
        (
            NETWORK.to_owned(),
            include_bytes!("../../templates/network.py").to_vec(),
        ),
        (WEIGHTS.to_owned(), torch_save::save(&bundle.weights)?),
        (COVER.to_owned(), tried.cover.clone()),
        (CARD.to_owned(), read_me(bundle, tried).into_bytes()),
    ]);
    for (name, shape, values) in [
        (IMAGE, image.as_slice(), tried.image.as_slice()),
        (TIME, &[1, 1], &[0.0]),
        (CONDITION, &[1, tried.condition.len()], &tried.condition),
        (VELOCITY, &image, &tried.velocity),
    ] {
        all.insert(tensor(name), npy::write_f32(shape, values)?);
    }
    let mut weights = named(&all, WEIGHTS);
    let mut architecture = named(&all, NETWORK);
    architecture["callable"] = "CellFlux".into();
    architecture["kwargs"] = json!({ "config": config });
    weights["pytorch_version"] = "2.0".into();
    weights["architecture"] = architecture;
    let of_image = axes_of_images(manifest);
    let of_condition = json!([
        { "type": "batch" },
        { "type": "index", "id": "index", "size": tried.condition.len() },
    ]);
    let of_time = json!([
        { "type": "batch" },
        { "type": "channel", "id": "channel", "channel_names": ["t"] },
    ]);
    let mut description = json!({
        "format_version": "0.5.4",
        "type": "model",
        "name": name(&manifest.title),
        "description": manifest.description,
        "documentation": CARD,
        "covers": [COVER],
        "tags": ["cellflux", "flow-matching", "generative", "fluorescence-light-microscopy", "cells", "2d"],
        "timestamp": format!("{}T00:00:00Z", manifest.provenance.created),
        "inputs": [
            port(&all, IMAGE, "The image so far, in model range", &of_image),
            port(&all, TIME, "The time on the flow: 0 at the control, 1 at the treated image", &of_time),
            port(&all, CONDITION, "The vector of the perturbation", &of_condition),
        ],
        "outputs": [
            port(&all, VELOCITY, "How the image changes, in model range per unit of time", &of_image),
        ],
        "weights": { "pytorch_state_dict": weights },
    });
    let data = &manifest.provenance.data_set;
    if let Some(url) = &data.url {
        description["cite"] = json!([{ "text": data.citation, "url": url }]);
    }
    if is_spdx(&manifest.provenance.licence) {
        description["license"] = manifest.provenance.licence.as_str().into();
    }
    let text = serde_json::to_vec_pretty(&description).context("rdf.yaml cannot be written")?;
    all.insert("rdf.yaml".to_owned(), text);
    Ok(all)
}

/// A file with its digest.
fn named(all: &Files, path: &str) -> Value {
    let content = all.get(path).map(Vec::as_slice).unwrap_or_default();
    json!({ "source": path, "sha256": files::digest(content) })
}

/// An input or the output.
fn port(all: &Files, id: &str, description: &str, axes: &Value) -> Value {
    json!({
        "id": id,
        "description": description,
        "axes": axes,
        "test_tensor": named(all, &tensor(id)),
        "data": { "type": "float32" },
    })
}

fn axes_of_images(manifest: &Manifest) -> Value {
    let spec = &manifest.image;
    let channels: Vec<String> = spec
        .channels
        .iter()
        .map(|channel| identifier(&channel.name))
        .collect();
    json!([
        { "type": "batch" },
        { "type": "channel", "id": "channel", "channel_names": channels },
        { "type": "space", "id": "y", "size": spec.height },
        { "type": "space", "id": "x", "size": spec.width },
    ])
}

fn tensor(name: &str) -> String {
    format!("test-{name}.npy")
}

fn read_me(bundle: &Bundle, tried: &Tried) -> String {
    let manifest: Value = json!(bundle.manifest.image);
    format!(
        "{}\n## Use\n\n`{NETWORK}` makes the network; `{WEIGHTS}` holds its weights in f32. It gives the \
         velocity of a flow: a walk from t = 0 to t = 1 adds it up with a solver, with guidance \
         `v = alpha v(condition) + (1 - alpha) v(none)`, and source noise. The cover shows a start and \
         the end of the walk that the bundle recommends, for {}; the end is generated. The images in \
         model range are coded so:\n\n```json\n{manifest:#}\n```\n",
        card(&bundle.manifest),
        tried.name
    )
}

/// A channel's name as an identifier.
fn identifier(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
        plain
    } else {
        format!("c{plain}")
    }
}

/// A title in the letters that the zoo's names may have.
fn name(title: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-' | ' ' | '(' | ')');
    let plain: String = title
        .chars()
        .map(|c| if allowed(c) { c } else { ' ' })
        .take(128)
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_letters_that_the_zoo_takes() {
        assert_eq!(identifier("β-tubulin"), "c__tubulin");
        assert_eq!(identifier("DNA"), "DNA");
        assert_eq!(name("Cells: a \"walk\", in 2 steps"), "Cells a walk in 2 steps");
    }
}
