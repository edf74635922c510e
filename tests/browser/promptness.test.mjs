// A change in mid-run is followed after the evaluation under way, however many the step still needs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WITHOUT_GPU, launch } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';

/** Records what goes to the worker and what comes back. */
function record() {
  globalThis.calls = [];
  globalThis.Worker = class extends globalThis.Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        const call = globalThis.calls.find(({ id }) => id === data.id);
        if (call) {
          Object.assign(call, {
            answered: globalThis.calls.filter((each) => each.answered).length + 1,
            value: data.value,
            trouble: data.trouble,
          });
        }
      });
    }

    postMessage(message, ...rest) {
      globalThis.calls.push({ id: message.id, call: message.call });
      super.postMessage(message, ...rest);
    }
  };
}

test('a slider moved in mid-step is followed after the evaluation under way, and the walk goes on under the '
  + 'new value', async () => {
  const browser = await launch(WITHOUT_GPU);
  try {
    const explorer = await ExplorerPage.open(await browser.newContext(), `${SITE}?engine=candle&workers=1`, {
      init: record,
    });
    await explorer.ready();
    // Four evaluations per step: enough time for a change.
    await explorer.set('solver', 'rk4');
    await explorer.page.evaluate(async () => {
      const root = document.querySelector('cellflux-explorer').shadowRoot;
      globalThis.calls.length = 0;
      root.querySelector('[data-do="forward"]').click();
      while (!globalThis.calls.some(({ call }) => call === 'step')) {
        await new Promise((resolve) => queueMicrotask(resolve));
      }
      const slider = root.querySelector('#set-alpha');
      slider.value = '2';
      slider.dispatchEvent(new Event('change'));
    });
    await explorer.settled();
    const calls = await explorer.page.evaluate(() =>
      globalThis.calls.map(({ call, answered, value, trouble }) => ({
        call,
        answered,
        trouble,
        gaveWay: value?.gaveWay,
        steps: value?.walk?.steps.length,
        alpha: value?.recipe?.alpha,
        evaluations: value?.evaluations,
      })),
    );
    const [step, change] = calls;
    assert.deepEqual([step.call, change.call], ['step', 'change']);
    assert.ok(step.gaveWay, 'the step was finished first');
    assert.equal(step.steps, 0);
    assert.equal(change.trouble, undefined);
    assert.equal(change.alpha, 2);
    assert.ok(step.answered < change.answered);
    // The walk starts over under the new value, and its steps are whole.
    await explorer.forward();
    assert.equal(await explorer.step(), 1);
    assert.equal(await explorer.fact('evaluations'), '4');
    explorer.nothingInTheConsole();
  } finally {
    await browser.close();
  }
});
