//! The linear combination of up to four states. Buffers: the terms, then the output; all f32.

use bytemuck::NoUninit;

use crate::dispatch::{Dispatch, cover};
use crate::wgsl::{Shader, read_only, read_write};

/// Terms of one call at most.
pub(crate) const MAX_TERMS: usize = 4;

/// One term: its weight, and the quad at which it begins in its buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    pub weight: f32,
    pub offset: u32,
}

#[derive(Clone, Copy, NoUninit)]
#[repr(C)]
struct Uniforms {
    weights: [f32; MAX_TERMS],
    offsets: [u32; MAX_TERMS],
    quads: u32,
    padding: [u32; 3],
}

/// The shader for this many terms, at most [`MAX_TERMS`].
pub(crate) fn shader(terms: usize) -> Shader {
    let mut bindings = String::new();
    let mut sum = Vec::new();
    for (term, lane) in (0..terms).zip(["x", "y", "z", "w"]) {
        bindings += &read_only(term + 1, &format!("term_{term}"), "vec4<f32>");
        sum.push(format!(
            "shape.weights.{lane} * term_{term}[shape.offsets.{lane} + index]"
        ));
    }
    bindings += &read_write(terms + 1, "output", "vec4<f32>");
    Shader::new(
        "combine",
        include_str!("../../shaders/combine.wgsl"),
        &[
            ("bindings", &bindings),
            ("sum", &sum.join(" + ")),
            ("terms", &terms.to_string()),
        ],
    )
}

/// The call for at most [`MAX_TERMS`] terms of `quads` quads.
pub(crate) fn dispatch(terms: &[Term], quads: u32) -> Dispatch {
    let mut uniforms = Uniforms {
        weights: [0.0; MAX_TERMS],
        offsets: [0; MAX_TERMS],
        quads,
        padding: [0; 3],
    };
    let slots = uniforms.weights.iter_mut().zip(&mut uniforms.offsets);
    for ((weight, offset), term) in slots.zip(terms) {
        *weight = term.weight;
        *offset = term.offset;
    }
    let flops = 8.0 * f64::from(quads) * terms.len() as f64;
    Dispatch::new(shader(terms.len()), &uniforms, cover(u64::from(quads)), flops)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Precision;
    use crate::twin::{Numbers, distance, gpu, run};

    #[test]
    fn every_number_of_terms_sums_with_its_offsets() {
        let Some(gpu) = gpu() else { return };
        for count in 1..=MAX_TERMS {
            let mut numbers = Numbers::new(count as u64);
            let quads = numbers.between(1, 500);
            let terms: Vec<Term> = (0..count)
                .map(|_| Term {
                    weight: numbers.values(1)[0],
                    offset: numbers.between(0, 9),
                })
                .collect();
            let inputs: Vec<Vec<f32>> = terms
                .iter()
                .map(|_| numbers.values(4 * (quads as usize + 9)))
                .collect();
            let expected: Vec<f64> = (0..4 * quads as usize)
                .map(|i| {
                    let term = |(term, input): (&Term, &Vec<f32>)| {
                        f64::from(term.weight) * f64::from(input[4 * term.offset as usize + i])
                    };
                    terms.iter().zip(&inputs).map(term).sum()
                })
                .collect();
            let buffers: Vec<_> = inputs
                .iter()
                .map(|values| Precision::F32.encode(values))
                .collect();
            let found = run(
                gpu,
                &dispatch(&terms, quads),
                &buffers,
                &vec![0; 16 * quads as usize],
            );
            let error = distance(&Precision::F32.decode(&found), &expected);
            // Four products, rounded.
            assert!(error <= 5e-7, "{error:e} with {count} terms");
        }
    }
}
