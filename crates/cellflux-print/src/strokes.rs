//! Lines, areas and discs as dots: how much of each dot they cover.
//!
//! Only sums, products, quotients and square roots of IEEE numbers, so that the same chart gives the same
//! bytes everywhere.

use crate::layout::{Disc, Stroke};
use crate::raster::Canvas;

/// Rows in which the edges of an area are followed, for each row of dots.
const ROWS: usize = 4;

/// The dots from one place to another along a side, as far as they are on the paper.
fn span(from: f32, to: f32, side: usize) -> std::ops::Range<usize> {
    // `as` saturates, and a NaN becomes 0.
    let first = from.floor().max(0.0) as usize;
    let end = (to.ceil().max(0.0) as usize).min(side);
    first.min(end)..end
}

/// A line through points; what is no number interrupts it.
pub(crate) fn stroke(canvas: &mut Canvas, stroke: &Stroke) {
    let half = stroke.width / 2.0;
    for pair in stroke.points.windows(2) {
        let [from, to] = pair else { continue };
        if ![from.0, from.1, to.0, to.1].iter().all(|place| place.is_finite()) {
            continue;
        }
        let (reach, width, height) = (half + 1.0, canvas.width, canvas.height);
        for y in span(from.1.min(to.1) - reach, from.1.max(to.1) + reach, height) {
            for x in span(from.0.min(to.0) - reach, from.0.max(to.0) + reach, width) {
                let far = distance((x as f32 + 0.5, y as f32 + 0.5), *from, *to);
                canvas.blend(x, y, stroke.colour, (half + 0.5 - far).clamp(0.0, 1.0));
            }
        }
    }
}

/// How far a place is from a line between two others.
fn distance((x, y): (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
    let (along, up) = (to.0 - from.0, to.1 - from.1);
    let length = along * along + up * up;
    let share = if length > 0.0 {
        (((x - from.0) * along + (y - from.1) * up) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (dx, dy) = (x - from.0 - share * along, y - from.1 - share * up);
    (dx * dx + dy * dy).sqrt()
}

/// A circle, full or a ring on white.
pub(crate) fn disc(canvas: &mut Canvas, disc: &Disc) {
    let (centre, radius) = (disc.centre, disc.radius);
    if !(centre.0.is_finite() && centre.1.is_finite()) {
        return;
    }
    let (width, height) = (canvas.width, canvas.height);
    for y in span(centre.1 - radius - 1.0, centre.1 + radius + 1.0, height) {
        for x in span(centre.0 - radius - 1.0, centre.0 + radius + 1.0, width) {
            let far = distance((x as f32 + 0.5, y as f32 + 0.5), centre, centre);
            canvas.blend(x, y, disc.colour, (radius + 0.5 - far).clamp(0.0, 1.0));
            if let Some(ring) = disc.ring {
                let inside = (radius - ring + 0.5 - far).clamp(0.0, 1.0);
                canvas.blend(x, y, [255; 3], inside);
            }
        }
    }
}

/// An area within an outline, which may cross itself; not drawn where a corner is no number.
pub(crate) fn area(canvas: &mut Canvas, outline: &[(f32, f32)], colour: [u8; 3]) {
    if outline.iter().any(|(x, y)| !(x.is_finite() && y.is_finite())) {
        return;
    }
    let top = outline.iter().map(|spot| spot.1).fold(f32::INFINITY, f32::min);
    let bottom = outline.iter().map(|spot| spot.1).fold(0.0, f32::max);
    let width = canvas.width;
    let mut coverage = vec![0f32; width];
    for y in span(top, bottom, canvas.height) {
        coverage.fill(0.0);
        for row in 0..ROWS {
            let level = y as f32 + (row as f32 + 0.5) / ROWS as f32;
            let mut edges = crossings(outline, level);
            edges.sort_by(f32::total_cmp);
            for pair in edges.chunks_exact(2) {
                let [from, to] = pair else { continue };
                for x in span(*from, *to, width) {
                    let covered = to.min(x as f32 + 1.0) - from.max(x as f32);
                    if let Some(sum) = coverage.get_mut(x) {
                        *sum += covered.clamp(0.0, 1.0) / ROWS as f32;
                    }
                }
            }
        }
        for (x, covered) in coverage.iter().enumerate() {
            canvas.blend(x, y, colour, covered.min(1.0));
        }
    }
}

/// Where an outline crosses a level.
fn crossings(outline: &[(f32, f32)], level: f32) -> Vec<f32> {
    let next = outline.iter().cycle().skip(1);
    outline
        .iter()
        .zip(next)
        .filter(|(from, to)| (from.1 <= level) != (to.1 <= level))
        .map(|(from, to)| from.0 + (level - from.1) / (to.1 - from.1) * (to.0 - from.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: [u8; 3] = [0; 3];

    /// The first part of each dot of a row.
    fn row(canvas: &Canvas, y: usize) -> Vec<u8> {
        let row = canvas.dots.chunks(3 * canvas.width).nth(y).unwrap();
        row.chunks(3).map(|dot| dot[0]).collect()
    }

    #[test]
    fn a_line_covers_its_width_and_half_dots_are_grey() {
        let mut canvas = Canvas::white(6, 5);
        let line = Stroke {
            points: vec![(-3.0, 2.5), (20.0, 2.5)],
            width: 2.0,
            colour: BLACK,
        };
        stroke(&mut canvas, &line);
        assert_eq!(row(&canvas, 2), [0; 6]);
        assert_eq!(row(&canvas, 1), row(&canvas, 3));
        assert!(row(&canvas, 1).iter().all(|&part| part == 128 || part == 127));
        assert_eq!(row(&canvas, 0), [255; 6]);
    }

    #[test]
    fn an_area_covers_what_is_inside_its_outline() {
        let mut canvas = Canvas::white(6, 4);
        area(
            &mut canvas,
            &[(1.0, 1.0), (4.5, 1.0), (4.5, 3.0), (1.0, 3.0)],
            BLACK,
        );
        assert_eq!(row(&canvas, 0), [255; 6]);
        assert_eq!(row(&canvas, 1), [255, 0, 0, 0, 128, 255]);
        assert_eq!(row(&canvas, 2), row(&canvas, 1));
        assert_eq!(row(&canvas, 3), [255; 6]);
    }

    #[test]
    fn a_ring_is_white_inside_and_a_disc_is_not() {
        for (ring, middle) in [(None, 0), (Some(1.0), 255)] {
            let mut canvas = Canvas::white(11, 11);
            let round = Disc {
                centre: (5.5, 5.5),
                radius: 4.25,
                ring,
                colour: BLACK,
            };
            disc(&mut canvas, &round);
            assert_eq!(row(&canvas, 5)[5], middle);
            assert!(row(&canvas, 5)[1] < 128);
            assert_eq!(row(&canvas, 0)[0], 255);
        }
    }

    #[test]
    fn what_is_outside_or_no_number_changes_nothing() {
        let mut canvas = Canvas::white(4, 4);
        let wild = vec![(f32::NAN, 0.0), (1.0, f32::INFINITY), (9.0, 9.0), (1e30, 1e30)];
        area(&mut canvas, &wild, BLACK);
        stroke(
            &mut canvas,
            &Stroke {
                points: wild,
                width: 1.0,
                colour: BLACK,
            },
        );
        assert!(canvas.dots.iter().all(|&part| part == 255));
    }
}
