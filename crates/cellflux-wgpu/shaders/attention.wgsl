// softmax(q k^T) v with a running softmax (Milakov and Gimelshein, 2018), so that no score matrix is ever in
// memory.
//
// One workgroup owns {{queries}} queries of one head and {{slice_quads}} quads of its values. For each tile
// of {{keys}} keys it computes the scores, updates every query's running maximum and sum, rescales what it
// has and adds the tile's values. An invocation owns 4 queries, for the scores {{own_keys}} keys of the tile
// and for the values {{own_quads}} quads. All sums are f32.

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
// The highest of every eighth score, then, at the end, the sums of every column.
var<workgroup> parts: array<vec4<f32>, {{part_rows}}>;
{{slices}}
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
    let first_query = group.x * {{queries}}u;
    let query = first_query + row * 4u;
    let slice = group.y * {{slice_quads}}u;
{{begin}}
    // The running maximum of this row's 4 queries, and the running sum of the keys of this column.
    var maximum = vec4<f32>(lowest);
    var total = vec4<f32>(0.0);

    for (var tile = 0u; tile < shape.tokens; tile += {{keys}}u) {
{{score}}
        workgroupBarrier();
        if (column < 8u) {
            var highest = vec4<f32>(lowest);
            for (var key = column; key < {{keys}}u; key += 8u) {
                highest = max(highest, scores[key * {{query_rows}}u + row]);
            }
            parts[column * {{query_rows}}u + row] = highest;
        }
        workgroupBarrier();
        var highest = maximum;
        for (var part = 0u; part < 8u; part++) {
            highest = max(highest, parts[part * {{query_rows}}u + row]);
        }
        let factor = exp(maximum - highest);
        maximum = highest;
        total *= factor;
{{weigh}}
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
    parts[column * {{query_rows}}u + row] = total;
    workgroupBarrier();
    total = vec4<f32>(0.0);
    for (var part = 0u; part < {{columns}}u; part++) {
        total += parts[part * {{query_rows}}u + row];
    }
    let share = 1.0 / total;
{{store}}
}
