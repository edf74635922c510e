//! Which plane is shown, by what its file says, in a channel's colour.

use cellflux_microscope::PlaneColour;

use super::by_name::name_of;
use super::names::words;
use super::{PlaneRef, plane, stains};
use crate::picture::Picture;
use crate::spec::Channel;

/// For each channel that has no plane yet the one plane whose colour has the same hue; none where the model
/// has two channels or the pictures two planes of that hue, and where the plane's name says what is stained.
pub(super) fn by_colour(
    pictures: &[Picture],
    candidates: &[PlaneRef],
    channels: &[Channel],
    found: &[Option<PlaneRef>],
) -> Vec<Option<PlaneRef>> {
    let hues: Vec<Option<&str>> = channels
        .iter()
        .map(|channel| {
            let colour = channel.colour;
            PlaneColour::new([colour.red, colour.green, colour.blue])?.hue()
        })
        .collect();
    let shown: Vec<(PlaneRef, &str)> = candidates
        .iter()
        .filter_map(|&place| Some((place, plane(pictures, place)?.colour?.hue()?)))
        .collect();
    let of_hue = |hue: &str| {
        let alike = hues.iter().filter(|&&other| other == Some(hue)).count();
        let mut planes = shown.iter().filter(|(_, other)| *other == hue);
        match (alike, planes.next(), planes.next()) {
            (1, Some(&(place, _)), None) => Some(place),
            _ => None,
        }
    };
    hues.iter()
        .zip(found)
        .map(|(&hue, already)| {
            let place = of_hue(hue.filter(|_| already.is_none())?)?;
            let free = !found.contains(&Some(place)) && !stains::named(&words(&name_of(pictures, place)));
            free.then_some(place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::{Basis, suggest, suggest_with_colours};
    use crate::picture::{Depth, Plane};
    use crate::spec::{Colour, ImageSpec};

    /// A file of planes with these names, shown in these colours.
    fn shown(planes: [(Option<&str>, [u8; 3]); 3]) -> Picture {
        let planes = planes.map(|(name, rgb)| Plane {
            name: name.map(str::to_owned),
            colour: PlaneColour::new(rgb),
            width: 1,
            height: 1,
            values: vec![0.0],
        });
        Picture::new("stack.tif", planes.into(), Depth::Eight).unwrap()
    }

    fn at(plane: usize) -> PlaneRef {
        PlaneRef { picture: 0, plane }
    }

    const BLUE: [u8; 3] = [0, 0, 255];
    const GREEN: [u8; 3] = [0, 255, 0];
    const RED: [u8; 3] = [255, 0, 0];
    const WHITE: [u8; 3] = [255; 3];

    #[test]
    fn a_plane_that_no_name_finds_is_guessed_from_its_colour() {
        let spec = ImageSpec::bbbc021(64, 64);
        let found = |planes| suggest_with_colours(&[shown(planes)], &spec).unwrap();
        let suggestion = found([(None, BLUE), (None, GREEN), (None, RED)]);
        assert_eq!(suggestion.planes, [at(2), at(1), at(0)].map(Some));
        assert_eq!(
            (suggestion.guessed, suggestion.by_colour),
            (vec![true; 3], vec![true; 3])
        );
        // A name goes before a colour, whatever that is; the last one is what is left.
        let suggestion = found([
            (Some("Alexa 405"), BLUE),
            (Some("actin"), GREEN),
            (Some("Cy5"), WHITE),
        ]);
        assert_eq!(suggestion.planes, [at(1), at(2), at(0)].map(Some));
        assert_eq!(suggestion.guessed, [false, true, true]);
        assert_eq!(suggestion.by_colour, [false, false, true]);
        // Without colours it is their order, in training always.
        let plain = [shown([(None, BLUE), (None, GREEN), (None, RED)])];
        let suggestion = suggest(&plain, &spec).unwrap();
        assert_eq!(
            (suggestion.basis, suggestion.by_colour),
            (Basis::Order, vec![false; 3])
        );
        assert_eq!(suggestion.planes, [at(0), at(1), at(2)].map(Some));
    }

    #[test]
    fn a_colour_that_leaves_a_doubt_is_no_guess() {
        let mut spec = ImageSpec::bbbc021(64, 64);
        let dna = |planes, spec: &ImageSpec| suggest_with_colours(&[shown(planes)], spec).unwrap().planes[2];
        let names = [Some("a"), Some("b"), Some("c")];
        let of = |colours: [[u8; 3]; 3]| [0, 1, 2].map(|index| (names[index], colours[index]));
        assert_eq!(dna(of([BLUE, WHITE, WHITE]), &spec), Some(at(0)));
        // Two planes of one hue, or none of it.
        assert_eq!(dna(of([BLUE, [64, 96, 255], WHITE]), &spec), None);
        assert_eq!(dna(of([WHITE; 3]), &spec), None);
        // A name says that it is another stain.
        assert_eq!(
            dna(
                [
                    (Some("mitochondria"), BLUE),
                    (Some("b"), WHITE),
                    (Some("c"), WHITE)
                ],
                &spec
            ),
            None
        );
        // Two channels of one hue.
        spec.channels[0].colour = Colour::new(0, 0, 200);
        assert_eq!(dna(of([BLUE, WHITE, WHITE]), &spec), None);
    }
}
