//! How much of a channel is fine detail.

use super::column::{Column, Unit};
use super::plane::Plane;

/// What [`measure`] measures.
pub const COLUMNS: [Column; 1] = [Column {
    name: "laplacian-energy",
    unit: Unit::ShareOfFullScale,
    about: "root of the mean squared difference between 4 times a pixel and the sum of its 4 neighbours",
    source: "energy of the Laplacian, Subbarao, Choi & Nikzad 1993; here the root of its mean",
}];

/// Root mean square of the 4-neighbour Laplacian of bytes over 255, of all pixels that have 4 neighbours;
/// 0..=4. `None` where no pixel has 4.
pub fn measure(plane: &Plane) -> [Option<f64>; 1] {
    let rows: Vec<&[u8]> = plane.rows().collect();
    let (mut squares, mut count) = (0u128, 0u128);
    for rows in rows.windows(3) {
        let [above, row, below] = rows else { continue };
        let middle = row.windows(3).zip(above.iter().zip(*below).skip(1));
        for (beside, (&up, &down)) in middle {
            let &[left, own, right] = beside else { continue };
            let around = [left, right, up, down].map(i64::from).iter().sum::<i64>();
            let laplacian = (4 * i64::from(own) - around).unsigned_abs();
            squares += u128::from(laplacian * laplacian);
            count += 1;
        }
    }
    let energy = (squares as f64 / count as f64).sqrt() / 255.0;
    [(count > 0).then_some(energy)]
}
