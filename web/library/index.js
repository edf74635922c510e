// What `import … from 'cellflux'` gives (cellflux.d.ts has the types of it).

export { Failure } from '../failures.js';
export { Session } from './session.js';
export { Explorer } from './view.js';
