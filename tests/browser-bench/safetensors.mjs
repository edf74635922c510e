// Reads safetensors files: a header of JSON behind its length, then numbers.

/** The number that sixteen bits mean in binary16. */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const READERS = {
  F16: (bytes) => Float32Array.from(new Uint16Array(bytes), half),
  F32: (bytes) => new Float32Array(bytes),
};

/**
 * @typedef {{ shape: number[], data: Float32Array }} Tensor
 * @param {Uint8Array} file
 * @returns {{ metadata: Record<string, string>, tensors: Map<string, Tensor> }}
 */
export function readSafetensors(file) {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(
    new TextDecoder().decode(file.subarray(8, 8 + length)),
  );
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries)) {
    const read = READERS[dtype];
    if (!read) throw new Error(`the tensor ${name} is ${dtype}; expected F16 or F32`);
    // A copy, because the numbers of a file need not start where an array of them may.
    tensors.set(name, { shape, data: read(file.slice(8 + length + from, 8 + length + to).buffer) });
  }
  return { metadata, tensors };
}
