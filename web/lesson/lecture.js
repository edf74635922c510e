// Lecture mode: large type, only what a lesson is about and the lesson itself, and the keys of a presenter.

const LECTURE = 'lecture';
const OFF = 'off-stage';

/** Fields that have a use of their own for arrow keys. */
const OWN_ARROWS = 'input, select, textarea, [role="slider"], [role="listbox"], [role="radiogroup"]';

/**
 * Shows some elements alone.
 * @param {Element[]} shown
 */
export function setStage(shown) {
  leaveStage();
  const kept = new Set(shown);
  for (const element of shown) {
    for (let above = element.parentElement; above; above = above.parentElement) kept.add(above);
  }
  for (const above of kept) {
    if (shown.includes(above)) continue;
    for (const child of above.children) {
      if (!kept.has(child) && child.localName !== 'head') child.classList.add(OFF);
    }
  }
  document.documentElement.classList.add(LECTURE);
}

export function leaveStage() {
  document.documentElement.classList.remove(LECTURE);
  for (const element of document.querySelectorAll(`.${OFF}`)) element.classList.remove(OFF);
}

/**
 * Where a key leads in a lecture: to the lesson after, or before, or out. Presenters' clickers send Page Down
 * and Page Up; arrow keys do the same, except where a field needs them.
 * @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey' | 'composedPath'>} event
 * @returns {'on' | 'back' | 'leave' | null}
 */
export function wayOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return null;
  const way = /** @type {const} */ ({
    PageDown: 'on', PageUp: 'back', ArrowRight: 'on', ArrowLeft: 'back', Escape: 'leave',
  })[event.key] ?? null;
  const [target] = /** @type {any[]} */ (event.composedPath());
  const needsArrows = event.key.startsWith('Arrow') && target?.matches?.(OWN_ARROWS);
  return needsArrows ? null : way;
}
