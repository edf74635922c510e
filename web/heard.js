// What the worker says by itself, in the explorer's state.

import { silent, warned } from './notices.js';

/** @import { State } from './state.js' */
/** @import { Heard } from './worker_client.js' */

/**
 * What changes in the state when this is heard; null where nothing does. Walks aside and what the condition
 * adds are told to those who asked for them.
 * @param {Heard} heard
 * @param {State} state
 * @returns {Partial<State> | null}
 */
export function toldBy(heard, { thumbnails, structures, download, notice }) {
  switch (heard.event) {
    case 'thumbnail':
      return { thumbnails: new Map(thumbnails).set(heard.id, heard.picture) };
    case 'structure':
      return { structures: new Map(structures).set(heard.id, heard.svg) };
    case 'download': {
      const { loaded, total, secondsLeft } = heard;
      return { download: { ...download, loaded, total, secondsLeft } };
    }
    case 'starting':
      return { phase: 'starting', download: { ...download, doing: heard.doing } };
    case 'tuned':
      return { tuned: { measured: heard.measured, remaining: heard.remaining } };
    case 'changed':
      return { engine: heard.engine, pace: heard.pace, tuned: null };
    case 'workers':
      return { workers: heard.each };
    case 'note':
      // A note is no reason to take away what the visitor has to deal with.
      return notice?.kind === 'trouble' ? null : { notice: warned(heard.sentence, heard.trouble) };
    case 'silent':
      return { notice: silent() };
    case 'heard':
      return notice?.trouble === 'silent' ? { notice: null } : null;
    default:
      return null;
  }
}
