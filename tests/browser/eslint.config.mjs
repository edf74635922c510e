// What `cargo xtask lint` checks in the page and its tests besides types: a few rules, each against a
// mistake.

import globals from 'globals';

const rules = {
  eqeqeq: 'error',
  'no-undef': 'error',
  'no-unused-vars': ['error', { args: 'none', caughtErrors: 'none', ignoreRestSiblings: true }],
  'no-var': 'error',
  'prefer-const': ['error', { destructuring: 'all' }],
};
const options = { reportUnusedDisableDirectives: 'error' };

export default [
  { ignores: ['**/node_modules/**'] },
  {
    files: ['web/**/*.js', 'python/**/*.js'],
    languageOptions: { globals: globals.browser },
    linterOptions: options,
    rules,
  },
  // Tests run in Node, and send functions into the page.
  {
    files: ['tests/**/*.mjs', 'tests/**/*.js'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    linterOptions: options,
    rules,
  },
];
