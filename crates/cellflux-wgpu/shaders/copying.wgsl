// A copy of one buffer to another: the adapter's memory rate.

struct Shape {
    quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    if (index < shape.quads) {
        output[index] = input[index];
    }
}
