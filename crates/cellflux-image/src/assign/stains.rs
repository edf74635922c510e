//! Usual names of the same stain: what a microscope's file calls a channel that the model calls otherwise.

use super::names::{contains, words};
use crate::spec::Channel;

/// What is stained, and the names of it and of its usual dyes. Only names that stand for one structure in any
/// laboratory: a fluorophore such as Alexa 488, which may be on any antibody, is none.
const SAME: [&[&str]; 6] = [
    &["DNA", "DAPI", "Hoechst", "nuclei", "nucleus", "nuclear", "DRAQ5"],
    &["actin", "F-actin", "phalloidin"],
    &[
        "tubulin",
        "alpha-tubulin",
        "beta-tubulin",
        "microtubules",
        "microtubule",
    ],
    &["mito", "mitochondria", "mitochondrion", "MitoTracker"],
    &["ER", "endoplasmic reticulum", "concanavalin", "ConA"],
    &["RNA", "SYTO14", "SYTO 14", "nucleoli"],
];

/// The names that stand for what a channel shows, as words; none where it shows something else, or several
/// things.
pub(super) fn alike(channel: &Channel) -> Vec<Vec<String>> {
    let own: Vec<Vec<String>> = [&channel.name, &channel.stain]
        .into_iter()
        .chain(&channel.aliases)
        .map(|name| words(name))
        .collect();
    let mut shown = SAME.iter().filter(|names| {
        let mut names = names.iter().map(|name| words(name));
        names.any(|name| own.iter().any(|own| contains(own, &name)))
    });
    match (shown.next(), shown.next()) {
        (Some(names), None) => names.iter().map(|name| words(name)).collect(),
        _ => Vec::new(),
    }
}

/// Whether a plane's name, as words, says what is stained.
pub(super) fn named(name: &[String]) -> bool {
    let mut names = SAME.iter().copied().flatten();
    names.any(|stain| contains(name, &words(stain)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Colour, Window};

    fn channel(name: &str, stain: &str) -> Channel {
        Channel {
            name: name.into(),
            stain: stain.into(),
            aliases: Vec::new(),
            colour: Colour::new(0, 0, 0),
            window: Window::default(),
        }
    }

    #[test]
    fn a_channel_is_found_by_its_name_or_its_stain() {
        let dapi = vec!["dapi".to_owned()];
        assert!(alike(&channel("DNA", "")).contains(&dapi));
        assert!(alike(&channel("blue", "Hoechst 33342")).contains(&dapi));
        assert!(alike(&channel("GFP", "Alexa Fluor 488")).is_empty());
        assert!(alike(&channel("tubulin", "anti-alpha-tubulin")).contains(&vec!["microtubules".to_owned()]));
    }

    #[test]
    fn a_channel_of_two_structures_is_neither() {
        assert!(alike(&channel("DNA and actin", "")).is_empty());
    }

    #[test]
    fn a_name_says_what_is_stained_and_a_fluorophore_does_not() {
        let says = |name: &str| named(&words(name));
        assert!(says("c:1/3 - Hoechst 33342") && says("endoplasmic reticulum, slice 2"));
        assert!(!says("Alexa 488") && !says("channel 1") && !says(""));
    }
}
