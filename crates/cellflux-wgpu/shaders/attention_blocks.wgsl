// softmax(q k^T) v with a running softmax, as attention.wgsl, in larger blocks of registers.
//
// One workgroup owns {{queries}} queries of one head and {{slice_quads}} quads of its values, and goes
// through the keys, {{keys}} at a time. For the scores an invocation owns 4 queries and 4 keys, for the
// values 8 queries and {{own_quads}} quads: every number fetched is used four to eight times. All sums are
// f32.

struct Shape {
    tokens: u32,     // of an image
    heads: u32,
    head_quads: u32, // of one head's query, key or value
    scale: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
// Rows of 4 queries: the scores of the tile, then the weights of its values; at the end the sums of every
// column's weights.
var<workgroup> scores: array<vec4<f32>, {{score_rows}}>;
// The highest of every eighth score.
var<workgroup> parts: array<vec4<f32>, {{part_rows}}>;
// A few quads of the tile's queries and keys.
var<workgroup> query_slice: array<vec4<f32>, {{query_items}}>;
var<workgroup> key_slice: array<vec4<f32>, {{key_items}}>;
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
    let first_query = group.x * {{queries}}u;
    let slice = group.y * {{slice_quads}}u;
    // For the scores, then for the values: two rows of 4 queries.
    let column = lane % {{columns}}u;
    let row = lane / {{columns}}u;
    let value_column = lane % {{value_columns}}u;
    let value_row = lane / {{value_columns}}u * 2u;
{{begin}}
    // The running maxima of the rows, and the running sum of the weights of this column's keys.
    var maximum = vec4<f32>(lowest);
    var maximum_0 = maximum;
    var maximum_1 = maximum;
    var total = vec4<f32>(0.0);

    for (var tile = 0u; tile < shape.tokens; tile += {{keys}}u) {
{{score}}
        workgroupBarrier();
        for (var item = lane; item < {{part_rows}}u; item += {{threads}}u) {
            var part = vec4<f32>(lowest);
            for (var at = item; at < {{score_rows}}u; at += {{part_rows}}u) {
                part = max(part, scores[at]);
            }
            parts[item] = part;
        }
        workgroupBarrier();
        var highest = maximum;
        var highest_0 = maximum_0;
        var highest_1 = maximum_1;
        for (var part = 0u; part < {{part_rows}}u; part += {{rows}}u) {
            highest = max(highest, parts[part + row]);
            highest_0 = max(highest_0, parts[part + value_row]);
            highest_1 = max(highest_1, parts[part + value_row + 1u]);
        }
        total *= exp(maximum - highest);
        maximum = highest;
        let factor_0 = exp(maximum_0 - highest_0);
        let factor_1 = exp(maximum_1 - highest_1);
        maximum_0 = highest_0;
        maximum_1 = highest_1;
{{weigh}}
        workgroupBarrier();
{{rescale}}
        let end = min({{keys}}u, shape.tokens - tile);
        for (var key = 0u; key < end; key++) {
            let w_0 = scores[key * {{rows}}u + value_row];
            let w_1 = scores[key * {{rows}}u + value_row + 1u];
            let at = values + (tile + key) * row_quads + slice;
{{accumulate}}
        }
        workgroupBarrier();
    }
    scores[column * {{rows}}u + row] = total;
    workgroupBarrier();
    var total_0 = vec4<f32>(0.0);
    var total_1 = vec4<f32>(0.0);
    for (var part = 0u; part < {{columns}}u; part++) {
        total_0 += scores[part * {{rows}}u + value_row];
        total_1 += scores[part * {{rows}}u + value_row + 1u];
    }
    let share_0 = 1.0 / total_0;
    let share_1 = 1.0 / total_1;
{{store}}
}
