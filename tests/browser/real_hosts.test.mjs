// A site on servers that people have: Python's, and nginx with gzip and with brotli, below a path. Every file
// arrives as it was built, and the explorer computes.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { bundle } from './served_site.mjs';
import { cellflux, CLI, skip } from './site_bundle.mjs';

const UNDER = 'papers/some cells/';
const SITE_TOML = `title = "A page"
${bundle('bbbc021-tiny')}
[precompute]
controls = ["synthetic-1"]
compounds = ["taxol"]
steps = 2
[[section]]
id = "explore"
wide = true
text = """
\`\`\`{explorer}
control = "synthetic-1"
compound = "taxol"
steps = 2
\`\`\`
"""
`;

const NGINX = process.env.CELLFLUX_NGINX ?? 'nginx';
const BROTLI = ['/usr/lib/nginx/modules', '/usr/share/nginx/modules', '/usr/lib64/nginx/modules']
  .map((folder) => join(folder, 'ngx_http_brotli_filter_module.so'))
  .find((file) => existsSync(file));
const runs = (command, ...given) => spawnSync(command, given, { stdio: 'ignore' }).status === 0;
const noPython = !runs('python3', '--version') && 'there is no python3';
const noNginx = !runs(NGINX, '-v') && 'there is no nginx; name one in CELLFLUX_NGINX';
const noBrotli = noNginx
  || (!BROTLI && 'this nginx has no module for brotli (libnginx-mod-http-brotli-filter)');

let browser;
let folder;
before(async () => {
  if (!CLI) return;
  browser = await launch(WITHOUT_GPU);
  folder = await mkdtemp(join(tmpdir(), 'cellflux-hosts-'));
  const source = join(folder, 'source');
  await mkdir(source);
  await writeFile(join(source, 'site.toml'), SITE_TOML);
  await cellflux('site', 'build', source, '--out', join(folder, 'root', UNDER));
});
after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A port that nobody uses now. */
const freePort = () => new Promise((found) => {
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    server.close(() => found(port));
  });
});

/** What a server answers to a browser: status, headers, and nothing of the body. */
const asked = (url) => new Promise((answered, failed) => {
  get(url, { headers: { 'accept-encoding': 'gzip, br' } }, (response) => {
    response.resume();
    response.on('end', () => answered({ status: response.statusCode, headers: response.headers }));
  }).on('error', failed);
});

/** Starts a server, and waits until it answers. */
async function started(command, given, port) {
  const server = spawn(command, given, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.on('data', (data) => { said += data; });
  const ended = new Promise((end) => { server.on('exit', end); server.on('error', end); });
  const url = `http://127.0.0.1:${port}/${UNDER.replaceAll(' ', '%20')}`;
  const close = async () => {
    server.kill();
    await ended;
  };
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await asked(url).catch(() => null);
    if (answer?.status === 200) return { url, close };
    await new Promise((waited) => { setTimeout(waited, 100); });
  }
  await close();
  throw new Error(`${command} does not answer: ${said}`);
}

const python = async () => {
  const port = await freePort();
  const root = join(folder, 'root');
  const where = ['--bind', '127.0.0.1', '--directory', root];
  return started('python3', ['-m', 'http.server', `${port}`, ...where], port);
};

/** nginx with lines of its own for `http`, and modules. */
async function nginx(lines, modules = []) {
  const port = await freePort();
  const home = await mkdtemp(join(folder, 'nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${join(home, name)};`);
  const types = existsSync('/etc/nginx/mime.types')
    ? 'include /etc/nginx/mime.types;'
    : 'types { text/html html; text/css css; text/javascript js; image/svg+xml svg; application/wasm wasm; }';
  const file = join(home, 'nginx.conf');
  await writeFile(file, `${modules.map((module) => `load_module ${module};\n`).join('')}daemon off;
master_process off;
pid ${join(home, 'pid')};
error_log stderr;
events {}
http {
  access_log off;
  ${types}
${temporary.join('\n')}
  ${lines}
  server { listen 127.0.0.1:${port}; root "${join(folder, 'root')}"; }
}
`);
  return started(NGINX, ['-e', 'stderr', '-p', home, '-c', file], port);
}

/** Every file is as it was built, and the page works. */
async function holds({ url, close }, encoding) {
  try {
    const { headers } = await asked(url);
    assert.equal(headers['content-encoding'] ?? null, encoding);
    const { stdout } = await cellflux('verify-site', url, '--offline');
    assert.match(stdout, /files looked at/);
    assert.match(stdout, /computed anew/);
    const context = await browser.newContext({ serviceWorkers: 'block' });
    try {
      const explorer = await ExplorerPage.open(context, url);
      await explorer.ready();
      await explorer.forward();
      const outside = explorer.requests.filter(
        (address) => !address.startsWith(url) && !address.startsWith('blob:') && !address.startsWith('data:'),
      );
      assert.deepEqual(outside.filter((address) => !address.endsWith('/favicon.ico')), []);
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  } finally {
    await close();
  }
}

test('Python’s http.server serves the whole site below a path', { skip: skip || noPython }, async () => {
  await holds(await python(), null);
});

test('nginx with gzip serves the whole site below a path', { skip: skip || noNginx }, async () => {
  await holds(await nginx('gzip on; gzip_types *; gzip_min_length 0;'), 'gzip');
});

test('nginx with brotli serves the whole site below a path', { skip: skip || noBrotli }, async () => {
  await holds(await nginx('brotli on; brotli_types *; brotli_min_length 0;', [BROTLI]), 'br');
});
