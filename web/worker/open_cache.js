// The browser's storage for what should be there at the next visit.

/** A cache of this name; null where the browser has none for this page, or none today. */
export async function openCache(name) {
  if (!('caches' in globalThis)) return null;
  try {
    return await caches.open(name);
  } catch {
    return null;
  }
}
