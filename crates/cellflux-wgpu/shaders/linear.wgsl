// A linear layer over a few rows: output = {{what}}, one quad of outputs of one row per invocation.

struct Shape {
    rows: u32,
    inputs: u32,
    out_quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let quad = index % shape.out_quads;
    let row = index / shape.out_quads;
    if (row >= shape.rows) {
        return;
    }
    var sum = bias[quad];
    for (var i = 0u; i < shape.inputs; i++) {
        var x = input[row * shape.inputs + i];
        {{activation}}
        {{weight}}
        sum += x * weight;
    }
    {{finish}}
    output[index] = sum;
}
