// An author's folder as a page: built and served by the command itself.

import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cellflux, CLI, ROOT } from './site_bundle.mjs';

/**
 * Builds the site in `folder`, which is removed in the end, and serves it.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} the address ends in a slash
 */
export async function serveBuilt(folder) {
  await cellflux('site', 'build', folder, '--out', join(folder, 'dist'));
  const server = spawn(CLI, ['site', 'serve', '--port', '0', join(folder, 'dist')], {
    cwd: ROOT,
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
