//! What was done to the cells of a condition.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was done to the cells of a condition. Pages choose their words by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Perturbation {
    /// A compound was given to them.
    #[default]
    Compound,
    /// A gene was switched off by an edit of their genome (CRISPR).
    KnockOut,
    /// A gene was quietened by RNA interference (siRNA).
    KnockDown,
    /// A gene was made more active by copies of its reading frame (ORF).
    OverExpression,
}

impl Perturbation {
    /// Whether it is a compound, which a manifest does not write.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    pub fn is_compound(&self) -> bool {
        *self == Self::Compound
    }
}

/// In words within a sentence, before the name of the compound or the gene.
impl fmt::Display for Perturbation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compound => "compound",
            Self::KnockOut => "gene knock-out",
            Self::KnockDown => "gene knock-down",
            Self::OverExpression => "gene over-expression",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::Condition;

    #[test]
    fn a_condition_without_a_kind_is_a_compound_and_only_other_kinds_are_written() {
        let read = |more: &str| -> Condition {
            serde_json::from_str(&format!(r#"{{"id": "a", "name": "A", "split": "seen"{more}}}"#)).unwrap()
        };
        let plain = read("");
        assert_eq!(plain.kind, Perturbation::Compound);
        assert!(!serde_json::to_string(&plain).unwrap().contains("kind"));
        for (word, kind) in [
            ("knock-out", Perturbation::KnockOut),
            ("knock-down", Perturbation::KnockDown),
            ("over-expression", Perturbation::OverExpression),
        ] {
            let edited = read(&format!(r#", "kind": "{word}""#));
            assert_eq!(edited.kind, kind);
            let written = serde_json::to_string(&edited).unwrap();
            assert!(written.contains(&format!(r#""kind":"{word}""#)), "{written}");
        }
    }
}
