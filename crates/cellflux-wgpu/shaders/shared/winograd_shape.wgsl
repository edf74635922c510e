struct Shape {
    images: u32,
    height: u32,  // of the output
    width: u32,
    rows: u32,    // of patches
    columns: u32,
    in_quads: u32,
    out_quads: u32,
}
