//! What a walk measures: a short list of [`crate::crop`]'s measures, taken of each of its images, and the
//! table of them.
//!
//! The page and the `cellflux` command measure with this and write the same table. From the numbers of an
//! image on nothing is rounded differently on different machines: the same image gives the same bytes.

use cellflux_image::ImageSpec;

use crate::crop::nuclei::{self, Nuclei};
use crate::crop::plane::Plane;
use crate::crop::{
    Channels, Crop, Measure, MeasureError, Unit, catalogue, correlation, intensity, laplacian,
};

/// What is measured of a walk through images of one kind: where a channel shows DNA, the nucleus in the
/// middle and how many nuclei there are; each channel's mean and Laplacian energy; the correlation of each
/// pair of channels.
#[derive(Clone, Debug)]
pub struct Along {
    spec: ImageSpec,
    channels: Channels,
    measures: Vec<Measure>,
    /// The unit of areas, in pixels.
    area_of_pixel: f64,
}

impl Along {
    /// Of images of this kind. Areas are in µm² where the size of a pixel is known, else in pixels.
    ///
    /// # Errors
    /// What [`Channels::new`] refuses: names of channels that give two measures the same name, or none.
    pub fn new(spec: &ImageSpec) -> Result<Self, MeasureError> {
        let channels = Channels::new(spec.channels.iter().map(|channel| channel.name.clone()))?;
        let all = catalogue(&channels);
        let names = names(&channels);
        let mut measures: Vec<Measure> = names
            .iter()
            .filter_map(|name| all.iter().find(|measure| measure.name == *name).cloned())
            .collect();
        // As the page's scale bar has it: stated, or of the size of the crop along its longer side.
        let longer = spec.width.max(spec.height) as f64;
        let of_crop = spec.crop_size_um.map(|across| across / longer);
        let pixel_size_um = spec.pixel_size_um.or(of_crop);
        let area_of_pixel = pixel_size_um.map_or(1.0, |side| side * side);
        if pixel_size_um.is_some() {
            for measure in &mut measures {
                if measure.unit == Unit::Pixels {
                    measure.unit = Unit::SquareMicrometres;
                }
            }
        }
        Ok(Self {
            spec: spec.clone(),
            channels,
            measures,
            area_of_pixel,
        })
    }

    /// What is measured, in the order of the values.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// The position, from 0, of the channel that shows nuclei; `None` where no name says which.
    pub fn nuclear(&self) -> Option<usize> {
        self.channels.nuclei()
    }

    /// The values of an image `[C, H, W]` in model range, in the order of [`Self::measures`]; `None` where it
    /// has no such value. The image is measured as the bytes that it would be stored as: what lies outside
    /// the model range counts as its nearest end.
    ///
    /// # Errors
    /// [`MeasureError::Length`] for an image of another size.
    pub fn of(&self, image: &[f32]) -> Result<Vec<Option<f64>>, MeasureError> {
        let coded: Vec<u8> = image.iter().map(|&x| self.spec.range.to_byte(x)).collect();
        let crop = Crop::new(&self.channels, &coded, self.spec.height, self.spec.width)?;
        let planes: Vec<Plane> = crop.planes().collect();
        let mut values = Vec::with_capacity(self.measures.len());
        if let Some(dna) = self.channels.nuclei().and_then(|position| planes.get(position)) {
            let [area, _, _, _, cut_off, count] = nuclei::measure(dna, Nuclei::find(dna).as_ref());
            values.extend([area.map(|area| area * self.area_of_pixel), cut_off, count]);
        }
        for plane in &planes {
            let [mean, ..] = intensity::measure(plane);
            values.push(mean);
        }
        for plane in &planes {
            values.extend(laplacian::measure(plane));
        }
        for (position, one) in planes.iter().enumerate() {
            let others = planes.iter().skip(position + 1);
            values.extend(others.map(|other| correlation::pearson(one, other)));
        }
        Ok(values)
    }

    /// The first line of a table: `compound,seed,step,time` and the measures, each with its unit in brackets.
    pub fn titles(&self) -> String {
        let mut cells: Vec<String> = ["compound", "seed", "step", "time"].map(str::to_owned).into();
        for measure in &self.measures {
            let unit = measure.unit.symbol();
            cells.push(if unit.is_empty() {
                quoted(&measure.name)
            } else {
                quoted(&format!("{} [{unit}]", measure.name))
            });
        }
        line(&cells)
    }
}

/// One image of one walk, as a line of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    /// The id of the walk's condition, or the structure of a typed compound; empty where it is not known.
    pub compound: &'a str,
    /// The walk's seed, where it is known.
    pub seed: Option<u64>,
    /// The step, from 0, the start's.
    pub step: usize,
    /// Its time on the flow. It is written as an f32, which a trajectory's `times.npy` holds.
    pub time: f64,
    /// The values, in the order of [`Along::measures`].
    pub values: &'a [Option<f64>],
}

impl Row<'_> {
    /// The line with its end. Each number has as many digits as it takes to read the same bits again; what
    /// was not measured is empty.
    pub fn line(&self) -> String {
        let mut cells = vec![
            quoted(self.compound),
            self.seed.map_or_else(String::new, |seed| seed.to_string()),
            self.step.to_string(),
            (self.time as f32).to_string(),
        ];
        let written = |value: &Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        cells.extend(self.values.iter().map(written));
        line(&cells)
    }
}

/// The names of what is measured, as the catalogue has them.
fn names(channels: &Channels) -> Vec<String> {
    let mut names = Vec::new();
    if channels.nuclei().is_some() {
        names.extend(["nucleus.area", "nucleus.cut-off", "nuclei.count"].map(str::to_owned));
    }
    let slugs = channels.slugs();
    names.extend(slugs.iter().map(|slug| format!("{slug}.mean")));
    names.extend(slugs.iter().map(|slug| format!("{slug}.laplacian-energy")));
    for (position, one) in slugs.iter().enumerate() {
        let others = slugs.iter().skip(position + 1);
        names.extend(others.map(|other| format!("{one}-{other}.{}", correlation::COLUMN.name)));
    }
    names
}

fn line(cells: &[String]) -> String {
    format!("{}\n", cells.join(","))
}

/// A cell as RFC 4180 has it: in quotes where it holds what divides cells or lines.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crop::measure;
    use cellflux_image::synthetic::{Batch, Cell, Effects};
    use proptest::prelude::*;

    fn drawn(seed: u64) -> Vec<u8> {
        let (effects, batch) = (Effects::default(), Batch::default());
        Cell { seed, effects, batch }.render(48, 48).unwrap()
    }

    #[test]
    fn each_value_is_the_one_that_the_whole_catalogue_has_under_its_name() {
        let spec = ImageSpec::bbbc021(48, 48);
        let along = Along::new(&spec).unwrap();
        let coded = drawn(3);
        let values = along.of(&spec.to_model_range(&coded).unwrap()).unwrap();
        let crop = Crop::new(&along.channels, &coded, 48, 48).unwrap();
        let (all, whole) = (catalogue(&along.channels), measure(&crop));
        // Three of the nucleus, two of each channel, one of each pair.
        assert_eq!((values.len(), along.measures().len()), (12, 12));
        for (own, value) in along.measures().iter().zip(&values) {
            let position = all.iter().position(|measure| measure == own).unwrap();
            assert_eq!(value, &whole[position], "{}", own.name);
        }
        assert!(values.iter().all(Option::is_some), "{values:?}");
    }

    #[test]
    fn areas_are_in_square_micrometres_where_the_size_of_a_pixel_is_known() {
        let plain = ImageSpec::bbbc021(48, 48);
        let spec = ImageSpec {
            pixel_size_um: Some(0.5),
            ..plain.clone()
        };
        let of_crop = ImageSpec {
            crop_size_um: Some(24.0),
            ..plain.clone()
        };
        let image = spec.to_model_range(&drawn(3)).unwrap();
        let [pixels, micrometres, across] = [plain, spec, of_crop].map(|spec| {
            let along = Along::new(&spec).unwrap();
            (
                along.measures()[0].unit.symbol(),
                along.of(&image).unwrap()[0].unwrap(),
            )
        });
        assert_eq!((pixels.0, micrometres.0), ("px", "µm²"));
        assert_eq!(micrometres.1.to_bits(), (pixels.1 * 0.25).to_bits());
        assert_eq!(across, micrometres);
    }

    #[test]
    fn images_without_a_nuclear_channel_have_no_nucleus_and_wrong_sizes_are_refused() {
        let along = Along::new(&ImageSpec::plain(2, 4, 4)).unwrap();
        assert_eq!(along.nuclear(), None);
        assert_eq!(Along::new(&ImageSpec::bbbc021(4, 4)).unwrap().nuclear(), Some(2));
        let names: Vec<&str> = along.measures().iter().map(|own| own.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "channel_1.mean",
                "channel_2.mean",
                "channel_1.laplacian-energy",
                "channel_2.laplacian-energy",
                "channel_1-channel_2.correlation"
            ]
        );
        // A constant channel is correlated with nothing.
        assert_eq!(along.of(&[0.0; 32]).unwrap().last(), Some(&None));
        assert!(along.of(&[0.0; 31]).is_err());
    }

    #[test]
    fn titles_name_units_and_rows_have_as_many_cells() {
        let along = Along::new(&ImageSpec::bbbc021(4, 4)).unwrap();
        let titles = along.titles();
        assert!(
            titles.starts_with("compound,seed,step,time,nucleus.area [px],nucleus.cut-off,nuclei.count,"),
            "{titles}"
        );
        assert!(titles.contains(",actin.mean [of full scale],"), "{titles}");
        let values = along.of(&[0.0; 48]).unwrap();
        let row = Row {
            compound: "a, \"b\"",
            seed: Some(7),
            step: 1,
            time: 0.1,
            values: &values,
        };
        let line = row.line();
        assert!(line.starts_with("\"a, \"\"b\"\"\",7,1,0.1,"), "{line}");
        let mut reader = csv::Reader::from_reader(titles.as_bytes());
        let columns = reader.headers().unwrap().len();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(line.as_bytes());
        assert_eq!(reader.records().next().unwrap().unwrap().len(), columns);
        assert!(line.ends_with('\n') && titles.ends_with('\n'));
    }

    proptest! {
        #[test]
        fn a_row_s_numbers_read_back_to_the_same_bits(
            value in any::<f64>().prop_filter("finite", |value| value.is_finite()),
            compound in "[ -~]{0,12}",
            seed in any::<u64>(),
        ) {
            let values = [Some(value)];
            let row = Row { compound: &compound, seed: Some(seed), step: 3, time: 0.25, values: &values };
            let line = row.line();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(&record[0], compound.as_str());
            prop_assert_eq!(record[1].parse::<u64>().unwrap(), seed);
            prop_assert_eq!(record[4].parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }
}
