//! The picture of link previews: a walk's start, a late moment and the end, under the page's title.

use cellflux_image::composite::Rgba;
use cellflux_image::strip;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::error::SiteError;
use crate::recorder::Recording;
use crate::words::{Words, with_name};

/// What link previews show whole.
const SIZE: (usize, usize) = (1200, 630);
/// The bench's black, and what is written on it.
const GROUND: [u8; 4] = [11, 13, 17, 255];
const INK: [u8; 3] = [233, 236, 241];
const GAP: usize = 24;

/// Room for the title above the pictures, and for the words below them.
const TITLE: usize = 120;
const WORDS: usize = 76;

/// The part of the walk after which the middle picture is taken. A walk from source noise is pure noise half
/// way, and grainy at nine tenths.
const LATE: f64 = 0.96;
const HALF: f64 = 0.5;

/// A card, 1200 x 630 px, as PNG, and the words for people who cannot see it.
#[derive(Debug)]
pub struct Card {
    /// The picture.
    pub png: Vec<u8>,
    /// What it shows.
    pub alt: String,
}

/// Draws the card of a walk. The first picture is the start before source noise; a flow that starts from
/// noise has no such start and shows its noise.
///
/// # Errors
/// [`SiteError::Picture`] for a walk without frames.
pub fn card(
    recording: &Recording,
    title: &str,
    start: &str,
    compound: &str,
    words: &Words,
) -> Result<Card, SiteError> {
    let (picture, alt) = draw(recording, title, start, compound, words)?;
    let png = strip::encode_png(&picture).map_err(|error| SiteError::Picture {
        reason: error.to_string(),
    })?;
    Ok(Card { png, alt })
}

fn draw(
    recording: &Recording,
    title: &str,
    start: &str,
    compound: &str,
    words: &Words,
) -> Result<(Rgba, String), SiteError> {
    let generated = with_name(words.generated_under, compound);
    let wrong = |reason: String| SiteError::Picture { reason };
    let (Some(end), Some(middle)) = (
        recording.frames.last(),
        middle(&recording.times, recording.noised)
            .and_then(|index| Some((recording.frames.get(index)?, recording.times.get(index)?))),
    ) else {
        return Err(wrong("a trajectory without frames".into()));
    };
    let pictures = [
        (&recording.start, start.to_owned()),
        (middle.0, format!("t = {:.2}", middle.1)),
        (end, generated.clone()),
    ];
    let mut card = Rgba {
        width: SIZE.0,
        height: SIZE.1,
        pixels: GROUND.repeat(SIZE.0 * SIZE.1),
    };
    let first = &recording.start;
    let room = (SIZE.0 - GAP * (pictures.len() + 1)) / pictures.len();
    let scale = (room / first.width.max(1))
        .min((SIZE.1 - TITLE - WORDS) / first.height.max(1))
        .max(1);
    let (width, height) = (first.width * scale, first.height * scale);
    let left = SIZE
        .0
        .saturating_sub(pictures.len() * width + (pictures.len() - 1) * GAP)
        / 2;
    let top = TITLE + (SIZE.1 - TITLE - WORDS).saturating_sub(height) / 2;
    for (index, (picture, below)) in pictures.iter().enumerate() {
        let x = left + index * (width + GAP);
        paste(&mut card, picture, scale, (x, top));
        write(
            &mut card,
            below,
            RasterHeight::Size24,
            FontWeight::Regular,
            (x, top + height + 16),
            width,
        );
    }
    for (line, part) in lines(title, SIZE.0 - 2 * left.max(GAP)).iter().enumerate() {
        write(
            &mut card,
            part,
            RasterHeight::Size32,
            FontWeight::Bold,
            (left.max(GAP), 24 + line * 42),
            SIZE.0 - 2 * left.max(GAP),
        );
    }
    let alt = format!(
        "{title}. {}: {start}; t = {:.2}; {generated}",
        words.three_pictures, middle.1
    );
    Ok((card, alt))
}

/// The frame of a late moment, neither the first nor the last where there are others.
fn middle(times: &[f64], noised: bool) -> Option<usize> {
    let (first, last) = (times.first()?, times.last()?);
    let moment = first + (last - first) * if noised { LATE } else { HALF };
    let far = |index: usize| {
        times
            .get(index)
            .map_or(f64::INFINITY, |time| (time - moment).abs())
    };
    // A walk of one step has nothing between its ends.
    let inner = (1..times.len() - 1).min_by(|&a, &b| far(a).total_cmp(&far(b)));
    Some(inner.unwrap_or(times.len() - 1))
}

/// At most two lines of whole words; what is longer ends in dots.
fn lines(title: &str, width: usize) -> Vec<String> {
    let most = width / get_raster_width(FontWeight::Bold, RasterHeight::Size32);
    let mut lines = vec![String::new()];
    for word in title.split_whitespace() {
        let count = lines.len();
        let Some(line) = lines.last_mut() else { break };
        let after = line.chars().count() + 1 + word.chars().count();
        if line.is_empty() {
            line.push_str(word);
        } else if after <= most {
            line.push(' ');
            line.push_str(word);
        } else if count < 2 {
            lines.push(word.to_owned());
        } else {
            line.push_str(" ...");
            break;
        }
    }
    lines
}

/// Writes a line from its upper left corner, cut at `width`. A line with a letter that the font lacks is left
/// out: half a name would be wrong.
fn write(
    card: &mut Rgba,
    words: &str,
    size: RasterHeight,
    weight: FontWeight,
    (left, top): (usize, usize),
    width: usize,
) {
    let letters: Option<Vec<_>> = words
        .chars()
        .map(|letter| get_raster(plain(letter), weight, size))
        .collect();
    let step = get_raster_width(weight, size);
    for (index, letter) in letters.into_iter().flatten().take(width / step).enumerate() {
        for (y, row) in letter.rows().enumerate() {
            for (x, &cover) in row.iter().enumerate() {
                let at = 4 * ((top + y) * card.width + left + index * step + x);
                let Some(pixel) = card.pixels.get_mut(at..at + 3) else {
                    continue;
                };
                for (value, ink) in pixel.iter_mut().zip(INK) {
                    let mixed =
                        u16::from(*value) * u16::from(255 - cover) + u16::from(ink) * u16::from(cover);
                    *value = (mixed / 255) as u8;
                }
            }
        }
    }
}

/// Typographic signs that the font lacks, in their plain forms.
fn plain(letter: char) -> char {
    match letter {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' => '-',
        '\u{a0}' | '\u{202f}' => ' ',
        other => other,
    }
}

/// Draws a picture, each of its pixels a square, clipped to the ground.
fn paste(ground: &mut Rgba, picture: &Rgba, scale: usize, (left, top): (usize, usize)) {
    let width = ground.width;
    for (y, row) in ground
        .pixels
        .chunks_exact_mut(4 * width)
        .enumerate()
        .skip(top)
        .take(picture.height * scale)
    {
        let source = (y - top) / scale * picture.width;
        for (x, pixel) in row
            .chunks_exact_mut(4)
            .enumerate()
            .skip(left)
            .take(picture.width * scale)
        {
            let at = 4 * (source + (x - left) / scale);
            if let Some(colour) = picture.pixels.get(at..at + 4) {
                pixel.copy_from_slice(colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(grey: u8) -> Rgba {
        Rgba {
            width: 64,
            height: 64,
            pixels: [grey, grey, grey, 255].repeat(64 * 64),
        }
    }

    /// A walk whose frames are noise until late.
    fn noised() -> Recording {
        Recording {
            link: String::new(),
            times: vec![0.0, 0.3, 0.5, 0.95, 1.0],
            noised: true,
            start: plane(50),
            frames: [200, 210, 220, 80, 60].map(plane).to_vec(),
            differences: Vec::new(),
            changes: Vec::new(),
            speeds: Vec::new(),
            local_errors: Vec::new(),
        }
    }

    #[test]
    fn a_card_shows_the_clean_control_a_late_frame_and_the_end() {
        let (picture, alt) = draw(
            &noised(),
            "Title",
            "the control",
            "taxol",
            &Words::or_english("en"),
        )
        .unwrap();
        let many = |grey: u8| {
            let same = |pixel: &&[u8]| pixel[..3] == [grey; 3];
            picture.pixels.chunks_exact(4).filter(same).count() > 10_000
        };
        assert!(many(50) && many(80) && many(60), "three pictures");
        assert!(!many(200) && !many(210) && !many(220), "no static");
        assert!(
            alt.contains("the control; t = 0.95") && alt.contains("taxol"),
            "{}",
            alt
        );
    }

    #[test]
    fn a_card_carries_the_title_and_leaves_out_one_that_it_cannot_write() {
        let ink = |title: &str| {
            let (picture, _) = draw(&noised(), title, "", "", &Words::or_english("en")).unwrap();
            let above = picture.pixels.chunks_exact(4).take(SIZE.0 * 100);
            above.filter(|pixel| pixel[0] > 150).count()
        };
        assert!(ink("Cells walk: \u{201c}M\u{fc}ller\u{201d}") > ink("Cells"));
        assert_eq!(ink("\u{7ec6}\u{80de}"), 0);
        assert_eq!(lines(&"word ".repeat(60), 1100).len(), 2);
    }

    #[test]
    fn a_walk_of_one_or_two_frames_has_a_card_too() {
        for frames in 1..=2 {
            let mut walk = noised();
            walk.times.truncate(frames);
            walk.frames.truncate(frames);
            card(&walk, "T", "a", "b", &Words::or_english("en")).unwrap();
        }
    }
}
