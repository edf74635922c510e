// 4x4 outputs from their 36 points, one channel of one patch per invocation.

{{winograd_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let channels = 4u * shape.out_quads;
{{winograd_patch}}
    let image = patch_index / shape.columns / shape.rows;
    let first = ((image * shape.height + 4u * row) * shape.width + 4u * column) * channels + channel;
{{transform}}
}
