// 4x4 outputs from their 36 points, one quad of one patch an invocation.

{{winograd_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let stride = shape.images * shape.rows * shape.columns * shape.out_quads;
    if (index >= stride) {
        return;
    }
    let quad = index % shape.out_quads;
    let patch_index = index / shape.out_quads;
    let column = patch_index % shape.columns;
    let row = patch_index / shape.columns % shape.rows;
    let image = patch_index / shape.columns / shape.rows;
    let first = ((image * shape.height + 4u * row) * shape.width + 4u * column) * shape.out_quads + quad;
{{transform}}
}
