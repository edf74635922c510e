// The 6x6 patches of the input as points, one quad of one patch an invocation. The input is read as if up-sampled by
// 2^{{shift}}, nearest; outside it is zero.

{{shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let stride = shape.images * shape.rows * shape.columns * shape.in_quads;
    let index = (group.y * groups.x + group.x) * 64u + lane;
    if (index >= stride) {
        return;
    }
    let quad = index % shape.in_quads;
    let patch_index = index / shape.in_quads;
    let column = patch_index % shape.columns;
    let row = patch_index / shape.columns % shape.rows;
    let image = patch_index / shape.columns / shape.rows * (shape.height >> {{shift}}u) * (shape.width >> {{shift}}u);
    // A negative coordinate becomes a huge one.
{{load}}
{{transform}}
}
