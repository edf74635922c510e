//! `[precompute]` of `site.toml`: walks to be recorded while a site is built.

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::walk_request::WalkRequest;

/// What is to be recorded, each request with its place.
#[derive(Clone, Debug, Default)]
pub struct Recordings(pub Vec<Spanned<Precompute>>);

impl<'de> Deserialize<'de> for Recordings {
    /// Reads a table, or an array of tables. An untagged enum would lose the places of values.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Spanned::<OneOrSeveral>::deserialize(deserializer)?;
        let whole = read.span();
        Ok(Self(match read.into_inner() {
            OneOrSeveral::One(request) => vec![Spanned::new(whole, *request)],
            OneOrSeveral::Several(requests) => requests,
        }))
    }
}

/// A table or an array of tables.
enum OneOrSeveral {
    One(Box<Precompute>),
    Several(Vec<Spanned<Precompute>>),
}

impl<'de> Deserialize<'de> for OneOrSeveral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = OneOrSeveral;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("a table [precompute], or tables [[precompute]]")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrSeveral, A::Error> {
                let request = Precompute::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OneOrSeveral::One(Box::new(request)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<OneOrSeveral, A::Error> {
                let requests = Vec::deserialize(SeqAccessDeserializer::new(sequence))?;
                Ok(OneOrSeveral::Several(requests))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// Trajectories that the page can show before, or without, any engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precompute {
    /// The bundle's name; the first one where this is absent.
    pub bundle: Option<Spanned<String>>,
    /// Ids of controls; the first one where this is absent.
    #[serde(default)]
    pub controls: Vec<Spanned<String>>,
    /// Ids of compounds.
    pub compounds: Vec<Spanned<String>>,
    /// Steps on the time grid. An explorer finds a recorded walk only where all its settings are the same.
    pub steps: Option<usize>,
    /// Guidance strength.
    pub alpha: Option<f64>,
    /// Standard deviation of the source noise.
    pub noise: Option<f64>,
    /// Its seed.
    pub seed: Option<u32>,
}

impl Precompute {
    /// The walk from one of the controls, or from the bundle's first, under one of the compounds.
    pub fn walk(&self, control: Option<&Spanned<String>>, compound: Option<&Spanned<String>>) -> WalkRequest {
        WalkRequest {
            bundle: self.bundle.clone(),
            control: control.cloned(),
            compound: compound.cloned(),
            steps: self.steps,
            alpha: self.alpha,
            noise: self.noise,
            seed: self.seed,
            ..WalkRequest::default()
        }
    }
}
