// What `cargo xtask lint` asks of the page and of its tests beside types: few rules, each against a mistake.

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
  { files: ['web/**/*.js'], languageOptions: { globals: globals.browser }, linterOptions: options, rules },
  // Tests run in Node, and bring functions into the page.
  {
    files: ['tests/**/*.mjs', 'tests/**/*.js'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    linterOptions: options,
    rules,
  },
];
