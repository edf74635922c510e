//! Which channel shows what.

use super::MeasureError;

/// Words for a channel that shows DNA, the better ones first.
pub const NUCLEAR_WORDS: [&str; 7] = ["dna", "dapi", "hoechst", "draq", "nuclei", "nucleus", "nuclear"];

/// Words for a channel that shows the whole cell, the better ones first: dyes of the cytoplasm and its
/// outline, then organelles and skeletons that fill most of the cell.
pub const CELLULAR_WORDS: [&str; 17] = [
    "cellmask",
    "cytoplasm",
    "membrane",
    "wga",
    "agp",
    "rna",
    "syto",
    "actin",
    "phalloidin",
    "tubulin",
    "microtubule",
    "microtubules",
    "er",
    "concanavalin",
    "cona",
    "cell",
    "cells",
];

/// A crop's channels in the order of its planes, and which of them show nuclei and whole cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    names: Vec<String>,
    slugs: Vec<String>,
    nuclei: Option<usize>,
    cell: Option<usize>,
}

impl Channels {
    /// Channels by the names that people gave them.
    ///
    /// A name is cut into words at signs, digits and changes from small to capital letters (`F-actin`,
    /// `w1_DAPI`, `Hoechst33342`, `OrigDNA`); case does not matter. The channel with the earliest of
    /// [`NUCLEAR_WORDS`] shows nuclei; of the others, the one with the earliest of [`CELLULAR_WORDS`] shows
    /// whole cells; of two with the same word the first. Where no word fits there is none, and
    /// [`Channels::with_roles`] can say which it is.
    ///
    /// # Errors
    /// [`MeasureError::NoChannels`], [`MeasureError::UnnamedChannel`], and [`MeasureError::SameChannel`]
    /// where two names differ in case or signs alone.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, MeasureError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let nuclei = earliest(&names, &NUCLEAR_WORDS, None);
        let cell = earliest(&names, &CELLULAR_WORDS, nuclei);
        Self::with_roles(names, nuclei, cell)
    }

    /// Channels by name, with the positions (from 0) of the one that shows nuclei and the one that shows
    /// whole cells. A position beyond the last channel counts as none.
    ///
    /// # Errors
    /// As [`Channels::new`].
    pub fn with_roles(
        names: Vec<String>,
        nuclei: Option<usize>,
        cell: Option<usize>,
    ) -> Result<Self, MeasureError> {
        if names.is_empty() {
            return Err(MeasureError::NoChannels);
        }
        let mut slugs: Vec<String> = Vec::with_capacity(names.len());
        for (name, position) in names.iter().zip(1..) {
            let slug = slug(name);
            if slug.is_empty() {
                let name = name.clone();
                return Err(MeasureError::UnnamedChannel { position, name });
            }
            if let Some((first, _)) = names.iter().zip(&slugs).find(|(_, other)| **other == slug) {
                let (first, second) = (first.clone(), name.clone());
                return Err(MeasureError::SameChannel { first, second, slug });
            }
            slugs.push(slug);
        }
        let there = |position: &usize| *position < names.len();
        let (nuclei, cell) = (nuclei.filter(there), cell.filter(there));
        Ok(Self {
            names,
            slugs,
            nuclei,
            cell,
        })
    }

    /// The channels' names as given.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names as they appear in the names of measures: small letters and digits, `_` between them.
    pub fn slugs(&self) -> &[String] {
        &self.slugs
    }

    /// The position, from 0, of the channel that shows DNA.
    pub fn nuclei(&self) -> Option<usize> {
        self.nuclei
    }

    /// The position, from 0, of the channel that shows whole cells.
    pub fn cell(&self) -> Option<usize> {
        self.cell
    }
}

/// The channel with the earliest of some words, leaving out one channel; of two with the same word the first.
fn earliest(names: &[String], words: &[&str], except: Option<usize>) -> Option<usize> {
    let with = |word: &str| {
        (0..)
            .zip(names)
            .find(|(position, name)| Some(*position) != except && split(name).iter().any(|own| own == word))
    };
    words
        .iter()
        .find_map(|word| with(word))
        .map(|(position, _)| position)
}

/// A name's words in small letters.
fn split(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        if !letter.is_alphabetic() || (after_small && letter.is_uppercase()) {
            words.push(String::new());
        }
        after_small = letter.is_lowercase();
        if letter.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_by_the_words_that_people_use() {
        for (names, nuclei, cell) in [
            (vec!["actin", "tubulin", "DNA"], Some(2), Some(0)),
            (vec!["Hoechst33342", "beta-Tubulin"], Some(0), Some(1)),
            (vec!["w1_DAPI", "F-actin", "w3 tubulin"], Some(0), Some(1)),
            (vec!["OrigER", "OrigDNA", "OrigRNA", "Mito"], Some(1), Some(2)),
            (vec!["GFP", "Nuclei"], Some(1), None),
            (vec!["brightfield", "fibre"], None, None),
            (vec!["AGP", "nuclear membrane", "DNA"], Some(2), Some(1)),
        ] {
            let channels = Channels::new(names.clone()).unwrap();
            assert_eq!((channels.nuclei(), channels.cell()), (nuclei, cell), "{names:?}");
        }
    }

    #[test]
    fn names_that_would_mix_up_measures_are_refused() {
        assert_eq!(Channels::new([""; 0]), Err(MeasureError::NoChannels));
        let unnamed = Channels::new(["DNA", " - "]).unwrap_err().to_string();
        assert!(unnamed.contains("channel 2"), "{unnamed}");
        let same = Channels::new(["F-actin", "f_Actin"]).unwrap_err().to_string();
        assert!(same.contains("F-actin") && same.contains("f_Actin"), "{same}");
    }

    #[test]
    fn a_role_beyond_the_last_channel_is_none() {
        let channels = Channels::with_roles(vec!["a".into()], Some(1), Some(0)).unwrap();
        assert_eq!((channels.nuclei(), channels.cell()), (None, Some(0)));
    }
}
