//! Which plane of which file is which of the model's channels: suggested from names or order, decided by a person.

use crate::error::ImageError;
use crate::picture::{Picture, Plane};
use crate::spec::{Channel, ImageSpec};

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
    /// What the suggestion rests on.
    pub basis: Basis,
}

/// What a suggestion rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Every channel was found by its name, stain or alias.
    Names,
    /// There are as many planes as channels: taken in order, files sorted by name with numbers as numbers.
    Order,
    /// More planes than channels and not every channel found by name.
    Unclear,
}

/// A plane for every channel: complete, each plane once, all of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    planes: Vec<PlaneRef>,
}

/// Suggests planes for the model's channels. Planes called `alpha` are left aside unless their number is needed.
///
/// # Errors
/// [`ImageError::TooFewPlanes`] where the pictures have fewer planes than the model has channels.
pub fn suggest(pictures: &[Picture], spec: &ImageSpec) -> Result<Suggestion, ImageError> {
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

    let named = by_name(pictures, candidates, &spec.channels);
    if named.iter().all(Option::is_some) {
        return Ok(Suggestion {
            planes: named,
            basis: Basis::Names,
        });
    }
    if candidates.len() == wanted {
        let planes = candidates.iter().copied().map(Some).collect();
        return Ok(Suggestion {
            planes,
            basis: Basis::Order,
        });
    }
    Ok(Suggestion {
        planes: named,
        basis: Basis::Unclear,
    })
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
                problem: "no plane is named like it; choose one".into(),
            })?);
        }
        Assignment::new(planes, pictures, spec)
    }
}

impl Assignment {
    /// Checks a choice of planes, one for each of the model's channels in their order.
    ///
    /// # Errors
    /// [`ImageError::TooFewPlanes`] for another number of planes than channels, [`ImageError::Assignment`] for a plane
    /// that is not there or is chosen twice, [`ImageError::Sizes`] for planes of different sizes.
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
                    "{} is already another channel; expected a plane of its own",
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

/// A name cut into text and numbers, numbers by value (their length after leading zeros, then their digits).
fn sort_key(name: &str) -> Vec<(bool, usize, String)> {
    let mut parts: Vec<(bool, usize, String)> = Vec::new();
    for c in name.to_lowercase().chars() {
        let digit = c.is_ascii_digit();
        match parts.last_mut() {
            Some((kind, _, text)) if *kind == digit => text.push(c),
            _ => parts.push((digit, 0, c.into())),
        }
    }
    for (digit, length, text) in &mut parts {
        if *digit {
            *text = text.trim_start_matches('0').to_owned();
            *length = text.len();
        }
    }
    parts
}

/// For each channel the one plane whose words contain one of the channel's words; none where several do, or where
/// two channels claim the same plane.
fn by_name(pictures: &[Picture], candidates: &[PlaneRef], channels: &[Channel]) -> Vec<Option<PlaneRef>> {
    let names: Vec<Vec<String>> = candidates
        .iter()
        .map(|&place| words(&name_of(pictures, place)))
        .collect();
    let found: Vec<Option<PlaneRef>> = channels
        .iter()
        .map(|channel| {
            let hints: Vec<Vec<String>> = [&channel.name, &channel.stain]
                .into_iter()
                .chain(&channel.aliases)
                .map(|hint| words(hint))
                .filter(|hint| !hint.is_empty())
                .collect();
            let mut matching = candidates
                .iter()
                .zip(&names)
                .filter(|(_, name)| hints.iter().any(|hint| contains(name, hint)));
            match (matching.next(), matching.next()) {
                (Some((&place, _)), None) => Some(place),
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
fn name_of(pictures: &[Picture], place: PlaneRef) -> String {
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

/// Lower-case runs of letters and digits.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn contains(name: &[String], hint: &[String]) -> bool {
    name.windows(hint.len()).any(|window| window == hint)
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
            "the picture has 1 channel, the model wants 3: actin, tubulin, DNA"
        );
    }

    #[test]
    fn a_plane_twice_a_missing_one_and_two_sizes_are_refused() {
        let spec = ImageSpec::plain(2, 8, 8);
        let files = [picture("a.png", &[None]), sized("b.png", &[None], 5, 4)];
        let error = Assignment::new(vec![at(0, 0), at(0, 0)], &files, &spec).unwrap_err();
        assert_eq!(
            error.to_string(),
            "channel 2: a.png is already another channel; expected a plane of its own"
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
