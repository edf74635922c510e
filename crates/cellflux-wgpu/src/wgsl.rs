//! Shader text: the files of `shaders/` with `{{name}}` places that a kernel fills in. A place named after a
//! file of `shaders/shared/` is filled with that file.
//!
//! Everything that decides the shape of the code (storage types, unrolled register blocks, optional inputs)
//! is decided in the text before compilation, because WGSL cannot size local arrays by overrides and a
//! register indexed at run time spills. Sizes of images and channels are uniforms, so that layers share
//! pipelines.

use crate::Precision;

/// Parts that several templates share.
const SHARED: &[(&str, &str)] = &[
    (
        "convolution_shape",
        include_str!("../shaders/shared/convolution_shape.wgsl"),
    ),
    ("each_item", include_str!("../shaders/shared/each_item.wgsl")),
    (
        "winograd_patch",
        include_str!("../shaders/shared/winograd_patch.wgsl"),
    ),
    (
        "winograd_shape",
        include_str!("../shaders/shared/winograd_shape.wgsl"),
    ),
];

/// One specialised shader. Two calls with the same text share a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shader {
    /// The kernel's name, for error messages and debuggers.
    pub label: String,
    /// WGSL with the entry point `main`.
    pub source: String,
}

impl Shader {
    /// Fills in a template's places.
    pub(crate) fn new(label: &str, template: &str, places: &[(&str, &str)]) -> Self {
        let mut source = template.to_owned();
        for (name, text) in SHARED.iter().chain(places) {
            source = source.replace(&format!("{{{{{name}}}}}"), text);
        }
        for (sign, extension) in [("<f16>", "f16"), ("coop_mat", "wgpu_cooperative_matrix")] {
            if source.contains(sign) {
                source.insert_str(0, &format!("enable {extension};\n"));
            }
        }
        Self {
            label: label.to_owned(),
            source,
        }
    }
}

/// Declares a read-only storage array.
pub(crate) fn read_only(binding: usize, name: &str, element: &str) -> String {
    format!("@group(0) @binding({binding}) var<storage, read> {name}: array<{element}>;\n")
}

/// Declares a storage array that the kernel writes.
pub(crate) fn read_write(binding: usize, name: &str, element: &str) -> String {
    format!("@group(0) @binding({binding}) var<storage, read_write> {name}: array<{element}>;\n")
}

/// Declares the storage arrays of a kernel with one or two concatenated inputs of the same precision:
/// `input_0` and, if `joined`, `input_1`, with the function `quad_at(pixel, quad)` that reads the
/// concatenation.
pub(crate) fn joined_inputs(first: usize, joined: bool, input: Precision) -> String {
    let mut text = read_only(first, "input_0", input.quad());
    if joined {
        text += &read_only(first + 1, "input_1", input.quad());
        text += "fn quad_at(pixel: u32, quad: u32) -> vec4<f32> {\n    \
                 if (quad < shape.quads_0) { return vec4<f32>(input_0[pixel * shape.quads_0 + quad]); }\n    \
                 return vec4<f32>(input_1[pixel * shape.quads_1 + quad - shape.quads_0]);\n}\n";
    } else {
        text += "fn quad_at(pixel: u32, quad: u32) -> vec4<f32> {\n    \
                 return vec4<f32>(input_0[pixel * shape.quads_0 + quad]);\n}\n";
    }
    text
}
