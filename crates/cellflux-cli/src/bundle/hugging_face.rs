//! A bundle in the layout of a Hugging Face model: a card with its metadata first, the configuration, the
//! weights in one file, and the bundle itself.

use anyhow::Context;
use cellflux_bundle::Bundle;
use cellflux_site::archive::is_spdx;

use super::export::{Files, card};

/// Every file of the repository.
pub(super) fn files(bundle: &Bundle, of_bundle: Files) -> anyhow::Result<Files> {
    let config = &bundle.manifest.model.config;
    let mut all: Files = of_bundle
        .into_iter()
        .map(|(path, content)| (format!("bundle/{path}"), content))
        .collect();
    all.insert("model.safetensors".into(), bundle.weights.to_safetensors(config)?);
    let text = serde_json::to_vec_pretty(config).context("config.json cannot be written")?;
    all.insert("config.json".into(), text);
    all.insert("README.md".into(), read_me(bundle).into_bytes());
    Ok(all)
}

fn read_me(bundle: &Bundle) -> String {
    let manifest = &bundle.manifest;
    let licence = &manifest.provenance.licence;
    // The hub knows licences by their identifiers in small letters; another one is `other` with its name.
    let licence = if is_spdx(licence) {
        format!("license: {}\n", licence.to_lowercase())
    } else {
        format!("license: other\nlicense_name: {}\n", quoted(licence))
    };
    format!(
        "---\n{licence}library_name: cellflux\npipeline_tag: image-to-image\ntags:\n- cellflux\n- \
         flow-matching\n- microscopy\n- cell-painting\n---\n\n{}\n## Use\n\n`model.safetensors` has the \
         tensors under the public network's names, `config.json` its configuration, and `bundle/` \
         everything that a page needs:\n\n```sh\ncellflux bundle inspect bundle\n\
         cellflux run 'c=CONDITION' --bundle bundle --out walk\n```\n",
        card(manifest)
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
