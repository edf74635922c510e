//! The sinusoidal embedding of the flow's time, made on the CPU because WGSL's `sin` and `cos` may be off by 2^-11.

/// `[cos(t f_i) | sin(t f_i)]` with `f_i = exp(-ln(10^4) i / (width / 2))` for `t` in `[0, 1]`, not scaled.
pub(crate) fn timestep_embedding(t: f64, width: usize) -> Vec<f32> {
    let half = width / 2;
    let angle = |i: usize| t * (-(1e4_f64.ln()) * i as f64 / half as f64).exp();
    (0..half)
        .map(|i| angle(i).cos() as f32)
        .chain((0..half).map(|i| angle(i).sin() as f32))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::SafeTensors;

    #[test]
    fn it_equals_the_reference_table() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/schedules.safetensors"
        );
        let bytes = std::fs::read(path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let read =
            |name: &str| -> Vec<f32> { bytemuck::pod_collect_to_vec(file.tensor(name).unwrap().data()) };
        let (times, table) = (read("timesteps"), read("timestep_embedding_128"));
        assert!(!times.is_empty());
        for (t, row) in times.iter().zip(table.chunks(128)) {
            for (ours, theirs) in timestep_embedding(f64::from(*t), 128).iter().zip(row) {
                // Two roundings to f32.
                assert!((ours - theirs).abs() <= 2e-7, "t = {t}: {ours} against {theirs}");
            }
        }
    }
}
