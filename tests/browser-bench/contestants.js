// What is measured, in the page: an engine of ours, a provider of onnxruntime-web or a backend of tfjs, on
// the same network and weights.
//
// Every contestant is { start(network), evaluate() }: `start` makes it ready from weights in memory, and
// `evaluate` is one guided evaluation of one image, a batch of two, read back. One that was written for this
// bench also has `check(network)`, which gives how far its velocity is from what it should be, and fails
// where that is too far.

import { counters, watchGpu } from './gpu_counters.js';
import { bytes, numbers } from './material.js';
import { tfjs } from './tfjs_contestant.js';

function ours(kind) {
  let wasm;
  let engine;
  return {
    async runtime() {
      wasm = await import('/pkg/cellflux_wasm.js');
      await wasm.default();
    },
    fetch: ({ weights }) => bytes(weights),
    async start(weights, { config, side }) {
      engine = await wasm.Engine.of_files(weights, config, side, side, kind).catch((trouble) =>
        Promise.reject(new Error(trouble.sentence ?? trouble)),
      );
      const { adapter, dtype } = engine.report();
      return `${adapter}, ${dtype}`;
    },
    evaluate: () => engine.probe(),
    engine: () => engine,
    gflop: ({ config, side }) => wasm.Engine.gflop(config, side, side),
  };
}

/**
 * Our CPU path in two workers' manner: the null condition's half is computed by a worker meanwhile, which has
 * a module and weights of its own. No memory is shared.
 */
function oursInTwo() {
  const one = ours('candle');
  const worker = new Worker('/bench/half_worker.js', { type: 'module' });
  const answered = () => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.failed ? reject(new Error(data.failed)) : resolve(data));
  });
  return {
    ...one,
    async start(weights, network) {
      const { config, side } = network;
      const ready = answered();
      worker.postMessage({ weights: weights.slice(), config, side });
      const what = await one.start(weights, network);
      await ready;
      one.engine().share((t, image) => {
        const answer = answered();
        worker.postMessage({ t, image }, [image.buffer]);
        return answer;
      });
      return `${what}, two workers`;
    },
  };
}

function onnxruntime(provider, threads = 1) {
  let ort;
  let session;
  let feeds;
  return {
    async runtime() {
      ort = await import(provider === 'webgpu' ? '/ort/ort.webgpu.min.mjs' : '/ort/ort.wasm.min.mjs');
      if (threads > 1 && !globalThis.crossOriginIsolated) {
        throw new Error('threads need a page that is cross-origin isolated');
      }
      ort.env.wasm.numThreads = threads;
      ort.env.wasm.wasmPaths = '/ort/';
    },
    fetch: ({ onnx }) => bytes(onnx),
    async start(model, { side, condition }) {
      session = await ort.InferenceSession.create(model, { executionProviders: [provider] });
      feeds = {
        x: new ort.Tensor('float32', numbers(2 * 3 * side * side), [2, 3, side, side]),
        t: new ort.Tensor('float32', Float32Array.of(0.5, 0.5), [2]),
        condition: new ort.Tensor('float32', numbers(2 * condition), [2, condition]),
      };
      return `onnxruntime-web ${ort.env.versions?.web ?? ''}`;
    },
    async evaluate() {
      const { velocity } = await session.run(feeds);
      await velocity.getData();
      velocity.dispose();
    },
  };
}

const KINDS = {
  'cellflux-cpu': () => ours('candle'),
  'cellflux-cpu-2': () => oursInTwo(),
  'cellflux-wgpu-f32': () => ours('wgpu-f32'),
  'cellflux-wgpu-f16': () => ours('wgpu-f16'),
  'ort-wasm': () => onnxruntime('wasm'),
  'ort-wasm-2': () => onnxruntime('wasm', 2),
  'ort-webgpu': () => onnxruntime('webgpu'),
  'tfjs-wasm': () => tfjs('wasm'),
  'tfjs-wasm-2': () => tfjs('wasm', 2),
  'tfjs-webgl': () => tfjs('webgl'),
  'tfjs-webgpu': () => tfjs('webgpu'),
};

let contestant;

/**
 * Makes a contestant ready and evaluates once: the first evaluation, pipelines included, counts from the
 * weights in memory.
 */
export async function start(kind, network) {
  watchGpu();
  contestant = KINDS[kind]();
  await contestant.runtime();
  const weights = await contestant.fetch(network);
  const began = performance.now();
  const what = await contestant.start(weights, network);
  await contestant.evaluate();
  const first = performance.now() - began;
  const error = await contestant.check?.(network);
  return { what, first, error, gflop: contestant.gflop?.(network) };
}

/** Milliseconds of one evaluation, and what it asked of the GPU. */
export async function evaluate() {
  const before = { ...counters };
  const began = performance.now();
  await contestant.evaluate();
  const milliseconds = performance.now() - began;
  const of = (name) => counters[name] - before[name];
  return {
    milliseconds,
    dispatches: of('dispatches'),
    submissions: of('submissions'),
    pipelines: counters.pipelines,
    peak: counters.peak,
  };
}
