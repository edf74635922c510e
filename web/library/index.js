// What `import … from 'cellflux'` gives (cellflux.d.ts has the types of it).

export { Failure } from '../protocol.js';
export { Session } from './session.js';
export { Explorer } from './view.js';
