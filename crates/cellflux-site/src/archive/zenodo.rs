//! `.zenodo.json`: what Zenodo fills its form in with (<https://developers.zenodo.org/#representation>).

use serde_json::{Value, json};

use super::About;
use crate::html::escape;
use crate::identity::family_first;

/// The metadata as JSON.
pub(super) fn metadata(about: &About) -> String {
    let config = about.config;
    let creators: Vec<Value> = config
        .authors
        .iter()
        .map(|author| {
            let mut creator = json!({ "name": family_first(&author.name) });
            if !author.affiliations.is_empty() {
                creator["affiliation"] = author.affiliations.join("; ").into();
            }
            if let Some(orcid) = &author.orcid {
                creator["orcid"] = orcid.as_str().into();
            }
            creator
        })
        .collect();
    let mut related = Vec::new();
    if !config.doi.as_str().is_empty() {
        related.push(json!({ "identifier": config.doi.as_str(), "relation": "isSupplementTo" }));
    }
    if let Some(url) = &config.url {
        related.push(json!({ "identifier": url.get_ref(), "relation": "isIdenticalTo" }));
    }
    let mut data = json!({
        "title": config.title.get_ref(),
        "upload_type": "other",
        "description": format!("<p>{}</p>", escape(about.description())),
        "creators": creators,
        "publication_date": about.date,
        "access_right": "open",
        "notes": format!("Licence of the model: {}", about.licences.join("; ")),
    });
    if let Some(language) = language(config.language.get_ref()) {
        data["language"] = language.into();
    }
    if let Some(licence) = about.spdx() {
        data["license"] = licence.to_lowercase().into();
    }
    if !related.is_empty() {
        data["related_identifiers"] = related.into();
    }
    format!("{data:#}\n")
}

/// The three letters that Zenodo has for a language of the toolkit's words.
fn language(code: &str) -> Option<&'static str> {
    match code.split('-').next()? {
        "en" => Some("eng"),
        "de" => Some("deu"),
        "fr" => Some("fra"),
        "es" => Some("spa"),
        "zh" => Some("zho"),
        _ => None,
    }
}
