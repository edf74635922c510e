//! Drawing points of a distribution.

use cellflux_flow::random::{below, normal_pair, unit};
use rand_chacha::ChaCha8Rng;

use super::curve::Curve;
use super::{Distribution, Part, glyphs};
use crate::error::LabError;
use crate::plane::{Point, scaled, sum};

/// A checked distribution, ready to be drawn from.
#[derive(Clone, Debug)]
pub struct Sampler {
    shape: Shape,
    spread: f64,
}

#[derive(Clone, Debug)]
enum Shape {
    Mixture(Vec<Part>),
    Ring(f64),
    Moons,
    Spiral(f64),
    Checkerboard(u32),
    Points(Vec<Point>),
    Curve(Curve),
}

impl Sampler {
    /// Checks a distribution, whose path in the settings is `setting`, and prepares its drawing.
    ///
    /// # Errors
    /// [`LabError`] for the first number, count or character out of its range.
    pub fn new(distribution: &Distribution, setting: &str) -> Result<Self, LabError> {
        distribution.check(setting)?;
        let (shape, spread) = match distribution {
            Distribution::Gaussian { .. } | Distribution::Mixture { .. } => {
                (Shape::Mixture(distribution.parts().unwrap_or_default()), 0.0)
            }
            Distribution::Ring { radius, spread } => (Shape::Ring(*radius), *spread),
            Distribution::Moons { spread } => (Shape::Moons, *spread),
            Distribution::Spiral { turns, spread } => (Shape::Spiral(*turns), *spread),
            Distribution::Checkerboard { squares } => (Shape::Checkerboard(*squares), 0.0),
            Distribution::Letters { text, spread } => {
                (Shape::Curve(Curve::new(&glyphs::text(text))), *spread)
            }
            Distribution::Points { points, spread } => (Shape::Points(points.clone()), *spread),
            Distribution::Strokes { strokes, spread } => (Shape::Curve(Curve::new(strokes)), *spread),
        };
        Ok(Self { shape, spread })
    }

    /// A point of the distribution.
    pub fn draw(&self, numbers: &mut ChaCha8Rng) -> Point {
        let point = match &self.shape {
            Shape::Mixture(parts) => return mixture(parts, numbers),
            Shape::Ring(radius) => around(*radius, std::f64::consts::TAU * unit(numbers)),
            Shape::Moons => moons(numbers),
            Shape::Spiral(turns) => {
                // The square root makes the arm's outer windings as dense as the inner ones.
                let along = unit(numbers).sqrt();
                around(2.0 * along, std::f64::consts::TAU * turns * along)
            }
            Shape::Checkerboard(squares) => checkerboard(*squares, numbers),
            Shape::Points(points) => {
                let place = below(numbers, points.len() as u64) as usize;
                points.get(place).copied().unwrap_or_default()
            }
            Shape::Curve(curve) => curve.draw(numbers),
        };
        if self.spread > 0.0 {
            return sum(point, scaled(self.spread, normal_pair(numbers)));
        }
        point
    }
}

/// The point at a distance from the origin and an angle.
fn around(radius: f64, angle: f64) -> Point {
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

fn mixture(parts: &[Part], numbers: &mut ChaCha8Rng) -> Point {
    let total: f64 = parts.iter().map(|part| part.weight).sum();
    let mut left = total * unit(numbers);
    let normal = normal_pair(numbers);
    let mut chosen = None;
    for part in parts {
        chosen = Some(part);
        left -= part.weight;
        if left < 0.0 {
            break;
        }
    }
    chosen.map_or(normal, |part| sum(part.mean, scaled(part.spread, normal)))
}

/// The upper half circle around (0, 0) and the lower one around (1, 1/2), moved to the middle and enlarged.
fn moons(numbers: &mut ChaCha8Rng) -> Point {
    let upper = below(numbers, 2) == 0;
    let [x, y] = around(1.0, std::f64::consts::PI * unit(numbers));
    let [x, y] = if upper { [x, y] } else { [1.0 - x, 0.5 - y] };
    scaled(1.5, [x - 0.5, y - 0.25])
}

fn checkerboard(squares: u32, numbers: &mut ChaCha8Rng) -> Point {
    let side = u64::from(squares);
    let row = below(numbers, side);
    // Every second square, in even rows from the first and in odd rows from the second.
    let column = 2 * below(numbers, side / 2) + row % 2;
    let [x, y] = [column, row].map(|place| (place as f64 + unit(numbers)) / side as f64);
    [4.0 * x - 2.0, 4.0 * y - 2.0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::{Purpose, stream};
    use crate::plane::{mean, square};

    fn draws(distribution: &Distribution, count: u64) -> Vec<Point> {
        let sampler = Sampler::new(distribution, "target").unwrap();
        (0..count)
            .map(|number| sampler.draw(&mut stream(5, Purpose::Targets, 0, number)))
            .collect()
    }

    #[test]
    fn mixtures_have_the_moments_of_their_parts() {
        let part = |x, spread, weight| Part {
            mean: [x, 1.0],
            spread,
            weight,
        };
        let mixture = Distribution::Mixture {
            parts: vec![part(-2.0, 0.5, 3.0), part(2.0, 1.0, 1.0)],
        };
        let points = draws(&mixture, 20_000);
        // Mean -1; variance 3 of the centres, 7/16 within. Five standard errors of 20,000 draws.
        let middle = mean(points.iter().map(|point| point[0]));
        assert!((middle + 1.0).abs() < 5.0 * (3.4375f64 / 2e4).sqrt(), "{middle}");
        let heights = mean(points.iter().map(|point| (point[1] - 1.0) * (point[1] - 1.0)));
        // A variance of 7/16, whose square has the standard deviation 0.83 here.
        assert!(
            (heights - 0.4375).abs() < 5.0 * (0.83 / 2e4f64.sqrt()),
            "{heights}"
        );
    }

    #[test]
    fn shapes_without_blur_lie_on_their_shape() {
        let ring = Distribution::Ring {
            radius: 2.0,
            spread: 0.0,
        };
        for point in draws(&ring, 200) {
            assert!((square(point) - 4.0).abs() < 1e-12);
        }
        let spiral = Distribution::Spiral {
            turns: 2.0,
            spread: 0.0,
        };
        for [x, y] in draws(&spiral, 200) {
            let radius = x.hypot(y);
            let angle = std::f64::consts::PI * 2.0 * radius;
            assert!((x - radius * angle.cos()).abs() < 1e-9 && radius <= 2.0);
        }
        let board = Distribution::Checkerboard { squares: 4 };
        for [x, y] in draws(&board, 200) {
            let (column, row) = ((x + 2.0).floor() as i64, (y + 2.0).floor() as i64);
            assert!((0..4).contains(&column) && (0..4).contains(&row) && (column + row) % 2 == 0);
        }
        let moons = Distribution::Moons { spread: 0.0 };
        for [x, y] in draws(&moons, 200) {
            let (x, y) = (x / 1.5 + 0.5, y / 1.5 + 0.25);
            let (upper, lower) = (x.hypot(y), (1.0 - x).hypot(0.5 - y));
            assert!((upper - 1.0).abs().min((lower - 1.0).abs()) < 1e-12);
        }
    }

    #[test]
    fn one_point_is_a_distribution() {
        let point = Distribution::Points {
            points: vec![[1.0, -1.0]],
            spread: 0.0,
        };
        assert_eq!(draws(&point, 3), [[1.0, -1.0]; 3]);
        let dot = Distribution::Strokes {
            strokes: vec![vec![], vec![[0.5, 0.5]]],
            spread: 0.0,
        };
        assert_eq!(draws(&dot, 3), [[0.5, 0.5]; 3]);
    }

    #[test]
    fn equal_numbers_draw_equal_points() {
        let letters = Distribution::Letters {
            text: "CELL 1".into(),
            spread: 0.05,
        };
        assert_eq!(draws(&letters, 50), draws(&letters, 50));
    }
}
