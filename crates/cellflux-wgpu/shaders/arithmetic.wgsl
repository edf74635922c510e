// Independent multiply-adds and nothing else: the adapter's arithmetic rate.

struct Shape {
    factor: f32,
    step: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let factor = {{quad}}(vec4<f32>(shape.factor));
    let step = {{quad}}(vec4<f32>(shape.step));
    let start = vec4<f32>(f32(id.x % 7u));
{{begin}}
    for (var round = 0u; round < {{rounds}}u; round++) {
{{round}}
    }
    output[id.x] = {{total}};
}
