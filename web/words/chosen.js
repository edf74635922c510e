// The page's language. A build of a site, of the package for npm or of the wheel writes its words into this
// file, so that they are there before the first part is shown.

export { default } from './en.json' with { type: 'json' };
