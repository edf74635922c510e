// The 6x6 patches of the input as points, one channel of one patch per invocation. The input is read as if
// up-sampled by 2^{{shift}}, nearest; outside it is zero.

{{winograd_shape}}
@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
{{each_item}}
    let channels = 4u * shape.in_quads;
{{winograd_patch}}
    let image = patch_index / shape.columns / shape.rows
        * (shape.height >> {{shift}}u) * (shape.width >> {{shift}}u);
    // A negative coordinate becomes a huge one.
{{load}}
{{transform}}
}
