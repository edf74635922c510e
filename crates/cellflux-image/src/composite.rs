//! From channels to the colours on the screen. The page's canvas and every exported picture come from here.

use serde::{Deserialize, Serialize};

use crate::error::ImageError;
use crate::spec::{Colour, ImageSpec, Window};

/// An 8-bit picture for the screen: red, green, blue, alpha, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Four bytes per pixel.
    pub pixels: Vec<u8>,
}

/// What a viewer chose to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Display {
    /// Whether each channel is shown.
    pub visible: Vec<bool>,
    /// Each channel's display window, in coded units.
    pub windows: Vec<Window>,
}

/// The default scale of a difference picture: the change, in coded units (1 is black to full scale), drawn in
/// full colour.
pub const DIFFERENCE_SCALE: f32 = 0.25;

impl Display {
    /// Every channel, in the window that the manifest gives it.
    pub fn of(spec: &ImageSpec) -> Self {
        Self {
            visible: vec![true; spec.channels.len()],
            windows: spec.channels.iter().map(|channel| channel.window).collect(),
        }
    }

    /// Each visible channel's index, colour and window.
    fn shown<'a>(&'a self, spec: &'a ImageSpec) -> impl Iterator<Item = (usize, Colour, Window)> + 'a {
        let channels = spec
            .channels
            .iter()
            .zip(&self.visible)
            .zip(&self.windows)
            .enumerate();
        channels
            .filter(|(_, ((_, visible), _))| **visible)
            .map(|(index, ((channel, _), window))| (index, channel.colour, *window))
    }
}

/// The composite of a model-range image `[C, H, W]`: each visible channel, stretched by its window, adds its
/// colour; sums above white are white.
///
/// Coded values go to the screen as they are: a square-root coding is close to the screen's own curve.
///
/// # Errors
/// [`ImageError::Length`] unless the image has the spec's shape.
pub fn composite(spec: &ImageSpec, display: &Display, image: &[f32]) -> Result<Rgba, ImageError> {
    spec.check_length("model-range image", image.len())?;
    let mut light = vec![[0f32; 3]; spec.pixels()];
    for (index, colour, window) in display.shown(spec) {
        let (low, high) = (window.low as f32, window.high as f32);
        let colour = parts(colour);
        let plane = image.iter().skip(index * spec.pixels());
        for (pixel, &x) in light.iter_mut().zip(plane) {
            let share = ((spec.range.unit(x) - low) / (high - low)).clamp(0.0, 1.0);
            // A NaN passes through `clamp`; it is shown black.
            let share = if share.is_nan() { 0.0 } else { share };
            for (sum, part) in pixel.iter_mut().zip(colour) {
                *sum += share * part;
            }
        }
    }
    Ok(to_rgba(spec, &light))
}

/// The change from `control` to `now`, both model-range `[C, H, W]`, on a diverging scale around mid-grey.
///
/// `scale` is the change in coded units that is drawn in full colour ([`DIFFERENCE_SCALE`]). With several
/// channels visible, more of a channel adds its colour to the grey and less of it takes its colour away. With
/// one channel visible, more is red, less is blue and no change is white.
///
/// # Errors
/// [`ImageError::Length`] unless both images have the spec's shape.
pub fn difference(
    spec: &ImageSpec,
    display: &Display,
    now: &[f32],
    control: &[f32],
    scale: f32,
) -> Result<Rgba, ImageError> {
    spec.check_length("model-range image", now.len())?;
    spec.check_length("model-range control", control.len())?;
    let shown: Vec<_> = display.shown(spec).collect();
    let alone = shown.len() == 1;
    let mut light = vec![if alone { [0f32; 3] } else { NO_CHANGE }; spec.pixels()];
    for (index, colour, _) in shown {
        let colour = parts(colour);
        let skipped = index * spec.pixels();
        let changes = now.iter().zip(control).skip(skipped);
        for (pixel, (&after, &before)) in light.iter_mut().zip(changes) {
            let change = (spec.range.unit(after) - spec.range.unit(before)) / scale;
            let change = if change.is_nan() {
                0.0
            } else {
                change.clamp(-1.0, 1.0)
            };
            if alone {
                *pixel = diverging(change);
            } else {
                add_change(pixel, change, colour);
            }
        }
    }
    Ok(to_rgba(spec, &light))
}

/// The colours that [`difference`] gives to changes from `-scale` at the left to `scale` at the right: for
/// each visible channel its index, and a row of `width` pixels in which only that channel changes.
pub fn difference_legend(spec: &ImageSpec, display: &Display, width: usize) -> Vec<(usize, Rgba)> {
    let shown: Vec<_> = display.shown(spec).collect();
    let alone = shown.len() == 1;
    let strip = |colour: Colour| {
        let last = width.saturating_sub(1).max(1) as f32;
        let light: Vec<[f32; 3]> = (0..width)
            .map(|x| {
                let change = 2.0 * x as f32 / last - 1.0;
                let mut pixel = NO_CHANGE;
                add_change(&mut pixel, change, parts(colour));
                if alone { diverging(change) } else { pixel }
            })
            .collect();
        Rgba {
            width,
            height: 1,
            pixels: bytes(&light),
        }
    };
    shown
        .into_iter()
        .map(|(index, colour, _)| (index, strip(colour)))
        .collect()
}

/// The light of no change where several channels are visible.
const NO_CHANGE: [f32; 3] = [128.0; 3];

/// A channel's change from -1 to 1 in its colour.
fn add_change(pixel: &mut [f32; 3], change: f32, colour: [f32; 3]) {
    for (sum, part) in pixel.iter_mut().zip(colour) {
        *sum += change * part * 0.5;
    }
}

/// Blue at -1, white at 0, red at 1: the ends of `ColorBrewer`'s red-blue scheme, equally dark on both sides.
fn diverging(change: f32) -> [f32; 3] {
    const LESS: [f32; 3] = [33.0, 102.0, 172.0];
    const NONE: [f32; 3] = [247.0, 247.0, 247.0];
    const MORE: [f32; 3] = [178.0, 24.0, 43.0];
    let end = if change < 0.0 { LESS } else { MORE };
    std::array::from_fn(|i| NONE[i] + (end[i] - NONE[i]) * change.abs())
}

fn parts(colour: Colour) -> [f32; 3] {
    [
        f32::from(colour.red),
        f32::from(colour.green),
        f32::from(colour.blue),
    ]
}

fn to_rgba(spec: &ImageSpec, light: &[[f32; 3]]) -> Rgba {
    Rgba {
        width: spec.width,
        height: spec.height,
        pixels: bytes(light),
    }
}

fn bytes(light: &[[f32; 3]]) -> Vec<u8> {
    light
        .iter()
        .flat_map(|&[red, green, blue]| {
            // `as` saturates at both ends.
            [red.round() as u8, green.round() as u8, blue.round() as u8, 255]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ImageSpec {
        let mut spec = ImageSpec::plain(3, 1, 2);
        for (channel, colour) in spec.channels.iter_mut().zip([
            Colour::new(255, 0, 0),
            Colour::new(0, 255, 0),
            Colour::new(0, 0, 255),
        ]) {
            channel.colour = colour;
        }
        spec
    }

    #[test]
    fn pure_colours_show_the_coded_bytes_themselves() {
        let spec = spec();
        let coded = [10, 200, 0, 255, 77, 1];
        let rgba = composite(&spec, &Display::of(&spec), &spec.to_model_range(&coded).unwrap()).unwrap();
        assert_eq!(rgba.pixels, [10, 0, 77, 255, 200, 255, 1, 255]);
        assert_eq!((rgba.width, rgba.height), (2, 1));
    }

    #[test]
    fn windows_stretch_and_hidden_channels_are_dark() {
        let spec = spec();
        let image = spec.to_model_range(&[51, 102, 255, 255, 255, 255]).unwrap();
        let mut display = Display::of(&spec);
        display.visible = vec![true, false, false];
        display.windows[0] = Window { low: 0.2, high: 0.4 };
        let rgba = composite(&spec, &display, &image).unwrap();
        assert_eq!(rgba.pixels, [0, 0, 0, 255, 255, 0, 0, 255]);
    }

    #[test]
    fn overlapping_colours_saturate_and_numbers_that_are_none_are_black() {
        let mut spec = spec();
        for channel in &mut spec.channels {
            channel.colour = Colour::new(200, 200, 200);
        }
        let rgba = composite(
            &spec,
            &Display::of(&spec),
            &[9.0, f32::NAN, 1.0, f32::NAN, 1.0, f32::NAN],
        )
        .unwrap();
        assert_eq!(rgba.pixels, [255, 255, 255, 255, 0, 0, 0, 255]);
    }

    #[test]
    fn no_change_is_neutral_and_opposite_changes_are_opposite_colours() {
        let spec = spec();
        let control = spec.to_model_range(&[100; 6]).unwrap();
        let display = Display::of(&spec);
        let rgba = difference(&spec, &display, &control, &control, DIFFERENCE_SCALE).unwrap();
        assert_eq!(rgba.pixels, [128, 128, 128, 255, 128, 128, 128, 255]);

        let now = spec.to_model_range(&[255, 0, 100, 100, 100, 100]).unwrap();
        let rgba = difference(&spec, &display, &now, &control, DIFFERENCE_SCALE).unwrap();
        assert_eq!(rgba.pixels, [255, 128, 128, 255, 1, 128, 128, 255]);

        let one = Display {
            visible: vec![true, false, false],
            ..display
        };
        let rgba = difference(&spec, &one, &now, &control, DIFFERENCE_SCALE).unwrap();
        assert_eq!(rgba.pixels, [178, 24, 43, 255, 33, 102, 172, 255]);
        let rgba = difference(&spec, &one, &control, &control, DIFFERENCE_SCALE).unwrap();
        assert_eq!(rgba.pixels[..3], [247, 247, 247]);
    }

    #[test]
    fn a_legend_has_the_colours_of_the_picture_that_it_explains() {
        let spec = spec();
        let control = spec.to_model_range(&[128; 6]).unwrap();
        let all = Display::of(&spec);
        let one = Display {
            visible: vec![false, true, false],
            ..all.clone()
        };
        for (display, strips) in [(&all, 3), (&one, 1)] {
            let legend = difference_legend(&spec, display, 65);
            assert_eq!(legend.len(), strips);
            for (channel, strip) in legend {
                assert_eq!((strip.width, strip.height, strip.pixels.len()), (65, 1, 260));
                // One pixel as dark and one as bright as can be, far beyond the scale.
                let mut now = [128; 6];
                (now[2 * channel], now[2 * channel + 1]) = (0, 255);
                let now = spec.to_model_range(&now).unwrap();
                let drawn = difference(&spec, display, &now, &control, DIFFERENCE_SCALE).unwrap();
                assert_eq!(strip.pixels[..4], drawn.pixels[..4]);
                assert_eq!(strip.pixels[256..], drawn.pixels[4..]);
                let same = difference(&spec, display, &control, &control, DIFFERENCE_SCALE).unwrap();
                assert_eq!(strip.pixels[128..132], same.pixels[..4]);
            }
        }
        let none = Display {
            visible: vec![false; 3],
            ..all
        };
        assert!(difference_legend(&spec, &none, 65).is_empty());
    }

    #[test]
    fn six_channels_and_none_both_give_a_picture() {
        let spec = ImageSpec::plain(6, 4, 4);
        let image = vec![0.0; spec.len()];
        assert_eq!(
            composite(&spec, &Display::of(&spec), &image)
                .unwrap()
                .pixels
                .len(),
            64
        );
        let none = Display {
            visible: vec![false; 6],
            ..Display::of(&spec)
        };
        assert!(
            composite(&spec, &none, &image)
                .unwrap()
                .pixels
                .chunks(4)
                .all(|p| p == [0, 0, 0, 255])
        );
        assert!(composite(&spec, &none, &image[1..]).is_err());
    }
}
