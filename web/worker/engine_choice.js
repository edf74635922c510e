// Which engine runs the network: the one asked for, or the fastest here.
//
// On a real GPU that is wgpu. A software adapter is a CPU in a GPU's clothes, and often a slower one than the CPU path: there
// one evaluation of each is timed and the faster taken.

const message = (error) => error?.sentence ?? String(error?.message ?? error);

/**
 * @param {{ candle: () => Promise<object>, wgpu: () => Promise<object> }} make makes engines; each has `report()` and `probe()`
 * @param {'auto'|'candle'|'wgpu'} asked
 * @param {{ gpu: boolean, doing: (what: string) => void, note: (sentence: string) => void }} here
 * @returns {Promise<{ engine: object, report: object, pace: number|null, why: string|null }>}
 */
export async function chooseEngine(make, asked, { gpu, doing, note }) {
  if (asked === 'candle') {
    doing('Starting the network on the CPU…');
    return taken(await make.candle(), null, null);
  }
  if (asked === 'wgpu') {
    if (!gpu) throw { kind: 'no-adapter', sentence: 'WebGPU was asked for, but this browser does not offer it on this page; expected a browser with WebGPU, over https or from this computer.' };
    doing('Compiling the GPU’s programs…');
    return taken(await make.wgpu(), null, null);
  }
  return fastest(make, { gpu, doing, note });
}

async function fastest(make, { gpu, doing, note }) {
  if (!gpu) {
    doing('Starting the network on the CPU…');
    return taken(await make.candle(), null, null);
  }
  doing('Compiling the GPU’s programs…');
  let onGpu;
  try {
    onGpu = await make.wgpu();
  } catch (error) {
    note(`The GPU cannot be used (${message(error)}), so the network runs on the CPU.`);
    return taken(await make.candle(), null, null);
  }
  if (!onGpu.report().software) return taken(onGpu, null, null);
  doing('The GPU adapter is a software one: timing it against the CPU path…');
  return compare(make, onGpu, note);
}

async function compare(make, onGpu, note) {
  let gpuTime = Infinity;
  try {
    gpuTime = await timed(onGpu);
  } catch (error) {
    note(`The software GPU adapter failed its first evaluation (${message(error)}), so the network runs on the CPU.`);
  }
  const onCpu = await make.candle();
  const cpuTime = await timed(onCpu);
  const figures = `one evaluation took ${Math.round(cpuTime)} ms on the CPU, ${Number.isFinite(gpuTime) ? `${Math.round(gpuTime)} ms` : 'no time at all'} on the software GPU adapter`;
  const [winner, pace, loser] = cpuTime <= gpuTime ? [onCpu, cpuTime, onGpu] : [onGpu, gpuTime, onCpu];
  loser.free();
  return taken(winner, pace, figures);
}

/** Milliseconds of one guided evaluation, waited for. */
export async function timed(engine) {
  const began = performance.now();
  await engine.probe();
  return performance.now() - began;
}

const taken = (engine, pace, why) => ({ engine, report: engine.report(), pace, why });
