//! What a cell is treated with: a condition of the bundle, or a compound that a visitor has typed.

use std::fmt;

use cellflux_bundle::Manifest;
use cellflux_bundle::conditions::{Condition, Encoder};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{SessionError, shown};

/// Longest SMILES that a recipe may hold, in characters: as long as a bundle's own may be. Whether a text
/// describes a molecule is for the chemistry to say, which makes its vector.
const SMILES_CHARS: usize = 4000;

/// The compound, or other perturbation, of a walk. In JSON a condition's id is a text, and a typed compound
/// is `{"smiles": "CCO"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// A condition of the bundle, by id.
    Listed(String),
    /// A compound that the bundle does not have, as SMILES: the network has never seen it. Its vector is
    /// given beside the recipe ([`crate::PreparedWalk::of_typed`]).
    Typed(String),
}

impl Treatment {
    /// The id of a condition of the bundle.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Listed(id) => Some(id),
            Self::Typed(_) => None,
        }
    }

    /// The structure of a typed compound.
    pub fn smiles(&self) -> Option<&str> {
        match self {
            Self::Listed(_) => None,
            Self::Typed(smiles) => Some(smiles),
        }
    }

    /// The condition of the bundle.
    pub fn condition<'m>(&self, manifest: &'m Manifest) -> Option<&'m Condition> {
        manifest.conditions.get(self.id()?)
    }

    /// The name to show: a condition's, or a typed compound's SMILES.
    pub fn name<'a>(&'a self, manifest: &'a Manifest) -> &'a str {
        match self {
            Self::Listed(id) => manifest
                .conditions
                .get(id)
                .map_or(id, |condition| &condition.name),
            Self::Typed(smiles) => smiles,
        }
    }

    pub(super) fn validate(&self, manifest: &Manifest) -> Result<(), SessionError> {
        let refused = |found: String, expected: &str| Err(SessionError::field("condition", found, expected));
        match self {
            Self::Listed(id) if manifest.conditions.get(id).is_none() => {
                refused(shown(id), "the id of a condition of this model")
            }
            Self::Typed(smiles) if !matches!(manifest.conditions.encoder, Encoder::MorganCounts { .. }) => {
                refused(
                    format!("the typed compound {}", shown(smiles)),
                    "the id of a condition, as this model's vectors are not made from structures",
                )
            }
            Self::Typed(smiles) if !is_plain(smiles) => refused(
                format!("the typed compound {}", shown(smiles)),
                &format!("a SMILES of 1 to {SMILES_CHARS} characters without spaces"),
            ),
            _ => Ok(()),
        }
    }
}

fn is_plain(smiles: &str) -> bool {
    (1..=SMILES_CHARS).contains(&smiles.len()) && smiles.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Serialize for Treatment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Listed(id) => serializer.serialize_str(id),
            Self::Typed(smiles) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("smiles", smiles)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Treatment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Treatment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a condition, or {\"smiles\": …} for a typed compound")
            }

            fn visit_str<E: Error>(self, id: &str) -> Result<Treatment, E> {
                Ok(Treatment::Listed(id.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Treatment, A::Error> {
                let mut smiles = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != "smiles" {
                        return Err(A::Error::unknown_field(&key, &["smiles"]));
                    }
                    if smiles.replace(map.next_value()?).is_some() {
                        return Err(A::Error::duplicate_field("smiles"));
                    }
                }
                let smiles = smiles.ok_or_else(|| A::Error::missing_field("smiles"))?;
                Ok(Treatment::Typed(smiles))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::test_model::{manifest, manifest_of_counts, recipe};

    fn typed(smiles: &str) -> Recipe {
        Recipe {
            condition: Treatment::Typed(smiles.into()),
            ..recipe()
        }
    }

    #[test]
    fn a_typed_compound_is_json_that_an_older_reader_refuses_and_not_the_id_of_a_condition() {
        let json = typed("CC(=O)O").to_json().unwrap();
        assert_eq!(Recipe::from_json(json.as_bytes()).unwrap(), typed("CC(=O)O"));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["condition"], serde_json::json!({ "smiles": "CC(=O)O" }));
        for (condition, expected) in [
            ("{}", "missing field `smiles`"),
            ("{\"smiles\": \"C\", \"dose\": 1}", "unknown field `dose`"),
            (
                "{\"smiles\": \"C\", \"smiles\": \"C\"}",
                "duplicate field `smiles`",
            ),
            ("7", "expected the id of a condition, or"),
        ] {
            let listed = recipe().to_json().unwrap();
            let json = listed.replace("\"taxol\"", condition);
            let error = Recipe::from_json(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{condition}: {error}");
        }
    }

    #[test]
    fn only_a_model_of_structures_takes_a_typed_compound_and_only_text_that_may_be_one() {
        typed("CCO").validate(&manifest_of_counts()).unwrap();
        let message = typed("CCO").validate(&manifest()).unwrap_err().to_string();
        assert_eq!(
            message,
            "condition is the typed compound \"CCO\", expected the id of a condition, as this model's \
             vectors are not made from structures"
        );
        for smiles in ["", "C C", "C\nC", "é", &"C".repeat(SMILES_CHARS + 1)] {
            let message = typed(smiles)
                .validate(&manifest_of_counts())
                .unwrap_err()
                .to_string();
            assert!(message.contains("expected a SMILES of 1 to 4000"), "{message}");
        }
    }
}
