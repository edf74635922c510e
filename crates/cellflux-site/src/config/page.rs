//! A page beside the first one.

use serde::Deserialize;
use toml::Spanned;

use super::{Section, is_id};
use crate::walk_request::WalkRequest;

/// Names of pages that every site has, and of one that a host may show in their place.
const TAKEN: [&str; 3] = ["index", "embed", "404"];

/// A page with sections of its own, at `ID.html`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Its name in addresses.
    pub id: Spanned<String>,
    /// Its heading, and what leads to it is called.
    pub title: String,
    /// One or two sentences for search engines and link previews; the site's where this is absent.
    #[serde(default)]
    pub description: String,
    /// The picture of its link previews; that of the site, with this page's title, where this is absent.
    pub card: Option<Spanned<WalkRequest>>,
    /// Its parts, in order.
    #[serde(default, rename = "section")]
    pub sections: Vec<Section>,
}

impl Page {
    /// The page's file, which is also its address.
    pub fn file(&self) -> String {
        format!("{}.html", self.id.get_ref())
    }

    /// What is wrong with the page's name, if anything.
    pub(super) fn wrong_name(&self) -> Option<String> {
        let id = self.id.get_ref();
        if TAKEN.contains(&id.as_str()) {
            Some(format!("page id {id:?} is the site's own, expected another"))
        } else if is_id(id) {
            None
        } else {
            Some(format!(
                "page id {id:?}, expected lower-case letters, digits and `-`, beginning with a letter"
            ))
        }
    }
}
