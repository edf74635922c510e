// The picture on which a crop is placed: a square to move and resize, and a closer look at where it lies. One
// finger or the mouse moves the square; two fingers, or the mouse with Shift, move the picture; a pinch, a
// wheel and the buttons zoom. A tap on a nucleus that was found brings the square's middle there.

import { about, aside, placed } from './crop_place.js';
import { el } from './html.js';
import { movedBy, NEARER, share, wheelFactor, WHOLE, zoomedAbout } from './lens.js';
import { paint } from './pixels.js';
import { phrase } from './words.js';

/** @import { NucleusOffer } from './nucleus_offer.js' */
/** @import { Crop, Upload } from './protocol.js' */
/** @import { Point } from './lens.js' */

/** A square of fewer CSS pixels cannot be held; the picture is shown so close that it is a fingertip's. */
const LEAST_SHOWN = 24;
const HANDY = 44;
/** A hand that trembles while it taps moves by fewer CSS pixels than this. */
const STILL = 4;

export class CropBoard {
  #chosen;
  #offer;
  /** @type {Upload} */
  #upload;
  #view = WHOLE;
  /**
   * Where fingers or the mouse are down, by pointer.
   * @type {Map<number, Point>}
   */
  #down = new Map();
  /**
   * The square as it was when it was taken hold of, and where that was, in pixels of the image; null where
   * the picture is moved.
   * @type {{ begin: Crop, base: Crop, from: Point, resize: boolean } | null}
   */
  #grip = null;
  /**
   * The nucleus that was pressed, as long as that may be a tap, and where on the screen.
   * @type {{ nucleus: number, from: Point } | null}
   */
  #tap = null;

  /**
   * @param {(crop: Crop) => void} chosen called with every crop that the visitor wants
   * @param {Pick<NucleusOffer, 'rings' | 'at' | 'choose'>} offer nuclei that may be tapped
   */
  constructor(chosen, offer) {
    this.#chosen = chosen;
    this.#offer = offer;
    this.canvas = el('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
    this.square = el(
      'div',
      {
        class: 'square',
        tabindex: '0',
        role: 'group',
        'aria-label': phrase('crop_board.crop_square_arrow_keys'),
        on: { keydown: (event) => this.#key(event) },
      },
      el('span', { class: 'handle', 'data-corner': 'se', 'aria-hidden': 'true' }),
    );
    this.sheet = el('div', { class: 'sheet' }, this.canvas, this.square, offer.rings);
    this.frame = el(
      'div',
      {
        class: 'board',
        on: {
          pointerdown: (event) => this.#press(event),
          pointermove: (event) => this.#drag(event),
          pointerup: (event) => this.#lift(event),
          pointercancel: (event) => this.#lift(event),
          lostpointercapture: (event) => this.#lift(event),
        },
      },
      this.sheet,
    );
    this.frame.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    const button = (label, name, does) => {
      const attributes = { type: 'button', class: 'chip', 'aria-label': name, title: name };
      return el('button', { ...attributes, on: { click: does } }, label);
    };
    this.out = button('−', phrase('crop_board.see_more_image'), () => this.#zoom(1 / NEARER));
    this.near = button('+', phrase('crop_board.look_closer_crop'), () => this.#zoom(NEARER));
    this.all = button(phrase('crop_board.whole_image'), phrase('crop_board.whole_image_2'),
      () => this.#set(WHOLE));
    const group = { class: 'closer', role: 'group', 'aria-label': phrase('crop_board.closer_look_image') };
    const hint = phrase('crop_board.two_fingers_or_drag');
    this.element = el(
      'div',
      { class: 'board-room' },
      this.frame,
      el('div', group, this.out, this.near, this.all),
      el('p', { class: 'hint' }, hint),
    );
  }

  /**
   * Another upload, once there is room for it on the page.
   * @param {Upload} upload
   */
  begin(upload) {
    this.#upload = upload;
    this.#down.clear();
    this.#grip = null;
    this.#tap = null;
    this.#view = WHOLE;
    const { crop, width, extent: [wide] } = upload;
    const shown = (this.frame.clientWidth * crop.side * wide) / width;
    const close = shown > 0 && shown < LEAST_SHOWN;
    this.#set(close ? zoomedAbout(WHOLE, HANDY / shown, this.#middle()) : WHOLE);
  }

  /**
   * The picture, which has the image's shape.
   * @param {Upload} upload
   */
  paint({ picture, width, height }) {
    this.frame.style.setProperty('--aspect', String(width / height));
    paint(this.canvas, picture);
  }

  /**
   * The square where the crop is, in view.
   * @param {Upload} upload
   */
  place(upload) {
    this.#upload = upload;
    const [left, top, wide, high] = this.#shares();
    const shares = { '--x': left, '--y': top, '--w': wide, '--h': high };
    for (const [name, part] of Object.entries(shares)) this.square.style.setProperty(name, String(part));
    const { zoom, x, y } = this.#view;
    const [across, down] = [aside(x + zoom * left, zoom * wide), aside(y + zoom * top, zoom * high)];
    if (across || down) this.#set(movedBy(this.#view, [across, down]));
  }

  /** The crop as shares of the image: left, top, width, height. */
  #shares() {
    const { crop, width, height, extent: [wide, high] } = this.#upload;
    return [crop.x / width, crop.y / height, (crop.side * wide) / width, (crop.side * high) / height];
  }

  /** @returns {Point} */
  #middle() {
    const [left, top, wide, high] = this.#shares();
    return [left + wide / 2, top + high / 2];
  }

  #set(view) {
    this.#view = view;
    const { style } = this.sheet;
    for (const name of ['zoom', 'x', 'y']) style.setProperty(`--${name}`, String(view[name]));
    this.out.disabled = view.zoom === 1;
    this.all.disabled = view.zoom === 1;
  }

  /** Zooms about the crop's middle, as it is in view. */
  #zoom(factor) {
    const { zoom, x, y } = this.#view;
    const [across, down] = this.#middle();
    this.#set(zoomedAbout(this.#view, factor, [x + zoom * across, y + zoom * down]));
  }

  /** As with the pictures of a walk: a wheel scrolls the dialog, unless with Control or once closer. */
  #wheel(event) {
    if (!event.ctrlKey && this.#view.zoom === 1) return;
    event.preventDefault();
    this.#set(zoomedAbout(this.#view, wheelFactor(event), share(this.frame, event)));
  }

  /** @returns {Point} in pixels of the image */
  #at(event) {
    const [across, down] = share(this.sheet, event);
    return [across * this.#upload.width, down * this.#upload.height];
  }

  /** Pixels of the image per CSS pixel. */
  get #scale() {
    return this.#upload.width / (this.sheet.getBoundingClientRect().width || 1);
  }

  #press(event) {
    if (!this.#upload || event.button > 1) return;
    event.preventDefault();
    this.#down.set(event.pointerId, share(this.frame, event));
    this.frame.setPointerCapture(event.pointerId);
    if (this.#down.size > 1) {
      // The first of two fingers was not meant to move the square.
      if (this.#grip) this.#chosen(this.#grip.begin);
      this.#grip = null;
      this.#tap = null;
      return;
    }
    if (event.shiftKey || event.button === 1) return;
    this.square.focus({ preventScroll: true });
    const { crop, extent: [wide, high] } = this.#upload;
    const from = this.#at(event);
    const resize = event.target.dataset.corner === 'se';
    const nucleus = resize ? null : this.#offer.at(from, this.#scale);
    this.#tap = nucleus === null ? null : { nucleus, from: [event.clientX, event.clientY] };
    const [across, down] = [from[0] - crop.x, from[1] - crop.y];
    const inside = across >= 0 && across < crop.side * wide && down >= 0 && down < crop.side * high;
    // A press outside the square brings its middle there; a press inside moves it from where it is.
    const base = resize || inside ? crop : about(this.#upload, { middle: from });
    this.#grip = { begin: crop, base, from, resize };
    this.#drag(event);
  }

  #drag(event) {
    const before = this.#down.get(event.pointerId);
    if (!before) return;
    const now = share(this.frame, event);
    this.#down.set(event.pointerId, now);
    if (this.#tap && apart(this.#tap.from, [event.clientX, event.clientY]) > STILL) this.#tap = null;
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.#pinch(before, now, other);
    else if (this.#grip) this.#move(this.#at(event));
    else this.#set(movedBy(this.#view, [now[0] - before[0], now[1] - before[1]]));
  }

  #move([x, y]) {
    const { begin, base, from, resize } = this.#grip;
    const [dx, dy] = [x - from[0], y - from[1]];
    if (!resize) {
      this.#chosen(placed(this.#upload, { ...base, x: base.x + dx, y: base.y + dy }));
      return;
    }
    const { width, height, extent } = this.#upload;
    const room = Math.min((width - begin.x) / extent[0], (height - begin.y) / extent[1]);
    const side = Math.min(begin.side + Math.max(dx, dy), room);
    this.#chosen(placed(this.#upload, { ...begin, side }));
  }

  /** Two fingers: what lies between them stays between them. */
  #pinch(before, now, other) {
    const middle = (point) => /** @type {Point} */ ([(point[0] + other[0]) / 2, (point[1] + other[1]) / 2]);
    const [was, is] = [middle(before), middle(now)];
    const distance = apart(before, other);
    const factor = distance > 0 ? apart(now, other) / distance : 1;
    this.#set(movedBy(zoomedAbout(this.#view, factor, was), [is[0] - was[0], is[1] - was[1]]));
  }

  #lift({ type, pointerId }) {
    const tap = type === 'pointerup' ? this.#tap : null;
    this.#tap = null;
    this.#down.delete(pointerId);
    if (!this.#down.size) this.#grip = null;
    if (tap) this.#offer.choose(tap.nucleus);
  }

  #key(event) {
    const { crop } = this.#upload;
    const by = event.shiftKey ? 10 : 1;
    const change = {
      ArrowLeft: { x: crop.x - by },
      ArrowRight: { x: crop.x + by },
      ArrowUp: { y: crop.y - by },
      ArrowDown: { y: crop.y + by },
      '+': { side: crop.side + by },
      '=': { side: crop.side + by },
      '-': { side: crop.side - by },
      _: { side: crop.side - by },
    }[event.key];
    if (!change) return;
    event.preventDefault();
    this.#chosen(placed(this.#upload, change));
  }
}

/** How far two points are apart. @param {Point} one @param {Point} other */
const apart = ([x, y], [otherX, otherY]) => Math.hypot(x - otherX, y - otherY);
