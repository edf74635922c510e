// The digests of the WebAssembly modules. The site's build writes them; a page that was not built has none.

/** @type {string | null} */
export const MODULE_INTEGRITY = null;
/** @type {string | null} */
export const CHEMISTRY_INTEGRITY = null;
/** @type {string | null} */
export const RESULTS_INTEGRITY = null;
/** @type {string | null} */
export const UPLOAD_INTEGRITY = null;
/** @type {string | null} */
export const LAB_INTEGRITY = null;
