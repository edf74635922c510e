// The U-Net in the operations of tfjs, for any configuration: what a peer's user would write. Feature maps
// are [N, H, W, C], the only layout that its WebAssembly backend convolves.

const GROUPS = 32;
const EPSILON = 1e-5;
/** What the configurations of the public code leave out. */
const DEFAULTS = {
  num_heads: 1,
  num_head_channels: -1,
  num_heads_upsample: -1,
  use_scale_shift_norm: false,
  resblock_updown: false,
  use_new_attention_order: false,
  conv_resample: true,
};

/** `[cos | sin]` of every time's products with the frequencies. */
function sinusoids(times, width) {
  const half = width / 2;
  const angle = (t, i) => t * Math.exp((-Math.log(1e4) * i) / half);
  return times.map((t) => [
    ...Array.from({ length: half }, (_, i) => Math.cos(angle(t, i))),
    ...Array.from({ length: half }, (_, i) => Math.sin(angle(t, i))),
  ]);
}

/** Layers as functions of a feature map and the activated embedding, with their weights in the backend. */
class Layers {
  constructor(tf, tensors, config) {
    this.tf = tf;
    this.tensors = tensors;
    this.config = config;
  }

  /** A tensor of the state dict as tfjs wants it: its axes in the order of `axes`. */
  weight(name, shape, axes) {
    const { tf } = this;
    const found = this.tensors.get(name);
    if (!found) throw new Error(`the weights have no tensor ${name}`);
    return tf.keep(tf.tidy(() => {
      const tensor = tf.tensor(found.data, shape?.(found.shape) ?? found.shape, 'float32');
      return axes ? tf.transpose(tensor, axes) : tensor;
    }));
  }

  has(name) {
    return this.tensors.has(`${name}.weight`);
  }

  silu(x) {
    return this.tf.mul(x, this.tf.sigmoid(x));
  }

  /** `[N, in]` to `[N, out]`. */
  linear(name) {
    const weight = this.weight(`${name}.weight`, null, [1, 0]);
    const bias = this.weight(`${name}.bias`);
    return (x) => this.tf.add(this.tf.matMul(x, weight), bias);
  }

  /** With zero padding: as much as keeps the size, at stride 1. */
  convolution(name, strides = 1) {
    // A one-dimensional convolution of attention has a kernel [out, in, 1].
    const square = (shape) => (shape.length === 3 ? [...shape, 1] : shape);
    const filter = this.weight(`${name}.weight`, square, [2, 3, 1, 0]);
    const bias = this.weight(`${name}.bias`);
    const pad = filter.shape[0] === 3 ? 1 : 0;
    return (x) => this.tf.fused.conv2d({
      x, filter, strides, pad, bias, dimRoundingMode: 'floor',
    });
  }

  /** Normalised, then `(1 + scale)` times and `shift` more, where the embedding says so. */
  norm(name) {
    const { tf } = this;
    const gain = this.weight(`${name}.weight`);
    const offset = this.weight(`${name}.bias`);
    const channels = gain.shape[0];
    return (x, scale, shift) => {
      const [images, height, width] = x.shape;
      const grouped = tf.reshape(x, [images, height * width, GROUPS, channels / GROUPS]);
      const { mean, variance } = tf.moments(grouped, [1, 3], true);
      const spread = (group) => tf.reshape(
        tf.tile(group, [1, 1, 1, channels / GROUPS]), [images, 1, 1, channels],
      );
      // One product and one sum of every pixel: all factors and offsets are taken together first.
      let factor = tf.mul(spread(tf.rsqrt(tf.add(variance, EPSILON))), gain);
      let rest = tf.sub(offset, tf.mul(spread(mean), factor));
      if (scale) {
        const pixel = (values) => tf.reshape(values, [images, 1, 1, channels]);
        const more = tf.add(pixel(scale), 1);
        factor = tf.mul(factor, more);
        rest = tf.add(tf.mul(rest, more), pixel(shift));
      }
      return tf.add(tf.mul(x, factor), rest);
    };
  }

  up(x) {
    const [, height, width] = x.shape;
    return this.tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]);
  }

  down(x) {
    return this.tf.avgPool(x, 2, 2, 'valid');
  }

  residual(name, resample = (x) => x) {
    const { tf } = this;
    const first = this.norm(`${name}.in_layers.0`);
    const into = this.convolution(`${name}.in_layers.2`);
    const embedding = this.linear(`${name}.emb_layers.1`);
    const second = this.norm(`${name}.out_layers.0`);
    const out = this.convolution(`${name}.out_layers.3`);
    const skip = this.has(`${name}.skip_connection`)
      ? this.convolution(`${name}.skip_connection`) : (x) => x;
    return (x, activated) => {
      const h = into(resample(this.silu(first(x))));
      const e = embedding(activated);
      const normed = this.config.use_scale_shift_norm
        ? second(h, ...tf.split(e, 2, 1))
        : second(tf.add(h, tf.reshape(e, [e.shape[0], 1, 1, e.shape[1]])));
      return tf.add(skip(resample(x)), out(this.silu(normed)));
    };
  }

  /**
   * `[N, heads, rows, inner]` times `[N, heads, inner, columns]`. tfjs's WebAssembly backend is many times
   * faster with one product at a time: only for those it asks XNNPACK.
   */
  products(left, right) {
    const { tf } = this;
    if (tf.getBackend() !== 'wasm') return tf.matMul(left, right);
    const [images, heads, rows] = left.shape;
    const each = (tensor) => tf.unstack(
      tf.reshape(tensor, [images * heads, ...tensor.shape.slice(2)]),
    );
    const rights = each(right);
    const products = tf.stack(each(left).map((one, i) => tf.matMul(one, rights[i])));
    return tf.reshape(products, [images, heads, rows, right.shape[3]]);
  }

  attention(name, fixedHeads) {
    const { tf } = this;
    const { num_head_channels: depthOfHead, use_new_attention_order: newOrder } = this.config;
    const norm = this.norm(`${name}.norm`);
    const project = this.convolution(`${name}.qkv`);
    const out = this.convolution(`${name}.proj_out`);
    return (x) => {
      const [images, height, width, channels] = x.shape;
      const heads = depthOfHead === -1 ? fixedHeads : channels / depthOfHead;
      const depth = channels / heads;
      const pixels = height * width;
      const qkv = project(norm(x));
      const parts = newOrder
        ? tf.split(tf.reshape(qkv, [images, pixels, 3 * channels]), 3, 2)
        : tf.split(tf.reshape(qkv, [images, pixels, heads, 3 * depth]), 3, 3);
      const [q, k, v] = parts.map(
        (part) => tf.transpose(tf.reshape(part, [images, pixels, heads, depth]), [0, 2, 1, 3]),
      );
      const scale = depth ** -0.25;
      const keys = tf.transpose(tf.mul(k, scale), [0, 1, 3, 2]);
      const weights = tf.softmax(this.products(tf.mul(q, scale), keys));
      const attended = tf.transpose(this.products(weights, v), [0, 2, 1, 3]);
      return tf.add(x, out(tf.reshape(attended, [images, height, width, channels])));
    };
  }
}

/** The layers in their groups, in the order of the forward pass. */
function layOut(layers, config) {
  const { channel_mult: levels, num_res_blocks: blocks, attention_resolutions: attended } = config;
  const lowering = (name) => {
    if (config.resblock_updown) return layers.residual(`${name}.0`, (x) => layers.down(x));
    return config.conv_resample ? layers.convolution(`${name}.0.op`, 2) : (x) => layers.down(x);
  };
  const raising = (name) => {
    if (config.resblock_updown) return layers.residual(name, (x) => layers.up(x));
    if (!config.conv_resample) return (x) => layers.up(x);
    const convolution = layers.convolution(`${name}.conv`);
    return (x) => convolution(layers.up(x));
  };

  const input = [[layers.convolution('input_blocks.0.0')]];
  for (const level of levels.keys()) {
    for (let block = 0; block < blocks; block += 1) {
      const name = `input_blocks.${input.length}`;
      const group = [layers.residual(`${name}.0`)];
      if (attended.includes(2 ** level)) group.push(layers.attention(`${name}.1`, config.num_heads));
      input.push(group);
    }
    if (level + 1 < levels.length) input.push([lowering(`input_blocks.${input.length}`)]);
  }
  const middle = [
    layers.residual('middle_block.0'),
    layers.attention('middle_block.1', config.num_heads),
    layers.residual('middle_block.2'),
  ];
  const headsOfUp = config.num_heads_upsample === -1 ? config.num_heads : config.num_heads_upsample;
  const output = [];
  for (const level of [...levels.keys()].reverse()) {
    for (let block = 0; block <= blocks; block += 1) {
      const name = `output_blocks.${output.length}`;
      const group = [layers.residual(`${name}.0`)];
      if (attended.includes(2 ** level)) group.push(layers.attention(`${name}.1`, headsOfUp));
      if (block === blocks && level > 0) group.push(raising(`${name}.${group.length}`));
      output.push(group);
    }
  }
  return { input, middle, output };
}

/**
 * The network of a configuration on the weights of a state dict, whose tensors have the public names.
 *
 * @returns {(x: object, times: number[], condition: object, present: object) => object} the velocity
 * [N, H, W, C] of images [N, H, W, C] at N times; a sample's `present` [N, 1] is 1 where it has the condition
 * [N, D], and 0 where it has none
 */
export function tfjsNetwork(tf, tensors, given) {
  const config = { ...DEFAULTS, ...given };
  const layers = new Layers(tf, tensors, config);
  const time = [layers.linear('time_embed.0'), layers.linear('time_embed.2')];
  const embedCondition = layers.linear('mol_embed_transform');
  const { input, middle, output } = layOut(layers, config);
  const norm = layers.norm('out.0');
  const head = layers.convolution('out.2');
  // Each layer gives up what it made on the way.
  const run = (group, h, activated) => group.reduce((h, layer) => tf.tidy(() => layer(h, activated)), h);
  return (x, times, condition, present) => tf.tidy(() => {
    const sines = tf.tensor2d(sinusoids(times, config.model_channels));
    const embedding = tf.add(
      time[1](layers.silu(time[0](sines))),
      tf.mul(embedCondition(condition), present),
    );
    const activated = layers.silu(embedding);
    const skips = [];
    let h = x;
    for (const group of input) {
      h = run(group, h, activated);
      skips.push(h);
    }
    h = run(middle, h, activated);
    for (const group of output) h = run(group, tf.concat([h, skips.pop()], 3), activated);
    return head(layers.silu(norm(h)));
  });
}
