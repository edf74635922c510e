// The site behind a server that spoils what a test chooses.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

/**
 * @param {string} site the sound site's root
 * @param {(path: string, body: Buffer) => Buffer | { status?: number, body?: string | Buffer, type?: string,
 *   cut?: boolean, stalls?: boolean } | undefined} spoil
 * what to answer instead: another content, or a status, a wrong type, a content that breaks off or that never
 * comes to its end
 * @param {object} [headers] that every answer has
 * @param {(path: string) => Buffer | undefined} [more] files that the sound site does not have, all of them
 *   modules
 * @param {(path: string) => string} [keeping] how long browsers may keep an answer
 * @returns {Promise<{ url: string, port: number, drop: () => void, close: () => Promise<void> }>} `drop` ends
 *   stalled answers
 */
export async function serveSpoilt(
  site, spoil, headers = {}, more = () => undefined, keeping = () => 'no-store',
) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    const another = more(pathname);
    if (another && !spoil(pathname, another)) {
      response.writeHead(200, { ...headers, 'content-type': 'text/javascript' }).end(another);
      return;
    }
    const sound = await fetch(new URL(`.${pathname}`, site));
    const body = Buffer.from(await sound.arrayBuffer());
    const spoilt = sound.ok ? spoil(pathname, body) : undefined;
    const type = sound.headers.get('content-type') ?? 'application/octet-stream';
    if (spoilt && !Buffer.isBuffer(spoilt)) {
      const content = Buffer.from(spoilt.body ?? '');
      const broken = spoilt.cut || spoilt.stalls;
      response.writeHead(spoilt.status ?? 200, {
        ...headers,
        'content-type': spoilt.type ?? type,
        'cache-control': 'no-store',
        ...(broken ? { 'content-length': content.length + 1000 } : {}),
      });
      if (!broken) response.end(content);
      else response.write(content, () => { if (spoilt.cut) setTimeout(() => response.destroy(), 50); });
      return;
    }
    const plain = { 'content-type': type, 'cache-control': keeping(pathname) };
    response.writeHead(sound.status, { ...headers, ...plain });
    response.end(spoilt ?? body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    drop: () => server.closeAllConnections(),
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
