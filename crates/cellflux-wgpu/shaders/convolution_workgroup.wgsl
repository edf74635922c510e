// Convolution as an implicit matrix product, tiled through workgroup memory.
//
// A workgroup of {{columns}} x {{rows}} invocations owns a tile of {{tile_pixels}} output pixels and
// {{tile_quads}} quads of output channels. It goes through the taps and the input channels, {{depth}} quads
// at a time: all invocations fetch one slice of the image and of the weights, then each multiplies its own
// {{pixels}} pixels by its own {{quads}} quads.

{{convolution_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
var<workgroup> image_slice: array<vec4<f32>, {{image_slice}}>;
var<workgroup> weight_slice: array<vec4<f32>, {{weight_slice}}>;

@compute @workgroup_size({{threads}})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let total = shape.images * shape.out_height * shape.out_width;
    let in_quads = shape.in_quads_0 + shape.in_quads_1;
    let column = lane % {{columns}}u;
    let row = lane / {{columns}}u;
    let tile_pixel = group.x * {{tile_pixels}}u;
    let tile_quad = group.y * {{tile_quads}}u;
{{begin}}
    for (var tap = 0u; tap < {{taps}}u; tap++) {
{{taps_of_pixels}}
{{accumulate}}
    }
{{store}}
}
