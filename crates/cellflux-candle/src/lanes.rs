//! Eight consecutive numbers in two vectors of four, which SSE2, NEON and WebAssembly's SIMD all have.

use wide::f32x4;

/// Eight consecutive numbers.
pub(crate) type Lanes = [f32x4; 2];
/// Lanes.
pub(crate) const COUNT: usize = 8;

/// Up to eight numbers, the rest zero.
#[inline]
pub(crate) fn load(values: &[f32]) -> Lanes {
    if let Some(eight) = values.first_chunk::<COUNT>() {
        let [a, b, c, d, e, f, g, h] = *eight;
        return [[a, b, c, d].into(), [e, f, g, h].into()];
    }
    let mut eight = [0.0; COUNT];
    eight[..values.len()].copy_from_slice(values);
    load(&eight)
}

/// The first numbers of eight, as many as there is room for.
#[inline]
pub(crate) fn store(lanes: Lanes, out: &mut [f32]) {
    let [low, high] = lanes.map(f32x4::to_array);
    if let Some(out) = out.first_chunk_mut::<COUNT>() {
        out[..4].copy_from_slice(&low);
        out[4..].copy_from_slice(&high);
        return;
    }
    for (out, value) in out.iter_mut().zip(low.into_iter().chain(high)) {
        *out = value;
    }
}

/// `f` of every number of `x`, eight at a time, into `out`; what `f` makes of the zeros beyond the end is
/// dropped.
#[inline]
pub(crate) fn map(x: &[f32], out: &mut [f32], f: impl Fn(f32x4) -> f32x4) {
    for (x, out) in x.chunks(COUNT).zip(out.chunks_mut(COUNT)) {
        store(load(x).map(&f), out);
    }
}
