// Walking by hand: one solver step forward or back, play and pause, and a scrubber with a tick at every
// actual time.

import { el, inside, Part } from '../html.js';
import * as figures from '../figures.js';
import { wordsFor } from '../perturbations.js';
import { paint } from '../pixels.js';
import { stepOfKey } from '../step_keys.js';
import { lowered, phrase } from '../words.js';

/** @import { State } from '../state.js' */

const ICONS = {
  first: 'M6 5v14M19 5 9 12l10 7z',
  back: 'M15 5 7 12l8 7z',
  play: 'M7 4.5v15L20 12z',
  pause: 'M7 5h4v14H7zM14 5h4v14h-4z',
  forward: 'M9 5l8 7-8 7z',
};

function icon(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS(svg.namespaceURI, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

/** Shows `state.walk`, `state.cursor`, `state.playing` and whether something is being computed. */
export class Transport extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    const button = (name, label, intent) =>
      el(
        'button',
        {
          type: 'button',
          class: name === 'play' ? 'primary round' : 'round',
          'data-do': intent,
          'aria-label': label,
          title: label,
          on: { click: () => this.intend(intent) },
        },
        icon(ICONS[name]),
      );
    this.first = button('first', phrase('transport.back_start'), 'first');
    this.back = button('back', phrase('transport.one_step_back'), 'back');
    this.play = button('play', phrase('shared.walk'), 'play');
    this.forward = button('forward', phrase('transport.one_step_forward'), 'forward');
    this.where = el('output', { class: 'where', 'aria-live': 'off' });
    this.ticks = el('div', { class: 'ticks', 'aria-hidden': 'true' });
    this.reached = el('div', { class: 'reached', 'aria-hidden': 'true' });
    this.way = el('div', { class: 'way', 'aria-hidden': 'true' }, el('div', { class: 'thumb' }));
    this.track = el('div', {
      class: 'track', role: 'slider', tabindex: '0', 'aria-valuemin': '0',
      'aria-label': phrase('shared.step_walk'),
      'aria-valuemax': '0', 'aria-valuenow': '0',
      on: { pointerdown: (event) => this.#grab(event), keydown: (event) => this.#key(event) },
    }, el('div', { class: 'rail' }), this.reached, this.ticks, this.way);
    this.left = el('span', {}, phrase('transport.t_0'));
    this.right = el('span', {}, phrase('transport.t_1'));
    this.film = el('div', { class: 'film', role: 'group', 'aria-label': phrase('transport.steps_reached') });
    new ResizeObserver(() => this.#measureFilm()).observe(this.film);
    this.append(
      el(
        'div',
        { class: 'transport-row' },
        el('div', { class: 'buttons' }, this.first, this.back, this.play, this.forward),
        this.where,
      ),
      el(
        'div',
        { class: 'scrubber' },
        this.track,
        el('div', { class: 'ends', 'aria-hidden': 'true' }, this.left, this.right),
      ),
      this.film,
    );
  }

  /** @param {State} state */
  update(state) {
    const { walk, cursor, playing, phase, changes, stepping } = state;
    const busy = changes > 0 || stepping;
    const ready = Boolean(walk) && (phase === 'ready' || walk.recorded);
    const [other, moved] = [
      this.changed('walk', walk),
      this.changed('rest', [cursor, playing, phase, busy].join()),
    ];
    if (!other && !moved) return;
    this.walk = walk;
    this.cursor = cursor;
    const reached = walk ? walk.steps.length - 1 : 0;
    const atEnd = Boolean(walk?.finished) && cursor >= reached;
    this.first.disabled = !walk || cursor === 0;
    this.back.disabled = !walk || cursor === 0;
    this.forward.disabled = !walk || atEnd || (!ready && cursor >= reached);
    this.play.disabled = !ready;
    // At the end of a recording the network is there to walk it for the first time.
    this.#faceOfPlay(playing, atEnd && !(walk?.recorded && phase === 'ready'));
    this.classList.toggle('busy', busy);
    this.setAttribute('aria-busy', String(busy));
    if (walk) this.#place(walk, cursor, reached);
    this.#nameEnds(state);
  }

  /**
   * What stands at either end: where the walk starts, what that is; at the other end what the flow leads to.
   * The first time of a grid need not be 0. What is generated is not called a control: a walk back only goes
   * towards one.
   * @param {State} state
   */
  #nameEnds({ walk, recipe, start, compounds, compoundName, flowSource }) {
    const times = walk?.times ?? [0, 1];
    const reverse = recipe?.direction === 'reverse';
    const begun = start ? lowered(start.title) : phrase('shared.start_3');
    const noised = !reverse && recipe?.noise > 0 && flowSource !== 'noise' ? phrase('transport.noise') : '';
    const towards = flowSource === 'noise' ? 'transport.towards_noise' : 'transport.towards_control';
    const source = reverse ? phrase(towards) : begun;
    const name = recipe?.alpha === 0 ? phrase('transport.no', {
      one: wordsFor(compounds).one,
    }) : (compoundName ?? phrase('transport.treated'));
    const target = reverse ? begun : name;
    this.left.textContent = phrase('transport.t', { end: figures.end(Math.min(...times)), source, noised });
    this.right.textContent = phrase('transport.t_2', { target, end: figures.end(Math.max(...times)) });
  }

  #faceOfPlay(playing, atEnd) {
    if (!this.changed('face', `${playing} ${atEnd}`)) return;
    const [again, short] = atEnd
      ? [phrase('transport.replay_from_start'), phrase('transport.replay')]
      : [phrase('shared.walk'), phrase('shared.walk')];
    const label = playing ? phrase('shared.pause') : again;
    this.play.replaceChildren(
      icon(playing ? ICONS.pause : ICONS.play),
      el('span', {}, playing ? phrase('shared.pause') : short),
    );
    this.play.setAttribute('aria-label', label);
    this.play.title = label;
  }

  #place(walk, cursor, reached) {
    const times = walk.times ?? walk.steps.map((step) => step.time);
    if (this.changed('ticks', times.join())) {
      this.ticks.replaceChildren(...times.map((t) => {
        const tick = el('i', {});
        tick.style.setProperty('--t', t);
        return tick;
      }));
    }
    const step = walk.steps[cursor] ?? walk.steps[0];
    const total = walk.times ? walk.times.length - 1 : null;
    const passed = walk.steps.map(({ time }) => time);
    const [left, right] = [Math.min(...passed), Math.max(...passed)];
    this.track.style.setProperty('--from', String(left));
    this.track.style.setProperty('--to', String(right));
    this.track.style.setProperty('--t', step.time);
    this.track.setAttribute('aria-valuemax', String(reached));
    this.track.setAttribute('aria-valuenow', String(cursor));
    const words = phrase('transport.step_t', {
      cursor,
      total: total ? phrase('transport.of', { total }) : '',
      time: figures.time(step.time),
      recorded: walk.recorded ? phrase('transport.recorded') : '',
    });
    this.track.setAttribute('aria-valuetext', words);
    this.where.textContent = words;
    this.where.dataset.step = String(cursor);
    this.where.dataset.walk = String(walk.key);
    this.#film(walk, cursor);
  }

  #film(walk, cursor) {
    if (this.changed('film', walk.key)) this.film.replaceChildren();
    if (this.changed('film-steps', walk.steps)) {
      while (this.film.children.length > walk.steps.length) this.film.lastChild.remove();
      for (const [index, step] of walk.steps.entries()) {
        let cell = this.film.children[index];
        if (!cell) {
          cell = el(
            'button',
            {
              type: 'button',
              class: 'still',
              tabindex: '-1',
              on: { click: () => this.intend('goto', { step: index }) },
            },
            el('canvas', { width: 1, height: 1, 'aria-hidden': 'true' }),
          );
          this.film.append(cell);
        }
        cell.setAttribute('aria-label', phrase('transport.step_t_2', {
          index, time: figures.time(step.time),
        }));
        paint(cell.querySelector('canvas'), step.now);
      }
      this.#measureFilm();
    }
    const here = inside(this.film)[cursor];
    if (!this.changed('still', here)) return;
    this.film.querySelector('[aria-current]')?.removeAttribute('aria-current');
    here?.setAttribute('aria-current', 'step');
    // Asking where the still is makes the browser lay out the page in mid-frame.
    if (here && this.filmScrolls) {
      this.film.scrollLeft =
        here.offsetLeft - this.film.offsetLeft - this.film.clientWidth / 2 + here.offsetWidth / 2;
    }
  }

  #measureFilm() {
    this.filmScrolls = this.film.scrollWidth > this.film.clientWidth;
  }

  #grab(event) {
    if (!this.walk) return;
    event.preventDefault();
    this.track.focus();
    this.track.setPointerCapture(event.pointerId);
    const seek = ({ clientX }) => {
      const { left, width } = this.track.getBoundingClientRect();
      const t = Math.min(Math.max((clientX - left) / width, 0), 1);
      let nearest = 0;
      // There and back passes every time twice; then the step nearer to the one in view is meant.
      const far = (index) => Math.abs(this.walk.steps[index].time - t) + 1e-6 * Math.abs(index - this.cursor);
      for (const index of this.walk.steps.keys()) if (far(index) < far(nearest)) nearest = index;
      if (nearest !== this.cursor) this.intend('goto', { step: nearest });
    };
    const leave = () => {
      this.track.removeEventListener('pointermove', seek);
      this.track.removeEventListener('pointerup', leave);
      this.track.removeEventListener('pointercancel', leave);
    };
    this.track.addEventListener('pointermove', seek);
    this.track.addEventListener('pointerup', leave);
    this.track.addEventListener('pointercancel', leave);
    seek(event);
  }

  #key(event) {
    if (!this.walk) return;
    const step = stepOfKey(event.key, this.cursor, this.walk.steps.length - 1);
    if (step !== undefined) {
      event.preventDefault();
      this.intend('goto', { step });
    } else if (event.key === ' ') {
      event.preventDefault();
      this.intend(this.play.getAttribute('aria-label') === phrase('shared.pause') ? 'pause' : 'play');
    }
  }
}
