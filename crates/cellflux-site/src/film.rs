//! The film of a walk, which the explorer plays.

use cellflux_image::composite::Rgba;

use crate::error::SiteError;
use crate::recorder::Recording;
use crate::webp;

/// A trajectory's frames in one picture: the start and the composites above, the differences below (with the
/// start again in the free corner).
///
/// # Errors
/// [`SiteError::Picture`].
pub fn film(recording: &Recording) -> Result<Vec<u8>, SiteError> {
    let row = |frames: &[Rgba]| joined(&[std::slice::from_ref(&recording.start), frames].concat());
    let (above, below) = (row(&recording.frames), row(&recording.differences));
    let mut pixels = above.pixels;
    pixels.extend(below.pixels);
    webp::encode(&Rgba {
        width: above.width,
        height: above.height + below.height,
        pixels,
    })
}

/// Frames side by side, without anything between them.
fn joined(frames: &[Rgba]) -> Rgba {
    let (width, height) = frames.first().map_or((0, 0), |frame| (frame.width, frame.height));
    let mut pixels = Vec::with_capacity(4 * width * height * frames.len());
    for y in 0..height {
        for frame in frames {
            pixels.extend(frame.pixels.iter().skip(4 * y * width).take(4 * width));
        }
    }
    Rgba {
        width: width * frames.len(),
        height,
        pixels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_holds_the_start_every_frame_above_and_its_difference_below() {
        let frame = |value: u8| Rgba {
            width: 2,
            height: 1,
            pixels: [value, value, value, 255].repeat(2),
        };
        let recording = Recording {
            link: String::new(),
            times: vec![0.0, 1.0],
            noised: true,
            start: frame(9),
            frames: vec![frame(1), frame(2)],
            differences: vec![frame(3), frame(4)],
            changes: vec![0.0, 0.5],
            speeds: vec![0.5],
            local_errors: Vec::new(),
        };
        let film = webp::decode(&film(&recording).unwrap()).unwrap();
        assert_eq!((film.width, film.height), (6, 2));
        let reds: Vec<u8> = film.pixels.iter().step_by(4).copied().collect();
        assert_eq!(reds, [9, 9, 1, 1, 2, 2, 9, 9, 3, 3, 4, 4]);
    }
}
