//! Pixels that belong together, and the shape that they make.

use super::plane::{Grid, Plane};

/// Some pixels of a grid, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Ascending.
    pixels: Vec<usize>,
    grid: Grid,
}

impl Region {
    /// The pixels `[H, W]` that are marked; `None` where none is.
    pub fn of(mask: impl IntoIterator<Item = bool>, grid: Grid) -> Option<Self> {
        let marked = (0..grid.pixels()).zip(mask).filter(|(_, marked)| *marked);
        let pixels: Vec<usize> = marked.map(|(pixel, _)| pixel).collect();
        (!pixels.is_empty()).then_some(Self { pixels, grid })
    }

    /// Its pixels, ascending.
    pub fn pixels(&self) -> &[usize] {
        &self.pixels
    }

    /// The grid that it lies in.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Pixels that it covers, at least 1.
    pub fn area(&self) -> usize {
        self.pixels.len()
    }

    /// Mean coded value of its pixels, 0..=255.
    pub fn mean(&self, plane: &Plane) -> f64 {
        let light: u64 = self.pixels.iter().map(|&pixel| u64::from(plane.at(pixel))).sum();
        light as f64 / self.area() as f64
    }

    /// Whether it reaches the crop's border, so that its area is a lower bound.
    pub fn is_cut_off(&self) -> bool {
        self.pixels.iter().any(|&pixel| self.grid.on_border(pixel))
    }

    /// Mean column and row of its pixels' centres.
    pub fn centroid(&self) -> (f64, f64) {
        let (mut x, mut y) = (0u128, 0u128);
        for &pixel in &self.pixels {
            let (column, row) = self.grid.place(pixel);
            x += column as u128;
            y += row as u128;
        }
        let area = self.area() as f64;
        (x as f64 / area, y as f64 / area)
    }

    /// The eccentricity of the ellipse with the same second moments, 0 (a disc) to 1 (a line); 0 for a single
    /// pixel. As scikit-image's `regionprops` defines it: pixels are points.
    pub fn eccentricity(&self) -> f64 {
        let [mut x, mut y, mut xx, mut yy, mut xy] = [0i128; 5];
        for &pixel in &self.pixels {
            let (column, row) = self.grid.place(pixel);
            let (column, row) = (column as i128, row as i128);
            x += column;
            y += row;
            xx += column * column;
            yy += row * row;
            xy += column * row;
        }
        let n = self.area() as i128;
        // n² times the central second moments, as exact whole numbers.
        let (xx, yy, xy) = (n * xx - x * x, n * yy - y * y, n * xy - x * y);
        let spread = (xx + yy) as f64;
        if xx + yy == 0 {
            return 0.0;
        }
        let (apart, slant) = ((xx - yy) as f64, 2.0 * xy as f64);
        let root = (apart * apart + slant * slant).sqrt();
        let (long, short) = (f64::midpoint(spread, root), (0.5 * (spread - root)).max(0.0));
        (1.0 - short / long).max(0.0).sqrt()
    }

    /// Its area over that of its convex hull, above 0 to 1. As scikit-image's `regionprops` defines it: the
    /// hull is that of the middles of the pixels' edges, and holds the pixels whose centres it covers.
    pub fn solidity(&self) -> f64 {
        let hull = convex_hull(self.edge_middles());
        self.area() as f64 / pixels_within(&hull) as f64
    }

    /// Middles of the four edges of each pixel, in half pixels: whole numbers.
    fn edge_middles(&self) -> Vec<(i64, i64)> {
        let middles = |&pixel: &usize| {
            let (x, y) = self.grid.place(pixel);
            let (x, y) = (2 * x as i64, 2 * y as i64);
            [(x - 1, y), (x, y - 1), (x, y + 1), (x + 1, y)]
        };
        self.pixels.iter().flat_map(middles).collect()
    }
}

/// Pixels whose centre a convex polygon (in half pixels) covers.
fn pixels_within(hull: &[(i64, i64)]) -> usize {
    let span = |of: fn(&(i64, i64)) -> i64| {
        let least = hull.iter().map(of).min().unwrap_or_default();
        let most = hull.iter().map(of).max().unwrap_or_default();
        // The middles of outer edges lie one half pixel outside the outermost centres.
        (least + 1..most).step_by(2)
    };
    let edges = || hull.iter().zip(hull.iter().cycle().skip(1));
    let mut count = 0;
    for y in span(|point| point.1) {
        for x in span(|point| point.0) {
            count += usize::from(edges().all(|(&a, &b)| turn(a, b, (x, y)) >= 0));
        }
    }
    count
}

/// Twice the signed area of the triangle of three points: above 0 where `c` lies on the inner side of the
/// line from `a` to `b`, in the direction in which [`convex_hull`] goes round.
fn turn(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// The corners of the convex hull, by Andrew's monotone chain (1979).
fn convex_hull(mut points: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    points.sort_unstable();
    points.dedup();
    let mut hull = chain(points.iter().copied());
    hull.extend(chain(points.iter().rev().copied()));
    hull
}

/// One side of the hull, without its last point: the other side begins there.
fn chain(points: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut chain: Vec<(i64, i64)> = Vec::new();
    for point in points {
        while let [.., a, b] = chain.as_slice()
            && turn(*a, *b, point) <= 0
        {
            chain.pop();
        }
        chain.push(point);
    }
    chain.pop();
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: &[&str]) -> Region {
        let grid = Grid::new(rows.len(), rows[0].len()).unwrap();
        Region::of(rows.concat().chars().map(|letter| letter == '#'), grid).unwrap()
    }

    #[test]
    fn a_square_is_solid_and_not_eccentric_and_a_line_is_a_line() {
        let square = drawn(&["....", ".##.", ".##.", "...."]);
        assert_eq!(
            (
                square.area(),
                square.eccentricity(),
                square.solidity(),
                square.is_cut_off()
            ),
            (4, 0.0, 1.0, false)
        );
        assert_eq!(square.centroid(), (1.5, 1.5));
        let line = drawn(&["####"]);
        assert_eq!(
            (line.eccentricity(), line.solidity(), line.is_cut_off()),
            (1.0, 1.0, true)
        );
        let point = drawn(&["#"]);
        assert_eq!((point.eccentricity(), point.solidity()), (0.0, 1.0));
    }

    #[test]
    fn what_a_region_lacks_of_its_hull_lowers_its_solidity() {
        // The hull of the two bars and the bridge is the whole rectangle: 9 of 15 pixels.
        let letter = drawn(&["#...#", "#####", "#...#"]);
        assert!((letter.solidity() - 9.0 / 15.0).abs() < 1e-15);
    }

    #[test]
    fn no_pixel_is_no_region() {
        assert_eq!(Region::of([false; 4], Grid::new(2, 2).unwrap()), None);
    }
}
