//! Letters and digits as strokes.

use crate::plane::Point;

/// Columns from the left edge of one character to that of the next; a glyph is 4 wide and 6 high.
const ADVANCE: f64 = 6.0;
/// Rows of a glyph.
const HEIGHT: f64 = 6.0;
/// A text is at most this high.
const LARGEST_HEIGHT: f64 = 3.0;
/// A text is at most this wide.
const LARGEST_WIDTH: f64 = 5.0;

/// The strokes of a character: points as two digits (column from the left, row from the bottom), strokes
/// separated by spaces.
fn strokes(character: char) -> Option<&'static str> {
    Some(match character.to_ascii_uppercase() {
        ' ' => "",
        'A' => "002640 1333",
        'B' => "00063645443303 3342413000",
        'C' => "4536160501103041",
        'D' => "00062644422000",
        'E' => "46060040 0333",
        'F' => "460600 0333",
        'G' => "45361605011030414323",
        'H' => "0006 4046 0343",
        'I' => "2026 1030 1636",
        'J' => "4641301001",
        'K' => "0006 460340",
        'L' => "060040",
        'M' => "0006234640",
        'N' => "00064046",
        'O' => "160501103041453616",
        'P' => "00063645443303",
        'Q' => "160501103041453616 2240",
        'R' => "00063645443303 2340",
        'S' => "453616050413334241301001",
        'T' => "0646 2620",
        'U' => "060110304146",
        'V' => "062046",
        'W' => "0610233046",
        'X' => "0640 0046",
        'Y' => "062346 2320",
        'Z' => "06460040",
        '0' => "160501103041453616 1135",
        '1' => "152620 1030",
        '2' => "05163645440040",
        '3' => "0516364544334241301001 1333",
        '4' => "30360242",
        '5' => "460603334241301001",
        '6' => "4536160501103041423303",
        '7' => "064610",
        '8' => "13040516364544334241301001021333",
        '9' => "0110304145361605041343",
        _ => return None,
    })
}

/// Whether the lab can draw a character.
pub(super) fn is_drawn(character: char) -> bool {
    strokes(character).is_some()
}

/// The strokes of a text, centred on the origin, at most 5 wide and 3 high. Characters that the lab cannot
/// draw leave a space.
pub(super) fn text(text: &str) -> Vec<Vec<Point>> {
    let width = (text.chars().count().max(1) as f64) * ADVANCE - 2.0;
    let unit = (LARGEST_HEIGHT / HEIGHT).min(LARGEST_WIDTH / width);
    let place = |left: f64, [column, row]: [u8; 2]| {
        let x = left + f64::from(column.saturating_sub(b'0')) - width / 2.0;
        let y = f64::from(row.saturating_sub(b'0')) - HEIGHT / 2.0;
        [unit * x, unit * y]
    };
    let mut all = Vec::new();
    for (index, character) in text.chars().enumerate() {
        let left = index as f64 * ADVANCE;
        for stroke in strokes(character).unwrap_or_default().split(' ') {
            let (points, _) = stroke.as_bytes().as_chunks::<2>();
            if !points.is_empty() {
                all.push(points.iter().map(|&point| place(left, point)).collect());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_and_digit_lies_on_its_grid() {
        for character in ('A'..='Z').chain('0'..='9') {
            let strokes = strokes(character).unwrap();
            for stroke in strokes.split(' ') {
                assert!(
                    stroke.len() >= 4 && stroke.len().is_multiple_of(2),
                    "{character}: {stroke}"
                );
                for (place, digit) in stroke.bytes().enumerate() {
                    let most = if place % 2 == 0 { b'4' } else { b'6' };
                    assert!((b'0'..=most).contains(&digit), "{character}: {stroke}");
                }
            }
        }
        assert!(is_drawn('q') && !is_drawn('ä') && !is_drawn('\n'));
    }

    #[test]
    fn a_text_is_centred_and_inside_its_bounds() {
        for written in ["I", "CELL", "ABCDEFGHIJKL"] {
            let points: Vec<Point> = text(written).concat();
            for axis in [0, 1] {
                let values = points.iter().map(|point| point[axis]);
                let least = values.clone().fold(f64::INFINITY, f64::min);
                let most = values.fold(f64::NEG_INFINITY, f64::max);
                assert!(least >= -2.5 && most <= 2.5, "{written}: {least} {most}");
                assert!((least + most).abs() < 0.51, "{written}: {least} {most}");
            }
        }
        assert!(text("  ").is_empty());
    }
}
