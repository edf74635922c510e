// A linear layer over a few rows: output = {{what}}, one quad of outputs of one row an invocation.

struct Shape {
    rows: u32,
    inputs: u32,
    out_quads: u32,
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
    let quad = index % shape.out_quads;
    let row = index / shape.out_quads;
    if (row >= shape.rows) {
        return;
    }
    var sum = bias[quad];
    for (var i = 0u; i < shape.inputs; i++) {
        var x = input[row * shape.inputs + i];
        {{activation}}
        sum += x * vec4<f32>(weights[i * shape.out_quads + quad]);
    }
    {{finish}}
    output[index] = sum;
}
