// Building elements without a framework: `el('button', { class: 'quiet', on: { click } }, 'Play')`.

const AS_PROPERTY = new Set([
  'value',
  'checked',
  'disabled',
  'hidden',
  'textContent',
  'width',
  'height',
  'open',
  'htmlFor',
]);

/**
 * One element with attributes, listeners and children.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes] attribute values by name; `null`, `undefined` and `false` leave
 *   the attribute out; `on` holds listeners
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, { on = {}, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (AS_PROPERTY.has(name)) node[name] = value;
    else if (value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * The elements inside another.
 * @param {Element} element
 */
export const inside = (element) => /** @type {HTMLElement[]} */ ([...element.children]);

/** Says one word or two to assistive technology only. */
export const unseen = (text) => el('span', { class: 'unseen' }, text);

/**
 * Scrolls a list so that one of its items is in view; never the page. The list is the item's offset parent.
 */
export function reveal(list, item) {
  const { offsetTop: top, offsetHeight: height, offsetLeft: left, offsetWidth: width } = item;
  const { scrollTop, clientHeight, scrollLeft, clientWidth } = list;
  if (top < scrollTop || top + height > scrollTop + clientHeight) {
    list.scrollTop = top - (clientHeight - height) / 2;
  }
  if (left < scrollLeft || left + width > scrollLeft + clientWidth) {
    list.scrollLeft = left - (clientWidth - width) / 2;
  }
}

/**
 * Waits until an element is about to come into view: an explorer further down costs nothing before.
 * @param {Element} element
 * @returns {Promise<void>}
 */
export function seen(element) {
  return new Promise((done) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      done();
    }, { rootMargin: '200px' });
    observer.observe(element);
  });
}

/** A part of the explorer: it shows a slice of the state and says what the visitor intends. */
export class Part extends HTMLElement {
  /**
   * Shows its slice of the state.
   * @param {object} state the explorer's (state.js)
   */
  update(state) {}

  /** Tells the explorer what the visitor wants; the explorer decides. */
  intend(intent, detail = {}) {
    this.dispatchEvent(new CustomEvent('intent', { bubbles: true, detail: { intent, ...detail } }));
  }

  /** True once for every new value of a slice of the state, so that a part redraws only what changed. */
  changed(name, value) {
    this.#seen ??= new Map();
    if (this.#seen.has(name) && this.#seen.get(name) === value) return false;
    this.#seen.set(name, value);
    return true;
  }

  #seen;
}
