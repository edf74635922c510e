//! A contact sheet: many crops in a grid, to be looked at before anything is trained on them.

use cellflux_image::ImageSpec;
use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::histogram::Histogram;
use cellflux_image::spec::Window;
use cellflux_image::strip::Grid;

use crate::error::DataError;

/// Pixels between two crops.
const GAP: usize = 2;
/// The gaps' colour.
const GREY: [u8; 4] = [64, 64, 64, 255];

/// A display window for every channel that suits these crops: from their 1st to their 99.9th percentile,
/// wider where more than three channels add up.
pub fn windows(spec: &ImageSpec, crops: &[Vec<u8>]) -> Display {
    let mut display = Display::of(spec);
    let pixels = spec.pixels();
    for (index, channel) in display.channels.iter_mut().enumerate() {
        let mut histogram = Histogram::default();
        for &byte in crops
            .iter()
            .flat_map(|crop| crop.iter().skip(index * pixels).take(pixels))
        {
            histogram.add(f32::from(byte) / 255.0);
        }
        let percentile = |share: f64| f64::from(histogram.percentile(share).unwrap_or(255)) / 255.0;
        let (low, high) = (percentile(0.01), percentile(0.999));
        // Colours add up: of more than three channels each gets less light, or every cell would be white.
        let share = 3.0 / spec.channels.len().max(3) as f64;
        channel.window = Window {
            low: low.min(1.0 - 1.0 / 255.0),
            // Never empty, or one channel would be full or black.
            high: (low + (high - low).max(8.0 / 255.0) / share).min(1.0),
        };
    }
    display
}

/// Draws crops, coded bytes `[C, H, W]`, row by row in a grid of `columns` columns, in the given windows.
///
/// # Errors
/// [`DataError::Picture`] for a crop of another shape than the specification's.
pub fn contact_sheet(
    spec: &ImageSpec,
    crops: &[Vec<u8>],
    columns: usize,
    display: &Display,
) -> Result<Rgba, DataError> {
    let pictures = crops
        .iter()
        .map(|crop| Ok(composite(spec, display, &spec.to_model_range(crop)?)?))
        .collect::<Result<Vec<Rgba>, DataError>>()?;
    let grid = Grid {
        columns,
        gap: GAP,
        margin: GAP,
        colour: GREY,
    };
    Ok(grid.draw(&pictures)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_lie_in_a_grid_each_in_its_place() {
        let spec = ImageSpec::plain(1, 4, 3);
        let crops: Vec<Vec<u8>> = (0..5).map(|i| vec![40 * (i + 1); 12]).collect();
        let display = Display::of(&spec);
        let sheet = contact_sheet(&spec, &crops, 3, &display).unwrap();
        assert_eq!((sheet.width, sheet.height), (3 * 5 + 2, 2 * 6 + 2));
        let at = |x: usize, y: usize| sheet.pixels[4 * (y * sheet.width + x)];
        let one = |index: usize| {
            let image = spec.to_model_range(&crops[index]).unwrap();
            composite(&spec, &display, &image).unwrap().pixels[0]
        };
        assert_eq!((at(0, 0), at(2, 2), at(7, 2)), (64, one(0), one(1)));
        assert_eq!((at(2, 8), at(7, 11), at(12, 8)), (one(3), one(4), 64));
    }

    #[test]
    fn windows_span_what_the_crops_hold() {
        let spec = ImageSpec::plain(2, 10, 10);
        let crop: Vec<u8> = (0..100u8).map(|i| 50 + i).chain([9; 100]).collect();
        let display = windows(&spec, &[crop]);
        assert!((display.channels[0].window.low * 255.0 - 51.0).abs() < 1e-9);
        assert!((display.channels[0].window.high * 255.0 - 149.0).abs() < 1e-9);
        let flat = display.channels[1].window;
        assert!(flat.high > flat.low);
    }
}
