// A link of the session's, with the step in view. The session reads and writes links; the page only says
// which step.

/** The link with `at` set to a step; before a crop, which is long, so that the rest stays in sight. */
export function linkAt(link, step) {
  const fields = link.split('&').filter((field) => !field.startsWith('at='));
  const crop = fields.findIndex((field) => field.startsWith('crop='));
  fields.splice(crop < 0 ? fields.length : crop, 0, `at=${step}`);
  return fields.join('&');
}

/**
 * The link that a page's hash holds, without its `#`; an empty text where the hash is a place in the
 * document, such as a heading or a footnote, or there is none. A link is `key=value` joined by `&`; what is
 * neither belongs to the document too.
 */
function linkIn({ hash }) {
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

// A crop of the visitor's own stays out of the address, which browsers remember and carry to other computers:
// it stays with the tab, in the history's state, until the visitor copies a link. Reloading, back and forward
// find it there.

/** Whether a link holds the visitor's crop. */
export const takesCropAlong = (link) => /(?:^|[#&])crop=/.test(link);

const withoutCrop = (link) => link.split('&').filter((field) => !field.startsWith('crop=')).join('&');

/** Shows a link in the address, and keeps its crop beside it. */
export function showLink(link) {
  const state = { ...(history.state ?? {}), cellflux: takesCropAlong(link) ? link : null };
  history.replaceState(state, '', `#${withoutCrop(link)}`);
}

/**
 * The link that this entry of the tab's history is at: the address's, with the crop that was kept beside it.
 */
export function linkHere() {
  const shown = linkIn(location);
  const kept = history.state?.cellflux;
  return kept && shown === withoutCrop(kept) ? kept : shown;
}
