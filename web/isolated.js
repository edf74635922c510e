// Words of a bundle among the page’s own.

/** A text of a bundle between marks that keep its direction of writing from reaching the words around it. */
export const isolated = (text) => (text ? `\u2068${text}\u2069` : text);
