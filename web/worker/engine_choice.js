// Which engine runs the network: the one asked for, or the fastest here.
//
// Beside a real GPU the CPU path starts at once, and the GPU is its rival (change_over.js), unless an earlier
// visit has found out which of them is faster. A software adapter computes on the CPU and is usually slower
// than the CPU path: there one convolution on it tells how long an evaluation would take, and only where that
// is less than the CPU took is the whole network compiled for it and timed. Some software adapters compile
// for minutes, so both get a limited time.

import * as wasm from '../../pkg/cellflux_wasm.js';
import { Failure } from '../failures.js';
import { describeAdapter } from './adapter.js';
import { KeptChoice, modelIdentity } from './kept_choice.js';
import { KeptTiles } from './kept_tiles.js';
import { phrase } from '../words.js';

/** @import { EngineName, EngineReport, Say } from '../protocol.js' */
/** @import { Rival } from './change_over.js' */

/** How long a software adapter may take to be ready and to have computed one convolution. */
const SOFTWARE_GUESS_MS = 1_500;
/** How long one that promises to be faster may take to be ready and to have evaluated once. */
const SOFTWARE_TRIAL_MS = 10_000;

export const NO_GPU = phrase('engine_choice.graphics_processor_gpu_cannot');

const LATE = Symbol('late');
const message = (error) => error?.sentence ?? String(error?.message ?? error);

/**
 * Starts the network's engine.
 * @param {wasm.Model} model
 * @param {EngineName} asked
 * @param {Say} say
 * @param {<Value>(work: () => Promise<Value>) => Promise<Value>} use hears what works with the model, a trial
 *   that nobody waits for any more included
 * @returns {Promise<Chosen & { kept: () => KeptTiles | null }>} the engine, and where a GPU's tiles are kept
 */
export async function startEngine(model, asked, say, use) {
  let kept = null;
  let starting = true;
  const tell = {
    // A software adapter's trial may go on for a while after another engine was taken, which is of no
    // interest then.
    doing: (doing) => starting && say('starting', { doing }),
    note: (sentence) => say('note', { sentence }),
  };
  const make = {
    candle: () => wasm.Engine.candle(model),
    wgpu: (adapter) => use(async () => {
      kept = new KeptTiles(adapter);
      const text = await kept.read();
      return wasm.Engine.wgpu(model, adapter, text, tell.doing);
    }),
    guess: () => use(() => wasm.Engine.guess_on_gpu(model)),
    choice: (adapter) => new KeptChoice(adapter, modelIdentity(model.manifest())),
  };
  try {
    return { ...(await chooseEngine(make, asked, tell)), kept: () => kept };
  } finally {
    starting = false;
  }
}

/**
 * @typedef {{ engine: wasm.Engine, report: EngineReport, pace: number | null, why: string | null }} Taken
 * @typedef {Taken & { rival?: Rival<wasm.Engine, Taken> }} Chosen with what may take its place
 */

/**
 * @param {{ candle: () => wasm.Engine, wgpu: (adapter: string) => Promise<wasm.Engine>, guess: () =>
 *   Promise<number>, choice: (adapter: string) => KeptChoice }} make makes engines, that of a GPU for the
 *   adapter of this identity; guesses the milliseconds of an evaluation on the GPU adapter; and knows what an
 *   earlier visit has measured
 * @param {EngineName} asked
 * @param {{ doing: (what: string) => void, note: (sentence: string) => void }} tell
 * @returns {Promise<Chosen>}
 */
async function chooseEngine(make, asked, { doing, note }) {
  const adapter = await describeAdapter();
  const taken = (engine, pace = null, why = null) => ({
    engine,
    report: named(engine.report(), adapter),
    pace,
    why,
  });
  const cpu = () => {
    doing(phrase('engine_choice.starting_network_on_cpu'));
    return make.candle();
  };
  const gpu = () => {
    doing(phrase('engine_choice.compiling_gpu_programs'));
    return make.wgpu(adapter?.identity ?? '');
  };
  const onGpu = async () => {
    const engine = await gpu();
    return taken(engine, null, engine.dtype_choice() ?? null);
  };
  if (asked === 'wgpu') {
    if (!('gpu' in navigator)) {
      throw new Failure('no-adapter', phrase('engine_choice.webgpu_asked_but_browser'));
    }
    if (!adapter) {
      throw new Failure('no-adapter', phrase('engine_choice.webgpu_asked_but_browser_2'));
    }
    return onGpu();
  }
  if (asked === 'candle' || !adapter) return taken(await cpu());
  if (!adapter.software) return besideGpu(make.choice(adapter.identity), { cpu, onGpu }, { taken, note });
  return fastest(await cpu(), { gpu, guess: make.guess }, { doing, taken });
}

/**
 * Beside a GPU: the engine that an earlier visit found to be faster, or the CPU path with the GPU as a rival.
 * @param {KeptChoice} choice
 */
async function besideGpu(choice, { cpu, onGpu }, { taken, note }) {
  const known = await choice.read();
  const before = known && phrase('engine_choice.measured_earlier_visit', { times: timesInWords(known) });
  if (!known) {
    const rival = { build: onGpu, keep: (times) => choice.keep(times), forget: () => choice.forget() };
    const why = phrase('engine_choice.cpu_ready_first_gpu');
    try {
      return { ...taken(await cpu(), null, why), rival };
    } catch {
      return onGpu();
    }
  }
  if (known.cpu <= known.gpu) return taken(await cpu(), null, before);
  try {
    const onIt = await onGpu();
    return { ...onIt, why: [before, onIt.why].filter(Boolean).join('; ') };
  } catch (error) {
    await choice.forget();
    note(NO_GPU);
    return taken(await cpu(), null, phrase('engine_choice.gpu_engine_did_not', { error: message(error) }));
  }
}

/** @param {{ cpu: number, gpu: number }} times milliseconds of an evaluation */
export const timesInWords = ({ cpu, gpu }) =>
  phrase('engine_choice.one_evaluation_took_ms', { cpu: Math.round(cpu), gpu: Math.round(gpu) });

/**
 * Times one evaluation on the CPU and, where that may pay and within the trial's time, on a software GPU
 * adapter.
 */
async function fastest(onCpu, { gpu, guess }, { doing, taken }) {
  const cpuTime = await timed(onCpu);
  const stay = (why) =>
    taken(onCpu, cpuTime, phrase('engine_choice.one_evaluation_took_ms_2', {
      cpuTime: Math.round(cpuTime), why,
    }));
  doing(phrase('engine_choice.gpu_adapter_software_one'));
  const guessed = await within(SOFTWARE_GUESS_MS, guess);
  if (guessed === LATE) {
    return stay(phrase('engine_choice.software_gpu_adapter_not', { seconds: SOFTWARE_GUESS_MS / 1000 }));
  }
  if (guessed.error) return stay(phrase('engine_choice.software_gpu_adapter_failed', {
    error: message(guessed.error),
  }));
  if (guessed.value >= cpuTime) {
    return stay(
      phrase('engine_choice.one_convolutions_would_take', { value: Math.round(guessed.value) }),
    );
  }
  const outcome = await within(SOFTWARE_TRIAL_MS, async () => {
    const engine = await gpu();
    return { engine, time: await timed(engine) };
  }, ({ engine }) => engine.free());
  if (outcome === LATE) {
    return stay(phrase('engine_choice.software_gpu_adapter_not_2', { seconds: SOFTWARE_TRIAL_MS / 1000 }));
  }
  if (outcome.error) return stay(phrase('engine_choice.software_gpu_adapter_failed', {
    error: message(outcome.error),
  }));
  const { engine, time } = outcome.value;
  const why = phrase('engine_choice.ms_on_software_gpu', { time: Math.round(time) });
  if (cpuTime <= time) {
    engine.free();
    return stay(why);
  }
  onCpu.free();
  return taken(engine, time, phrase('engine_choice.one_evaluation_took_ms_2', {
    cpuTime: Math.round(cpuTime), why,
  }));
}

/** What work gives as { value }, or { error }, or LATE; what comes too late is handed to `drop`. */
async function within(ms, work, drop = () => {}) {
  const done = work();
  const outcome = await Promise.race([done.then((value) => ({ value }), (error) => ({ error })), late(ms)]);
  if (outcome === LATE) done.then(drop, () => {});
  return outcome;
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
