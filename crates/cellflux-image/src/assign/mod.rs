//! Which plane of which file is which of the model's channels: suggested from names, colours or order,
//! decided by a person.

mod by_colour;
mod by_name;
mod names;
mod stains;

use crate::error::ImageError;
use crate::picture::{Picture, Plane};
use crate::spec::ImageSpec;
use by_colour::by_colour;
use by_name::by_name;
use names::sort_key;

/// A plane among several pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneRef {
    /// Index of the picture.
    pub picture: usize,
    /// Index of the plane within it.
    pub plane: usize,
}

/// What [`suggest`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// A plane for each of the model's channels, or none where only a person can tell.
    pub planes: Vec<Option<PlaneRef>>,
    /// For each channel whether its plane is a guess that a person must confirm: taken by its place, by
    /// elimination, by its colour, by a usual name of the same stain that the model does not list, or by an
    /// alias that is a number (`w1`, `ch5`), which another microscope gives to another stain.
    pub guessed: Vec<bool>,
    /// For each channel whether its guess rests on the colour in which the file says the plane is shown.
    pub by_colour: Vec<bool>,
    /// What the suggestion rests on.
    pub basis: Basis,
}

/// What a suggestion rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Every channel was found by its name, stain or alias, or by its colour where these count, except at
    /// most one, which has the plane that is left.
    Names,
    /// There are as many planes as channels, and no names: taken in order, files sorted by name with numbers
    /// as numbers.
    Order,
    /// Not every channel was found by name, and the order is no help.
    Unclear,
}

/// A plane for every channel: complete, each plane once, all of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    planes: Vec<PlaneRef>,
}

/// Suggests planes for the model's channels. Planes called `alpha` are left aside unless their number is
/// needed.
///
/// # Errors
/// [`ImageError::TooFewPlanes`] where the pictures have fewer planes than the model has channels.
pub fn suggest(pictures: &[Picture], spec: &ImageSpec) -> Result<Suggestion, ImageError> {
    suggest_by(pictures, spec, false)
}

/// As [`suggest`], for a person who sees it: a channel that no name finds has, as a guess, the one plane that
/// is shown in its colour. A colour says how somebody looked at a plane, so nothing is trained by it.
///
/// # Errors
/// As [`suggest`].
pub fn suggest_with_colours(pictures: &[Picture], spec: &ImageSpec) -> Result<Suggestion, ImageError> {
    suggest_by(pictures, spec, true)
}

fn suggest_by(pictures: &[Picture], spec: &ImageSpec, colours: bool) -> Result<Suggestion, ImageError> {
    let wanted = spec.channels.len();
    let all = in_order(pictures);
    if all.len() < wanted {
        return Err(ImageError::TooFewPlanes {
            found: all.len(),
            expected: wanted,
            names: spec
                .channels
                .iter()
                .map(|c| c.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    let seen: Vec<PlaneRef> = all
        .iter()
        .copied()
        .filter(|&place| !is_alpha(pictures, place))
        .collect();
    let candidates = if seen.len() < wanted { &all } else { &seen };

    let (mut planes, mut guessed) = by_name(pictures, candidates, &spec.channels);
    let shown = if colours {
        by_colour(pictures, candidates, &spec.channels, &planes)
    } else {
        vec![None; wanted]
    };
    for ((plane, guess), &shown) in planes.iter_mut().zip(&mut guessed).zip(&shown) {
        *guess |= shown.is_some();
        *plane = plane.or(shown);
    }
    let left: Vec<PlaneRef> = candidates
        .iter()
        .copied()
        .filter(|&place| !planes.contains(&Some(place)))
        .collect();
    let found = planes.iter().flatten().count();
    let mut basis = Basis::Unclear;
    if found == wanted {
        basis = Basis::Names;
    } else if candidates.len() == wanted && found + 1 == wanted && found > 0 {
        // One channel and one plane are left.
        for (plane, guess) in planes
            .iter_mut()
            .zip(&mut guessed)
            .filter(|(plane, _)| plane.is_none())
        {
            *plane = left.first().copied();
            *guess = true;
        }
        basis = Basis::Names;
    } else if candidates.len() == wanted && found == 0 && !named_otherwise(pictures, candidates, spec) {
        planes = candidates.iter().copied().map(Some).collect();
        // A colour picture of as many colours as channels is how this toolkit writes its own crops.
        guessed = vec![!are_colours(pictures, candidates); wanted];
        basis = Basis::Order;
    }
    Ok(Suggestion {
        planes,
        guessed,
        by_colour: shown.iter().map(Option::is_some).collect(),
        basis,
    })
}

/// Whether the planes have names of their own that mean something, and none is a channel's: assigned by their
/// order they would contradict their names.
fn named_otherwise(pictures: &[Picture], candidates: &[PlaneRef], spec: &ImageSpec) -> bool {
    let names: Vec<Option<&str>> = candidates
        .iter()
        .map(|&place| plane(pictures, place).and_then(|plane| plane.name.as_deref()))
        .collect();
    let channels = spec.channels.iter().map(|channel| Some(channel.name.as_str()));
    names.iter().all(Option::is_some)
        && !are_colours(pictures, candidates)
        && !are_numbers(names.into_iter())
        && !are_numbers(channels)
}

/// Whether names differ in their numbers only, as `Page 1` and `Page 2` do.
fn are_numbers<'a>(names: impl Iterator<Item = Option<&'a str>>) -> bool {
    let mut stems = names.map(|name| name.unwrap_or_default().replace(|c: char| c.is_ascii_digit(), ""));
    let first = stems.next();
    stems.all(|stem| Some(stem) == first)
}

/// Whether the planes are the colours of one picture.
fn are_colours(pictures: &[Picture], candidates: &[PlaneRef]) -> bool {
    let mut names = candidates
        .iter()
        .map(|&place| plane(pictures, place).and_then(|plane| plane.name.as_deref()));
    pictures.len() == 1 && names.all(|name| matches!(name, Some("red" | "green" | "blue" | "alpha")))
}

/// Corrects what was saved in colours although it is grey: where there are more planes than the model has
/// channels, a picture whose red, green and blue are the same becomes one plane without a name.
pub fn merge_grey(mut pictures: Vec<Picture>, spec: &ImageSpec) -> Vec<Picture> {
    let planes = |picture: &Picture| {
        picture
            .planes
            .iter()
            .filter(|plane| plane.name.as_deref() != Some("alpha"))
            .count()
    };
    if pictures.iter().map(planes).sum::<usize>() > spec.channels.len() {
        pictures = pictures.into_iter().map(Picture::merge_grey).collect();
    }
    pictures
}

impl Suggestion {
    /// The suggestion as an assignment, where it is complete.
    ///
    /// # Errors
    /// [`ImageError::Assignment`] naming the first channel without a plane, and as [`Assignment::new`].
    pub fn complete(&self, pictures: &[Picture], spec: &ImageSpec) -> Result<Assignment, ImageError> {
        let mut planes = Vec::with_capacity(self.planes.len());
        for (plane, channel) in self.planes.iter().zip(&spec.channels) {
            planes.push(plane.ok_or_else(|| ImageError::Assignment {
                channel: channel.name.clone(),
                problem: missing(pictures),
            })?);
        }
        Assignment::new(planes, pictures, spec)
    }
}

/// What to say of a channel without a plane, with the planes' names where they have any.
fn missing(pictures: &[Picture]) -> String {
    let names: Vec<&str> = pictures
        .iter()
        .flat_map(|picture| &picture.planes)
        .filter_map(|plane| plane.name.as_deref())
        .take(16)
        .collect();
    if names.is_empty() {
        return "no plane is named like it; choose one".into();
    }
    format!(
        "no plane is named like it among {}; choose one, or give the channel that alias",
        names.join(", ")
    )
}

impl Assignment {
    /// Checks a choice of planes, one for each of the model's channels in their order.
    ///
    /// # Errors
    /// [`ImageError::TooFewPlanes`] for another number of planes than channels, [`ImageError::Assignment`]
    /// for a plane that is not there or is chosen twice, [`ImageError::Sizes`] for planes of different sizes.
    pub fn new(planes: Vec<PlaneRef>, pictures: &[Picture], spec: &ImageSpec) -> Result<Self, ImageError> {
        if planes.len() != spec.channels.len() {
            return Err(ImageError::TooFewPlanes {
                found: planes.len(),
                expected: spec.channels.len(),
                names: spec
                    .channels
                    .iter()
                    .map(|c| c.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        let mut first: Option<(PlaneRef, &Plane)> = None;
        for (index, (&place, channel)) in planes.iter().zip(&spec.channels).enumerate() {
            let wrong = |problem: String| ImageError::Assignment {
                channel: channel.name.clone(),
                problem,
            };
            let plane = plane(pictures, place).ok_or_else(|| {
                wrong(format!(
                    "plane {} of file {} is not there",
                    place.plane + 1,
                    place.picture + 1
                ))
            })?;
            if planes.iter().take(index).any(|&earlier| earlier == place) {
                return Err(wrong(format!(
                    "{} is another channel's already; expected a plane of its own",
                    label(pictures, place)
                )));
            }
            let (first_place, first_plane) = *first.get_or_insert((place, plane));
            if (plane.width, plane.height) != (first_plane.width, first_plane.height) {
                return Err(ImageError::Sizes {
                    name: label(pictures, place),
                    width: plane.width,
                    height: plane.height,
                    other: label(pictures, first_place),
                    other_width: first_plane.width,
                    other_height: first_plane.height,
                });
            }
        }
        Ok(Self { planes })
    }

    /// The chosen planes, one for each channel.
    pub fn planes(&self) -> &[PlaneRef] {
        &self.planes
    }

    /// The chosen planes themselves with the pictures they are in, one for each channel.
    pub fn resolve<'a>(&self, pictures: &'a [Picture]) -> Vec<(&'a Picture, &'a Plane)> {
        let found = self.planes.iter().filter_map(|&place| {
            let picture = pictures.get(place.picture)?;
            Some((picture, picture.planes.get(place.plane)?))
        });
        found.collect()
    }
}

/// What to call a plane on a page: the file, and the plane's name or number where the file has several.
pub fn label(pictures: &[Picture], place: PlaneRef) -> String {
    let Some(picture) = pictures.get(place.picture) else {
        return format!("file {}", place.picture + 1);
    };
    match picture
        .planes
        .get(place.plane)
        .and_then(|plane| plane.name.as_deref())
    {
        _ if picture.planes.len() == 1 => picture.name.clone(),
        Some(name) => format!("{} {name}", picture.name),
        None => format!("{} plane {}", picture.name, place.plane + 1),
    }
}

fn plane(pictures: &[Picture], place: PlaneRef) -> Option<&Plane> {
    pictures.get(place.picture)?.planes.get(place.plane)
}

fn is_alpha(pictures: &[Picture], place: PlaneRef) -> bool {
    plane(pictures, place).is_some_and(|plane| plane.name.as_deref() == Some("alpha"))
}

/// Every plane, files sorted by name with numbers as numbers (`w2` before `w10`), planes in the file's order.
fn in_order(pictures: &[Picture]) -> Vec<PlaneRef> {
    let mut files: Vec<usize> = (0..pictures.len()).collect();
    files.sort_by_cached_key(|&index| pictures.get(index).map(|picture| sort_key(&picture.name)));
    let planes = files.into_iter().flat_map(|picture| {
        let count = pictures.get(picture).map_or(0, |p| p.planes.len());
        (0..count).map(move |plane| PlaneRef { picture, plane })
    });
    planes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Depth;

    fn picture(name: &str, planes: &[Option<&str>]) -> Picture {
        sized(name, planes, 4, 4)
    }

    fn sized(name: &str, planes: &[Option<&str>], width: usize, height: usize) -> Picture {
        let planes = planes
            .iter()
            .map(|plane| Plane {
                name: plane.map(str::to_owned),
                colour: None,
                width,
                height,
                values: vec![0.0; width * height],
            })
            .collect();
        Picture::new(name, planes, Depth::Eight).unwrap()
    }

    fn at(picture: usize, plane: usize) -> PlaneRef {
        PlaneRef { picture, plane }
    }

    #[test]
    fn stains_in_file_names_find_their_channels_in_any_order() {
        let spec = ImageSpec::bbbc021(64, 64);
        let files = [
            picture("Week2_24381_B02_s1_DNA_16bit.png", &[None]),
            picture("Week2_24381_B02_s1_tubulin_16bit.png", &[None]),
            picture("Week2_24381_B02_s1_actin_16bit.png", &[None]),
        ];
        let suggestion = suggest(&files, &spec).unwrap();
        assert_eq!(suggestion.basis, Basis::Names);
        assert_eq!(suggestion.planes, [at(2, 0), at(1, 0), at(0, 0)].map(Some));
        let assignment = suggestion.complete(&files, &spec).unwrap();
        assert_eq!(
            assignment.resolve(&files)[0].0.name,
            "Week2_24381_B02_s1_actin_16bit.png"
        );
    }

    #[test]
    fn a_set_with_more_stains_is_left_to_a_person_where_names_do_not_tell() {
        let spec = ImageSpec::bbbc021(64, 64);
        let files: Vec<Picture> = [
            "ch1_Mito.tiff",
            "ch2_AGP.tiff",
            "ch3_RNA.tiff",
            "ch4_ER.tiff",
            "ch5_DNA.tiff",
        ]
        .iter()
        .map(|name| picture(name, &[None]))
        .collect();
        let suggestion = suggest(&files, &spec).unwrap();
        assert_eq!(suggestion.basis, Basis::Unclear);
        assert_eq!(suggestion.planes, [Some(at(1, 0)), None, Some(at(4, 0))]);
        let error = suggestion.complete(&files, &spec).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tubulin: no plane is named like it; choose one"
        );
    }

    #[test]
    fn names_in_the_file_come_before_its_order() {
        let spec = ImageSpec::bbbc021(64, 64);
        let stack = [picture(
            "stack.tif",
            &[Some("DNA"), Some("tubulin"), Some("actin")],
        )];
        let suggestion = suggest(&stack, &spec).unwrap();
        assert_eq!(suggestion.basis, Basis::Names);
        assert_eq!(suggestion.planes, [at(0, 2), at(0, 1), at(0, 0)].map(Some));
        assert_eq!(suggestion.guessed, [false; 3]);
        // The channel that is left gets the plane that is left, to be confirmed.
        let stack = [picture("stack.tif", &[Some("DNA"), Some("FITC"), Some("actin")])];
        let suggestion = suggest(&stack, &spec).unwrap();
        assert_eq!(suggestion.planes, [at(0, 2), at(0, 1), at(0, 0)].map(Some));
        assert_eq!(suggestion.guessed, [false, true, false]);
        // Order does not overrule names of other channels; it does overrule names that are only numbers.
        let stack = [picture("stack.tif", &[Some("Mito"), Some("ER"), Some("RNA")])];
        let suggestion = suggest(&stack, &spec).unwrap();
        assert_eq!(
            (suggestion.basis, suggestion.planes.clone()),
            (Basis::Unclear, vec![None; 3])
        );
        assert_eq!(
            suggestion.complete(&stack, &spec).unwrap_err().to_string(),
            "actin: no plane is named like it among Mito, ER, RNA; choose one, or give the channel that alias"
        );
        let stack = [picture(
            "stack.tif",
            &[Some("Page 1"), Some("Page 2"), Some("Page 3")],
        )];
        let suggestion = suggest(&stack, &spec).unwrap();
        assert_eq!(
            (suggestion.basis, suggestion.guessed),
            (Basis::Order, vec![true; 3])
        );
    }

    #[test]
    fn a_number_for_a_name_is_a_guess_and_yields_to_a_name() {
        let spec = ImageSpec::bbbc021(64, 64);
        // RxRx1's w4 is RNA, not actin.
        let files: Vec<Picture> = (1..=6)
            .map(|number| picture(&format!("HEPG2-01_s1_w{number}.png"), &[None]))
            .collect();
        let suggestion = suggest(&files, &spec).unwrap();
        assert_eq!(suggestion.planes, [at(3, 0), at(1, 0), at(0, 0)].map(Some));
        assert_eq!(suggestion.guessed, [true; 3]);
        let files =
            ["a_w1_tubulin.png", "a_w2_actin.png", "a_w4_DAPI.png"].map(|name| picture(name, &[None]));
        let suggestion = suggest(&files, &spec).unwrap();
        assert_eq!(suggestion.planes, [at(1, 0), at(0, 0), at(2, 0)].map(Some));
        assert_eq!(suggestion.guessed, [false; 3]);
    }

    #[test]
    fn a_usual_name_of_the_same_stain_is_a_guess_and_yields_to_a_name() {
        let mut spec = ImageSpec::bbbc021(64, 64);
        for channel in &mut spec.channels {
            channel.stain = String::new();
            channel.aliases = Vec::new();
        }
        let stack = [picture(
            "stack.tif",
            &[Some("Hoechst 33342"), Some("tubulin"), Some("Phalloidin")],
        )];
        let suggestion = suggest(&stack, &spec).unwrap();
        assert_eq!(suggestion.planes, [at(0, 2), at(0, 1), at(0, 0)].map(Some));
        assert_eq!(suggestion.guessed, [true, false, true]);
        // Two planes of one stain are left to a person.
        let stack = [picture(
            "stack.tif",
            &[Some("DAPI"), Some("Hoechst"), Some("tubulin"), Some("actin")],
        )];
        assert_eq!(suggest(&stack, &spec).unwrap().planes[2], None);
        let stack = [picture(
            "stack.tif",
            &[Some("DAPI"), Some("DNA"), Some("tubulin"), Some("actin")],
        )];
        assert_eq!(suggest(&stack, &spec).unwrap().planes[2], Some(at(0, 1)));
    }

    #[test]
    fn grey_saved_as_colours_is_one_plane_where_one_is_wanted() {
        let colours = [Some("red"), Some("green"), Some("blue")];
        let one = ImageSpec::plain(1, 64, 64);
        let merged = merge_grey(vec![picture("a.png", &colours)], &one);
        assert_eq!(merged[0].planes.len(), 1);
        assert_eq!(suggest(&merged, &one).unwrap().planes, [Some(at(0, 0))]);
        // Three such files are three channels, by their names.
        let spec = ImageSpec::bbbc021(64, 64);
        let files = ["a_DNA.png", "a_tubulin.png", "a_actin.png"].map(|name| picture(name, &colours));
        let suggestion = suggest(&merge_grey(files.to_vec(), &spec), &spec).unwrap();
        assert_eq!(suggestion.planes, [at(2, 0), at(1, 0), at(0, 0)].map(Some));
        // One such file is a picture of three channels, even if all of it is black.
        assert_eq!(
            merge_grey(vec![picture("a.png", &colours)], &spec)[0]
                .planes
                .len(),
            3
        );
        // Colours that differ stay colours.
        let mut coloured = picture("a.png", &colours);
        coloured.planes[1].values[3] = 1.0;
        assert_eq!(merge_grey(vec![coloured], &one)[0].planes.len(), 3);
    }

    #[test]
    fn numbered_files_are_taken_in_the_order_of_their_numbers() {
        let spec = ImageSpec::plain(6, 64, 64);
        let files: Vec<Picture> = [
            "s1_w10.png",
            "s1_w2.png",
            "s1_w1.png",
            "s1_w4.png",
            "s1_w3.png",
            "s1_w5.png",
        ]
        .iter()
        .map(|name| picture(name, &[None]))
        .collect();
        let suggestion = suggest(&files, &spec).unwrap();
        assert_eq!(suggestion.basis, Basis::Order);
        assert_eq!(
            suggestion.planes,
            [at(2, 0), at(1, 0), at(4, 0), at(3, 0), at(5, 0), at(0, 0)].map(Some)
        );
    }

    #[test]
    fn a_colour_picture_is_taken_in_order_without_its_alpha() {
        let spec = ImageSpec::bbbc021(64, 64);
        let rgba = [Some("red"), Some("green"), Some("blue"), Some("alpha")];
        let suggestion = suggest(&[picture("crop.png", &rgba)], &spec).unwrap();
        assert_eq!(suggestion.planes, [at(0, 0), at(0, 1), at(0, 2)].map(Some));
        let four = ImageSpec::plain(4, 64, 64);
        let suggestion = suggest(&[picture("crop.png", &rgba)], &four).unwrap();
        assert_eq!(
            suggestion.planes,
            [at(0, 0), at(0, 1), at(0, 2), at(0, 3)].map(Some)
        );
    }

    #[test]
    fn too_few_planes_are_refused_with_the_channels_wanted() {
        let error = suggest(&[picture("grey.png", &[None])], &ImageSpec::bbbc021(64, 64)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the picture has 1 channel, the model needs 3: actin, tubulin, DNA"
        );
    }

    #[test]
    fn a_plane_twice_a_missing_one_and_two_sizes_are_refused() {
        let spec = ImageSpec::plain(2, 8, 8);
        let files = [picture("a.png", &[None]), sized("b.png", &[None], 5, 4)];
        let error = Assignment::new(vec![at(0, 0), at(0, 0)], &files, &spec).unwrap_err();
        assert_eq!(
            error.to_string(),
            "channel 2: a.png is another channel's already; expected a plane of its own"
        );
        let error = Assignment::new(vec![at(0, 0), at(0, 7)], &files, &spec).unwrap_err();
        assert_eq!(error.to_string(), "channel 2: plane 8 of file 1 is not there");
        let error = Assignment::new(vec![at(0, 0), at(1, 0)], &files, &spec).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("b.png is 5 x 4 px, but a.png is 4 x 4 px"),
            "{error}"
        );
    }
}
