// Convolution as an implicit matrix product, one register block per invocation, no workgroup memory.
//
// Rows of the product are output pixels, columns output channels, and the inner dimension runs over taps and
// input channels. An invocation owns {{pixels}} consecutive pixels and {{quads}} quads of channels; each of
// its sums has its own variable, so that no register is indexed at run time. Best on adapters without fast
// workgroup memory.

{{convolution_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let total = shape.images * shape.out_height * shape.out_width;
    let in_quads = shape.in_quads_0 + shape.in_quads_1;
    let first_pixel = (group.x * 64u + lane) * {{pixels}}u;
    let first_quad = group.y * {{quads}}u;
    if (first_pixel >= total) {
        return;
    }
{{begin}}
    for (var tap = 0u; tap < {{taps}}u; tap++) {
{{taps_of_pixels}}
{{accumulate}}
    }
{{store}}
}
