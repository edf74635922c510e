//! A page for reviewers who must not know its authors: `anonymous = true` in `site.toml`.
//!
//! ```text
//! site.toml ─ hide_authors ─▶ build ─▶ site ─ search (names, readings) ─▶ findings
//! ```
//!
//! What the toolkit writes of people ([`crate::config::Config::hide_authors`]) and of where the work was done
//! is left out of the site, and notes are taken out of the author's pictures and videos. What authors say in
//! their own words stays, so the finished site is searched for every name that the sources hold.

mod names;
mod notes_in_boxes;
mod notes_in_elements;
mod notes_in_pictures;
mod readings;
mod search;

use cellflux_bundle::provenance::Provenance;

pub use names::{Identifying, identifying};
pub(crate) use notes_in_pictures::without_notes;
pub use search::search;

/// Takes out of a bundle's provenance what says where and by whom the network was trained: the command, whose
/// paths hold names of accounts, the machine, and notes. The data set stays, with its citation and licence.
pub(crate) fn hide_origin(provenance: &mut Provenance) {
    if let Some(training) = &mut provenance.training {
        training.command.clear();
        training.device = None;
    }
    provenance.notes.clear();
}

#[cfg(test)]
mod tests {
    use cellflux_bundle::provenance::{DataSet, Training};

    use super::*;

    #[test]
    fn a_provenance_without_origin_still_names_data_and_licence() {
        let mut provenance = Provenance {
            data_set: DataSet {
                name: "D".into(),
                citation: "C".into(),
                licence: "CC0-1.0".into(),
                url: None,
            },
            training: Some(Training {
                command: "train /home/ada/config.toml".into(),
                steps: 7,
                device: Some("ada-workstation".into()),
                ..Training::default()
            }),
            metrics: std::collections::BTreeMap::new(),
            tools: std::collections::BTreeMap::new(),
            licence: "CC0-1.0".into(),
            notes: "by Ada".into(),
            created: "2026-01-01".into(),
        };
        hide_origin(&mut provenance);
        let text = serde_json::to_string(&provenance).unwrap();
        assert!(!text.to_lowercase().contains("ada"), "{text}");
        assert!(text.contains("CC0-1.0") && text.contains("\"steps\":7"), "{text}");
    }
}
