//! Known ordinary differential equations as fields, and the reference's schedules, for the tests.

use crate::ode::Ode;

/// A motion that turns, grows and is driven: its rate depends on time, and its components on each other.
pub fn driven() -> Ode<impl Fn(f64, &[f64]) -> Vec<f64>> {
    Ode::new(|t, x| {
        let (grow, turn) = (1.0 - 2.0 * t, 3.0 + 2.0 * t);
        vec![grow * x[0] - turn * x[1], turn * x[0] + grow * x[1]]
    })
}

/// The exact solution of [`driven`] that starts at (1, 0) at t = 0.
pub fn driven_solution(t: f64) -> Vec<f64> {
    let (size, angle) = ((t - t * t).exp(), 3.0 * t + t * t);
    vec![size * angle.cos(), size * angle.sin()]
}

/// The largest difference of two states.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// A tensor of the reference's schedules, as f64.
pub fn schedule(name: &str) -> Vec<f64> {
    let bytes = include_bytes!("../fixtures/schedules.safetensors");
    let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
    let tensor = file.tensor(name).unwrap();
    match tensor.dtype() {
        safetensors::Dtype::F64 => tensor
            .data()
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect(),
        _ => tensor
            .data()
            .chunks_exact(4)
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
            .collect(),
    }
}
