// 4x4 outputs from their 36 points, one quad of one patch an invocation.

{{shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let stride = shape.images * shape.rows * shape.columns * shape.out_quads;
    let index = (group.y * groups.x + group.x) * 64u + lane;
    if (index >= stride) {
        return;
    }
    let quad = index % shape.out_quads;
    let patch_index = index / shape.out_quads;
    let column = patch_index % shape.columns;
    let row = patch_index / shape.columns % shape.rows;
    let image = patch_index / shape.columns / shape.rows;
    let first = ((image * shape.height + 4u * row) * shape.width + 4u * column) * shape.out_quads + quad;
{{transform}}
}
