// Convolution as an implicit matrix product in cooperative matrices.
//
// {{columns}} x {{rows}} subgroups own a tile of {{tile_pixels}} output pixels and {{tile_quads}} quads of
// output channels, each {{subgroup_pixels}} pixels and {{subgroup_quads}} quads of it. All invocations fetch
// one slice of the image and of the weights; then each subgroup multiplies 16x16 matrices of it. The sums go
// through workgroup memory to be finished and stored.

{{convolution_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
// A slice of both factors.
{{memory}}var<workgroup> staging: array<vec4<f32>, {{staging}}>;

@compute @workgroup_size({{threads}})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let total = shape.images * shape.out_height * shape.out_width;
    let in_quads = shape.in_quads_0 + shape.in_quads_1;
    let subgroup = lane / 32u;
    let own = lane % 32u;
    let column = subgroup % {{columns}}u * {{subgroup_quads}}u;
    let row = subgroup / {{columns}}u * {{subgroup_pixels}}u;
    let staged = subgroup * 64u;
    let tile_pixel = group.x * {{tile_pixels}}u;
    let tile_quad = group.y * {{tile_quads}}u;
{{begin}}
    for (var tap = 0u; tap < {{taps}}u; tap++) {
{{taps_of_pixels}}
{{accumulate}}
    }
{{store}}
}
