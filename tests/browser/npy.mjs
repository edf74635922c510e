// NumPy's file format, as far as the exports need it: version 1.0, little-endian f32, C order.

import assert from 'node:assert/strict';

/** @returns {{ shape: number[], values: Float32Array }} */
export function readNpy(bytes) {
  assert.equal(bytes.subarray(0, 6).toString('latin1'), '\x93NUMPY');
  const length = bytes.readUInt16LE(8);
  const header = bytes.subarray(10, 10 + length).toString('latin1');
  assert.match(header, /'descr': '<f4'/);
  assert.match(header, /'fortran_order': False/);
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((part) => part.trim()).map(Number);
  const values = new Float32Array(new Uint8Array(bytes.subarray(10 + length)).buffer);
  assert.equal(values.length, shape.reduce((product, axis) => product * axis, 1));
  return { shape, values };
}

/** ||a - b|| / ||b||, in f64. */
export function relativeError(a, b) {
  assert.equal(a.length, b.length);
  let [difference, size] = [0, 0];
  for (let i = 0; i < a.length; i += 1) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(difference / size);
}
