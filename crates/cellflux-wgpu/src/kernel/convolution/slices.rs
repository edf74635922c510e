//! Fetching slices of the image and of the weights for a workgroup; each invocation fetches a few quads of
//! both. The next slice is fetched while the present one is multiplied.

use std::fmt::Write as _;

use super::Convolution;

/// What a workgroup holds at a time: `depth` quads of input channels of its pixels, and their weights.
pub(super) struct Slices {
    /// Invocations.
    pub threads: u32,
    /// Output pixels of the tile.
    pub pixels: u32,
    /// Quads of output channels of the tile.
    pub quads: u32,
    /// Quads of input channels of a slice.
    pub depth: u32,
}

impl Slices {
    /// Quads of the image in a slice.
    pub(super) fn image_items(&self) -> u32 {
        self.pixels * self.depth
    }

    /// Quads of weights in a slice.
    pub(super) fn weight_items(&self) -> u32 {
        self.quads * self.depth * 4
    }

    fn image_loads(&self) -> u32 {
        self.image_items().div_ceil(self.threads)
    }

    fn weight_loads(&self) -> u32 {
        self.weight_items().div_ceil(self.threads)
    }
}

impl Convolution {
    /// Which quads this invocation fetches, and where their pixels lie.
    pub(super) fn begin_fetching(&self, slices: &Slices) -> String {
        let Slices { threads, depth, .. } = slices;
        let mut text = String::new();
        // Neighbouring invocations fetch neighbouring quads of one pixel.
        for load in 0..slices.image_loads() {
            let _ = writeln!(
                text,
                "    let item_{load} = lane + {}u;\n    let depth_{load} = item_{load} % {depth}u;",
                load * threads
            );
            text += &self.locate(load, &format!("tile_pixel + item_{load} / {depth}u"));
        }
        // A row of the weights' slice is one input channel, its columns quads of outputs, as in the buffer.
        for load in 0..slices.weight_loads() {
            let _ = writeln!(
                text,
                "    let channel_{load} = (lane + {0}u) / {1}u;\n    \
                 let column_{load} = min(tile_quad + (lane + {0}u) % {1}u, shape.out_quads - 1u);",
                load * threads,
                slices.quads
            );
        }
        text
    }

    /// Where the pixels under a tap lie.
    pub(super) fn taps_of_fetches(&self, slices: &Slices) -> String {
        let mut text = self.offset().to_owned();
        for load in 0..slices.image_loads() {
            text += &self.look(load);
        }
        text
    }

    /// The loop over all slices of a tap: `keep_image(load)` and `keep_weight(load)` store the fetched
    /// `image_{load}` and `weight_{load}` in workgroup memory, `product` multiplies what lies there.
    pub(super) fn accumulate(
        &self,
        slices: &Slices,
        product: &str,
        keep_image: impl Fn(u32) -> String,
        keep_weight: impl Fn(u32) -> String,
    ) -> String {
        let depth = slices.depth;
        let mut text = String::new();
        for source in self.sources() {
            let _ = writeln!(text, "        {{\n        var slice = 0u;");
            text += &self.fetch(slices, *source, "var ");
            let _ = writeln!(text, "        loop {{\n            workgroupBarrier();");
            for load in 0..slices.image_loads() {
                let guard = guard(load, slices.image_items(), slices.threads);
                let _ = writeln!(text, "            {guard}{{ {} }}", keep_image(load));
            }
            for load in 0..slices.weight_loads() {
                let guard = guard(load, slices.weight_items(), slices.threads);
                let _ = writeln!(text, "            {guard}{{ {} }}", keep_weight(load));
            }
            // After the last slice one more is fetched, inside the buffers, and never used.
            let _ = writeln!(
                text,
                "            workgroupBarrier();\n            slice += {depth}u;"
            );
            text += &self.fetch(slices, *source, "");
            text += product;
            let _ = writeln!(
                text,
                "            if (slice >= shape.in_quads_{source}) {{ break; }}\n        }}\n        }}"
            );
        }
        text
    }

    /// Fetches the slice that begins at quad `slice` of a source. Quads beyond the source's count as zero.
    fn fetch(&self, slices: &Slices, source: usize, declare: &str) -> String {
        let before = if source == 0 { "0u" } else { "shape.in_quads_0" };
        let zero = format!("{}(0.0)", self.input.quad());
        let mut text = String::new();
        for load in 0..slices.image_loads() {
            let _ = writeln!(
                text,
                "            {declare}image_{load} = select({zero}, \
                 input_{source}[pixel_{load} * shape.in_quads_{source} + min(slice + depth_{load}, \
                 shape.in_quads_{source} - 1u)], \
                 {inside} & (slice + depth_{load} < shape.in_quads_{source}));",
                inside = self.inside(load),
            );
        }
        for load in 0..slices.weight_loads() {
            let _ = writeln!(
                text,
                "            {declare}weight_{load} = weights[((tap * in_quads + {before}) * 4u + \
                 min(slice * 4u + channel_{load}, shape.in_quads_{source} * 4u - 1u)) * shape.out_quads + \
                 column_{load}];"
            );
        }
        text
    }
}

/// A condition for the last round of loads when the slice does not fill it.
fn guard(load: u32, items: u32, threads: u32) -> String {
    if (load + 1) * threads > items {
        format!("if (lane + {}u < {items}u) ", load * threads)
    } else {
        String::new()
    }
}
