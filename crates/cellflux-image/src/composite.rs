//! From channels to the colours on the screen. The page's canvas and every exported picture come from here.

use serde::Serialize;

use crate::error::ImageError;
use crate::lut::{Lut, parts};
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
#[derive(Clone, Debug, PartialEq)]
pub struct Display {
    /// How each channel is shown, in the spec's order.
    pub channels: Vec<ChannelDisplay>,
}

/// How one channel is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChannelDisplay {
    /// Whether it is shown at all.
    pub visible: bool,
    /// The coded values that are black and in full colour.
    pub window: Window,
    /// The exponent of a value's share of the window: below 1 what is dim becomes brighter, above 1 darker.
    pub gamma: f64,
    /// The colours.
    pub lut: Lut,
}

/// The default scale of a difference picture: the change, in coded units (1 is black to full scale), drawn in
/// full colour.
pub const DIFFERENCE_SCALE: f32 = 0.25;

impl Display {
    /// Every channel as the manifest shows it.
    pub fn of(spec: &ImageSpec) -> Self {
        let shown = |window: Window| ChannelDisplay {
            visible: true,
            window,
            gamma: 1.0,
            lut: Lut::Own,
        };
        Self {
            channels: spec
                .channels
                .iter()
                .map(|channel| shown(channel.window))
                .collect(),
        }
    }

    /// One channel alone, in grey, in the window and with the gamma that it has here.
    #[must_use]
    pub fn alone_in_grey(&self, channel: usize) -> Self {
        let mut alone = self.clone();
        for (index, shown) in alone.channels.iter_mut().enumerate() {
            shown.visible = index == channel;
            shown.lut = Lut::Grey;
        }
        alone
    }

    /// Each visible channel's index, its colour in the manifest and how it is shown.
    fn shown<'a>(
        &'a self,
        spec: &'a ImageSpec,
    ) -> impl Iterator<Item = (usize, Colour, ChannelDisplay)> + 'a {
        let channels = spec.channels.iter().zip(&self.channels).enumerate();
        channels
            .filter(|(_, (_, shown))| shown.visible)
            .map(|(index, (channel, shown))| (index, channel.colour, *shown))
    }
}

impl ChannelDisplay {
    /// How bright a coded value is shown, 0 to 1; a NaN stays one.
    fn brightness(&self, unit: f32) -> f32 {
        let (low, high) = (self.window.low as f32, self.window.high as f32);
        let share = ((unit - low) / (high - low)).clamp(0.0, 1.0);
        if (self.gamma - 1.0).abs() < f64::EPSILON {
            return share;
        }
        // libm's, so that a page and a command give the same picture.
        libm::powf(share, self.gamma as f32)
    }
}

/// The composite of a model-range image `[C, H, W]`: each visible channel, stretched by its window and bent
/// by its gamma, adds the light of its look-up table; sums above white are white. A NaN adds nothing.
///
/// Coded values go to the screen as they are: a square-root coding is close to the screen's own curve.
///
/// # Errors
/// [`ImageError::Length`] unless the image has the spec's shape.
pub fn composite(spec: &ImageSpec, display: &Display, image: &[f32]) -> Result<Rgba, ImageError> {
    spec.check_length("model-range image", image.len())?;
    let mut light = vec![[0f32; 3]; spec.pixels()];
    for (index, own, shown) in display.shown(spec) {
        let plane = image.iter().skip(index * spec.pixels());
        for (pixel, &x) in light.iter_mut().zip(plane) {
            let brightness = shown.brightness(spec.range.unit(x));
            if brightness.is_nan() {
                continue;
            }
            for (sum, part) in pixel.iter_mut().zip(shown.lut.light(own, brightness)) {
                *sum += part;
            }
        }
    }
    Ok(to_rgba(spec, &light))
}

/// The change from `control` to `now`, both model-range `[C, H, W]`, on a diverging scale around mid-grey.
///
/// `scale` is the change in coded units that is drawn in full colour ([`DIFFERENCE_SCALE`]); windows and
/// gammas do not matter here. With several channels visible, more of a channel adds the last colour of its
/// look-up table to the grey and less of it takes that away. With one channel visible, more is red, less is
/// blue and no change is white.
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
    for (index, own, channel) in shown {
        let colour = parts(channel.lut.full(own));
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
    let strip = |own: Colour, channel: ChannelDisplay| {
        let colour = parts(channel.lut.full(own));
        let last = width.saturating_sub(1).max(1) as f32;
        let light: Vec<[f32; 3]> = (0..width)
            .map(|x| {
                let change = 2.0 * x as f32 / last - 1.0;
                let mut pixel = NO_CHANGE;
                add_change(&mut pixel, change, colour);
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
        .map(|(index, own, channel)| (index, strip(own, channel)))
        .collect()
}

/// How much the visible channels change together: at each pixel the root mean square over them of `change`,
/// a difference of model-range images `[C, H, W]`, or one per unit of time. Nothing is the first colour of
/// viridis, and `scale` in coded units ([`DIFFERENCE_SCALE`]) and more is the last one; windows and gammas do
/// not matter here. A NaN counts as no change; without a visible channel the picture is black.
///
/// # Errors
/// [`ImageError::Length`] unless the change has the spec's shape.
pub fn magnitude(
    spec: &ImageSpec,
    display: &Display,
    change: &[f32],
    scale: f32,
) -> Result<Rgba, ImageError> {
    spec.check_length("model-range change", change.len())?;
    let none = spec.range.unit(0.0);
    let visible = display.shown(spec).count();
    let mut squares = vec![0f32; spec.pixels()];
    for (index, _, _) in display.shown(spec) {
        let plane = change.iter().skip(index * spec.pixels());
        for (sum, &x) in squares.iter_mut().zip(plane) {
            let change = (spec.range.unit(x) - none) / scale;
            if !change.is_nan() {
                *sum += change * change;
            }
        }
    }
    let shade = |sum: &f32| match visible {
        0 => [0.0; 3],
        _ => magnitude_colour((sum / visible as f32).sqrt()),
    };
    let light: Vec<[f32; 3]> = squares.iter().map(shade).collect();
    Ok(to_rgba(spec, &light))
}

/// The colours that [`magnitude`] gives, from no change at the left to its scale at the right: a row of
/// `width` pixels.
pub fn magnitude_legend(width: usize) -> Rgba {
    let last = width.saturating_sub(1).max(1) as f32;
    let light: Vec<[f32; 3]> = (0..width).map(|x| magnitude_colour(x as f32 / last)).collect();
    Rgba {
        width,
        height: 1,
        pixels: bytes(&light),
    }
}

/// The colour of a share of the scale; more than all of it is as all of it.
fn magnitude_colour(share: f32) -> [f32; 3] {
    Lut::Viridis.light(Colour::new(0, 0, 0), share)
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
        for hidden in &mut display.channels[1..] {
            hidden.visible = false;
        }
        display.channels[0].window = Window { low: 0.2, high: 0.4 };
        let rgba = composite(&spec, &display, &image).unwrap();
        assert_eq!(rgba.pixels, [0, 0, 0, 255, 255, 0, 0, 255]);
    }

    #[test]
    fn gamma_bends_between_the_ends_of_the_window_and_leaves_them() {
        let spec = spec();
        let image = spec.to_model_range(&[0, 64, 128, 255, 64, 128]).unwrap();
        let shown = |gamma: f64| {
            let mut display = Display::of(&spec);
            for channel in &mut display.channels {
                channel.gamma = gamma;
            }
            composite(&spec, &display, &image).unwrap().pixels
        };
        // 255 (64 / 255)^(1/2) is 127.7, 255 (128 / 255)^2 is 64.3.
        assert_eq!(shown(0.5), [0, 181, 128, 255, 128, 255, 181, 255]);
        assert_eq!(shown(2.0), [0, 64, 16, 255, 16, 255, 64, 255]);
        assert_eq!(shown(1.0), [0, 128, 64, 255, 64, 255, 128, 255]);
    }

    #[test]
    fn a_table_takes_the_place_of_the_channel_s_colour_also_where_more_of_it_is_told() {
        let spec = spec();
        let image = spec.to_model_range(&[255, 0, 0, 0, 0, 0]).unwrap();
        let mut display = Display::of(&spec);
        display.channels[0].lut = Lut::Cyan;
        let rgba = composite(&spec, &display, &image).unwrap();
        assert_eq!(rgba.pixels, [0, 255, 255, 255, 0, 0, 0, 255]);
        let control = spec.to_model_range(&[0; 6]).unwrap();
        let rgba = difference(&spec, &display, &image, &control, DIFFERENCE_SCALE).unwrap();
        assert_eq!(rgba.pixels, [128, 255, 255, 255, 128, 128, 128, 255]);
    }

    #[test]
    fn a_channel_alone_in_grey_keeps_its_window_and_a_number_that_is_none_is_black_in_every_table() {
        let spec = spec();
        let image = spec.to_model_range(&[51, 102, 255, 255, 255, 255]).unwrap();
        let mut display = Display::of(&spec);
        display.channels[0].window = Window { low: 0.2, high: 0.5 };
        display.channels[0].lut = Lut::Viridis;
        let alone = display.alone_in_grey(0);
        let rgba = composite(&spec, &alone, &image).unwrap();
        assert_eq!(rgba.pixels, [0, 0, 0, 255, 170, 170, 170, 255]);
        for lut in Lut::ALL {
            display.channels[0].lut = lut;
            let unknown = [f32::NAN, f32::NAN, -1.0, -1.0, -1.0, -1.0];
            let rgba = composite(&spec, &display, &unknown).unwrap();
            assert_eq!(rgba.pixels, [0, 0, 0, 255, 0, 0, 0, 255], "{lut}");
        }
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

        let mut one = display;
        for hidden in &mut one.channels[1..] {
            hidden.visible = false;
        }
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
        let mut one = all.clone();
        for other in [0, 2] {
            one.channels[other].visible = false;
        }
        // A look-up table colours the picture, windows and gammas do not.
        let mut otherwise = all.clone();
        for (channel, lut) in otherwise
            .channels
            .iter_mut()
            .zip([Lut::Magenta, Lut::Viridis, Lut::Own])
        {
            channel.lut = lut;
            channel.window = Window { low: 0.2, high: 0.4 };
            channel.gamma = 2.0;
        }
        for (display, strips) in [(&all, 3), (&one, 1), (&otherwise, 3)] {
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
        let mut none = all;
        for hidden in &mut none.channels {
            hidden.visible = false;
        }
        assert!(difference_legend(&spec, &none, 65).is_empty());
    }

    #[test]
    fn a_magnitude_is_the_root_mean_square_of_the_visible_channels_whatever_their_signs() {
        let spec = spec();
        let display = Display::of(&spec);
        // A change in model range is twice that in coded units, and the scale is a quarter.
        let full = 2.0 * DIFFERENCE_SCALE;
        let drawn = |display: &Display, change: [f32; 6]| {
            magnitude(&spec, display, &change, DIFFERENCE_SCALE)
                .unwrap()
                .pixels
        };
        let legend = magnitude_legend(65);
        assert_eq!((legend.width, legend.height), (65, 1));
        let (least, most) = (&legend.pixels[..4], &legend.pixels[256..]);
        let up = drawn(&display, [full, 0.0, full, 0.0, full, 0.0]);
        let mixed = drawn(&display, [-full, 0.0, full, 0.0, -full, f32::NAN]);
        assert_eq!(up, mixed);
        assert_eq!((&up[..4], &up[4..]), (most, least));
        // Alone, a channel is its own magnitude; among others that stay it is less.
        let change = [full, 0.5 * full, 0.0, 0.0, 0.0, 0.0];
        let mut alone = display.clone();
        for other in &mut alone.channels[1..] {
            other.visible = false;
        }
        let one = drawn(&alone, change);
        assert_eq!((&one[..4], &one[4..]), (most, &legend.pixels[128..132]));
        assert_ne!(drawn(&display, change), one);
        alone.channels[0].visible = false;
        assert_eq!(drawn(&alone, change), [0, 0, 0, 255, 0, 0, 0, 255]);
        assert!(magnitude(&spec, &display, &[0.0; 5], DIFFERENCE_SCALE).is_err());
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
        let mut none = Display::of(&spec);
        for hidden in &mut none.channels {
            hidden.visible = false;
        }
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
