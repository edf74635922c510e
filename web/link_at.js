// A link of the session's, with the step in view. The session reads and writes links; the page only says which step.

/** The link with `at` set to a step; before a crop, which is long, so that the rest stays in sight. */
export function linkAt(link, step) {
  const fields = link.split('&').filter((field) => !field.startsWith('at='));
  const crop = fields.findIndex((field) => field.startsWith('crop='));
  fields.splice(crop < 0 ? fields.length : crop, 0, `at=${step}`);
  return fields.join('&');
}

/**
 * The link that a page's hash holds, without its `#`; an empty text where the hash is a place in the document, such as a
 * heading or a footnote, or there is none. A link is `key=value` joined by `&`; what is neither belongs to the document too.
 */
export function linkIn({ hash }) {
  const text = hash.slice(1);
  const field = /^[^=&]+=/.test(text);
  return field && !document.getElementById(decoded(text)) ? text : '';
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
