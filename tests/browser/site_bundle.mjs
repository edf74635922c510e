// The served bundle as a folder, for the native command, and the command itself.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SITE } from './explorer_page.mjs';
import { readNpy } from './npy.mjs';

const execute = promisify(execFile);

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The `cellflux` command; null where the tests run without one. */
export const CLI = process.env.CELLFLUX_CLI ?? null;

/** Why tests that run the command are left out; false where they are not. */
export const skip = !CLI && 'CELLFLUX_CLI names no command';

/** Runs the command in the repository's root. */
export const cellflux = (...given) => execute(CLI, given, { cwd: ROOT });

/** The manifest's address, as the page's element names it. */
export async function manifestAddress() {
  const html = await (await fetch(SITE)).text();
  return new URL(/<cellflux-explorer[^>]*\ssrc="([^"]+)"/.exec(html)[1], SITE);
}

/** Downloads the served bundle into a folder of its own. */
export async function bundleFolder() {
  const address = await manifestAddress();
  const folder = await mkdtemp(join(tmpdir(), 'cellflux-bundle-'));
  const text = await (await fetch(address)).text();
  await writeFile(join(folder, 'manifest.json'), text);
  for (const { path } of JSON.parse(text).files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, Buffer.from(await (await fetch(new URL(path, address))).arrayBuffer()));
  }
  return folder;
}

/** `cellflux run` of a page's address, with further options where there are some: its trajectory. */
export async function runNatively(address, bundle, engine, ...options) {
  const out = await mkdtemp(join(tmpdir(), 'cellflux-run-'));
  try {
    const given = ['run', address, '--bundle', bundle, '--out', out, '--engine', engine, ...options];
    await cellflux(...given);
    return readNpy(await readFile(join(out, 'trajectory.npy')));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
