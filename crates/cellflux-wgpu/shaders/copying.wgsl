// A copy of one buffer to another: the adapter's memory rate.

struct Shape {
    quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = (group.y * groups.x + group.x) * 64u + lane;
    if (index < shape.quads) {
        output[index] = input[index];
    }
}
