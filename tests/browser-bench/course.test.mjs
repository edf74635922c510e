// The demo site's course in Firefox: every lesson's state is reached, and every question answered right and
// wrong. The same in Chromium, with the keyboard and all else, is in tests/browser/lessons.test.mjs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSERS, firefoxAt } from './browsers.mjs';

const DEMO = process.env.CELLFLUX_DEMO_URL;
const skip = (!DEMO && 'CELLFLUX_DEMO_URL names no site')
  || (!firefoxAt() && 'there is no Firefox here; CELLFLUX_FIREFOX may name one');

/** In the page: opens a lesson and answers it; whether each answer was right. */
const taken = async (name) => {
  const until = async (holds) => {
    const end = performance.now() + 180_000;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`lesson ${name}: nothing came for three minutes`);
      await new Promise((soon) => { setTimeout(soon, 50); });
    }
  };
  const lesson = /** @type {any} */ (document.getElementById(`lesson-${name}`));
  const { about } = lesson;
  lesson.opener.click();
  await until(() => lesson.dataset.set);
  const { kind, quantity, options } = JSON.parse(lesson.getAttribute('question'));
  const submit = lesson.querySelector('button[type="submit"]');
  const answered = async () => {
    submit.click();
    await until(() => !submit.disabled);
    return lesson.querySelector('.verdict').classList.contains('right');
  };
  const given = [];
  if (kind === 'choice') {
    for (const index of options.keys()) {
      lesson.querySelector(`input[value="${index}"]`).click();
      given.push(await answered());
    }
  } else if (kind === 'number') {
    const ofWalk = () => {
      const { walk, cursor } = about.lesson.state();
      return walk.steps[cursor].change;
    };
    const value = about.localName === 'cellflux-lab' ? await about.lesson.quantity(quantity) : ofWalk();
    for (const number of [2 * value, value]) {
      lesson.querySelector('input[type="number"]').value = number.toPrecision(4);
      given.push(await answered());
    }
  } else {
    given.push(await answered());
    const choose = (words, value) => {
      const label = [...about.shadowRoot.querySelectorAll('label')]
        .find(({ textContent }) => textContent === words);
      const field = about.shadowRoot.getElementById(label.htmlFor);
      field.value = value;
      field.dispatchEvent(new Event('change', { bubbles: true }));
    };
    choose('Solver', 'rk4');
    choose('Steps of the walk', '2');
    await until(() => about.shadowRoot.querySelector('.lab-time input').max === '2');
    given.push(await answered());
  }
  return { kind, given, done: decodeURIComponent(location.hash).includes(name) };
};

test('each lesson of the course is reached and answered in Firefox', { skip }, async () => {
  const browser = await BROWSERS.firefox();
  try {
    const page = /** @type {any} */ (await browser.page());
    await page.goto(`${DEMO}?engine=candle`);
    const names = await page.evaluate(() =>
      [...document.querySelectorAll('cellflux-lesson')].map(({ id }) => id.replace('lesson-', '')));
    assert.equal(names.length, 10);
    for (const name of names) {
      const { kind, given, done } = await page.evaluate(taken, name);
      if (kind === 'choice') assert.equal(given.filter(Boolean).length, 1, `${name}: one answer is right`);
      else assert.deepEqual(given, [false, true], name);
      assert.ok(done, `${name} stands in the address`);
    }
  } finally {
    await browser.close();
  }
});
