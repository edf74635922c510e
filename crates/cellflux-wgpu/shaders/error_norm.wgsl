// Sum of squares of error / (absolute + relative * max(|from|, |to|)) over a share of a state, one share per
// invocation. The few partial sums are added on the CPU in f64. Padding channels do not count.

struct Shape {
    quads: u32,       // of the whole state
    pixel_quads: u32, // of one pixel
    channels: u32,    // of one pixel that are not padding
    invocations: u32,
    absolute: f32,
    relative: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> error: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> before: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> after: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let invocation = group.x * 64u + lane;
    var sum = 0.0;
    for (var index = invocation; index < shape.quads; index += shape.invocations) {
        let scale = shape.absolute + shape.relative * max(abs(before[index]), abs(after[index]));
        let first = (index % shape.pixel_quads) * 4u;
        let counts = vec4<u32>(first, first + 1u, first + 2u, first + 3u) < vec4<u32>(shape.channels);
        let ratio = select(vec4<f32>(0.0), error[index] / scale, counts);
        sum += dot(ratio, ratio);
    }
    output[invocation] = sum;
}
