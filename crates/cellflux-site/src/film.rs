//! The film of a walk, which the explorer plays.

use cellflux_image::strip::Grid;

use crate::error::SiteError;
use crate::recorder::Recording;
use crate::webp;

/// A trajectory's frames in one picture: the start and the composites above, the differences below (with the
/// start again in the free corner).
///
/// # Errors
/// [`SiteError::Picture`].
pub fn film(recording: &Recording) -> Result<Vec<u8>, SiteError> {
    let start = std::slice::from_ref(&recording.start);
    let (above, below) = (recording.frames.as_slice(), recording.differences.as_slice());
    let rows = Grid {
        columns: 1 + above.len(),
        gap: 0,
        margin: 0,
        colour: [0; 4],
    };
    let film = rows
        .draw(&[start, above, start, below].concat())
        .map_err(|error| SiteError::Picture {
            reason: error.to_string(),
        })?;
    webp::encode(&film)
}

#[cfg(test)]
mod tests {
    use cellflux_image::composite::Rgba;

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
