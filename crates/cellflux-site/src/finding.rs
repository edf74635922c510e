//! What a check finds in a site.

use serde::Serialize;

use crate::config::FILE;
use crate::error::SiteError;

/// Something that is wrong with a site, or could be better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file in the site, or the author's file and line.
    pub place: String,
    /// What is wrong and what was expected.
    pub problem: String,
    /// Whether it must be put right before the site is published.
    pub serious: bool,
}

impl Finding {
    /// What kept a site from being built. An error begins with its place, where it has one.
    pub fn of(error: &SiteError) -> Self {
        let said = error.to_string();
        match said.split_once(": ") {
            Some((place, problem)) => serious(place, problem.to_owned()),
            None => serious(FILE, said),
        }
    }
}

/// Something that could be better.
pub(crate) fn note(place: &str, problem: String) -> Finding {
    Finding {
        serious: false,
        ..serious(place, problem)
    }
}

/// Something that must be put right before the site is published.
pub(crate) fn serious(place: &str, problem: String) -> Finding {
    Finding {
        place: place.to_owned(),
        problem,
        serious: true,
    }
}
