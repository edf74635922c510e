// Self-attention without the score matrix: softmax(q k^T * scale) v, kept up to date key tile by key tile.
//
// A workgroup owns {{queries}} queries of one head of one image, and {{slice_quads}} quads of its values. For each tile of {{keys}}
// keys it computes the scores, updates every query's running maximum and sum, rescales what it has and adds the tile's
// values. An invocation owns 4 queries, for the scores {{own_keys}} keys of the tile and for the values {{own_quads}} quads.
// All sums are f32.

struct Shape {
    tokens: u32,     // of an image
    heads: u32,
    head_quads: u32, // of one head's query, key or value
    scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
// Rows of 4 queries: the scores of the tile, then the weights of its values.
var<workgroup> scores: array<vec4<f32>, {{score_rows}}>;
var<workgroup> rescale: array<vec4<f32>, {{query_rows}}>;
var<workgroup> totals: array<vec4<f32>, {{query_rows}}>;

const lowest = -3.0e38;

@compute @workgroup_size({{threads}})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let image = group.z / shape.heads;
    let head = group.z % shape.heads;
    let row_quads = 3u * shape.heads * shape.head_quads;
    let queries = image * shape.tokens * row_quads + head * shape.head_quads;
    let keys = queries + shape.heads * shape.head_quads;
    let values = keys + shape.heads * shape.head_quads;
    let last = shape.tokens - 1u;
    let column = lane % {{columns}}u;
    let row = lane / {{columns}}u;
    let query = group.x * {{queries}}u + row * 4u;
    let slice = group.y * {{slice_quads}}u;
{{begin}}
    // The running maximum and sum of the 4 queries of row `lane`, kept by the first {{query_rows}} invocations.
    var maximum = vec4<f32>(lowest);
    var total = vec4<f32>(0.0);

    for (var tile = 0u; tile < shape.tokens; tile += {{keys}}u) {
{{score}}
        workgroupBarrier();
        if (lane < {{query_rows}}u) {
            var highest = maximum;
            for (var key = 0u; key < {{keys}}u; key++) {
                highest = max(highest, scores[key * {{query_rows}}u + lane]);
            }
            let factor = exp(maximum - highest);
            total *= factor;
            for (var key = 0u; key < {{keys}}u; key++) {
                let at = key * {{query_rows}}u + lane;
                let weight = select(vec4<f32>(0.0), exp(scores[at] - highest), tile + key <= last);
                scores[at] = weight;
                total += weight;
            }
            rescale[lane] = factor;
            maximum = highest;
        }
        workgroupBarrier();
{{rescale}}
        let end = min({{keys}}u, shape.tokens - tile);
        for (var key = 0u; key < end; key++) {
            let weight = scores[key * {{query_rows}}u + row];
            let at = values + (tile + key) * row_quads + slice;
{{accumulate}}
        }
        workgroupBarrier();
    }
    if (lane < {{query_rows}}u) {
        totals[lane] = total;
    }
    workgroupBarrier();
    let share = 1.0 / totals[row];
{{store}}
}
