// Projects of people who use the package: written into a temporary folder, with the package from its file.

import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const BUNDLE = fileURLToPath(new URL('../../web/bundles/synthetic-tiny', import.meta.url));

/** What a page does with the package, and tells in `window.told`; TypeScript, and JavaScript as well. */
export const SCRIPT = `
const told = { progress: [], frames: [], sessions: [], recipe: null };
window.told = told;
const src = new URL('/bundle/manifest.json', location.href);
const explorer = new Explorer('#cells', { src, hide: ['about'] });
explorer.addEventListener('progress', ({ detail }) => told.progress.push(detail.status));
explorer.addEventListener('frame', ({ detail }) => told.frames.push(detail.step));
await explorer.change({ compound: 'rounded-cell', steps: 2 });
await explorer.walk();
told.recipe = explorer.recipe;
told.end = explorer.frames.at(-1).time;
told.styles = explorer.element.shadowRoot.adoptedStyleSheets
  .map((sheet) => [...sheet.cssRules].filter(({ cssText }) => cssText.includes(':host')).length);

const session = await Session.open({
  src, engine: 'candle', progress_callback: (info) => told.sessions.push(info.status),
});
await session.follow(explorer.link);
told.same = session.link.replace(/&at=.*/, '') === explorer.link.replace(/&at=.*/, '');
told.bytes = 0;
for await (const frame of session.walk()) told.bytes += frame.picture.data.length;
told.pixels = session.model.width * session.model.height;
told.refused = await session.follow('c=nothing-of-the-kind').then(() => null, (error) => error.kind);
told.isFailure = await session.follow('c=nothing').then(() => null, (error) => error instanceof Failure);
session.close();
told.done = true;
`;

/** A fresh project: an empty page, the package from its file, a bundle where pages fetch it. */
export async function project({ page, files = {}, bundleIn }) {
  const folder = await mkdtemp(join(tmpdir(), 'cellflux-library-'));
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await writeFile(join(folder, 'index.html'), page);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await cp(BUNDLE, join(folder, bundleIn), { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { CELLFLUX_PACKAGE: file } = process.env;
  await execute(npm, ['install', '--silent', '--offline', '--no-audit', '--no-fund', file], { cwd: folder });
  return { folder, end: () => rm(folder, { recursive: true, force: true }) };
}

const TYPES = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** A server that knows files and nothing else. */
export async function served(folder) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
    const file = join(folder, path.endsWith('/') ? join(path, 'index.html') : path);
    try {
      const content = await readFile(file);
      response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = /** @type {any} */ (server.address());
  return { url: `http://127.0.0.1:${port}/`, close: () => new Promise((end) => server.close(() => end())) };
}
