// 4x4 outputs from their 36 points, one channel of one patch per invocation.

{{winograd_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let channels = 4u * shape.out_quads;
    let stride = shape.images * shape.rows * shape.columns * channels;
    if (index >= stride) {
        return;
    }
    let channel = index % channels;
    let patch_index = index / channels;
    let column = patch_index % shape.columns;
    let row = patch_index / shape.columns % shape.rows;
    let image = patch_index / shape.columns / shape.rows;
    let first = ((image * shape.height + 4u * row) * shape.width + 4u * column) * channels + channel;
{{transform}}
}
