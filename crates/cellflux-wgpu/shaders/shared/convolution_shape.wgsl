struct Shape {
    images: u32,
    in_height: u32,
    in_width: u32,
    out_height: u32,
    out_width: u32,
    in_quads_0: u32, // of a pixel of the first input
    in_quads_1: u32, // of the second, if there is one
    out_quads: u32,
}
