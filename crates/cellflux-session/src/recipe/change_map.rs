//! What the picture beside “Now” shows: what changed, or how fast the image changes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{SessionError, shown};

/// What the picture of the change shows. It changes no number of the walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeMap {
    /// Now, less the control ([`crate::PreparedWalk::reference_at`]).
    #[default]
    Difference,
    /// Now, less the start with all of its source noise.
    NoisedStart,
    /// Now, less the same walk under the control's condition.
    Untreated,
    /// The mean velocity of the step that led here, with each channel's sign
    /// ([`crate::velocity::mean_velocity`]).
    Velocity,
    /// The magnitude of that velocity over the channels.
    Speed,
    /// What the condition adds to the velocity ([`crate::Exploration::condition_effect`]).
    Guidance,
}

impl ChangeMap {
    /// Every choice, in the order in which a page offers them.
    pub const ALL: [Self; 6] = [
        Self::Difference,
        Self::NoisedStart,
        Self::Untreated,
        Self::Velocity,
        Self::Speed,
        Self::Guidance,
    ];

    /// The names, for a sentence.
    pub(crate) const NAMES: &str = "difference, noised-start, untreated, velocity, speed or guidance";

    /// The name, the same in JSON and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Difference => "difference",
            Self::NoisedStart => "noised-start",
            Self::Untreated => "untreated",
            Self::Velocity => "velocity",
            Self::Speed => "speed",
            Self::Guidance => "guidance",
        }
    }

    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for ChangeMap {
    type Err = SessionError;

    fn from_str(name: &str) -> Result<Self, SessionError> {
        Self::ALL
            .into_iter()
            .find(|map| map.name() == name)
            .ok_or_else(|| SessionError::field("map", shown(name), Self::NAMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_links_and_in_json_and_others_are_refused() {
        for map in ChangeMap::ALL {
            assert_eq!(map.name().parse::<ChangeMap>().unwrap(), map);
            assert_eq!(serde_json::to_value(map).unwrap(), map.name());
            assert!(ChangeMap::NAMES.contains(map.name()));
        }
        let message = "speeed".parse::<ChangeMap>().unwrap_err().to_string();
        assert!(
            message.starts_with("map is \"speeed\", expected difference, "),
            "{message}"
        );
    }
}
