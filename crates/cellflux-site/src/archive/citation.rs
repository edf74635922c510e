//! `CITATION.cff`, version 1.2.0 of the Citation File Format (<https://citation-file-format.github.io>). Its
//! texts are written as JSON strings, which YAML reads, too.

use super::About;
use crate::config::Author;
use crate::identity::name_parts;

/// The metadata as YAML.
pub(super) fn metadata(about: &About) -> String {
    let config = about.config;
    let title = quoted(config.title.get_ref());
    let authors = people(&config.authors, "");
    let mut text = format!(
        "cff-version: 1.2.0\nmessage: \"If you use this page or its model, please cite it as below.\"\n\
         type: dataset\ntitle: {title}\nabstract: {}\ndate-released: {}\nauthors:\n{authors}",
        quoted(about.description()),
        quoted(about.date)
    );
    if let Some(url) = &config.url {
        text.push_str(&format!("url: {}\n", quoted(url.get_ref())));
    }
    if let Some(licence) = about.spdx() {
        text.push_str(&format!("license: {}\n", quoted(licence)));
    }
    let doi = config.doi.as_str();
    if !doi.is_empty() {
        text.push_str(&format!(
            "references:\n  - type: article\n    title: {title}\n    doi: {}\n    authors:\n{}",
            quoted(doi),
            people(&config.authors, "    ")
        ));
    }
    text
}

fn people(authors: &[Author], indent: &str) -> String {
    let mut text = String::new();
    for author in authors {
        let (given, family) = name_parts(&author.name);
        text.push_str(&format!("{indent}  - family-names: {}\n", quoted(family)));
        if !given.is_empty() {
            text.push_str(&format!("{indent}    given-names: {}\n", quoted(given)));
        }
        if !author.affiliations.is_empty() {
            let all = author.affiliations.join("; ");
            text.push_str(&format!("{indent}    affiliation: {}\n", quoted(&all)));
        }
        if let Some(orcid) = &author.orcid {
            text.push_str(&format!("{indent}    orcid: {}\n", quoted(&orcid.address())));
        }
    }
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
