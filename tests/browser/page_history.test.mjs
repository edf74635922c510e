// The page's address and the tab's history, with a played browser: which changes are entries, what the
// address holds, and what back and forward bring. And what is said of links.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differingKeys, linkAt, LONGEST, withoutStep } from '../../web/link_at.js';
import { copied, isTooLong, linkHolds, movedWords, refused, tooLong } from '../../web/link_words.js';
import { PageHistory } from '../../web/page_history.js';

const START = 'https://example.org/page?engine=candle';
const beside = (pin = null, grid = { rows: 'compound' }) => ({ pin, grid });
const shown = (link, more = beside()) => ({ link, beside: more });
const CHOICE = { choice: true };
const NONE = { choice: false };

/** A tab with one document: its entries, the place among them, and what a visitor does with the buttons. */
function tab(hash = '', { places = ['flow'], refuses = () => false } = {}) {
  const entries = [{ hash, state: null }];
  let at = 0;
  let time = 0;
  const listeners = [];
  const change = (state, address) => {
    if (refuses()) throw new Error('SecurityError');
    return { hash: address === undefined ? entries[at].hash : address, state: structuredClone(state) };
  };
  const browser = {
    history: {
      get state() { return entries[at].state; },
      pushState: (state, _, address) => {
        entries.splice(at + 1, entries.length, change(state, address));
        at += 1;
      },
      replaceState: (state, _, address) => { entries[at] = change(state, address); },
    },
    location: { get hash() { return entries[at].hash; }, get href() { return START + entries[at].hash; } },
    events: { addEventListener: (_, listener) => listeners.push(listener) },
    isPlace: (name) => places.includes(name),
    now: () => time,
  };
  const come = () => listeners.forEach((listener) => listener());
  return {
    browser: /** @type {any} */ (browser),
    entries,
    hash: () => entries[at].hash,
    wait: (ms) => { time += ms; },
    go: (by) => { at += by; come(); },
    open: (address) => {
      entries.splice(at + 1, entries.length, { hash: address, state: null });
      at += 1;
      come();
    },
  };
}

/** One explorer that has opened at a walk under taxol. */
function opened(more) {
  const played = tab('', more);
  const page = new PageHistory(played.browser);
  const place = page.takePlace();
  const moves = [];
  page.listen((move) => moves.push(move));
  page.show(place, shown('v=1&c=taxol&a=1&at=0'), NONE);
  return { ...played, page, place, moves };
}

test('a choice is an entry, and back and forward bring its link with the step that was in view', () => {
  const { page, place, entries, go, hash, moves } = opened();
  assert.deepEqual([entries.length, hash()], [1, '#v=1&c=taxol&a=1&at=0']);
  // Scrubbing replaces.
  page.show(place, shown('v=1&c=taxol&a=1&at=7'), NONE);
  assert.equal(entries.length, 1);
  page.show(place, shown('v=1&c=dmso&a=1&at=0'), CHOICE);
  assert.deepEqual([entries.length, hash()], [2, '#v=1&c=dmso&a=1&at=0']);
  go(-1);
  assert.deepEqual(moves.at(-1), { way: 'back', toPlace: false });
  assert.equal(page.at(place).link, 'v=1&c=taxol&a=1&at=7');
  go(1);
  assert.equal(moves.at(-1).way, 'forward');
  assert.equal(page.at(place).link, 'v=1&c=dmso&a=1&at=0');
  // Another choice after going back takes the place of what could be done again.
  go(-1);
  page.show(place, shown('v=1&c=ciclo&a=1&at=0'), CHOICE);
  assert.deepEqual(entries.map((entry) => /c=(\w+)/.exec(entry.hash)[1]), ['taxol', 'ciclo']);
});

test('several changes of a number in a row are one entry, and other choices never are', () => {
  const { page, place, entries, wait, go } = opened();
  for (const alpha of [1.1, 1.2, 1.3]) {
    page.show(place, shown(`v=1&c=taxol&a=${alpha}&at=0`), CHOICE);
    wait(400);
  }
  assert.equal(entries.length, 2);
  wait(2000);
  page.show(place, shown('v=1&c=taxol&a=2&at=0'), CHOICE);
  assert.equal(entries.length, 3);
  for (const compound of ['dmso', 'ciclo']) page.show(place, shown(`v=1&c=${compound}&a=2&at=0`), CHOICE);
  assert.equal(entries.length, 5);
  // A number changed after back is not the change that was gone back over.
  page.show(place, shown('v=1&c=ciclo&a=3&at=0'), CHOICE);
  go(-1);
  page.show(place, shown('v=1&c=ciclo&a=4&at=0'), CHOICE);
  assert.deepEqual(entries.map((entry) => /a=([\d.]+)/.exec(entry.hash)[1]), [
    '1', '1.3', '2', '2', '2', '4',
  ]);
});

test('a walk that is pinned is a choice, and its entry says so', () => {
  const { page, place, entries, go } = opened();
  page.show(place, shown('v=1&c=taxol&a=1&at=3', beside('v=1&c=dmso')), CHOICE);
  assert.equal(entries.length, 2);
  assert.equal(page.at(place).beside.pin, 'v=1&c=dmso');
  go(-1);
  assert.equal(page.at(place).beside.pin, null);
});

test('what is compared stands in the address, and another tab reads it there', () => {
  const { page, place, hash } = opened();
  const grid = { rows: 'compound', columns: 'alpha', chosen: { alpha: [1, 2] }, real: false };
  page.show(place, shown('v=1&c=taxol&a=1&at=3', { pin: 'v=1&c=dmso&a=1', grid }), CHOICE);
  const also = 'rows:compound;columns:alpha;alpha:1,2;real:0;pin:c=dmso';
  assert.equal(hash(), `#v=1&c=taxol&a=1&at=3&also=${also}`);
  // The state knows it as it was; an address that was typed is read.
  assert.equal(page.at(place).link, 'v=1&c=taxol&a=1&at=3');
  const elsewhere = tab(hash());
  const other = new PageHistory(elsewhere.browser);
  const read = other.at(other.takePlace());
  assert.equal(read.link, 'v=1&c=taxol&a=1&at=3');
  assert.deepEqual(read.beside, { pin: 'v=1&c=dmso&a=1', grid });
});

test('no more entries are made than browsers allow, and what is refused is replaced or told', () => {
  const { page, place, entries, hash, wait } = opened();
  const choose = (number) => page.show(place, shown(`v=1&c=x${number}&at=0`), CHOICE);
  for (let number = 0; number < 500; number += 1) assert.ok(choose(number));
  assert.ok(entries.length > 20 && entries.length <= 50, `${entries.length} entries`);
  assert.equal(hash(), '#v=1&c=x499&at=0', 'the address is right all the same');
  const full = entries.length;
  wait(31_000);
  choose(500);
  assert.equal(entries.length, full + 1);

  let refusals = 0;
  let left = 0;
  const refusing = opened({ refuses: () => { refusals += 1; return (left -= 1) >= 0; } });
  left = 1;
  assert.equal(refusing.page.show(refusing.place, shown('v=1&c=dmso&at=0'), CHOICE), true);
  assert.deepEqual([refusing.entries.length, refusing.hash()], [1, '#v=1&c=dmso&at=0'], 'replaced');
  left = 2;
  assert.equal(refusing.page.show(refusing.place, shown('v=1&c=ciclo&at=0'), CHOICE), false);
  assert.equal(refusing.hash(), '#v=1&c=dmso&at=0');
  assert.ok(refusals >= 5);
});

test('an ordinary anchor stays in the address, and back from it leads to what was shown', () => {
  const { page, place, entries, open, go, hash, moves } = opened();
  open('#flow');
  assert.ok(page.isAtPlace);
  assert.deepEqual(moves.at(-1), { way: null, toPlace: true });
  assert.equal(hash(), '#flow');
  // What is shown there is known, so that coming back to the anchor undoes what is chosen after it.
  page.show(place, shown('v=1&c=dmso&a=1&at=0'), CHOICE);
  assert.equal(hash(), '#v=1&c=dmso&a=1&at=0');
  go(-1);
  assert.equal(hash(), '#flow');
  assert.equal(moves.at(-1).way, 'back');
  assert.equal(page.at(place).link, 'v=1&c=taxol&a=1&at=0');
  go(-1);
  assert.equal(page.at(place).link, 'v=1&c=taxol&a=1&at=0');
  assert.equal(entries.length, 3);
});

test('a link that is typed comes before what was kept beside another address', () => {
  const { page, place, open, moves } = opened();
  open('#c=dmso');
  assert.deepEqual(moves.at(-1), { way: null, toPlace: false });
  assert.deepEqual(page.at(place), { link: 'c=dmso', beside: null });
});

test('the crop stays in the entry and out of the address', () => {
  const { page, place, hash } = opened();
  page.show(place, shown('v=1&c=taxol&at=2&crop=AAAA'), CHOICE);
  assert.equal(hash(), '#v=1&c=taxol&at=2');
  assert.equal(page.at(place).link, 'v=1&c=taxol&at=2&crop=AAAA');
  // A copied link is opened in another tab: the address holds the crop until it is shown.
  const other = tab('#v=1&c=taxol&crop=BBBB');
  const page2 = new PageHistory(other.browser);
  assert.equal(page2.at(page2.takePlace()).link, 'v=1&c=taxol&crop=BBBB');
});

test('explorers of a page have a link each, and back undoes the last change of whichever changed', () => {
  const { page, place: first, hash, go, entries, moves } = opened();
  const second = page.takePlace();
  page.remember(second, shown('v=1&model=b&c=round&at=0'));
  assert.equal(hash(), '#v=1&c=taxol&a=1&at=0', 'one that nobody has used is not in the address');
  page.show(second, shown('v=1&model=b&c=large&at=0'), CHOICE);
  assert.equal(hash(), '#v=1&c=taxol&a=1&at=0&&v=1&model=b&c=large&at=0');
  page.show(first, shown('v=1&c=dmso&a=1&at=0'), CHOICE);
  assert.equal(entries.length, 3);
  const links = () => [first, second].map((place) => /c=(\w+)/.exec(page.at(place).link)[1]);
  go(-1);
  assert.deepEqual(links(), ['taxol', 'large']);
  go(-1);
  assert.deepEqual(links(), ['taxol', 'round']);
  go(2);
  assert.deepEqual(links(), ['dmso', 'large']);
  assert.equal(moves.length, 3);

  // The same address in another tab: the second explorer starts late, and its link waits for it.
  const other = new PageHistory(tab(hash()).browser);
  const [one, two] = [other.takePlace(), other.takePlace()];
  assert.equal(other.at(two).link, 'v=1&model=b&c=large&at=0');
  other.show(one, shown('v=1&c=ciclo&a=1&at=0'), NONE);
  assert.equal(other.at(two).link, 'v=1&model=b&c=large&at=0');
  assert.equal(other.at(one).link, 'v=1&c=ciclo&a=1&at=0');
});

test('a reload finds its entry again', () => {
  const { page, place, browser, go } = opened();
  page.show(place, shown('v=1&c=dmso&a=1&at=4'), CHOICE);
  const again = new PageHistory(browser);
  const moves = [];
  again.listen((move) => moves.push(move));
  assert.equal(again.at(again.takePlace()).link, 'v=1&c=dmso&a=1&at=4');
  go(-1);
  assert.deepEqual(moves, [{ way: 'back', toPlace: false }]);
});

test('an address that is longer than any link is not followed and is told with its length', () => {
  const page = new PageHistory(tab(`#v=1&crop=${'A'.repeat(LONGEST)}`).browser);
  assert.equal(page.at(page.takePlace()).link, '');
  assert.equal(page.tooLong, LONGEST + 10);
  const sentence = refused(page.tooLong, 'The page shows its own walk instead.');
  assert.match(sentence, /8,010 characters, expected at most 8,000.*its own walk/);
  assert.equal(new PageHistory(tab('#v=1&c=taxol').browser).tooLong, null);
  // State of another kind, and hashes of nothing.
  const odd = tab('#');
  odd.entries[0].state = { cellflux: 'v=1&c=taxol' };
  const other = new PageHistory(odd.browser);
  assert.deepEqual(other.at(0), { link: '', beside: null });
  assert.equal(other.isAtPlace, false);
});

test('an address of several explorers stays within the bound, and none of its links is cut off', () => {
  const { page, place: first, hash } = opened();
  const second = page.takePlace();
  const long = `v=2&smiles=${'%28'.repeat(2500)}&at=1`;
  page.show(second, shown(long), CHOICE);
  page.show(first, shown('v=1&c=dmso&a=1&at=0'), CHOICE);
  assert.ok(hash().length < LONGEST && hash().includes(long));
  page.show(first, shown(long.replace('at=1', 'at=2')), CHOICE);
  assert.equal(hash(), `#${long.replace('at=1', 'at=2')}`);
  assert.equal(page.at(second).link, long, 'the tab knows it');
});

test('a link is counted, says what it holds, and is refused when it would be too long', () => {
  const state = (link, more = {}) => /** @type {any} */ (
    { address: START, link, cursor: 3, pin: null, grid: { plan: null }, ...more });
  const holds = linkHolds(state('v=1&c=taxol'));
  const length = `${START}#v=1&c=taxol&at=3`.length;
  assert.ok(holds.startsWith(`The link has ${length} characters.`), holds);
  assert.doesNotMatch(holds, /crop|compared/);
  assert.match(linkHolds(state('v=1&crop=AAAA')), /your crop \(anyone with the link has it\)/);
  const compared = { pin: { link: 'v=1&c=dmso' }, grid: { rows: 'seed', chosen: { seed: [1, 2] } } };
  const both = /It also holds what the grid compares and the pinned walk, to be walked again\.$/;
  assert.match(linkHolds(state('v=1&c=taxol', compared)), both);
  const full = linkHolds(state(`v=2&smiles=${'C'.repeat(LONGEST - 105)}`, compared));
  assert.match(full, /It also holds what the grid compares.*It does not hold the pinned walk\.$/);
  const own = { ...compared, pin: { link: 'v=1&crop=AAAA' } };
  assert.match(linkHolds(state('v=1&c=taxol', own)), /not hold the pinned walk, which starts from your crop/);
  assert.match(copied('#v=1', ['the pinned walk']), /makes this picture again\. It does not hold the pinned/);
  const crop = state(`v=1&crop=${'A'.repeat(LONGEST)}`);
  assert.ok(isTooLong(crop));
  assert.match(linkHolds(crop), /^The link would not hold your crop: .* 8,\d+ characters.*Send the recipe/);
  assert.match(tooLong(`#smiles=${'C'.repeat(LONGEST)}`), /^The link would be too long/);
  assert.equal(isTooLong(state(`v=1&crop=${'A'.repeat(7500)}`)), false);
  assert.match(copied('#crop=A'), /anyone with the link has the crop/);
});

test('links differ by their keys, whatever the step, and a step is set before the crop', () => {
  assert.deepEqual(differingKeys('v=1&c=a&at=1', 'v=3&c=a&window=0:1-2&at=5'), ['window']);
  assert.deepEqual(differingKeys('c=a&smiles=C=O', 'c=b&smiles=C'), ['c', 'smiles']);
  assert.equal(linkAt('v=1&at=2&crop=AA', 5), 'v=1&at=5&crop=AA');
  assert.equal(withoutStep('v=1&at=2&crop=AA'), 'v=1&crop=AA');
});

test('back and forward say what they have changed', () => {
  const compounds = [{ id: 'taxol', name: 'taxol' }, { id: 'dmso', name: 'DMSO' }];
  const state = (recipe, more = {}) => /** @type {any} */ ({
    recipe: {
      control: 'c1', compound: 'taxol', direction: 'forward', solver: 'euler', grid: 'uniform', steps: 2,
      alpha: 1, noise: 0, seed: 7, hidden: [], channels: [], ...recipe,
    },
    compounds, samples: [], examples: [], pin: null, grid: { rows: 'compound', chosen: {} }, ...more,
  });
  const [own, other] = [state({}), state({ compound: 'dmso' })];
  assert.equal(movedWords('back', other, own), 'Back to taxol');
  assert.equal(movedWords('forward', own, other), 'Forward to DMSO');
  assert.equal(movedWords('back', state({ alpha: 2 }), own), 'Back: α 2 → 1');
  assert.equal(movedWords('back', state({ compound: 'dmso', alpha: 2 }), own), 'Back to taxol; α 2 → 1');
  assert.equal(movedWords('back', state({ hidden: [1] }), own), 'Back: channels are shown otherwise');
  assert.equal(movedWords('back', own, own), null);
  const pin = { link: 'v=1' };
  assert.equal(movedWords('back', state({}, { pin }), own), 'Back: no walk is pinned');
  assert.equal(movedWords('forward', own, state({}, { pin })), 'Forward: a walk is pinned');
  const grid = { rows: 'seed', chosen: {} };
  assert.equal(movedWords('back', state({}, { grid }), own), 'Back: what the grid compares');
});
