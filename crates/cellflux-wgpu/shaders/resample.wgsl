// {{what}}, one quad of one output pixel per invocation.

struct Shape {
    images: u32,
    out_height: u32,
    out_width: u32,
    quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let quad = index % shape.quads;
    let pixel = index / shape.quads;
    let x = pixel % shape.out_width;
    let y = (pixel / shape.out_width) % shape.out_height;
    let image = pixel / shape.out_width / shape.out_height;
    if (image >= shape.images) {
        return;
    }
{{body}}
}
