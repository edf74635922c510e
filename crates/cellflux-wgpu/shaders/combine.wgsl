// The linear combination of {{terms}} states: solvers' steps and guidance.

struct Shape {
    weights: vec4<f32>,
    offsets: vec4<u32>, // first quad of each term in its buffer
    quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    if (index >= shape.quads) {
        return;
    }
    output[index] = {{sum}};
}
