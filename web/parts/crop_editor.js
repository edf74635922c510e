// A visitor's image becomes a control: which plane is which channel, and which square of it.

import { CropBoard } from '../crop_board.js';
import { about, largestSide, placed } from '../crop_place.js';
import { el, Part } from '../html.js';
import { NucleusOffer } from '../nucleus_offer.js';
import { paint } from '../pixels.js';
import { colourInFile } from '../plane_colour.js';
import { scaleSentence, sideAtScale } from '../scale.js';
import { shortened } from '../shortened.js';
import { percent } from '../view.js';
import { phrase, plural } from '../words.js';

/** @import { State } from '../state.js' */
/** @import { ModelScale } from '../scale.js' */

/** What fits beside the arrow of a list in a window of 390 pixels, into a line, and below a small picture. */
const OPTION_LETTERS = 29;
const NAME_LETTERS = 48;
const PLANE_LETTERS = 18;

/**
 * A dialog over `state.upload`. `guessed` says for each channel whether its plane is a guess, which must be
 * confirmed, and `byColour` whether that rests on the plane's colour; `reading` holds one reading for each of
 * `sorts`.
 */
export class CropEditor extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    const choose = (crop) => this.#choose(crop);
    this.nuclei = new NucleusOffer(choose);
    this.board = new CropBoard(choose, this.nuclei);
    this.board.element.append(this.nuclei.element);
    this.result = el('canvas', {
      width: 1,
      height: 1,
      role: 'img',
      'aria-label': phrase('crop_editor.crop_network_see'),
    });
    this.planes = el('ul', { class: 'planes', 'aria-label': phrase('crop_editor.image_planes') });
    this.channels = el('div', { class: 'assign' });
    this.tints = el(
      'p',
      { class: 'hint', hidden: true },
      phrase('crop_editor.file_own_colours_named'),
    );
    const number = (name, label) => {
      const input = el('input', {
        type: 'number',
        step: '1',
        id: `crop-${name}`,
        name,
        on: { change: () => this.#choose(placed(this.upload, { [name]: Number(input.value) })) },
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
      el('span', {}, phrase('crop_editor.channels_marked_guesses_right')),
    );
    this.use = el('button', { type: 'submit', class: 'primary', 'data-do': 'use-crop' },
      phrase('crop_editor.use_crop'));
    this.clipped = el('p', { class: 'hint' });
    this.unlike = el('ul', { class: 'unlike' });
    this.notes = el('ul', { class: 'hint file-notes' });
    this.scale = el('p', { class: 'hint scale-note' });
    this.toScale = el(
      'button',
      { type: 'button', class: 'chip', hidden: true, on: { click: () => this.#cropToScale() } },
      phrase('crop_editor.crop_model_scale'),
    );
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
        this.notes,
        this.planes,
        el(
          'div',
          { class: 'crop-bench' },
          this.board.element,
          el(
            'div',
            { class: 'crop-side' },
            this.channels,
            this.tints,
            this.confirmRow,
            this.codings,
            el('div', { class: 'numbers' }, number('x', phrase('crop_editor.left')),
              number('y', phrase('crop_editor.top')), number('side', phrase('crop_editor.side'))),
            el('div', {}, this.scale, this.toScale),
            el(
              'figure',
              {},
              this.result,
              el('figcaption', { class: 'hint' }, phrase('crop_editor.network_see')),
              this.clipped,
              this.unlike,
            ),
            el(
              'div',
              { class: 'dialog-buttons' },
              this.use,
              el(
                'button',
                { type: 'button', class: 'secondary', on: { click: () => this.intend('upload-cancel') } },
                phrase('shared.cancel'),
              ),
            ),
          ),
        ),
      ),
    );
    this.append(this.dialog);
  }

  /** @param {State} state */
  update({ upload, nuclei, channels, manifest }) {
    if (!upload) {
      if (this.dialog.open) this.dialog.close();
      return;
    }
    this.upload = upload;
    /** @type {ModelScale} */
    this.model = { pixelUm: manifest?.pixelUm ?? null, side: Math.max(...(manifest?.size ?? [0])) };
    const another = this.changed('key', upload.key);
    if (another) this.#open(upload, channels);
    if (!this.dialog.open) this.dialog.showModal();
    if (this.changed('picture', upload.picture)) this.board.paint(upload);
    // How close the picture is shown depends on the room that the open dialog has.
    if (another) this.board.begin(upload);
    if (this.changed('cropPicture', upload.cropPicture)) paint(this.result, upload.cropPicture);
    const moved = this.changed('crop', upload.crop);
    if (moved) this.#place(upload);
    if (this.changed('nuclei', nuclei) || moved || another) this.nuclei.show(upload, nuclei, channels);
    if (this.changed('hints', upload.hints)) list(this.unlike, upload.hints);
    if (this.changed('assignment', upload.assignment)) {
      for (const [index, select] of [...this.channels.querySelectorAll('select')].entries()) {
        select.value = String(upload.assignment[index]);
      }
      for (const [index, own] of [...this.channels.querySelectorAll('.shown-in')].entries()) {
        own.replaceChildren(...colourInFile(upload.planes[upload.assignment[index]]));
      }
    }
    const guesses = upload.guessed.some(Boolean);
    const marks = /** @type {NodeListOf<HTMLElement>} */ (this.channels.querySelectorAll('.guess'));
    for (const [index, mark] of marks.entries()) {
      mark.hidden = !upload.guessed[index];
      mark.textContent = upload.byColour[index]
        ? phrase('crop_editor.guessed_from_colour')
        : phrase('crop_editor.guess');
    }
    // Once shown the tick stays, so that what was confirmed can be seen to be.
    this.confirmRow.hidden = !(this.asked ||= guesses);
    this.confirm.checked = !guesses;
    this.confirm.disabled = !guesses;
    for (const [index, select] of [...this.codings.querySelectorAll('select')].entries()) {
      select.value = upload.reading[index];
    }
    // Which plane is which is to be seen as long as it is to be decided.
    this.planes.hidden = !upload.planes.some(({ picture }) => picture) || (upload.complete && !guesses);
    this.use.disabled = !upload.complete || guesses;
    this.clipped.textContent = cutOff(upload.clipped);
  }

  #open(upload, channels) {
    this.heading.textContent = phrase('crop_editor.choose_channels_crop');
    const count = upload.planes.length;
    const facts = plural('crop_editor.facts', count, { width: upload.width, height: upload.height, count });
    this.size.textContent = `${shortened(upload.name, NAME_LETTERS)}: ${facts}`;
    this.size.title = upload.name;
    list(this.notes, upload.notes);
    this.planes.replaceChildren(...upload.planes.flatMap((plane) => {
      const { label, picture } = plane;
      if (!picture) return [];
      const canvas = el('canvas', { width: 1, height: 1, role: 'img', 'aria-label': label });
      paint(canvas, picture);
      const name = el('span', {}, shortened(label, PLANE_LETTERS));
      return [el('li', { title: label }, canvas, name, ...colourInFile(plane))];
    }));
    this.tints.hidden = !upload.planes.some(({ colour }) => colour);
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
        // Nor is a plane that came in exchange one that its colour named.
        const byColour = this.upload.byColour
          .map((named, at) => named && assignment[at] === this.upload.assignment[at]);
        this.intend('upload-change', { change: { assignment, guessed, byColour } });
      } } },
      ...(upload.assignment.includes(-1)
        ? [el('option', { value: '-1' }, phrase('crop_editor.choose_channel'))]
        : []),
      ...upload.planes.map((plane, at) => el('option', {
        value: String(at), 'aria-label': plane.label, title: plane.label,
      }, shortened(plane.label, OPTION_LETTERS))));
      return el(
        'label',
        { for: `assign-${index}` },
        el('span', {}, dot, channel.name, ' ',
          el('em', { class: 'guess', hidden: true }, phrase('crop_editor.guess'))),
        select,
        el('span', { class: 'shown-in' }),
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
        upload.sorts.length > 1 ? phrase('crop_editor.values', {
          files: shortened(files, OPTION_LETTERS),
        }) : phrase('crop_editor.values_2'),
        select,
      );
    }));
    this.numbers.side.min = String(upload.smallest);
    this.numbers.side.max = String(largestSide(upload));
  }

  #place(upload) {
    const { crop, width, height, extent: [wide, high] } = upload;
    for (const [name, input] of Object.entries(this.numbers)) input.value = String(crop[name]);
    this.numbers.x.max = String(Math.floor(width - crop.side * wide));
    this.numbers.y.max = String(Math.floor(height - crop.side * high));
    this.board.place(upload);
    this.scale.textContent = scaleSentence(upload, this.model);
    const ideal = sideAtScale(this.model, upload.pixelUm);
    const possible = ideal >= upload.smallest && ideal <= largestSide(upload);
    this.toScale.hidden = ideal === null || ideal === crop.side || !possible;
  }

  #choose(crop) {
    this.intend('upload-change', { change: { crop } });
  }

  #cropToScale() {
    this.#choose(about(this.upload, { side: sideAtScale(this.model, this.upload.pixelUm) }));
  }
}

/** Sentences as a list; no list where there are none. */
function list(element, sentences) {
  element.replaceChildren(...sentences.map((sentence) => el('li', {}, sentence)));
  element.hidden = !sentences.length;
}

/** What is cut off at either end, in a sentence; nothing where it is next to nothing. */
function cutOff({ dark, bright }) {
  const share = (part, ends) =>
    part > 0.001 ? [phrase('crop_editor.values_3', { part: percent(part), ends })] : [];
  const parts = [
    ...share(dark, phrase('crop_editor.darker_than_black')),
    ...share(bright, phrase('crop_editor.brighter_than_full_scale')),
  ];
  return parts.length ? phrase('crop_editor.they_cut_off', { parts: parts.join(phrase('shared.and')) }) : '';
}
