// A link of the session's, with the step in view. The session reads and writes links; the page only says which step.

/** The link with `at` set to a step; before a crop, which is long, so that the rest stays in sight. */
export function linkAt(link, step) {
  const fields = link.split('&').filter((field) => !field.startsWith('at='));
  const crop = fields.findIndex((field) => field.startsWith('crop='));
  fields.splice(crop < 0 ? fields.length : crop, 0, `at=${step}`);
  return fields.join('&');
}
