// Where the explorer's worker is, and what it is made of.

import { WORKER_MODULES } from './integrity.js';
import { startWorker } from './worker_start.js';

const ADDRESS = new URL('./worker.js', import.meta.url).href;

/** Starts the explorer's worker. */
export const startExplorerWorker = () => startWorker(WORKER_MODULES, ADDRESS,
  () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
