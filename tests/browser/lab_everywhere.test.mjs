// A lab computes the same in a browser as natively: the command writes a lesson's number into the answer key,
// the page computes it anew, and both agree in every digit that the key states.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, WITHOUT_GPU } from './chromium.mjs';
import { bundle, serveSite, siteOf } from './served_site.mjs';
import { cellflux, skip } from './site_bundle.mjs';

/** The distance from the target that this network reaches from its seed, at most. */
const REACHED = 0.05;

const lesson = (name, quantity, learn) => `\`\`\`{lesson}
name = "${name}"
title = "${name}"
look = "Look."
[lab]
learn = ${learn}
seed = 3
network = { widths = [32, 32] }
learning = { batch = 128, rate = 0.005 }
conditions = [{ label = "two", target = { kind = "mixture", parts = [
  { mean = [-2, 0.5], spread = 0.4, weight = 1 }, { mean = [2, 0.5], spread = 0.4, weight = 1 },
] } }]
[question]
kind = "number"
ask = "How much?"
quantity = "${quantity}"
\`\`\`
`;

const FILES = {
  'site.toml': `title = "A lab"
${bundle('bbbc021-tiny')}
[[section]]
id = "lab"
wide = true
file = "lab.md"
`,
  'lab.md': `\`\`\`{lab}
network = { widths = [8] }
\`\`\`

${lesson('loss', 'loss', 100)}
${lesson('distance', 'distance', 800)}
${lesson('straightness', 'straightness', 100)}`,
};

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

test('from its seed a lab learns the same numbers in the browser as natively, near the target', { skip },
  async () => {
    const folder = await siteOf(FILES);
    const out = await mkdtemp(join(tmpdir(), 'cellflux-built-'));
    const { url, close } = await serveSite(folder);
    const context = await browser.newContext({ serviceWorkers: 'block' });
    try {
      await cellflux('site', 'build', folder, '--out', join(out, 'dist'));
      const key = await readFile(join(out, 'dist.answers.md'), 'utf8');
      const native = new Map([...key.matchAll(/`(\w+)` in the lesson's state, computed at build: (\S+)/g)]
        .map(([, quantity, value]) => [quantity, value]));
      assert.equal(native.size, 3, key);
      const page = await context.newPage();
      await page.goto(url);
      for (const [quantity, value] of native) {
        const found = await page.evaluate(async (name) => {
          await customElements.whenDefined('cellflux-lab');
          const state = JSON.parse(document.getElementById(`lesson-${name}`).getAttribute('state'));
          return /** @type {any} */ (document.querySelector('cellflux-lab')).lesson.quantityOf(state, name);
        }, quantity);
        assert.equal(found.toFixed(6), value, quantity);
        if (quantity === 'distance') assert.ok(found < REACHED, `${found}`);
      }
    } finally {
      await context.close();
      await close();
      await rm(out, { recursive: true, force: true });
    }
  });
