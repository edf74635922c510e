//! A badge: the build computed a recorded walk anew, and it is the one that the page shows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::{Components, model};
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::SourceText;
use crate::verify::{MOST_APART, again};

/// The time that stands for now in builds that must come out the same on another day, in seconds since 1970
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
const NOW: &str = "SOURCE_DATE_EPOCH";

impl Components<'_> {
    pub(super) fn verified(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Verified {
            bundle: Option<toml::Spanned<String>>,
        }
        let Verified { bundle } = settings.toml()?;
        let model = model(self.models, bundle.as_ref(), settings)?;
        let failed = |reason: String| SiteError::Walk {
            place: at.clone(),
            reason,
        };
        let none = || {
            at.wrong(format!(
                "bundle {:?} has no recorded walk, expected `[precompute]` with its compounds: the badge \
                 says that one of them was computed anew",
                model.name
            ))
        };
        let recorded = self.recorded.iter().find(|(name, _)| *name == model.name);
        let (_, address) = recorded.ok_or_else(none)?;
        let files = &self.files.files;
        let list = files.get(address).map(Vec::as_slice).unwrap_or_default();
        let recorder = &mut self.recorder;
        let walk = again(
            list,
            |film| files.get(&format!("recorded/{film}")).map(Vec::as_slice),
            &model.bundle,
            |path| model.files.get(path).cloned(),
            &mut || recorder.new_engine(&model.bundle),
        )
        .map_err(failed)?
        .ok_or_else(none)?;
        if !walk.is_same() {
            return Err(failed(format!(
                "the recorded walk {} differs by {} of 255 from the same walk computed anew, expected at \
                 most {MOST_APART}: remove the folder .cellflux-cache beside site.toml and build again",
                walk.link, walk.apart
            )));
        }
        Ok(badge(&day(std::env::var(NOW).ok().as_deref()), walk.apart))
    }
}

/// The badge's words, which are English as the explorer's are.
fn badge(day: &str, apart: u8) -> String {
    let how = if apart == 0 {
        "every number of its pictures is the same".to_owned()
    } else {
        format!("its pictures differ by at most {apart} of 255")
    };
    format!(
        "<p class=\"component verified\" lang=\"en\"><strong>Verified when built.</strong> On {} \
         <code>cellflux</code> {} computed the model’s first recorded walk anew from the published weights: \
         {how}. <code>cellflux verify-site</code> with the address of this site computes a recorded walk \
         again, and compares every file with its digest.</p>\n",
        escape(day),
        env!("CARGO_PKG_VERSION")
    )
}

/// The day of a build, `YYYY-MM-DD` in UTC: of `said` where it is a number of seconds, else of now.
fn day(said: Option<&str>) -> String {
    let said = said
        .and_then(|seconds| seconds.trim().parse().ok())
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    let time = humantime::format_rfc3339_seconds(said.unwrap_or_else(SystemTime::now)).to_string();
    time.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_is_told_the_time_says_that_day() {
        assert_eq!(day(Some("86400")), "1970-01-02");
        for other in [None, Some("yesterday")] {
            assert_eq!(day(other).len(), "2026-01-01".len());
        }
    }

    #[test]
    fn a_badge_says_how_far_apart_the_walks_are() {
        assert!(badge("2026-01-02", 0).contains("On 2026-01-02"));
        assert!(badge("2026-01-02", 0).contains("the same"));
        assert!(badge("2026-01-02", 3).contains("at most 3 of 255"));
    }
}
