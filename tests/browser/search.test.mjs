// What the search of a site's pages finds, and which part of a text it shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excerpt, matching, plain } from '../../web/article/search.js';

const places = [
  { title: 'Data', text: 'Cells were seeded in wells. Müller stained them.' },
  { title: 'The flow of cells', text: 'A network moves an image.' },
  { title: 'Notes', text: 'Nothing of interest.' },
];

test('letters are compared without accents and without capitals', () => {
  assert.equal(plain('Müller É'), 'muller e');
  assert.deepEqual(matching(places, 'MULLER').map(({ title }) => title), ['Data']);
});

test('a place holds every word, and those with all of them in their title come first', () => {
  const found = (asked) => matching(places, asked).map(({ title }) => title);
  assert.deepEqual(found('cells'), ['The flow of cells', 'Data']);
  assert.deepEqual(found('cells network'), ['The flow of cells']);
  assert.deepEqual(found('cells nowhere'), []);
  assert.deepEqual(found('  '), []);
});

test('an excerpt stands around what was found, in the letters of the text, and says where it was cut', () => {
  const long = `${'before '.repeat(40)}Müller’s cells ${'behind '.repeat(40)}`;
  const cut = excerpt(long, 'muller');
  assert.match(cut, /^….*Müller’s cells.*…$/);
  assert.ok([...cut].length < 200, cut);
  assert.equal(excerpt('A short text.', 'text'), 'A short text.');
  assert.equal(excerpt('Found in the title only.', 'flow'), 'Found in the title only.');
  const chinese = `${'前'.repeat(90)}细胞${'后'.repeat(200)}`;
  assert.match(excerpt(chinese, '细胞'), /^…前+细胞后+…$/);
});
