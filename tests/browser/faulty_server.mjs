// The site behind a server that spoils what a test wants spoilt.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

/**
 * @param {string} site the sound site's root
 * @param {(path: string, body: Buffer) => Buffer | { status: number, body?: string } | undefined} spoil what to answer instead
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 */
export async function serveSpoilt(site, spoil) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    const sound = await fetch(new URL(`.${pathname}`, site));
    const body = Buffer.from(await sound.arrayBuffer());
    const spoilt = sound.ok ? spoil(pathname, body) : undefined;
    if (spoilt && !Buffer.isBuffer(spoilt)) {
      response.writeHead(spoilt.status).end(spoilt.body ?? '');
      return;
    }
    response.writeHead(sound.status, { 'content-type': sound.headers.get('content-type') ?? 'application/octet-stream', 'cache-control': 'no-store' });
    response.end(spoilt ?? body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((closed) => {
      server.closeAllConnections();
      server.close(closed);
    }),
  };
}

/** A manifest changed, with the digests of files that were changed with it. */
export function changedManifest(body, change) {
  const manifest = JSON.parse(body);
  change(manifest);
  return Buffer.from(JSON.stringify(manifest));
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
