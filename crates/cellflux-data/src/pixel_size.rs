//! The size of a pixel on the specimen: stated by the configuration, by a column of the table, or by the
//! images' own files, and said to be unknown otherwise.

use std::fmt;

use cellflux_image::{ImageSpec, Picture};
use cellflux_microscope::{LARGEST_UM, PixelSize, SMALLEST_UM, Scale, Source};
use serde::Serialize;

use crate::error::DataError;
use crate::table::{Column, Row, Table};

/// The title under which the tables written here state it, in micrometres.
pub(crate) const TITLE: &str = "PIXEL_SIZE_UM";

/// Titles that are known, each with the micrometres of its unit. Harmony, the program of the microscope that
/// imaged CPJUMP1, writes `ImageResolutionX` in metres.
const KNOWN: [(&str, f64); 3] = [
    (TITLE, 1.0),
    ("ImageResolutionX", 1e6),
    ("Metadata_ImageResolutionX", 1e6),
];

/// By how much, as a share, sizes that are meant to be the same may differ: they are written with few digits.
const SAME: f64 = 0.01;

/// What is known of the size of the pixels of the model's images.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PixelScale {
    /// Micrometres per pixel; none where nothing states it.
    pub um: Option<f64>,
    /// What states it.
    pub from: String,
    /// What else is stated and not taken, with the reason.
    pub untaken: Vec<String>,
}

/// A column of sizes, and what its rows state.
pub(crate) struct SizeColumn {
    column: Column,
    unit_um: f64,
    /// The smallest and the largest size, in micrometres, of the rows that state one.
    range: Option<(f64, f64)>,
    /// Rows that state none.
    silent: usize,
}

impl SizeColumn {
    /// The column of this title, in micrometres unless it is a known one in another unit; without a title the
    /// first known one that the table has.
    ///
    /// # Errors
    /// [`DataError::MissingColumn`] for a title that the table does not have.
    pub(crate) fn find(table: &Table, title: Option<&str>) -> Result<Option<Self>, DataError> {
        let (column, unit_um) = match title {
            Some(title) => {
                let known = KNOWN.iter().find(|(known, _)| *known == title);
                let column = table.column(title, "the size of a pixel")?;
                (column, known.map_or(1.0, |(_, unit_um)| *unit_um))
            }
            None => match KNOWN
                .iter()
                .find_map(|(title, unit)| Some((table.find(title)?, *unit)))
            {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        Ok(Some(Self {
            column,
            unit_um,
            range: None,
            silent: 0,
        }))
    }

    /// The size that a row states, in micrometres.
    ///
    /// # Errors
    /// [`DataError::Cell`] for a text that is no size of a pixel.
    pub(crate) fn of(&self, row: &Row<'_>) -> Result<Option<f64>, DataError> {
        let possible = SMALLEST_UM..=LARGEST_UM;
        match row.amount(&self.column)?.map(|size| size * self.unit_um) {
            Some(um) if !possible.contains(&um) => {
                let expected = format!("a pixel of {SMALLEST_UM} to {LARGEST_UM} \u{b5}m, or nothing");
                Err(row.wrong(&self.column, expected))
            }
            um => Ok(um),
        }
    }

    /// Notes what the row of an image states.
    ///
    /// # Errors
    /// As [`SizeColumn::of`].
    pub(crate) fn add(&mut self, row: &Row<'_>) -> Result<(), DataError> {
        match self.of(row)? {
            None => self.silent += 1,
            Some(um) => {
                let (least, most) = self.range.unwrap_or((um, um));
                self.range = Some((least.min(um), most.max(um)));
            }
        }
        Ok(())
    }

    /// The one size of all rows, in micrometres; an error in words where there is not one.
    fn stated(&self) -> Result<Option<f64>, String> {
        let title = self.column.title();
        match self.range {
            None => Ok(None),
            Some((least, most)) if differ(least, most) => Err(format!(
                "the column {title} states sizes from {} to {} \u{b5}m, and a model's images have one",
                figures(least),
                figures(most)
            )),
            Some(_) if self.silent > 0 => Err(format!(
                "the column {title} states none for {} images",
                self.silent
            )),
            Some((least, _)) => Ok(Some(least)),
        }
    }
}

impl PixelScale {
    /// Decides between what is stated. The configuration speaks of the model's pixels and goes before the
    /// table and the files, which speak of their own; `per_pixel` of those, along a row, are one of the
    /// model's.
    pub(crate) fn decide(
        config_um: Option<f64>,
        column: Option<&SizeColumn>,
        file: &Scale,
        per_pixel: f64,
    ) -> Self {
        let mut untaken = Vec::new();
        let mut stated: Vec<(f64, String)> = Vec::new();
        stated.extend(config_um.map(|um| (um, "data.image.pixel_size_um".to_owned())));
        if let Some(column) = column {
            match column.stated() {
                Ok(um) => {
                    let from = || format!("the column {}", column.column.title());
                    stated.extend(um.map(|um| (um * per_pixel, from())));
                }
                Err(reason) => untaken.push(reason),
            }
        }
        untaken.extend(
            file.untaken
                .iter()
                .map(|said| format!("of the first image: {said}")),
        );
        match file.pixel {
            Some(size) if of_the_specimen(size) => {
                let from = format!("{} of the first image", size.source().name());
                stated.push((size.um() * per_pixel, from));
            }
            Some(size) => untaken.push(format!(
                "{} of the first image says {} \u{b5}m, which may be a pixel of the camera and not of the \
                specimen",
                size.source().name(),
                figures(size.um())
            )),
            None => {}
        }
        let mut stated = stated.into_iter();
        let Some((um, from)) = stated.next() else {
            return Self {
                untaken,
                ..Self::default()
            };
        };
        let others = stated.filter(|(other, _)| differ(um, *other));
        untaken.extend(others.map(|(other, from)| format!("{from} states {} \u{b5}m", figures(other))));
        Self {
            um: Some(um),
            from,
            untaken,
        }
    }
}

/// One line, and one for each that is not taken.
impl fmt::Display for PixelScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.um {
            Some(um) => writeln!(
                f,
                "  a pixel is {} \u{b5}m wide, as {} states",
                figures(um),
                self.from
            )?,
            None => writeln!(
                f,
                "  the size of a pixel is not known: neither the table nor the images state it, and \
                data.image.pixel_size_um does not; pictures will have no scale bar"
            )?,
        }
        for reason in &self.untaken {
            writeln!(f, "  not taken as the size of a pixel: {reason}")?;
        }
        Ok(())
    }
}

/// Puts the size of a pixel into a specification.
pub(crate) fn put(spec: &mut ImageSpec, um: Option<f64>) {
    spec.pixel_size_um = um;
    spec.crop_size_um = um.map(|um| um * spec.height.max(spec.width) as f64);
}

/// The one size that these files state of the specimen; none where they state several or none.
pub(crate) fn of_files(pictures: &[Picture]) -> Option<f64> {
    let sizes = pictures.iter().filter_map(|picture| picture.scale.pixel);
    let shared = PixelSize::shared(sizes.filter(|size| of_the_specimen(*size)));
    shared.ok().flatten().map(PixelSize::um)
}

/// Two sizes of the specimen's pixels that files state and that are not the same, in micrometres.
pub(crate) fn contradiction(first: &Scale, other: &Scale) -> Option<(f64, f64)> {
    let first = first.pixel.filter(|size| of_the_specimen(*size))?.um();
    let other = other.pixel.filter(|size| of_the_specimen(*size))?.um();
    differ(first, other).then_some((first, other))
}

/// Whether a file's statement is about the specimen. A TIFF's bare resolution need not be: CPJUMP1's files
/// give 6.45 µm in it, a pixel of their camera, which the objective makes ten times smaller.
fn of_the_specimen(size: PixelSize) -> bool {
    size.source() != Source::Resolution
}

fn differ(one: f64, other: f64) -> bool {
    (one - other).abs() > SAME * one.max(other)
}

/// Micrometres with as many digits as a person compares.
pub(crate) fn figures(um: f64) -> String {
    format!("{}", (um * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::Folder;
    use crate::{Fit, Report, read_experiment};

    const HEADER: &str = "path,SPLIT,STATE,CPD_NAME,BATCH,PIXEL_SIZE_UM";

    fn folder(sizes: [&str; 2]) -> Folder {
        let [one, other] = sizes;
        let rows = [
            format!("a.png,train,0,DMSO,A,{one}"),
            format!("b.png,train,1,taxol,A,{other}"),
        ];
        Folder::new(HEADER, &rows.each_ref().map(String::as_str))
    }

    fn file(pixel: Option<PixelSize>) -> Scale {
        Scale {
            pixel,
            untaken: Vec::new(),
        }
    }

    fn size(um: f64, source: Source) -> PixelSize {
        PixelSize::new(um, um, source).unwrap()
    }

    #[test]
    fn a_table_s_size_becomes_the_model_s_and_an_unknown_one_is_said_to_be_unknown() {
        let known = folder(["0.65", "0.65"]).read().unwrap();
        assert_eq!(known.spec().pixel_size_um, Some(0.65));
        let said = Report::of(&known).to_string();
        assert!(
            said.contains("a pixel is 0.65 µm wide, as the column PIXEL_SIZE_UM states"),
            "{said}"
        );
        let unknown = Folder::usual().read().unwrap();
        assert_eq!(unknown.spec().pixel_size_um, None);
        let said = Report::of(&unknown).to_string();
        assert!(said.contains("the size of a pixel is not known"), "{said}");
        // A drawn cell has none.
        let drawn = read_experiment(&crate::fixtures::synthetic(40)).unwrap();
        assert!(!Report::of(&drawn).to_string().contains("size of a pixel"));
    }

    #[test]
    fn several_sizes_and_missing_ones_are_not_taken_and_what_is_no_size_is_an_error() {
        for (sizes, part) in [
            (
                ["0.5", "0.65"],
                "the column PIXEL_SIZE_UM states sizes from 0.5 to 0.65 µm",
            ),
            (["0.5", ""], "the column PIXEL_SIZE_UM states none for 1 images"),
        ] {
            let experiment = folder(sizes).read().unwrap();
            assert_eq!(experiment.spec().pixel_size_um, None);
            let said = Report::of(&experiment).to_string();
            assert!(said.contains(part), "{said}");
        }
        for wrong in ["0", "1e9", "wide"] {
            let error = folder(["0.5", wrong]).read().unwrap_err().to_string();
            assert!(error.contains("line 3, column PIXEL_SIZE_UM"), "{error}");
        }
    }

    #[test]
    fn metres_of_a_known_title_are_read_and_the_configuration_goes_first() {
        let folder = folder(["5.98e-07", "5.98e-07"]);
        folder.edit("PIXEL_SIZE_UM", "Metadata_ImageResolutionX");
        let experiment = folder.read().unwrap();
        assert!((experiment.spec().pixel_size_um.unwrap() - 0.598).abs() < 1e-9);
        // Of images resampled to half their pixels each is twice as wide.
        let mut config = folder.config();
        config.image.fit = Fit::Whole;
        config.image.height /= 2;
        config.image.width /= 2;
        let halved = read_experiment(&config).unwrap();
        assert!((halved.spec().pixel_size_um.unwrap() - 1.196).abs() < 1e-9);
        config.image.pixel_size_um = Some(1.3);
        let stated = read_experiment(&config).unwrap();
        assert_eq!(stated.spec().pixel_size_um, Some(1.3));
        let said = Report::of(&stated).to_string();
        assert!(
            said.contains("the column Metadata_ImageResolutionX states 1.196 µm"),
            "{said}"
        );
    }

    #[test]
    fn a_file_s_calibration_is_taken_and_its_bare_resolution_is_not() {
        let calibrated = file(Some(size(0.5, Source::OmeXml)));
        let scale = PixelScale::decide(None, None, &calibrated, 2.0);
        assert_eq!((scale.um, scale.untaken.len()), (Some(1.0), 0));
        assert_eq!(scale.from, "OME-XML of the first image");
        let bare = file(Some(size(6.45, Source::Resolution)));
        let scale = PixelScale::decide(None, None, &bare, 1.0);
        assert_eq!(scale.um, None);
        assert!(scale.untaken[0].contains("says 6.45 µm, which may be a pixel of the camera"));
        assert_eq!(contradiction(&calibrated, &bare), None);
        let other = file(Some(size(0.65, Source::ImageJ)));
        assert_eq!(contradiction(&calibrated, &other), Some((0.5, 0.65)));
    }
}
