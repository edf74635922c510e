// Modules of a built site, whose names hold the digest of their content.

/**
 * The address of the module that was `name`.js before the build, found by following the imports of the one
 * with a fixed address.
 */
export async function builtModule(site, name) {
  const seen = new Set([new URL('explorer.js', site).href]);
  for (const address of seen) {
    const file = address.slice(address.lastIndexOf('/') + 1);
    if (file.startsWith(`${name}-`)) return address;
    const text = await (await fetch(address)).text();
    for (const [, path] of text.matchAll(/['"](\.{1,2}\/[^'"]+\.js)['"]/g)) {
      seen.add(new URL(path, address).href);
    }
  }
  throw new Error(`no module of ${site} was ${name}.js; found ${[...seen].join(', ')}`);
}
