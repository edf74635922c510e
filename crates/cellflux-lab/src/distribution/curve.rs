//! Points at random along drawn strokes.

use cellflux_flow::random::{below, unit};
use rand_chacha::ChaCha8Rng;

use crate::plane::{Point, difference, scaled, square, sum};

/// Strokes whose every part is equally likely by its length. A stroke of one point counts as one where all
/// strokes are so short, and not at all beside a line.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// The ends of each straight piece, and the length of all pieces up to its end.
    pieces: Vec<([Point; 2], f64)>,
    /// Every point, for strokes without any length.
    points: Vec<Point>,
}

impl Curve {
    /// The strokes as a curve; at least one of them has a point.
    pub fn new(strokes: &[Vec<Point>]) -> Self {
        let mut length = 0.0;
        let mut pieces = Vec::new();
        for ends in strokes.iter().flat_map(|stroke| stroke.windows(2)) {
            let &[from, to] = ends else { continue };
            length += square(difference(to, from)).sqrt();
            pieces.push(([from, to], length));
        }
        Self {
            pieces,
            points: strokes.concat(),
        }
    }

    /// A uniform point of the curve.
    pub fn draw(&self, numbers: &mut ChaCha8Rng) -> Point {
        let length = self.pieces.last().map_or(0.0, |&(_, length)| length);
        let at = length * unit(numbers);
        let place = self.pieces.partition_point(|&(_, end)| end <= at);
        if let Some(&([from, to], _)) = self.pieces.get(place) {
            return sum(from, scaled(unit(numbers), difference(to, from)));
        }
        let point = below(numbers, self.points.len() as u64) as usize;
        self.points.get(point).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::{Purpose, stream};

    #[test]
    fn longer_pieces_get_more_points_and_all_points_lie_on_a_piece() {
        let curve = Curve::new(&[
            vec![[0.0, 0.0], [3.0, 0.0]],
            vec![[0.0, 5.0], [0.0, 6.0]],
            vec![[9.0, 9.0]],
        ]);
        let mut numbers = stream(1, Purpose::Pair, 0, 0);
        let points: Vec<Point> = (0..4000).map(|_| curve.draw(&mut numbers)).collect();
        let on_first = |point: &&Point| point[1].abs() < 1e-12 && (0.0..=3.0).contains(&point[0]);
        let on_second = |point: &&Point| point[0].abs() < 1e-12 && (5.0..=6.0).contains(&point[1]);
        let (first, second) = (
            points.iter().filter(on_first).count(),
            points.iter().filter(on_second).count(),
        );
        assert_eq!(first + second, 4000);
        // Binomial with mean 3000 and standard deviation 27; five of those.
        assert!(first.abs_diff(3000) < 137, "{first}");
    }

    #[test]
    fn strokes_without_length_are_their_points() {
        let curve = Curve::new(&[vec![[1.0, 2.0]], vec![[3.0, 4.0], [3.0, 4.0]]]);
        let mut numbers = stream(2, Purpose::Pair, 0, 0);
        let points: Vec<Point> = (0..100).map(|_| curve.draw(&mut numbers)).collect();
        assert!(points.contains(&[1.0, 2.0]) && points.contains(&[3.0, 4.0]));
    }
}
