//! Which plane is called as a channel is.

use super::names::{contains, is_number, words};
use super::{PlaneRef, stains};
use crate::picture::Picture;
use crate::spec::Channel;

/// What a channel is looked for by, the surest first: a plane that is called `DNA_w4` is not the channel that
/// is `w4` elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hint {
    /// Its name, stain or alias.
    Name,
    /// A usual name of the same stain.
    Stain,
    /// An alias that is a number only.
    Number,
}

impl Hint {
    const ALL: [Self; 3] = [Self::Name, Self::Stain, Self::Number];

    /// The words of a channel.
    fn of(self, channel: &Channel) -> Vec<Vec<String>> {
        if self == Self::Stain {
            return stains::alike(channel);
        }
        let own = [&channel.name, &channel.stain]
            .into_iter()
            .chain(&channel.aliases);
        own.map(|hint| words(hint))
            .filter(|hint| !hint.is_empty() && is_number(hint) == (self == Self::Number))
            .collect()
    }
}

/// For each channel the one plane whose words contain one of its own, and whether that is a guess; none where
/// several planes do, or where two channels claim the same plane.
pub(super) fn by_name(
    pictures: &[Picture],
    candidates: &[PlaneRef],
    channels: &[Channel],
) -> (Vec<Option<PlaneRef>>, Vec<bool>) {
    let mut left: Vec<(PlaneRef, Vec<String>)> = candidates
        .iter()
        .map(|&place| (place, words(&name_of(pictures, place))))
        .collect();
    let mut planes: Vec<Option<PlaneRef>> = vec![None; channels.len()];
    let mut guessed = vec![false; channels.len()];
    for hint in Hint::ALL {
        let open = channels.iter().zip(&planes).map(|(channel, found)| match found {
            Some(_) => Vec::new(),
            None => hint.of(channel),
        });
        let found = unique(open, &left);
        for ((plane, guess), found) in planes.iter_mut().zip(&mut guessed).zip(found) {
            if found.is_some() {
                *plane = found;
                *guess = hint != Hint::Name;
            }
        }
        left.retain(|(place, _)| !planes.contains(&Some(*place)));
    }
    (planes, guessed)
}

/// For each channel's hints the one name that has one of them and that no other channel's have.
fn unique(
    hints: impl Iterator<Item = Vec<Vec<String>>>,
    names: &[(PlaneRef, Vec<String>)],
) -> Vec<Option<PlaneRef>> {
    let found: Vec<Option<PlaneRef>> = hints
        .map(|hints| {
            let mut matching = names
                .iter()
                .filter(|(_, name)| hints.iter().any(|hint| contains(name, hint)));
            match (matching.next(), matching.next()) {
                (Some((place, _)), None) => Some(*place),
                _ => None,
            }
        })
        .collect();
    let claims = |place: PlaneRef| found.iter().filter(|&&claim| claim == Some(place)).count();
    found
        .iter()
        .map(|&place| place.filter(|&place| claims(place) == 1))
        .collect()
}

/// A plane's own name counts where it has one; otherwise the file's, if the file holds nothing else.
pub(super) fn name_of(pictures: &[Picture], place: PlaneRef) -> String {
    let Some(picture) = pictures.get(place.picture) else {
        return String::new();
    };
    let own = picture
        .planes
        .get(place.plane)
        .and_then(|plane| plane.name.clone());
    match own {
        Some(own) if picture.planes.len() > 1 => own,
        Some(own) => format!("{} {own}", picture.name),
        None if picture.planes.len() == 1 => picture.name.clone(),
        None => String::new(),
    }
}
