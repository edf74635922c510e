// The Python package in a headless JupyterLab: the explorer is shown, and its recipe and frames are traits.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from '../browser/chromium.mjs';

const BUNDLE = fileURLToPath(new URL('../../web/bundles/synthetic-tiny', import.meta.url));
const TOKEN = 'a-test';
const CELLS = [
  'from cellflux_explorer import Explorer\n'
    + 'explorer = Explorer(src="below a folder/bundle", recipe={"steps": 2})\nexplorer',
  'print("reached", explorer.recipe["steps"], [frame["step"] for frame in explorer.frames],\n'
    + '      len(bytes(explorer.frames[-1]["data"])), explorer.progress["status"], explorer.error)',
  'explorer.recipe = {**explorer.recipe, "compound": "rounded-cell"}',
  'print("now", explorer.recipe["compound"], "c=rounded-cell" in explorer.link)',
];

let folder;
let jupyter;
let address;
let browser;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cellflux-jupyter-'));
  await cp(BUNDLE, join(folder, 'below a folder/bundle'), { recursive: true });
  const cell = (source, number) => ({
    cell_type: 'code', execution_count: null, id: `cell-${number}`, metadata: {}, outputs: [], source,
  });
  const kernel = { display_name: 'Python 3', language: 'python', name: 'python3' };
  await writeFile(join(folder, 'cells.ipynb'), JSON.stringify({
    cells: CELLS.map(cell), metadata: { kernelspec: kernel }, nbformat: 4, nbformat_minor: 5,
  }));
  jupyter = spawn(process.env.CELLFLUX_JUPYTER_PYTHON, ['-m', 'jupyterlab', '--no-browser', '--allow-root',
    '--port=0', `--ServerApp.root_dir=${folder}`, `--IdentityProvider.token=${TOKEN}`,
    '--ServerApp.base_url=/a/place/', '--LabApp.news_url=None', '--LabApp.check_for_updates_class=jupyterlab.'
    + 'NeverCheckForUpdate'], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface(jupyter.stderr)) {
    [address] = /http:\/\/(localhost|127\.0\.0\.1):\d+\/a\/place\//.exec(line) ?? [];
    if (address) break;
  }
  // What else it says is not kept, and does not stop it.
  jupyter.stderr.resume();
  assert.ok(address, 'JupyterLab has not started');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  jupyter?.kill();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('the explorer is shown in a notebook, below a path, and recipe and frames are traits', async () => {
  const page = await browser.newPage();
  await page.goto(`${address}lab/tree/cells.ipynb?token=${TOKEN}`);
  const cells = page.locator('.jp-Notebook .jp-CodeCell');
  const runCell = async (index) => {
    await cells.nth(index).locator('.jp-InputArea-editor').click();
    await page.keyboard.press('Shift+Enter');
  };
  await cells.nth(CELLS.length - 1).waitFor({ timeout: 120_000 });
  await runCell(0);
  const explorer = page.locator('cellflux-explorer');
  await explorer.and(page.locator('[data-phase=ready]')).waitFor({ timeout: 240_000 });
  await explorer.evaluate((element) => /** @type {any} */ (element).lesson.walkTo(1000));
  const output = (index) => cells.nth(index).locator('.jp-OutputArea-output pre');
  // Frames are told of together, a moment after the last.
  await page.waitForTimeout(1000);
  await runCell(1);
  await output(1).waitFor();
  assert.equal((await output(1).textContent()).trim(), `reached 2 [0, 1, 2] ${4 * 64 * 64} ready`);
  await runCell(2);
  await page.waitForFunction(() => {
    const element = /** @type {any} */ (document.querySelector('cellflux-explorer'));
    return element.lesson.state().link.includes('rounded-cell') && !element.lesson.state().changes;
  });
  await page.waitForTimeout(1000);
  await runCell(3);
  await output(3).waitFor();
  assert.equal((await output(3).textContent()).trim(), 'now rounded-cell True');
  await page.close();
});
