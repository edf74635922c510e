// Points of patches times points of kernels, summed over the input channels: a matrix product for each of the
// 36 points. An invocation owns {{patches}} patches and {{quads}} quads of output channels of one point.

{{winograd_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
@compute @workgroup_size({{workers}})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let total = shape.images * shape.rows * shape.columns;
    let point = group.z;
    let first_patch = (group.x * {{workers}}u + lane) * {{patches}}u;
    let first_quad = group.y * {{quads}}u;
    if (first_patch >= total) {
        return;
    }
{{begin}}
    for (var quad = 0u; quad < shape.in_quads; quad++) {
        let row = (point * shape.in_quads + quad) * shape.out_quads;
{{accumulate}}
    }
{{store}}
}
