// Applies a group norm's affine map{{what}}, one quad of one pixel per invocation.

struct Shape {
    images: u32,
    out_height: u32,
    out_width: u32,
    quads_0: u32,
    quads_1: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let quads = shape.quads_0 + shape.quads_1;
    let pixel = index / quads;
    let quad = index % quads;
    let image_pixels = shape.out_height * shape.out_width;
    if (pixel >= shape.images * image_pixels) {
        return;
    }
    let image = pixel / image_pixels;
    let at = image * 3u * quads + quad;
    let centre = coefficients[at];
    let gain = coefficients[at + quads];
    let shift = coefficients[at + 2u * quads];
{{body}}
}
