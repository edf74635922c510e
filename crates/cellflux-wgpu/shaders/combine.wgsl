// The linear combination of {{terms}} states: solvers' steps and guidance.

struct Shape {
    weights: vec4<f32>,
    offsets: vec4<u32>, // first quad of each term in its buffer
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
    if (index >= shape.quads) {
        return;
    }
    output[index] = {{sum}};
}
