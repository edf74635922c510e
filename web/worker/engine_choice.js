// Which engine runs the network: the one asked for, or the fastest here.
//
// On a real GPU that is wgpu. A software adapter is a CPU in a GPU's clothes, and often a slower one than the CPU path: there
// one evaluation of each is timed and the faster taken. Some software adapters compile for minutes, so they get a limited
// time to show what they can do.

import { describeAdapter } from './adapter.js';

/** How long a software adapter may take to be ready and to have evaluated once. */
const SOFTWARE_TRIAL_MS = 10_000;

const LATE = Symbol('late');
const message = (error) => error?.sentence ?? String(error?.message ?? error);

/**
 * @param {{ candle: () => object, wgpu: () => Promise<object> }} make makes engines; each has `report()`, `probe()` and `free()`
 * @param {'auto'|'candle'|'wgpu'} asked
 * @param {{ doing: (what: string) => void, note: (sentence: string) => void }} tell
 * @returns {Promise<{ engine: object, report: object, pace: number|null, why: string|null }>}
 */
export async function chooseEngine(make, asked, { doing, note }) {
  const adapter = await describeAdapter();
  const taken = (engine, pace = null, why = null) => ({ engine, report: named(engine.report(), adapter), pace, why });
  const cpu = () => {
    doing('Starting the network on the CPU…');
    return make.candle();
  };
  const gpu = () => {
    doing('Compiling the GPU’s programs…');
    return make.wgpu();
  };
  if (asked === 'wgpu') {
    if (!('gpu' in navigator)) throw { kind: 'no-adapter', sentence: 'WebGPU was asked for, but the browser does not offer it on this page; expected a browser with WebGPU, over https or from this computer.' };
    return taken(await gpu());
  }
  if (asked === 'candle' || !adapter) return taken(await cpu());
  if (!adapter.software) {
    try {
      return taken(await gpu());
    } catch (error) {
      note(`The GPU cannot be used (${message(error)}), so the network runs on the CPU.`);
      return taken(await cpu());
    }
  }
  return fastest(await cpu(), gpu, { doing, taken });
}

/** Times one evaluation on the CPU and, within the trial's time, on a software GPU adapter. */
async function fastest(onCpu, gpu, { doing, taken }) {
  const cpuTime = await timed(onCpu);
  const onTheCpu = `one evaluation took ${Math.round(cpuTime)} ms on the CPU`;
  doing('The GPU adapter is a software one: timing it against the CPU…');
  const trial = (async () => {
    const engine = await gpu();
    return { engine, time: await timed(engine) };
  })();
  const outcome = await Promise.race([trial.catch((error) => ({ error })), late(SOFTWARE_TRIAL_MS)]);
  if (outcome === LATE) {
    trial.then(({ engine }) => engine.free(), () => {});
    return taken(onCpu, cpuTime, `${onTheCpu}; the software GPU adapter was not ready after ${SOFTWARE_TRIAL_MS / 1000} s`);
  }
  if (outcome.error) return taken(onCpu, cpuTime, `the software GPU adapter failed: ${message(outcome.error)}`);
  const why = `${onTheCpu}, ${Math.round(outcome.time)} ms on the software GPU adapter`;
  const [winner, pace, loser] = cpuTime <= outcome.time ? [onCpu, cpuTime, outcome.engine] : [outcome.engine, outcome.time, onCpu];
  loser.free();
  return taken(winner, pace, why);
}

/** Milliseconds of one guided evaluation, waited for. */
async function timed(engine) {
  const began = performance.now();
  await engine.probe();
  return performance.now() - began;
}

const late = (ms) => new Promise((resolve) => setTimeout(() => resolve(LATE), ms));

/** Browsers name the adapter to scripts, not to wgpu. */
function named(report, adapter) {
  if (report.engine !== 'wgpu' || !adapter) return report;
  return { ...report, adapter: adapter.name, software: report.software || adapter.software };
}
