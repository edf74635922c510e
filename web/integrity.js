// What each worker is made of: each module with its digest, before the modules that import it. The site's
// build writes the lists; a page that was not built has none, and its workers start unchecked.

/** @type {[name: string, address: string, integrity: string][]} */
export const WORKER_MODULES = [];

/** The lab's. @type {[name: string, address: string, integrity: string][]} */
export const LAB_WORKER_MODULES = [];
