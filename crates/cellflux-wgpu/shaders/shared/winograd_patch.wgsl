    let stride = shape.images * shape.rows * shape.columns * channels;
    if (index >= stride) {
        return;
    }
    let channel = index % channels;
    let patch_index = index / channels;
    let column = patch_index % shape.columns;
    let row = patch_index / shape.columns % shape.rows;
