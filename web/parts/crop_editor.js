// A visitor's image becomes a control: which plane is which channel, and which square of it.

import { el, Part } from '../html.js';
import { paint } from '../pixels.js';
import { shortened } from '../shortened.js';

/** @import { State } from '../state.js' */

/** What fits beside the arrow of a list in a window of 390 pixels, and into a line of the dialog. */
const OPTION_LETTERS = 29;
const NAME_LETTERS = 48;

/**
 * A dialog over `state.upload`: `{ key, name, width, height, planes, assignment, guessed, crop, sorts,
 * reading, picture, cropPicture, clipped }`. `guessed` says for each channel whether its plane is a guess,
 * which must be confirmed; `reading` holds one reading for each of `sorts`.
 */
export class CropEditor extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.field = el('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
    this.square = el(
      'div',
      {
        class: 'square',
        tabindex: '0',
        role: 'group',
        'aria-label': 'Crop square. Arrow keys move it, Shift moves it by ten, plus and minus resize it.',
        on: { keydown: (event) => this.#key(event) },
      },
      el('span', { class: 'handle', 'data-corner': 'se', 'aria-hidden': 'true' }),
    );
    this.board = el(
      'div',
      { class: 'board', on: { pointerdown: (event) => this.#grab(event) } },
      this.field,
      this.square,
    );
    this.result = el('canvas', {
      width: 1,
      height: 1,
      role: 'img',
      'aria-label': 'The crop as the network will see it',
    });
    this.channels = el('div', { class: 'assign' });
    const number = (name, label) => {
      const input = el('input', {
        type: 'number',
        step: '1',
        id: `crop-${name}`,
        name,
        on: { change: () => this.#send({ [name]: Number(input.value) }) },
      });
      this.numbers[name] = input;
      return el('label', { for: `crop-${name}` }, label, input);
    };
    this.numbers = {};
    this.codings = el('div', { class: 'codings' });
    this.confirm = el('input', {
      type: 'checkbox',
      id: 'confirm-channels',
      on: {
        change: () =>
          this.intend('upload-change', { change: { guessed: this.upload.guessed.map(() => false) } }),
      },
    });
    this.confirmRow = el(
      'label',
      { for: 'confirm-channels', class: 'confirm' },
      this.confirm,
      el('span', {}, 'The channels marked as guesses are right'),
    );
    this.use = el('button', { type: 'submit', class: 'primary', 'data-do': 'use-crop' }, 'Use this crop');
    this.clipped = el('p', { class: 'hint' });
    this.heading = el('h2', { id: 'crop-title' });
    this.size = el('p', { class: 'hint' });
    this.dialog = el(
      'dialog',
      {
        'aria-labelledby': 'crop-title',
        class: 'crop-dialog',
        on: {
          cancel: (event) => {
            event.preventDefault();
            this.intend('upload-cancel');
          },
        },
      },
      el(
        'form',
        {
          method: 'dialog',
          novalidate: true,
          on: {
            submit: (event) => {
              event.preventDefault();
              this.intend('upload-done');
            },
          },
        },
        this.heading,
        this.size,
        el(
          'div',
          { class: 'crop-bench' },
          this.board,
          el(
            'div',
            { class: 'crop-side' },
            this.channels,
            this.confirmRow,
            this.codings,
            el('div', { class: 'numbers' }, number('x', 'Left'), number('y', 'Top'), number('side', 'Side')),
            el(
              'figure',
              {},
              this.result,
              el('figcaption', { class: 'hint' }, 'As the network will see it'),
              this.clipped,
            ),
            el(
              'div',
              { class: 'dialog-buttons' },
              this.use,
              el(
                'button',
                { type: 'button', class: 'secondary', on: { click: () => this.intend('upload-cancel') } },
                'Cancel',
              ),
            ),
          ),
        ),
      ),
    );
    this.append(this.dialog);
  }

  /** @param {State} state */
  update({ upload, channels }) {
    if (!upload) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    this.upload = upload;
    if (this.changed('key', upload.key)) this.#open(upload, channels);
    if (!this.dialog.open) this.dialog.showModal();
    if (this.changed('picture', upload.picture)) paint(this.field, upload.picture);
    if (this.changed('cropPicture', upload.cropPicture)) paint(this.result, upload.cropPicture);
    if (this.changed('crop', upload.crop)) this.#place(upload);
    if (this.changed('assignment', upload.assignment)) {
      for (const [index, select] of [...this.channels.querySelectorAll('select')].entries()) {
        select.value = String(upload.assignment[index]);
      }
    }
    const guesses = upload.guessed.some(Boolean);
    const marks = /** @type {NodeListOf<HTMLElement>} */ (this.channels.querySelectorAll('.guess'));
    for (const [index, mark] of marks.entries()) mark.hidden = !upload.guessed[index];
    // Once shown the tick stays, so that what was confirmed can be seen to be.
    this.confirmRow.hidden = !(this.asked ||= guesses);
    this.confirm.checked = !guesses;
    this.confirm.disabled = !guesses;
    for (const [index, select] of [...this.codings.querySelectorAll('select')].entries()) {
      select.value = upload.reading[index];
    }
    this.use.disabled = !upload.complete || guesses;
    this.clipped.textContent = cutOff(upload.clipped);
  }

  #open(upload, channels) {
    this.heading.textContent = 'Choose the channels and the crop';
    const count = `${upload.planes.length} channel${upload.planes.length === 1 ? '' : 's'}`;
    const facts = `${upload.width} × ${upload.height} pixels, ${count}`;
    this.size.textContent = `${shortened(upload.name, NAME_LETTERS)}: ${facts}`;
    this.size.title = upload.name;
    this.asked = false;
    this.channels.replaceChildren(...channels.map((channel, index) => {
      const dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
      dot.style.setProperty('--dot', channel.colour);
      const select = el('select', { id: `assign-${index}`, on: { change: () => {
        const assignment = [...this.upload.assignment];
        const guessed = [...this.upload.guessed];
        const plane = Number(select.value);
        // Each plane is one channel: the channel that had it takes this one's in exchange.
        const other = assignment.indexOf(plane);
        if (other >= 0) assignment[other] = assignment[index];
        assignment[index] = plane;
        // What the visitor chose is no guess.
        guessed[index] = false;
        this.intend('upload-change', { change: { assignment, guessed } });
      } } },
      ...(upload.assignment.includes(-1) ? [el('option', { value: '-1' }, 'choose a channel…')] : []),
      ...upload.planes.map((plane, at) => el('option', {
        value: String(at), 'aria-label': plane.label, title: plane.label,
      }, shortened(plane.label, OPTION_LETTERS))));
      return el(
        'label',
        { for: `assign-${index}` },
        el('span', {}, dot, channel.name, ' ', el('em', { class: 'guess', hidden: true }, 'a guess')),
        select,
      );
    }));
    this.codings.replaceChildren(...upload.sorts.map(({ files, readings }, index) => {
      const id = index ? `coding-${index}` : 'coding';
      const select = el(
        'select',
        {
          id,
          on: {
            change: () =>
              this.intend('upload-change', {
                change: { reading: this.upload.reading.with(index, select.value) },
              }),
          },
        },
        ...readings.map(({ value, label }) => el('option', { value }, label)),
      );
      return el(
        'label',
        { for: id, class: 'coding', hidden: readings.length < 2 },
        upload.sorts.length > 1 ? `Values of ${shortened(files, OPTION_LETTERS)} are` : 'Values are',
        select,
      );
    }));
    this.numbers.side.min = String(upload.smallest);
    this.numbers.side.max = String(
      Math.floor(Math.min(upload.width / upload.extent[0], upload.height / upload.extent[1])),
    );
  }

  #place({ crop, width, height, extent: [wide, high] }) {
    for (const [name, input] of Object.entries(this.numbers)) input.value = String(crop[name]);
    this.numbers.x.max = String(Math.floor(width - crop.side * wide));
    this.numbers.y.max = String(Math.floor(height - crop.side * high));
    const { x, y, side } = crop;
    const shares = {
      '--x': x / width,
      '--y': y / height,
      '--w': (side * wide) / width,
      '--h': (side * high) / height,
    };
    for (const [name, share] of Object.entries(shares)) {
      this.square.style.setProperty(name, String(share));
    }
  }

  /** Sends a crop that lies within the image: first the side is bounded, then the corner. */
  #send(change) {
    const { crop, width, height, smallest, extent: [wide, high] } = this.upload;
    const wanted = { ...crop, ...change };
    const side = clamp(
      Math.round(wanted.side) || smallest,
      smallest,
      Math.floor(Math.min(width / wide, height / high)),
    );
    const corner = (at, length, share) => clamp(Math.round(at) || 0, 0, Math.floor(length - side * share));
    const next = { side, x: corner(wanted.x, width, wide), y: corner(wanted.y, height, high) };
    this.intend('upload-change', { change: { crop: next } });
  }

  #grab(event) {
    if (!this.upload) return;
    event.preventDefault();
    const { left, top, width: shown } = this.field.getBoundingClientRect();
    const scale = this.upload.width / shown;
    const at = ({ clientX, clientY }) => ({ x: (clientX - left) * scale, y: (clientY - top) * scale });
    const from = at(event);
    const begin = this.upload.crop;
    const resize = event.target.dataset.corner === 'se';
    const inside =
      from.x >= begin.x &&
      from.x < begin.x + begin.side &&
      from.y >= begin.y &&
      from.y < begin.y + begin.side;
    this.square.focus();
    this.board.setPointerCapture(event.pointerId);
    // A press outside the square brings its centre there; a press inside moves it from where it is.
    const base =
      resize || inside ? begin : { ...begin, x: from.x - begin.side / 2, y: from.y - begin.side / 2 };
    const move = (pointer) => {
      const to = at(pointer);
      const [dx, dy] = [to.x - from.x, to.y - from.y];
      if (resize) {
        const { width, height, extent } = this.upload;
        const room = Math.min((width - begin.x) / extent[0], (height - begin.y) / extent[1]);
        this.#send({ ...begin, side: Math.min(begin.side + Math.max(dx, dy), room) });
      } else this.#send({ ...base, x: base.x + dx, y: base.y + dy });
    };
    const leave = () => {
      this.board.removeEventListener('pointermove', move);
      this.board.removeEventListener('pointerup', leave);
      this.board.removeEventListener('pointercancel', leave);
    };
    this.board.addEventListener('pointermove', move);
    this.board.addEventListener('pointerup', leave);
    this.board.addEventListener('pointercancel', leave);
    move(event);
  }

  #key(event) {
    const { crop } = this.upload;
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
    this.#send(change);
  }
}

/** What is cut off at either end, in a sentence; nothing where it is next to nothing. */
function cutOff({ dark, bright }) {
  const share = (part, ends) =>
    part > 0.001 ? [`${(100 * part).toFixed(1)} % of its values are ${ends}`] : [];
  const parts = [...share(dark, 'darker than black'), ...share(bright, 'brighter than full scale')];
  return parts.length ? `${parts.join(' and ')}; they are cut off.` : '';
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));
