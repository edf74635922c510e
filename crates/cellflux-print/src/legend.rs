//! What colours and lengths mean: the channels, the scale bar, the colours of a change.

use crate::layout::{Composer, INK, Mark, Place, QUIET, SMALL, line_height};
use crate::paper::{dots, points};
use crate::sheet::Sheet;
use crate::text::{plain, shortened};

/// In millimetres: a swatch, a strip of colours, the thickness of the scale bar, gaps.
const SWATCH: f64 = 2.2;
const STRIP: (f64, f64) = (40.0, 2.2);
const BAR: f64 = 0.6;
const BESIDE: f64 = 0.8;
const APART: f64 = 3.0;
const BELOW: f64 = 1.5;

/// The longest name of a channel.
const NAME: f64 = 35.0;
/// The longest scale bar, as a share of a panel.
const LONGEST_BAR: f64 = 0.4;
/// Lengths of a scale bar in micrometres: 1, 2 or 5 times one of these.
const DECADES: [f64; 9] = [1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4, 1e5];

/// Lines of the heading of a scale of change.
const HEADING_LINES: usize = 2;

/// The channels' names beside their colours, then the scale bar. `panel` is the width of a panel in dots and
/// in pixels.
pub(crate) fn channels(composer: &mut Composer, panel: (usize, usize)) {
    let about = composer.about;
    let size = points(SMALL);
    let (side, beside, apart) = (dots(SWATCH), dots(BESIDE), dots(APART));
    let mut x = composer.left;
    for swatch in &about.channels {
        let name = shortened(composer.font, &plain(&swatch.name), size, dots(NAME) as f32);
        let length = composer.font.length(&name, size).ceil() as usize;
        let wide = side + beside + length;
        x = fitting(composer, x, wide);
        let place = Place {
            x,
            y: composer.top + line_height(size).saturating_sub(side) / 2,
            width: side,
            height: side,
        };
        // A frame, since a channel may be white as the paper.
        composer.marks.push(Mark::Box(place, QUIET));
        let inside = Place {
            x: place.x + 1,
            y: place.y + 1,
            width: side - 2,
            height: side - 2,
        };
        composer.marks.push(Mark::Box(inside, swatch.colour));
        composer.line(name, (x + side + beside) as f32, size, INK);
        x += wide + apart;
    }
    if let Some((um, width)) = scale_bar(about.um_per_pixel, panel) {
        let name = format!("{um} µm");
        let length = composer.font.length(&name, size).ceil() as usize;
        x = fitting(composer, x, width + beside + length);
        let place = Place {
            x,
            y: composer.top + (line_height(size) - dots(BAR)) / 2,
            width,
            height: dots(BAR),
        };
        composer.marks.push(Mark::Box(place, INK));
        composer.line(name, (x + width + beside) as f32, size, INK);
        x += width;
    }
    if x > composer.left {
        composer.top += line_height(size);
        composer.space(BELOW);
    }
}

/// Where something `wide` stands: at `x`, or at the beginning of the next line.
fn fitting(composer: &mut Composer, x: usize, wide: usize) -> usize {
    if x == composer.left || x + wide <= composer.left + composer.inner {
        return x;
    }
    composer.top += line_height(points(SMALL));
    composer.left
}

/// The length of a scale bar in micrometres and in dots; `None` where the size of a pixel is not known, or no
/// round length fits. `panel` is the width of a panel in dots and in pixels.
fn scale_bar(um_per_pixel: Option<f64>, (dots, pixels): (usize, usize)) -> Option<(f64, usize)> {
    let um_per_pixel = um_per_pixel.filter(|um| um.is_finite() && *um > 0.0)?;
    let across = um_per_pixel * pixels as f64;
    let lengths = DECADES
        .iter()
        .flat_map(|decade| [1.0, 2.0, 5.0].map(|times| times * decade));
    let length = lengths.take_while(|um| *um <= LONGEST_BAR * across).last()?;
    let width = (length / across * dots as f64).round() as usize;
    (width > 0).then_some((length, width))
}

/// What the colours of a change mean: words above the strips, numbers below them.
pub(crate) fn change_scale(composer: &mut Composer, sheet: &Sheet) {
    let Some(scale) = &sheet.change_scale else {
        return;
    };
    let size = points(SMALL);
    composer.paragraph(&scale.heading, size, HEADING_LINES, INK);
    let (width, height) = (dots(STRIP.0).min(composer.inner / 2), dots(STRIP.1));
    spread(composer, &scale.words, width);
    for strip in &scale.strips {
        let line = line_height(size);
        let place = Place {
            x: composer.left,
            y: composer.top + line.saturating_sub(height) / 2,
            width,
            height,
        };
        composer.marks.push(Mark::Picture(strip.picture, place));
        let beside = width + dots(BESIDE);
        let room = (composer.inner - beside) as f32;
        let name = shortened(composer.font, &plain(&strip.name), size, room);
        composer.line(name, (composer.left + beside) as f32, size, INK);
        composer.top += line;
    }
    spread(composer, &scale.numbers, width);
    composer.space(BELOW);
}

/// Three texts over `width` dots: at the left, in the middle, at the right.
fn spread(composer: &mut Composer, texts: &[String; 3], width: usize) {
    let size = points(SMALL);
    for (text, share) in texts.iter().zip([0.0, 0.5, 1.0]) {
        let text = shortened(composer.font, &plain(text), size, width as f32 / 3.0);
        let free = width as f32 - composer.font.length(&text, size);
        composer.line(text, composer.left as f32 + share * free, size, QUIET);
    }
    composer.top += line_height(size);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_bar_is_a_round_length_of_less_than_half_a_panel() {
        // 64 pixels of 0.5 µm on 384 dots: 32 µm across.
        assert_eq!(scale_bar(Some(0.5), (384, 64)), Some((10.0, 120)));
        assert_eq!(scale_bar(Some(0.13), (384, 64)), Some((2.0, 92)));
        for nothing in [
            None,
            Some(0.0),
            Some(-1.0),
            Some(f64::NAN),
            Some(f64::INFINITY),
            Some(1e-9),
        ] {
            assert_eq!(scale_bar(nothing, (384, 64)), None);
        }
    }
}
