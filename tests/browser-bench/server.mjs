// What the bench's pages load: this folder, the package, the peer's runtime, the reference files. On
// 127.0.0.1 only.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/**
 * @param {Record<string, string>} folders first part of the path to a folder
 * @returns {Promise<{ url: string, close: () => void }>} the address ends in a slash
 */
export async function serve(folders) {
  const server = createServer(async (request, response) => {
    const [, first, ...rest] = decodeURIComponent(new URL(request.url, 'http://local').pathname).split('/');
    const folder = folders[first];
    const file = folder && join(folder, normalize(rest.join('/')));
    const inside = file?.startsWith(join(folder, sep));
    const found = inside && (await stat(file).catch(() => null));
    if (!found?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-length': found.size,
      // The peer's threads share memory, which a page may only where it is cross-origin isolated.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
