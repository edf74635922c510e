// Words for what was done to the cells: a compound was given to them, or a gene was changed. Whatever names
// it on the page takes its words from here.

import { phrase } from './words.js';

/** @import { Perturbation } from './protocol.js' */

/**
 * @typedef {object} Words
 * @property {string} one begins with a consonant, as do all
 * @property {string} many
 */

/** @type {Record<Perturbation, Words & { done: (name: string) => string }>} */
const WORDS = {
  'compound': {
    one: phrase('shared.compound'),
    many: phrase('shared.compounds'),
    done: (name) => phrase('perturbations.treated', { name }),
  },
  'knock-out': {
    one: phrase('perturbations.gene_knock_out'),
    many: phrase('perturbations.gene_knock_outs'),
    done: (name) => phrase('perturbations.knocked_out', { name }),
  },
  'knock-down': {
    one: phrase('perturbations.gene_knock_down'),
    many: phrase('perturbations.gene_knock_downs'),
    done: (name) => phrase('perturbations.knocked_down', { name }),
  },
  'over-expression': {
    one: phrase('perturbations.gene_over_expression'),
    many: phrase('perturbations.gene_over_expressions'),
    done: (name) => phrase('perturbations.over_expressed', { name }),
  },
};

/** @type {Words} */
const SEVERAL = { one: phrase('perturbations.perturbation'), many: phrase('perturbations.perturbations') };

/**
 * Words for a model's conditions together: those of their kind, or more general ones where there are several
 * kinds. The control is of none.
 * @param {{ kind?: Perturbation, control?: boolean }[] | undefined} compounds
 * @returns {Words}
 */
export function wordsFor(compounds) {
  const treatments = compounds?.filter(({ control }) => !control) ?? [];
  const kinds = new Set(treatments.map(({ kind }) => kind ?? 'compound'));
  const [first = 'compound', ...others] = kinds;
  return others.length ? SEVERAL : WORDS[first];
}

/**
 * What is said of the kind of one condition beside others; nothing of a compound, whose name says it, and of
 * the control.
 * @param {{ kind?: Perturbation, control?: boolean }} compound
 */
export const kindOf = ({ kind = 'compound', control }) =>
  (control || kind === 'compound' ? null : capital(WORDS[kind].one));

/**
 * What was done to cells, behind “cells”: “treated with taxol”.
 * @param {Perturbation | undefined} kind
 * @param {string} name
 */
export const done = (kind, name) => WORDS[kind ?? 'compound'].done(name);

/**
 * As the first word of a label.
 * @param {string} words
 */
export const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
