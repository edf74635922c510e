// What the worker is made of: each module with its digest, before the modules that import it. The site's
// build writes the list; a page that was not built has none, and its worker starts unchecked.

/** @type {[name: string, address: string, integrity: string][]} */
export const WORKER_MODULES = [];
