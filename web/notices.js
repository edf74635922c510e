// From an error to what the page shows: the sentence, and the ways on.

/** Words get a capital; names of files, fields and settings keep theirs. */
const capital = (sentence) => (/^[a-z]+ /.test(sentence) ? sentence.charAt(0).toUpperCase() + sentence.slice(1) : sentence);
const full = (sentence) => (/[.!?…]$/.test(sentence) ? sentence : `${sentence}.`);

const GPU_AGAIN = { label: 'Try the GPU again', intent: 'engine', engine: 'wgpu' };
const USE_CPU = { label: 'Go on with the CPU', intent: 'engine', engine: 'candle' };
const LOAD_AGAIN = { label: 'Try again', intent: 'load' };
const RELOAD = { label: 'Load the page again', intent: 'reload' };
const RESTART = { label: 'Start again', intent: 'restart' };

const PICTURES_AGAIN = { label: 'Try again', intent: 'pictures' };
const RECORDED_AGAIN = { label: 'Try again', intent: 'recorded' };

/** Kinds after which the visitor has something to choose. */
const WAYS_ON = {
  'device-lost': [GPU_AGAIN, USE_CPU],
  'out-of-memory': [USE_CPU],
  'no-adapter': [USE_CPU],
  limits: [USE_CPU],
  gpu: [GPU_AGAIN, USE_CPU],
  download: [LOAD_AGAIN],
  'bad-bundle': [LOAD_AGAIN],
  'bad-file': [LOAD_AGAIN],
  cancelled: [LOAD_AGAIN],
  stopped: [RESTART],
  'no-worker': [LOAD_AGAIN, RELOAD],
  'no-wasm': [RELOAD],
  pictures: [PICTURES_AGAIN],
  recorded: [RECORDED_AGAIN],
};

/** A notice for an error of the worker (with a kind) or of the page. */
export function troubled(error) {
  const kind = error?.kind ?? 'page';
  return { kind: kind === 'cancelled' ? 'info' : 'trouble', trouble: kind, sentence: full(capital(String(error?.message ?? error))), actions: WAYS_ON[kind] ?? [] };
}

export const informed = (sentence) => ({ kind: 'info', sentence: full(capital(sentence)) });
/** Of something that everything works without; of a kind in `WAYS_ON` where there is a way to it. */
export const warned = (sentence, trouble) => (
  { kind: 'warning', trouble, sentence: full(capital(sentence)), actions: WAYS_ON[trouble] ?? [] });
/** Of a worker that owes an answer and has said nothing for long. */
export const silent = () => ({ ...warned('The computation has said nothing for a minute. It may be busy on a slow computer; it can also be started again, and what you chose is kept.'), trouble: 'silent', actions: [RESTART] });
/** Of style sheets that did not come: everything works, and looks plain. */
export const unstyled = (names) => ({ ...warned(`${names.join(', ')} could not be fetched, so this looks plain; everything works all the same.`), actions: [RELOAD] });
