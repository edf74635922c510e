// Counts what an engine asks of WebGPU: bytes of live buffers, dispatches, submissions, pipelines.

export const counters = { bytes: 0, peak: 0, dispatches: 0, submissions: 0, pipelines: 0 };

function around(prototype, name, also) {
  const inner = prototype?.[name];
  if (!inner) return;
  prototype[name] = function (...given) {
    const value = inner.apply(this, given);
    also(value, this);
    return value;
  };
}

/** Has to come before the first device is asked for. */
export function watchGpu() {
  const alive = new WeakSet();
  around(globalThis.GPUDevice?.prototype, 'createBuffer', (buffer) => {
    alive.add(buffer);
    counters.bytes += buffer.size;
    counters.peak = Math.max(counters.peak, counters.bytes);
  });
  around(globalThis.GPUBuffer?.prototype, 'destroy', (_, buffer) => {
    if (alive.delete(buffer)) counters.bytes -= buffer.size;
  });
  const count = (name) => () => { counters[name] += 1; };
  around(globalThis.GPUComputePassEncoder?.prototype, 'dispatchWorkgroups', count('dispatches'));
  around(globalThis.GPUComputePassEncoder?.prototype, 'dispatchWorkgroupsIndirect', count('dispatches'));
  around(globalThis.GPUQueue?.prototype, 'submit', count('submissions'));
  around(globalThis.GPUDevice?.prototype, 'createComputePipeline', count('pipelines'));
  around(globalThis.GPUDevice?.prototype, 'createComputePipelineAsync', count('pipelines'));
}
