// <cellflux-lesson target="…" state="…" question="…">: a lesson whose words stand in the page. Opening it
// sets the explorer or lab that it is about, docks it at the lower edge beside that, and writes it into the
// address. Of a visitor's answers only which lessons are done is kept, and only there.

import { joined, ofOthers, readProgress, writeProgress } from '../course_link.js';
import { el } from '../html.js';
import { check } from './answers.js';
import { leaveStage, setStage, wayOf } from './lecture.js';
import { targetOf } from './targets.js';
import { language, phrase } from '../words.js';

/** @import { Progress } from '../course_link.js' */
/** @import { Question } from './answers.js' */

/** @returns {Lesson[]} in the order of the page */
const all = () => /** @type {any} */ ([...document.querySelectorAll('cellflux-lesson')]);

/** The lessons of a page, of which at most one is open. */
const course = {
  /** @type {Progress} */
  progress: { open: null, done: [], lecture: false },

  /** Follows the address, as far as it names lessons of this page. What was answered stays answered. */
  follow() {
    const { done } = this.progress;
    const told = readProgress(location.hash);
    this.progress = { ...told, done: [...new Set([...done, ...told.done])] };
    if (!all().some(({ name }) => name === told.open)) {
      this.progress = { ...this.progress, open: null, lecture: false };
    }
    this.show();
  },

  /** The page was opened at an address: a lesson in it is set, unless the address has a state of its own. */
  begin() {
    this.follow();
    const lesson = all().find(({ name }) => name === this.progress.open);
    const others = ofOthers(location.hash);
    const isLab = lesson?.about.localName === 'cellflux-lab';
    if (lesson && !(isLab ? others.includes('lab=') : others)) lesson.set();
  },

  /** @param {Partial<Progress>} change */
  change(change) {
    this.progress = { ...this.progress, ...change };
    const hash = joined(ofOthers(location.hash), writeProgress(this.progress));
    history.replaceState(history.state, '', hash ? `#${hash}` : location.pathname + location.search);
    this.show();
  },

  show() {
    const { open, lecture } = this.progress;
    for (const lesson of all()) lesson.update(this.progress);
    document.documentElement.classList.toggle('with-lesson', open !== null);
    const lesson = all().find(({ name }) => name === open);
    if (lecture && lesson) setStage([lesson, lesson.about]);
    else leaveStage();
  },

  /** @param {Lesson | undefined} lesson */
  open(lesson) {
    if (!lesson) return;
    this.change({ open: lesson.name });
    lesson.set();
    lesson.focusTitle();
  },

  close() {
    const lesson = all().find(({ name }) => name === this.progress.open);
    this.change({ open: null, lecture: false });
    lesson?.focusTitle();
  },

  /** @param {Lesson} lesson @param {number} by */
  beside(lesson, by) {
    const lessons = all();
    return lessons[lessons.indexOf(lesson) + by];
  },
};

class Lesson extends HTMLElement {
  connectedCallback() {
    if (this.opener) return;
    const button = (words, does, kind = 'quiet') =>
      el('button', { type: 'button', class: kind, on: { click: does } }, words);
    // The words of a lesson's frame may be in another language than the lesson's own.
    this.opener = button(phrase('lesson.open_lesson'), () => course.open(this), 'primary');
    this.back = button(phrase('lesson.previous'), () => course.open(course.beside(this, -1)));
    this.next = button(phrase('lesson.next'), () => course.open(course.beside(this, 1)));
    this.lecture = button(phrase('lesson.lecture_mode'),
      () => course.change({ lecture: !course.progress.lecture }));
    const setAgain = button(phrase('lesson.set_up_again'), () => this.set());
    this.bar = el('div', { class: 'lesson-bar', lang: language, hidden: true },
      this.back, this.next, setAgain, this.lecture, button(phrase('lesson.close'), () => course.close()));
    this.said = el('p', { class: 'lesson-state', role: 'status', lang: language });
    this.querySelector('section').append(el('p', { lang: language }, this.opener), this.said, this.bar);
    this.#prepareQuestion();
    this.update(course.progress);
  }

  get name() {
    return this.id.replace(/^lesson-/, '');
  }

  /** The explorer or lab that the lesson is about. */
  get about() {
    return document.getElementById(this.getAttribute('target'));
  }

  get #target() {
    return targetOf(this.about, JSON.parse(this.getAttribute('state')));
  }

  /** Sets what the lesson is about to its state, and brings it into view. */
  async set() {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.about.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' });
    this.said.textContent = phrase('lesson.setting_up');
    await this.#attempt(async () => {
      await this.#target.show();
      this.said.textContent = '';
      this.dataset.set = 'true';
    });
  }

  focusTitle() {
    this.querySelector('h3').focus({ preventScroll: true });
  }

  /** @param {Progress} progress */
  update({ open, done, lecture }) {
    const isOpen = open === this.name;
    this.classList.toggle('docked', isOpen);
    this.classList.toggle('done', done.includes(this.name));
    this.opener.hidden = isOpen;
    this.bar.hidden = !isOpen;
    this.back.disabled = !course.beside(this, -1);
    this.next.disabled = !course.beside(this, 1);
    this.lecture.setAttribute('aria-pressed', String(lecture));
    const title = this.querySelector('h3');
    title.querySelector('.lesson-done')?.remove();
    const mark = done.includes(this.name) ? phrase('lesson.answered') : '';
    if (mark) title.append(el('span', { class: 'lesson-done', lang: language }, mark));
  }

  #prepareQuestion() {
    const form = this.querySelector('form');
    if (!form) return;
    const question = /** @type {Question} */ (JSON.parse(this.getAttribute('question')));
    const words = question.kind === 'reach' ? phrase('lesson.check_what_view') : phrase('lesson.check');
    const button = el('button', { type: 'submit', class: 'primary' }, words);
    const verdict = el('p', { class: 'verdict', role: 'status' });
    form.append(el('div', { class: 'lesson-check', lang: language }, button, verdict));
    form.noValidate = true;
    form.hidden = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const answer = /** @type {string | null} */ (new FormData(form).get('answer'));
      button.disabled = true;
      verdict.textContent = phrase('lesson.computing');
      await this.#attempt(async () => {
        const { right, said } = await check(question, answer, this.#target);
        verdict.textContent = said;
        verdict.classList.toggle('right', right);
        const { done } = course.progress;
        if (right && !done.includes(this.name)) course.change({ done: [...done, this.name] });
      }, verdict);
      button.disabled = false;
      button.focus({ preventScroll: true });
    });
  }

  /** Does something and says what went wrong. */
  async #attempt(does, said = this.said) {
    try {
      await does();
    } catch (failure) {
      said.textContent = failure.sentence ?? failure.message;
    }
  }
}

customElements.define('cellflux-lesson', Lesson);

addEventListener('hashchange', () => course.follow());
addEventListener('keydown', (event) => {
  const { open, lecture } = course.progress;
  const lesson = all().find(({ name }) => name === open);
  const way = lecture && lesson ? wayOf(event) : null;
  if (!way) return;
  event.preventDefault();
  if (way === 'leave') course.change({ lecture: false });
  else course.open(course.beside(lesson, way === 'on' ? 1 : -1));
}, { capture: true });
course.begin();
