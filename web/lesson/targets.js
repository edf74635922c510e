// What a lesson sets and asks: an explorer or a lab of the page, by one interface.

import { QUANTITIES, stepsAhead } from './quantities.js';
import { phrase } from '../words.js';

/** @import { Computation } from './answers.js' */

/** How long a lesson waits for a network that has to come first. */
const PATIENCE_MS = 120_000;

/** What is evaluated aside waits until nobody has called for a quarter of a second (web/worker/maps.js). */
const BETWEEN_MS = 1000;

/** @typedef {Computation & { show: () => Promise<void> }} Target */

/**
 * @param {any} element
 * @param {any} state what the lesson sets it to
 * @returns {Target}
 */
export const targetOf = (element, state) =>
  (element.localName === 'cellflux-lab' ? labTarget(element, state) : explorerTarget(element, state));

/** @returns {Target} */
function labTarget(element, state) {
  const lab = async () => {
    await customElements.whenDefined('cellflux-lab');
    return element.lesson;
  };
  return {
    show: async () => (await lab()).show(state),
    inView: async (name) => (await lab()).quantity(name),
    ofLesson: async (name) => (await lab()).quantityOf(state, name),
    of: async (other, name) => (await lab()).quantityOf(other, name),
  };
}

/** @returns {Target} */
function explorerTarget(element, { link }) {
  const ready = () => until(element, () => element.dataset.phase === 'ready');
  const show = async () => {
    await customElements.whenDefined('cellflux-explorer');
    await until(element, () => ['offered', 'loading', 'starting', 'ready'].includes(element.dataset.phase));
    await element.lesson.show(link);
  };
  const inView = async (name) => {
    await ready();
    const { lesson } = element;
    await lesson.walked();
    await walkTo(element, lesson.state().cursor + stepsAhead(name));
    if (name === 'guidance_share') await evaluated(element);
    return QUANTITIES[name]({ state: lesson.state, map: lesson.map });
  };
  return {
    show,
    inView,
    ofLesson: async (name) => {
      await ready();
      await show();
      return inView(name);
    },
    of: () => Promise.resolve(null),
  };
}

/** Has the network walk on to a step, and comes back to the one in view. */
async function walkTo(element, step) {
  const { lesson } = element;
  const { cursor, walk } = lesson.state();
  if (walk.steps.length > step || walk.finished) return;
  await lesson.walkTo(step);
  await lesson.walkTo(cursor);
}

/** Has what the condition adds evaluated at the step in view. */
async function evaluated(element) {
  const { lesson } = element;
  const step = lesson.state().cursor;
  if ((await lesson.map('guidance', step)).size !== null) return;
  await lesson.effect(step);
  const end = performance.now() + PATIENCE_MS;
  while ((await lesson.map('guidance', step)).size === null && performance.now() < end) {
    await pause(BETWEEN_MS);
  }
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Waits until an element's data say something; it fails when they do not for long. */
function until(element, holds) {
  if (holds()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const watch = new MutationObserver(() => { if (holds()) end(resolve); });
    const late = () => reject(new Error(phrase('targets.network_not_loaded_load')));
    const timer = setTimeout(() => end(late), PATIENCE_MS);
    function end(done) {
      watch.disconnect();
      clearTimeout(timer);
      done();
    }
    watch.observe(element, { attributes: true, attributeFilter: ['data-phase'] });
  });
}
