// A contestant: the network in tfjs, on one of its backends. Before it is timed, its velocities are compared
// with the network's golden, or where it has none with those of onnxruntime-web on its ONNX twin.

import { bytes, numbers } from './material.js';
import { readSafetensors } from './safetensors.mjs';
import { TOLERANCE, worstError } from './tfjs_check.mjs';
import { tfjsNetwork } from './tfjs_unet.mjs';

const script = (address) => new Promise((resolve, reject) => {
  const element = document.createElement('script');
  element.src = address;
  element.onload = resolve;
  element.onerror = () => reject(new Error(`cannot load ${address}`));
  document.head.append(element);
});

/** What onnxruntime-web makes of the twin, which is always conditional, in the form of a golden. */
async function ofTwin({ onnx, side, condition }) {
  const ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = '/ort/';
  const session = await ort.InferenceSession.create(await bytes(onnx), { executionProviders: ['wasm'] });
  const given = {
    x: { shape: [2, 3, side, side], data: numbers(2 * 3 * side * side) },
    t: { shape: [2], data: Float32Array.of(0.25, 0.75) },
    condition: { shape: [2, condition], data: numbers(2 * condition) },
  };
  const feeds = Object.entries(given).map(
    ([name, { shape, data }]) => [name, new ort.Tensor('float32', data, shape)],
  );
  const { velocity } = await session.run(Object.fromEntries(feeds));
  const data = (await velocity.getData()).slice();
  await session.release();
  return new Map(Object.entries({ ...given, velocity_conditional: { shape: given.x.shape, data } }));
}

/**
 * @param {'wasm' | 'webgl' | 'webgpu'} backend
 * @param {number} threads of the WebAssembly backend
 */
export function tfjs(backend, threads = 1) {
  let tf;
  let network;
  let feeds;
  return {
    async runtime() {
      if (threads > 1 && !globalThis.crossOriginIsolated) {
        throw new Error('threads need a page that is cross-origin isolated');
      }
      await script('/tfjs/tfjs-core/dist/tf-core.min.js');
      await script(`/tfjs/tfjs-backend-${backend}/dist/tf-backend-${backend}.min.js`);
      tf = globalThis.tf;
      if (backend === 'wasm') {
        tf.wasm.setWasmPaths('/tfjs/tfjs-backend-wasm/dist/');
        // With one thread it is the module that a page without shared memory gets.
        if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
        else tf.wasm.setThreadsCount(threads);
      }
    },
    fetch: ({ weights }) => bytes(weights),
    async start(weights, { config, side, condition }) {
      if (!(await tf.setBackend(backend))) throw new Error(`tfjs cannot start its backend ${backend}`);
      await tf.ready();
      const { tensors } = readSafetensors(weights);
      network = tfjsNetwork(tf, tensors, JSON.parse(config));
      feeds = [
        tf.tensor(numbers(2 * side * side * 3), [2, side, side, 3]),
        [0.5, 0.5],
        tf.tensor(numbers(2 * condition), [2, condition]),
        // Guided: one half has the condition, the other has none.
        tf.tensor([1, 0], [2, 1]),
      ];
      const used = backend === 'wasm' && threads > 1 ? `, ${tf.wasm.getThreadsCount()} threads` : '';
      return `tfjs ${tf.version_core}, ${tf.getBackend()}${used}`;
    },
    async evaluate() {
      const velocity = network(...feeds);
      await velocity.data();
      velocity.dispose();
    },
    async check(about) {
      const golden = about.golden ? readSafetensors(await bytes(about.golden)).tensors : await ofTwin(about);
      const error = await worstError(tf, network, golden);
      if (!(error < TOLERANCE)) {
        throw new Error(`its velocity is off by ${error.toExponential(1)}, more than ${TOLERANCE}`);
      }
      return error;
    },
  };
}
