// Sites that a test writes itself, built and served by the `cellflux` command.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CLI } from './site_bundle.mjs';

/** The lines of a `site.toml` that name one of the repository's own bundles. */
export function bundle(name) {
  const folder = fileURLToPath(new URL(`../../web/bundles/${name}`, import.meta.url));
  return `[[bundle]]\npath = ${JSON.stringify(folder)}\n`;
}

/** A folder with these files, by name. */
export async function siteOf(files) {
  const folder = await mkdtemp(join(tmpdir(), 'cellflux-site-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/**
 * A folder of a site with an explorer of each of the repository's own bundles on one page, whose walks have
 * this many steps.
 */
export function siteOfTwoExplorers(steps) {
  const explorer = (name, compound) =>
    `\`\`\`{explorer}\nbundle = "${name}"\ncompound = "${compound}"\nsteps = ${steps}\n\`\`\`\n`;
  return siteOf({
    'site.toml': `title = "Two explorers"
${bundle('bbbc021-tiny')}
${bundle('synthetic-tiny')}
[[section]]
id = "two"
wide = true
file = "two.md"
`,
    'two.md': `${explorer('bbbc021-tiny', 'taxol')}\nBetween them.\n\n`
      + explorer('synthetic-tiny', 'rounded-cell'),
  });
}

/**
 * Builds the site in `folder` and serves it with live reload.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} `close` ends the server and removes the
 *   folder
 */
export async function serveSite(folder) {
  const server = spawn(CLI, ['site', 'serve', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  server.stderr.on('data', (text) => { said += text; });
  const ended = new Promise((resolve) => server.on('exit', resolve));
  const close = async () => {
    server.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for await (const line of createInterface(server.stdout)) {
    const [url] = /http:\S+/.exec(line) ?? [];
    if (url) return { url, close };
  }
  await close();
  throw new Error(`cellflux site serve: ${said}`);
}
