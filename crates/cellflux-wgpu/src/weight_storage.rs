//! How weights lie in GPU memory, and how a kernel reads a quad of them.

use crate::Precision;

/// Storage of a buffer of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WeightStorage {
    /// Numbers of a precision.
    Plain(Precision),
    /// f16 numbers, two in each `u32`, which a kernel widens to f32 as it reads them: half of f32's memory on
    /// adapters without `shader-f16`. Every f16 number is an f32 number, so arithmetic is that of f32 weights
    /// with the same values; only subnormal f16 numbers (below 6.2e-5) may become zero on a device that
    /// flushes them.
    Packed,
}

impl WeightStorage {
    /// The format of the numbers.
    pub(crate) fn precision(self) -> Precision {
        match self {
            Self::Plain(precision) => precision,
            Self::Packed => Precision::F16,
        }
    }

    /// The WGSL type of four stored weights.
    pub(crate) fn quad(self) -> &'static str {
        match self {
            Self::Plain(precision) => precision.quad(),
            Self::Packed => "vec2<u32>",
        }
    }

    /// WGSL statements that declare `name`, the stored quad at `place` as a `vec4<f32>`. Written out and not
    /// a WGSL function, because SwiftShader takes tens of seconds to compile a dozen calls.
    pub(crate) fn read(self, name: &str, place: &str) -> String {
        match self {
            Self::Plain(_) => format!("let {name} = vec4<f32>({place});"),
            // Both halves of one fetch.
            Self::Packed => format!(
                "let {name}_pairs = {place}; let {name} = {};",
                widened(&format!("{name}_pairs"))
            ),
        }
    }

    /// A WGSL expression for a stored quad, which is a variable, as a `vec4<f32>`.
    pub(crate) fn widen(self, variable: &str) -> String {
        match self {
            Self::Plain(_) => format!("vec4<f32>({variable})"),
            Self::Packed => widened(variable),
        }
    }
}

fn widened(pairs: &str) -> String {
    format!("vec4<f32>(unpack2x16float({pairs}.x), unpack2x16float({pairs}.y))")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_weights_lie_as_f16_does_the_first_of_a_pair_in_the_lower_half() {
        let bytes = WeightStorage::Packed.precision().encode(&[1.0, -2.0, 0.5, 0.0]);
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        // 1.0 is 0x3c00 and -2.0 is 0xc000; unpack2x16float takes x from the lower half.
        assert_eq!(words, [0xc000_3c00, 0x0000_3800]);
    }

    #[test]
    fn plain_weights_are_read_as_they_are() {
        let read = WeightStorage::Plain(Precision::F16).read("w", "weights[3u]");
        assert_eq!(read, "let w = vec4<f32>(weights[3u]);");
    }
}
