// An author's folder as a page: built and served by the command itself.

import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLI } from './site_bundle.mjs';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Builds the site in `folder`, which is removed in the end, and serves it.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} the address ends in a slash
 */
export async function serveBuilt(folder) {
  await execute(CLI, ['site', 'build', folder, '--out', join(folder, 'dist')], { cwd: root });
  const server = spawn(CLI, ['site', 'serve', '--port', '0', join(folder, 'dist')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [first] = await new Promise((line) =>
    server.stdout.once('data', (data) => line(String(data).split('\n'))),
  );
  return {
    url: first.split(' ').find((word) => word.startsWith('http://')),
    close: async () => {
      server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
