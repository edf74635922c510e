// Pictures as large as there is room, at whole multiples of their pixels, and a closer look that all of them
// share: zoom and pan by wheel, fingers, mouse and keys.

/** How close one can come: a pixel of a crop is then some hundred on the screen. */
const CLOSEST = 16;
/** By how much a key or a button comes closer. */
export const NEARER = 2;
/** By how much an arrow key moves, as a share of what is in view. */
const ASIDE = 0.2;

/** @typedef {[across: number, down: number]} Point as shares of a frame's sides */

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * The width at which a picture of `pixels` columns fills at most `room` CSS pixels, each of its pixels as a
 * whole number of the screen's; less than one where there is no room for one.
 */
export function wholeMultiple(pixels, room, density = devicePixelRatio || 1) {
  const times = Math.floor((room * density + 1e-3) / pixels);
  return times >= 1 ? (times * pixels) / density : room;
}

/**
 * Zoom by `factor` about a point of the frame, which stays where it is. `x` and `y` are where the picture's
 * corner lies, as shares of the frame: 0 at the frame's corner, negative beyond it.
 */
export function zoomedAbout({ zoom, x, y }, factor, [u, v]) {
  const next = clamp(zoom * factor, 1, CLOSEST);
  const by = next / zoom;
  return within({ zoom: next, x: u - (u - x) * by, y: v - (v - y) * by });
}

/** The same moved, as far as the picture goes. */
export function movedBy({ zoom, x, y }, [dx, dy]) {
  return within({ zoom, x: x + dx, y: y + dy });
}

/** By how much a turn of the wheel zooms. @param {WheelEvent} event */
export const wheelFactor = ({ deltaY }) => Math.exp(-clamp(deltaY, -100, 100) / 200);

/**
 * Where in a frame something happened, as shares of its sides.
 * @param {Element} frame
 * @param {MouseEvent} event
 * @returns {Point}
 */
export function share(frame, { clientX, clientY }) {
  const { left, top, width, height } = frame.getBoundingClientRect();
  return [(clientX - left) / (width || 1), (clientY - top) / (height || 1)];
}

/** No edge of the picture comes inside the frame. */
function within({ zoom, x, y }) {
  return { zoom, x: clamp(x, 1 - zoom, 0), y: clamp(y, 1 - zoom, 0) };
}

/** The whole picture. */
export const WHOLE = { zoom: 1, x: 0, y: 0 };

export class Lens {
  #view = WHOLE;
  #frames;
  #shown;
  /**
   * Where fingers or the mouse are down, by pointer.
   * @type {Map<number, Point>}
   */
  #down = new Map();
  #dragged = false;

  /**
   * @param {HTMLElement[]} frames each holds one canvas; all show the same part of their pictures
   * @param {(view: { zoom: number, x: number, y: number }) => void} shown called after every change
   * @param {() => void} clicked a click that was no drag
   */
  constructor(frames, shown, clicked) {
    this.#frames = frames;
    this.#shown = shown;
    for (const frame of frames) {
      frame.addEventListener('wheel', (event) => this.#wheel(event, frame), { passive: false });
      frame.addEventListener('pointerdown', (event) => this.#press(event, frame));
      frame.addEventListener('pointermove', (event) => this.#drag(event, frame));
      for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
        frame.addEventListener(end, (/** @type {any} */ { pointerId }) => this.#down.delete(pointerId));
      }
      frame.addEventListener('click', () => {
        if (!this.#dragged) clicked();
      });
      frame.addEventListener('keydown', (event) => this.#key(event, clicked));
    }
  }

  get zoom() {
    return this.#view.zoom;
  }

  nearer() {
    this.#set(zoomedAbout(this.#view, NEARER, [0.5, 0.5]));
  }

  farther() {
    this.#set(zoomedAbout(this.#view, 1 / NEARER, [0.5, 0.5]));
  }

  whole() {
    this.#set(WHOLE);
  }

  #set(view) {
    this.#view = view;
    for (const { style } of this.#frames) {
      style.setProperty('--zoom', view.zoom);
      style.setProperty('--x', view.x);
      style.setProperty('--y', view.y);
      style.setProperty('touch-action', view.zoom > 1 ? 'none' : 'pan-y');
    }
    this.#shown(view);
  }

  /** A wheel scrolls the page; with Control, as a pinch on a touch pad says it, or once closer, it zooms. */
  #wheel(event, frame) {
    if (!event.ctrlKey && this.zoom === 1) return;
    event.preventDefault();
    this.#set(zoomedAbout(this.#view, wheelFactor(event), share(frame, event)));
  }

  #press(event, frame) {
    if (event.button > 0) return;
    this.#down.set(event.pointerId, share(frame, event));
    this.#dragged = this.#down.size > 1;
    if (this.zoom > 1) frame.setPointerCapture(event.pointerId);
  }

  #drag(event, frame) {
    const before = this.#down.get(event.pointerId);
    if (!before) return;
    const now = share(frame, event);
    const others = [...this.#down].filter(([id]) => id !== event.pointerId);
    this.#down.set(event.pointerId, now);
    if (others.length) {
      const [[, other]] = others;
      const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      /** @type {Point} */
      const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      if (apart(before) > 0) this.#set(zoomedAbout(this.#view, apart(now) / apart(before), middle));
      return;
    }
    /** @type {Point} */
    const moved = [now[0] - before[0], now[1] - before[1]];
    // A hand that trembles while it clicks drags nothing.
    if (!this.#dragged && Math.hypot(...moved) * frame.clientWidth < 3) {
      this.#down.set(event.pointerId, before);
      return;
    }
    this.#dragged = true;
    if (this.zoom > 1) this.#set(movedBy(this.#view, moved));
  }

  #key(event, clicked) {
    /** @type {Record<string, Point>} */
    const aside = {
      ArrowLeft: [ASIDE, 0],
      ArrowRight: [-ASIDE, 0],
      ArrowUp: [0, ASIDE],
      ArrowDown: [0, -ASIDE],
    };
    const does = {
      '+': () => this.nearer(),
      '=': () => this.nearer(),
      '-': () => this.farther(),
      0: () => this.whole(),
      Enter: clicked,
    }[event.key];
    if (does) does();
    else if (aside[event.key] && this.zoom > 1) this.#set(movedBy(this.#view, aside[event.key]));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
