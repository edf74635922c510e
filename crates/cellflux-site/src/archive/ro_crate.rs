//! `ro-crate-metadata.json`, version 1.1 of RO-Crate (<https://w3id.org/ro/crate/1.1>): the work, its people,
//! its licence and every file, as linked data.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::About;

/// The metadata's own name.
const OWN: &str = "ro-crate-metadata.json";

/// The metadata as JSON.
pub(super) fn metadata(about: &About, files: &BTreeMap<String, Vec<u8>>) -> String {
    let config = about.config;
    let mut graph = Vec::new();
    let licence = licence(about, &mut graph);
    let people = people(about, &mut graph);
    let parts: Vec<Value> = files.keys().map(|path| json!({ "@id": path })).collect();
    let mut root = json!({
        "@id": "./",
        "@type": "Dataset",
        "name": config.title.get_ref(),
        "description": about.description(),
        "datePublished": about.date,
        "license": licence,
        "author": people,
        "hasPart": parts,
        "mainEntity": { "@id": "index.html" },
    });
    if let Some(url) = &config.url {
        root["url"] = url.get_ref().as_str().into();
    }
    let own = json!({
        "@id": OWN,
        "@type": "CreativeWork",
        "conformsTo": { "@id": "https://w3id.org/ro/crate/1.1" },
        "about": { "@id": "./" },
    });
    let of_files = files.iter().map(|(path, content)| {
        json!({
            "@id": path,
            "@type": "File",
            "name": path,
            "encodingFormat": kind(path),
            "contentSize": content.len().to_string(),
        })
    });
    let graph: Vec<Value> = [own, root].into_iter().chain(graph).chain(of_files).collect();
    let crate_of = json!({ "@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph });
    format!("{crate_of:#}\n")
}

/// The licence as a reference; what it refers to is added.
fn licence(about: &About, graph: &mut Vec<Value>) -> Value {
    let names = about.licences.join("; ");
    let id = match about.spdx() {
        Some(licence) => format!("https://spdx.org/licenses/{licence}"),
        None => "#licence".to_owned(),
    };
    graph.push(json!({
        "@id": id,
        "@type": "CreativeWork",
        "name": names,
        "description": format!(
            "Licence of the model: {names}. The page names those of its pictures and data."
        ),
    }));
    json!({ "@id": id })
}

/// The authors as references; they and their institutions are added.
fn people(about: &About, graph: &mut Vec<Value>) -> Vec<Value> {
    let mut institutions: Vec<&str> = Vec::new();
    let mut references = Vec::new();
    for (index, author) in about.config.authors.iter().enumerate() {
        let id = match &author.orcid {
            Some(orcid) => orcid.address(),
            None => format!("#author-{}", index + 1),
        };
        let mut of_author = Vec::new();
        for name in &author.affiliations {
            let known = institutions.iter().position(|known| known == name);
            let place = known.unwrap_or_else(|| {
                institutions.push(name);
                institutions.len() - 1
            });
            of_author.push(json!({ "@id": format!("#institution-{}", place + 1) }));
        }
        let mut person = json!({ "@id": id, "@type": "Person", "name": author.name });
        if !of_author.is_empty() {
            person["affiliation"] = of_author.into();
        }
        graph.push(person);
        references.push(json!({ "@id": id }));
    }
    graph.extend(institutions.iter().enumerate().map(|(index, name)| {
        json!({ "@id": format!("#institution-{}", index + 1), "@type": "Organization", "name": name })
    }));
    references
}

/// The media type of a file of a site.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html",
        "css" => "text/css",
        "js" => "text/javascript",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "csv" => "text/csv",
        "txt" => "text/plain",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}
