//! Points of the plane.

/// A point, a displacement or a velocity in the plane, `[x, y]`, in the unit of the drawings: a usual
/// distribution fills about -3 to 3.
pub type Point = [f64; 2];

/// `a + b`.
pub(crate) fn sum(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1]]
}

/// `a - b`.
pub(crate) fn difference(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

/// `factor * a`.
pub(crate) fn scaled(factor: f64, a: Point) -> Point {
    [factor * a[0], factor * a[1]]
}

/// The square of the Euclidean length of `a`.
pub(crate) fn square(a: Point) -> f64 {
    a[0] * a[0] + a[1] * a[1]
}

/// The mean of numbers; 0 of none.
pub(crate) fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
}
