//! The level of the noise that training adds to a control: one number, or a range.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The standard deviation of the source noise, in model range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SourceNoise {
    /// One level, as in the paper (section 3.4).
    Level(f64),
    /// For each sample a level of its own, uniform from the first to the second, as conditioning augmentation
    /// draws it (Ho et al. 2022, "Cascaded diffusion models for high fidelity image generation").
    Range([f64; 2]),
}

impl SourceNoise {
    /// The highest level.
    pub fn most(self) -> f64 {
        match self {
            Self::Level(level) => level,
            Self::Range([_, most]) => most,
        }
    }

    /// The level of the mean sample that has noise.
    pub fn mean(self) -> f64 {
        match self {
            Self::Level(level) => level,
            Self::Range([least, most]) => f64::midpoint(least, most),
        }
    }

    /// Whether it is a number from 0, or two that rise from 0.
    pub(super) fn is_possible(self) -> bool {
        match self {
            Self::Level(level) => level >= 0.0 && level.is_finite(),
            Self::Range([least, most]) => least >= 0.0 && least < most && most.is_finite(),
        }
    }
}

impl fmt::Display for SourceNoise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => write!(f, "{level}"),
            Self::Range([least, most]) => write!(f, "[{least}, {most}]"),
        }
    }
}

// By hand, so that a refusal says what was expected: an untagged enum only says that nothing fits.
impl<'de> Deserialize<'de> for SourceNoise {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrPair)
    }
}

struct NumberOrPair;

impl<'de> Visitor<'de> for NumberOrPair {
    type Value = SourceNoise;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or the least and the most as [0.0, 0.5]")
    }

    fn visit_f64<E: Error>(self, level: f64) -> Result<SourceNoise, E> {
        Ok(SourceNoise::Level(level))
    }

    fn visit_i64<E: Error>(self, level: i64) -> Result<SourceNoise, E> {
        Ok(SourceNoise::Level(level as f64))
    }

    fn visit_u64<E: Error>(self, level: u64) -> Result<SourceNoise, E> {
        Ok(SourceNoise::Level(level as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, ends: A) -> Result<SourceNoise, A::Error> {
        let ends: Vec<f64> = Vec::deserialize(SeqAccessDeserializer::new(ends))?;
        match ends.as_slice() {
            &[least, most] => Ok(SourceNoise::Range([least, most])),
            other => Err(A::Error::invalid_length(other.len(), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Section {
        noise: SourceNoise,
    }

    #[test]
    fn a_number_or_a_pair_reads_back_as_itself() {
        for (text, expected) in [
            ("noise = 0.5\n", SourceNoise::Level(0.5)),
            ("noise = 1\n", SourceNoise::Level(1.0)),
            ("noise = [0, 0.5]\n", SourceNoise::Range([0.0, 0.5])),
        ] {
            let read: Section = toml::from_str(text).unwrap();
            assert_eq!(read.noise, expected);
            let written = toml::to_string(&read).unwrap();
            assert_eq!(toml::from_str::<Section>(&written).unwrap(), read);
        }
        // One number is written as it always was.
        let one = Section {
            noise: SourceNoise::Level(0.5),
        };
        assert_eq!(toml::to_string(&one).unwrap(), "noise = 0.5\n");
    }

    #[test]
    fn what_is_neither_is_refused_with_what_was_expected() {
        for text in ["noise = \"much\"", "noise = [0.1]", "noise = [0.1, 0.2, 0.3]"] {
            assert!(toml::from_str::<Section>(text).is_err(), "{text}");
        }
        let error = toml::from_str::<Section>("noise = true").unwrap_err().to_string();
        assert!(error.contains("a number, or the least and the most"), "{error}");
    }
}
