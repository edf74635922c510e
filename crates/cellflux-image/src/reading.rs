//! What the numbers of dropped files could mean: the readings among which a person chooses, once for each
//! sort of files; the first that fits is suggested.

use crate::coding::Meaning;
use crate::picture::{Depth, Picture};
use crate::spec::ImageSpec;

/// A choice of what numbers mean; a [`Meaning`] once the files are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// [`Meaning::Coded`].
    Coded,
    /// [`Meaning::Raw`].
    Raw,
    /// [`Meaning::Model`].
    Model,
    /// Linear light from 0 to 255.
    Linear8,
    /// Linear light from 0 to 65535.
    Linear16,
    /// Linear light from 0 to 1.
    Unit,
    /// Linear light from the files' smallest number to their largest.
    Range,
}

/// Files that are read alike: stored in the same way, with the same suggested reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    files: Vec<usize>,
    readings: Vec<Reading>,
    /// The smallest and the largest number in its files.
    range: (f64, f64),
}

impl Reading {
    /// What it is called in a page's choice.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coded => "coded",
            Self::Raw => "raw",
            Self::Model => "model",
            Self::Linear8 => "linear-8",
            Self::Linear16 => "linear-16",
            Self::Unit => "unit",
            Self::Range => "range",
        }
    }

    fn meaning(self, (low, high): (f64, f64)) -> Meaning {
        let linear = |black, white| Meaning::Linear { black, white };
        match self {
            Self::Coded => Meaning::Coded,
            Self::Raw => Meaning::Raw,
            Self::Model => Meaning::Model,
            Self::Linear8 => linear(0.0, 255.0),
            Self::Linear16 => linear(0.0, 65_535.0),
            Self::Unit => linear(0.0, 1.0),
            Self::Range if low < high => linear(low, high),
            // A flat picture has no range of its own; then it is black, and can still be looked at.
            Self::Range => linear(low, low + low.abs().max(1.0)),
        }
    }

    /// The readings of a depth, the likeliest first. The last always fits.
    fn of_depth(depth: Depth) -> [Self; 7] {
        match depth {
            Depth::Eight => [
                Self::Coded,
                Self::Linear8,
                Self::Raw,
                Self::Unit,
                Self::Model,
                Self::Linear16,
                Self::Range,
            ],
            Depth::Sixteen => [
                Self::Raw,
                Self::Linear16,
                Self::Coded,
                Self::Unit,
                Self::Model,
                Self::Linear8,
                Self::Range,
            ],
            Depth::Float => [
                Self::Unit,
                Self::Model,
                Self::Range,
                Self::Raw,
                Self::Linear16,
                Self::Coded,
                Self::Linear8,
            ],
        }
    }

    /// Whether a picture's numbers may be read so. Whole numbers read as light from 0 to 1, or numbers of two
    /// bytes read as one byte, would be cut off.
    fn fits(self, picture: &Picture, spec: &ImageSpec) -> bool {
        let range = (f64::from(picture.min), f64::from(picture.max));
        let whole = match self {
            Self::Unit => range.1 <= 1.0,
            Self::Linear8 => range.1 <= 255.0,
            _ => true,
        };
        (whole || picture.depth == Depth::Float) && self.meaning(range).check(picture, spec).is_ok()
    }
}

impl Sort {
    /// Positions of its files among those handed over.
    pub fn files(&self) -> &[usize] {
        &self.files
    }

    /// What its numbers could mean, the suggested reading first; never empty.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The reading that is suggested.
    pub fn suggested(&self) -> Reading {
        self.readings.first().copied().unwrap_or(Reading::Range)
    }

    /// One of its readings by name.
    pub fn reading(&self, name: &str) -> Option<Reading> {
        self.readings
            .iter()
            .copied()
            .find(|reading| reading.name() == name)
    }

    /// What its files' numbers mean if read so.
    pub fn meaning(&self, reading: Reading) -> Meaning {
        reading.meaning(self.range)
    }
}

/// Groups files by how they are stored and which reading is the first that fits them. Every file has a
/// reading that fits.
pub fn sorts(pictures: &[Picture], spec: &ImageSpec) -> Vec<Sort> {
    let mut sorts: Vec<(Depth, Sort)> = Vec::new();
    for (file, picture) in pictures.iter().enumerate() {
        let readings = Reading::of_depth(picture.depth).into_iter();
        let readings: Vec<Reading> = readings.filter(|reading| reading.fits(picture, spec)).collect();
        let range = (f64::from(picture.min), f64::from(picture.max));
        let same = sorts
            .iter_mut()
            .find(|(depth, sort)| *depth == picture.depth && sort.readings.first() == readings.first());
        if let Some((_, sort)) = same {
            sort.files.push(file);
            sort.readings.retain(|reading| readings.contains(reading));
            sort.range = (sort.range.0.min(range.0), sort.range.1.max(range.1));
        } else {
            let files = vec![file];
            sorts.push((
                picture.depth,
                Sort {
                    files,
                    readings,
                    range,
                },
            ));
        }
    }
    sorts.into_iter().map(|(_, sort)| sort).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::{Assignment, PlaneRef};
    use crate::crop::{Crop, cut_each};
    use crate::picture::Plane;

    fn holding(name: &str, depth: Depth, low: f32, high: f32) -> Picture {
        let mut values = vec![low; 256];
        values[200..].fill(high);
        let plane = Plane {
            name: None,
            colour: None,
            width: 16,
            height: 16,
            values,
        };
        Picture::new(name, vec![plane], depth).unwrap()
    }

    fn suggested(depth: Depth, low: f32, high: f32) -> Reading {
        let spec = ImageSpec::bbbc021(16, 16);
        let sorts = sorts(&[holding("a", depth, low, high)], &spec);
        let meaning = sorts[0].meaning(sorts[0].suggested());
        meaning.check(&holding("a", depth, low, high), &spec).unwrap();
        sorts[0].suggested()
    }

    #[test]
    fn every_file_has_a_reading_that_fits() {
        assert_eq!(suggested(Depth::Eight, 3.0, 200.0), Reading::Coded);
        assert_eq!(suggested(Depth::Sixteen, 300.0, 60_000.0), Reading::Raw);
        assert_eq!(suggested(Depth::Float, 0.0, 1.0), Reading::Unit);
        assert_eq!(suggested(Depth::Float, 200.0, 4000.0), Reading::Range);
        assert_eq!(suggested(Depth::Float, -1.0, 1.0), Reading::Model);
        assert_eq!(suggested(Depth::Float, -700.0, 1e9), Reading::Range);
        // Flat pictures, too.
        assert_eq!(suggested(Depth::Float, 3000.0, 3000.0), Reading::Range);
        assert_eq!(suggested(Depth::Float, -3e9, -3e9), Reading::Range);
        assert_eq!(suggested(Depth::Float, 0.0, 0.0), Reading::Unit);
    }

    #[test]
    fn files_of_several_kinds_have_a_reading_each_and_make_one_crop() {
        let spec = ImageSpec::bbbc021(16, 16);
        let files = [
            holding("actin.tif", Depth::Sixteen, 0.0, 65_520.0),
            holding("tubulin.png", Depth::Eight, 0.0, 255.0),
            holding("dna.npy", Depth::Float, 200.0, 4000.0),
        ];
        let sorts = sorts(&files, &spec);
        let found: Vec<(&[usize], Reading)> = sorts
            .iter()
            .map(|sort| (sort.files(), sort.suggested()))
            .collect();
        assert_eq!(
            found,
            [
                (&[0][..], Reading::Raw),
                (&[1][..], Reading::Coded),
                (&[2][..], Reading::Range)
            ]
        );
        let meanings: Vec<Meaning> = sorts.iter().map(|sort| sort.meaning(sort.suggested())).collect();
        let planes = (0..3).map(|picture| PlaneRef { picture, plane: 0 }).collect();
        let assignment = Assignment::new(planes, &files, &spec).unwrap();
        let crop = Crop { x: 0, y: 0, side: 16 };
        let cut = cut_each(&spec, &files, &assignment, crop, &meanings).unwrap();
        for channel in cut.bytes.chunks(256) {
            assert_eq!((channel[0], channel[255]), (0, 255));
        }
        // Files stored alike are one sort, with one range for all.
        let alike = ["a", "b"].map(|name| {
            holding(
                name,
                Depth::Float,
                200.0,
                if name == "a" { 3000.0 } else { 4000.0 },
            )
        });
        let one = super::sorts(&alike, &spec);
        assert_eq!((one.len(), one[0].files()), (1, &[0, 1][..]));
        assert_eq!(
            one[0].meaning(Reading::Range),
            Meaning::Linear {
                black: 200.0,
                white: 4000.0
            }
        );
        // Floats of two scales are two.
        let apart = [
            holding("a", Depth::Float, 0.0, 1.0),
            holding("b", Depth::Float, 0.0, 4000.0),
        ];
        assert_eq!(super::sorts(&apart, &spec).len(), 2);
    }
}
