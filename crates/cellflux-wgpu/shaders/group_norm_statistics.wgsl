// Mean and sum of squared deviations of every channel over one strip of an image's pixels.
//
// Two passes over the strip (first the mean, then the deviations from it) keep the variance exact when the
// mean is much larger. `group_norm_coefficients` merges the strips and the channels of a group.

struct Shape {
    images: u32,
    pixels: u32,   // of an image
    strips: u32,   // an image is cut into
    strip: u32,    // pixels of a strip; the last one may be shorter
    quads_0: u32,
    quads_1: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let quads = shape.quads_0 + shape.quads_1;
    if (index >= shape.images * shape.strips * quads) {
        return;
    }
    let quad = index % quads;
    let strip = (index / quads) % shape.strips;
    let image = index / quads / shape.strips;
    let first = image * shape.pixels + strip * shape.strip;
    let end = min(first + shape.strip, (image + 1u) * shape.pixels);

    var sum = vec4<f32>(0.0);
    for (var pixel = first; pixel < end; pixel++) {
        sum += quad_at(pixel, quad);
    }
    let mean = sum / f32(max(end - first, 1u));
    var squares = vec4<f32>(0.0);
    for (var pixel = first; pixel < end; pixel++) {
        let deviation = quad_at(pixel, quad) - mean;
        squares += deviation * deviation;
    }
    output[(image * shape.strips + strip) * 2u * quads + quad] = mean;
    output[((image * shape.strips + strip) * 2u + 1u) * quads + quad] = squares;
}
