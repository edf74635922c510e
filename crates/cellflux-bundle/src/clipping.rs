//! Whether the display windows of a manifest suit the treated cells that the bundle shows. Windows are often
//! chosen for untreated cells, and a compound may make a cell far brighter: what is beyond a window looks
//! flat, and nobody sees that something is missing.

use std::collections::BTreeMap;
use std::fmt;

use cellflux_image::composite::Display;
use cellflux_image::histogram::{self, Histogram};
use cellflux_image::{ImageSpec, coded_png};

use crate::error::BundleError;
use crate::gallery::Gallery;

/// The share of a channel's pixels that a default window may show as its brightest without a word.
pub const SILENT: f64 = 0.01;

/// A channel of which the treated cells are brighter than its window in more than [`SILENT`] of their pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Clipped {
    /// The channel's name.
    pub channel: String,
    /// The share of the pixels, 0 to 1.
    pub share: f64,
    /// How many treated cells were looked at.
    pub cells: usize,
    /// Where the window ends, in coded units.
    pub high: f64,
    /// Where it would have to end, in coded units, for the share to be [`SILENT`] at most.
    pub enough: f64,
}

impl fmt::Display for Clipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = if self.cells == 1 { "cell" } else { "cells" };
        write!(
            f,
            "channel {}: {:.1} % of the pixels of {} treated {cells} are brighter than the window, which \
             ends at {}; expected at most {:.0} %, for which it would end at {}",
            self.channel,
            100.0 * self.share,
            self.cells,
            self.high,
            100.0 * SILENT,
            self.enough
        )
    }
}

/// The channels whose windows cut off more than [`SILENT`] of the gallery's treated cells, real and drawn
/// ones, at their bright end. `files` are the bundle's, by path.
///
/// # Errors
/// [`BundleError::MissingFile`] for a cell that is not there, [`BundleError::Image`] for one that is not a
/// PNG of the model's shape.
pub fn of_treated(
    spec: &ImageSpec,
    gallery: &Gallery,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<Clipped>, BundleError> {
    let display = Display::of(spec);
    let cells = gallery.treated.len();
    let mut found = vec![(0.0, Histogram::default()); spec.channels.len()];
    for example in &gallery.treated {
        let file = &example.file;
        let png = files
            .get(file)
            .ok_or_else(|| BundleError::MissingFile { file: file.clone() })?;
        let image = spec.to_model_range(&coded_png::read(spec, file, png)?)?;
        let shares = histogram::clipped(spec, &display, &image)?;
        let histograms = Histogram::of(spec, &image)?;
        for ((share, counts), (clipped, histogram)) in found.iter_mut().zip(shares.iter().zip(&histograms)) {
            // All cells have the same number of pixels.
            *share += clipped.bright / cells as f64;
            counts.merge(histogram);
        }
    }
    let channels = spec.channels.iter().zip(found);
    let clipped = channels.filter(|(_, (share, _))| *share > SILENT);
    Ok(clipped
        .map(|(channel, (share, counts))| {
            let level = f64::from(counts.percentile(1.0 - SILENT).unwrap_or(u8::MAX)) / 255.0;
            Clipped {
                channel: channel.name.clone(),
                share,
                cells,
                high: channel.window.high,
                enough: (1000.0 * level).ceil() / 1000.0,
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::Example;
    use cellflux_image::spec::Window;

    fn cell(id: &str) -> Example {
        Example {
            id: id.into(),
            file: format!("{id}.png"),
            condition: "taxol".into(),
            dose_um: None,
            batch: None,
            plate: None,
            well: None,
            source: "made up".into(),
            licence: "CC0-1.0".into(),
            synthetic: true,
            split: None,
        }
    }

    /// Two channels of 10 x 10 px; in the second 4 % and 0 % of the cells' pixels are as bright as 200.
    fn bundle() -> (ImageSpec, Gallery, BTreeMap<String, Vec<u8>>) {
        let mut spec = ImageSpec::plain(2, 10, 10);
        spec.channels[1].window = Window { low: 0.1, high: 0.5 };
        let gallery = Gallery {
            controls: vec![cell("control")],
            treated: vec![cell("bright"), cell("dim")],
        };
        let coded = |bright: usize| {
            let mut coded = vec![100; 200];
            coded[..100].fill(255);
            coded[100..100 + bright].fill(200);
            coded_png::write(&spec, &coded).unwrap()
        };
        let files = BTreeMap::from([("bright.png".into(), coded(4)), ("dim.png".into(), coded(0))]);
        (spec, gallery, files)
    }

    #[test]
    fn a_window_that_cuts_off_treated_cells_is_named_with_its_channel_the_share_and_a_better_end() {
        let (spec, gallery, files) = bundle();
        let [clipped] = of_treated(&spec, &gallery, &files).unwrap().try_into().unwrap();
        assert_eq!(
            clipped.to_string(),
            "channel channel 2: 2.0 % of the pixels of 2 treated cells are brighter than the window, which \
             ends at 0.5; expected at most 1 %, for which it would end at 0.785"
        );
        let mut wide = spec.clone();
        wide.channels[1].window.high = clipped.enough;
        assert!(of_treated(&wide, &gallery, &files).unwrap().is_empty());
    }

    #[test]
    fn one_per_cent_is_not_spoken_of_and_without_treated_cells_there_is_nothing_to_say() {
        let (spec, mut gallery, mut files) = bundle();
        let one = {
            let mut coded = vec![100; 200];
            coded[100] = 200;
            coded_png::write(&spec, &coded).unwrap()
        };
        files.insert("bright.png".into(), one);
        assert!(of_treated(&spec, &gallery, &files).unwrap().is_empty());
        gallery.treated.clear();
        assert!(of_treated(&spec, &gallery, &BTreeMap::new()).unwrap().is_empty());
    }

    #[test]
    fn a_cell_that_is_missing_or_no_picture_is_an_error_with_its_file() {
        let (spec, gallery, mut files) = bundle();
        files.insert("dim.png".into(), b"not a picture".to_vec());
        let message = of_treated(&spec, &gallery, &files).unwrap_err().to_string();
        assert!(message.contains("dim.png"), "{message}");
        files.remove("dim.png");
        let message = of_treated(&spec, &gallery, &files).unwrap_err().to_string();
        assert!(message.contains("dim.png: missing"), "{message}");
    }
}
