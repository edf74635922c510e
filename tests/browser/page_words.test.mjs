// The words of the page in every language: each has all of them, with the same places, and the page asks for
// none that is not there. No browser.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const web = new URL('../../web/', import.meta.url);
const LANGUAGES = ['en', 'de', 'fr', 'es', 'zh'];

const read = async (language) => JSON.parse(await readFile(new URL(`words/${language}.json`, web), 'utf8'));
const places = (sentence) =>
  [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();
const edges = (sentence) => [/^\s*/, /\s*$/].map((edge) => edge.exec(sentence)[0]);

const english = await read('en');

test('there is one file for each language, and no other', async () => {
  const files = (await readdir(new URL('words/', web))).filter((name) => name.endsWith('.json'));
  assert.deepEqual(files.sort(), LANGUAGES.map((language) => `${language}.json`).sort());
});

for (const language of LANGUAGES) {
  test(`${language} has every sentence with its places, and none is empty`, async () => {
    const file = await read(language);
    assert.deepEqual(Object.keys(file), ['language', 'name', 'read_by_native_speaker', 'words']);
    assert.equal(file.language, language);
    assert.equal(typeof file.read_by_native_speaker, 'boolean');
    assert.deepEqual(Object.keys(file.words).sort(), Object.keys(english.words).sort());
    for (const [key, sentence] of Object.entries(file.words)) {
      assert.ok(sentence.trim(), `${key} is empty`);
      assert.deepEqual(places(sentence), places(english.words[key]), key);
      // Sentences are joined as they are.
      assert.deepEqual(edges(sentence), edges(english.words[key]), `${key}: blanks at its ends`);
    }
  });
}

test('every key that there is for one number there is for others', () => {
  for (const key of Object.keys(english.words)) {
    const base = /^(.*)\.(?:one|other)$/.exec(key)?.[1];
    if (!base) continue;
    for (const form of ['one', 'other']) assert.ok(english.words[`${base}.${form}`], `${base}.${form}`);
  }
});

test('the modules use every key, and no other', async () => {
  const entries = await readdir(web, { recursive: true });
  const modules = entries.filter((name) => name.endsWith('.js') && !name.startsWith('bundles'));
  const texts = await Promise.all(modules.map((name) => readFile(new URL(name, web), 'utf8')));
  const code = texts.join('\n');
  for (const key of Object.keys(english.words)) {
    const asked = key.replace(/\.(?:one|other)$/, '');
    assert.ok(code.includes(`'${asked}'`), `no module asks for ${key}`);
  }
  for (const [, call, key] of code.matchAll(/\b(phrase|plural)\(\s*'([^']+)'/g)) {
    assert.ok(english.words[call === 'plural' ? `${key}.other` : key], `${call}('${key}')`);
  }
});

/** What an expression gives where the page is in a language: a process of its own, with that file chosen. */
async function said(language, expression) {
  const script = `
    import { register } from 'node:module';
    const words = ${JSON.stringify(JSON.stringify(await read(language)))};
    const hooks = \`
      export async function load(url, context, next) {
        if (!url.endsWith('/words/chosen.js')) return next(url, context);
        const source = 'export default ' + \${JSON.stringify(words)} + ';';
        return { format: 'module', shortCircuit: true, source };
      }\`;
    register('data:text/javascript,' + encodeURIComponent(hooks));
    const { phrase, plural, lowered } = await import('${new URL('words.js', web)}');
    const figures = await import('${new URL('figures.js', web)}');
    console.log(JSON.stringify(${expression}));`;
  const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(web),
  });
  return JSON.parse(stdout);
}

test('numbers and dates are written as the language has them', async () => {
  const expression = `[figures.time(0.25), figures.count(1323587), figures.measured(-0.5),
    figures.date('2026-07-03'), phrase('dose.at', { dose: 0.3 })]`;
  assert.deepEqual(await said('en', expression), ['0.250', '1,323,587', '−0.5', '2026-07-03', ' at 0.3 µM']);
  assert.deepEqual(await said('de', expression),
    ['0,250', '1.323.587', '−0,5', '3. Juli 2026', ' bei 0,3 µM']);
  assert.deepEqual((await said('zh', expression)).slice(0, 2), ['0.250', '1,323,587']);
});

test('a sentence is in the form for its number, and a place without a value stays in sight', async () => {
  const key = 'cell_marks.real_controls';
  const expression = `[plural('${key}', 1, { cells: 1 }), plural('${key}', 3, { cells: 3 }),
    plural('${key}', 0, { cells: 0 }), phrase('shared.start'), phrase('dose.at')]`;
  assert.deepEqual(await said('en', expression),
    ['1 real control cell', '3 real control cells', '0 real control cells', 'the start', ' at {dose} µM']);
  assert.equal((await said('fr', expression))[2], '0 cellule de contrôle réelle');
  assert.equal((await said('zh', expression))[0], '1 个真实对照细胞');
});

test('nouns keep their capitals within a German sentence', async () => {
  assert.equal(await said('en', "lowered('Control')"), 'control');
  assert.equal(await said('de', "lowered('Kontrolle')"), 'Kontrolle');
});
