// From the strips' statistics to one affine map per channel: y = (x - centre) * gain + shift.
//
// One workgroup merges one group of one image (Chan's formula for parallel variances, in two passes), then
// folds in the norm's own weight and bias and what the embedding adds: {{film}}.

struct Shape {
    channels: u32,
    group_channels: u32,
    pixels: u32,
    strips: u32,
    strip: u32,
    film_offset: u32, // of this layer in an image's row of the embedding's outputs
    film_stride: u32, // length of that row
    epsilon: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
{{bindings}}
var<workgroup> sums: array<f32, 64>;

{{film_functions}}
// Sum of one value per invocation over the workgroup.
fn reduce(lane: u32, value: f32) -> f32 {
    sums[lane] = value;
    for (var stride = 32u; stride > 0u; stride /= 2u) {
        workgroupBarrier();
        if (lane < stride) {
            sums[lane] += sums[lane + stride];
        }
    }
    workgroupBarrier();
    let total = sums[0];
    workgroupBarrier();
    return total;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let image = group.y;
    let first_channel = group.x * shape.group_channels;
    let items = shape.strips * shape.group_channels;
    let count = f32(shape.pixels * shape.group_channels);

    var sum = 0.0;
    for (var item = lane; item < items; item += 64u) {
        let strip = item / shape.group_channels;
        let channel = first_channel + item % shape.group_channels;
        let pixels = f32(min(shape.strip, shape.pixels - strip * shape.strip));
        let mean = statistics[(image * shape.strips + strip) * 2u * shape.channels + channel];
        sum += pixels * (mean + before(image, channel));
    }
    let mean = reduce(lane, sum) / count;

    var squares = 0.0;
    for (var item = lane; item < items; item += 64u) {
        let strip = item / shape.group_channels;
        let channel = first_channel + item % shape.group_channels;
        let pixels = f32(min(shape.strip, shape.pixels - strip * shape.strip));
        let at = (image * shape.strips + strip) * 2u * shape.channels + channel;
        let distance = statistics[at] + before(image, channel) - mean;
        squares += statistics[at + shape.channels] + pixels * distance * distance;
    }
    let deviation = sqrt(reduce(lane, squares) / count + shape.epsilon);

    for (var item = lane; item < shape.group_channels; item += 64u) {
        let channel = first_channel + item;
        let gain = norm_weight[channel] / deviation;
        let at = image * 3u * shape.channels + channel;
        output[at] = mean - before(image, channel);
        output[at + shape.channels] = gain * scale(image, channel);
        output[at + 2u * shape.channels] = norm_bias[channel] * scale(image, channel) + shift(image, channel);
    }
}
