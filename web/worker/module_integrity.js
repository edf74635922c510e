// The digest of the WebAssembly module. The site's build writes it; a page that was not built has none.

/** @type {string | null} */
export const MODULE_INTEGRITY = null;
