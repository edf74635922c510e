//! Randomness that is the same everywhere, and smooth random fields.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Which part of the picture draws; each has a stream of random numbers of its own.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Layout = 1,
    Nucleus,
    Tubulin,
    Actin,
    Camera,
    Batch,
}

/// A stream of random numbers.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    pub(super) fn new(seed: u64, stream: Stream) -> Self {
        Self::of_cell(seed, stream, 0)
    }

    /// A stream for the `cell`-th cell of the layout, so that one cell's fibres do not depend on another's.
    pub(super) fn of_cell(seed: u64, stream: Stream, cell: usize) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream as u64 + 16 * cell as u64);
        Self(generator)
    }

    /// Uniform in 0..1.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(super) fn angle(&mut self) -> f64 {
        self.between(0.0, std::f64::consts::TAU)
    }

    /// Standard normal, by Box and Muller.
    pub(super) fn normal(&mut self) -> f64 {
        // 1 - unit is never 0.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(self.angle())
    }
}

/// A smooth random field on the plane, -1..1, around 0, period `SIZE` lattice cells.
pub(super) struct Smooth {
    lattice: Vec<f64>,
}

const SIZE: usize = 64;

impl Smooth {
    pub(super) fn draw(random: &mut Random) -> Self {
        Self {
            lattice: (0..SIZE * SIZE).map(|_| random.between(-1.0, 1.0)).collect(),
        }
    }

    /// The field at a place in lattice units.
    pub(super) fn at(&self, x: f64, y: f64) -> f64 {
        let (x_floor, y_floor) = (libm::floor(x), libm::floor(y));
        let ease = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let (u, v) = (ease(x - x_floor), ease(y - y_floor));
        let corner = |dx: i64, dy: i64| {
            let column = (x_floor as i64 + dx).rem_euclid(SIZE as i64) as usize;
            let row = (y_floor as i64 + dy).rem_euclid(SIZE as i64) as usize;
            self.lattice.get(row * SIZE + column).copied().unwrap_or_default()
        };
        let top = corner(0, 0) + u * (corner(1, 0) - corner(0, 0));
        let bottom = corner(0, 1) + u * (corner(1, 1) - corner(0, 1));
        top + v * (bottom - top)
    }

    /// Three octaves from `wavelength` pixels down, each half as strong as the one before.
    pub(super) fn texture(&self, x: f64, y: f64, wavelength: f64) -> f64 {
        let mut sum = 0.0;
        let (mut scale, mut strength) = (1.0 / wavelength, 0.57);
        for octave in 0..3 {
            // Shifted, so that the octaves' lattices do not line up at the origin.
            let shift = f64::from(octave) * 17.3;
            sum += strength * self.at(x * scale + shift, y * scale - shift);
            scale *= 2.0;
            strength *= 0.5;
        }
        sum
    }
}
