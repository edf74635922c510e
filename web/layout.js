// Where the explorer's parts stand: three numbered steps and, below, what it runs on and where it comes
// from.

import { el } from './html.js';
import { Notice } from './parts/notice.js';
import { ModelCard } from './parts/model_card.js';
import { ModelOffer } from './parts/model_offer.js';
import { ControlPicker } from './parts/control_picker.js';
import { CompoundPicker } from './parts/compound_picker.js';
import { TypedCompound } from './parts/typed_compound.js';
import { DoseSlider } from './parts/dose.js';
import { CropEditor } from './parts/crop_editor.js';
import { Stage } from './parts/stage.js';
import { MapChoice, MapSaid } from './parts/change_map.js';
import { ChannelDisplay } from './parts/display.js';
import { GreyPanels } from './parts/grey_panels.js';
import { AcrossDoses } from './parts/doses.js';
import { ComparedWalks } from './parts/grid.js';
import { Measured } from './parts/measured.js';
import { WalkCharts } from './parts/measures.js';
import { PinnedWalk } from './parts/pinned.js';
import { RealCellBeside } from './parts/real_cell.js';
import { Transport } from './parts/transport.js';
import { FlowSettings } from './parts/flow_settings.js';
import { Keep } from './parts/keep.js';
import { RecipeCode } from './parts/recipe_code.js';
import { Provenance } from './parts/provenance.js';
import { wordsFor } from './perturbations.js';
import { language, phrase } from './words.js';

/** @import { Compound } from './protocol.js' */

const PARTS = {
  'cellflux-notice': Notice,
  'cellflux-offer': ModelOffer,
  'cellflux-model': ModelCard,
  'cellflux-control': ControlPicker,
  'cellflux-compound': CompoundPicker,
  'cellflux-typed': TypedCompound,
  'cellflux-dose': DoseSlider,
  'cellflux-crop': CropEditor,
  'cellflux-stage': Stage,
  'cellflux-map': MapChoice,
  'cellflux-map-said': MapSaid,
  'cellflux-pinned': PinnedWalk,
  'cellflux-real': RealCellBeside,
  'cellflux-display': ChannelDisplay,
  'cellflux-panels': GreyPanels,
  'cellflux-transport': Transport,
  'cellflux-measured': Measured,
  'cellflux-measures': WalkCharts,
  'cellflux-doses': AcrossDoses,
  'cellflux-grid': ComparedWalks,
  'cellflux-settings': FlowSettings,
  'cellflux-keep': Keep,
  'cellflux-code': RecipeCode,
  'cellflux-provenance': Provenance,
};
for (const [name, part] of Object.entries(PARTS)) customElements.define(name, part);

/** Finds every part below a root. */
export const ANY_PART = Object.keys(PARTS).join();

const part = (name) => document.createElement(name);

function step(number, name, title, lead, ...parts) {
  const shown = el('span', { class: 'number', 'aria-hidden': 'true' }, number);
  const heading = el('h2', { id: `${name}-title` }, shown, title);
  return el('section', { class: `card ${name}`, 'aria-labelledby': `${name}-title` },
    heading, lead ? el('p', { class: 'lead' }, lead) : null, ...parts);
}

/**
 * The explorer's own words are in the language of the site that it comes from, and are marked so: a screen
 * reader reads them aloud by their language. What the embedding page has put into the explorer keeps the
 * page's.
 * @param {HTMLElement} host the explorer, whose embedding page may have put something into it
 * @returns {HTMLElement[]}
 */
export function layout(host) {
  const elements = elementsFor(host);
  for (const element of elements) element.lang = language;
  return elements;
}

/** @param {HTMLElement} host */
function elementsFor(host) {
  // What the embedding page has to say stands beside what the manifest says.
  const beside = host.querySelector(':scope > :not(noscript, [slot])');
  return [
    part('cellflux-notice'),
    el('div', { class: 'bench' },
      el('div', { class: 'pick' },
        step('1', 'control', phrase('layout.pick_control'), phrase('layout.untreated_cell_where_walk'),
          part('cellflux-control')),
        step('2', 'compound', phrase('layout.pick_compound'), null,
          part('cellflux-compound'), part('cellflux-typed'), part('cellflux-dose'))),
      el('div', { class: 'walk-column' },
        step('3', 'walk', phrase('shared.walk'), null, part('cellflux-offer'), part('cellflux-stage'),
          part('cellflux-transport'), part('cellflux-measured'), part('cellflux-measures'),
          part('cellflux-keep'), part('cellflux-model')),
        part('cellflux-doses'),
        part('cellflux-grid'),
        el('details', { class: 'card how', open: true },
          el('summary', {}, phrase('layout.how_flow_walked')), part('cellflux-settings')))),
    el('div', { class: beside ? 'below beside' : 'below' },
      el('slot'),
      el('section', { class: 'card about', 'aria-labelledby': 'about-title' },
        el('h2', { id: 'about-title' }, phrase('layout.data_model')), part('cellflux-provenance'))),
    part('cellflux-crop'),
    el('div', { class: 'drop-hint', 'aria-hidden': 'true' }, phrase('layout.drop_image_use_control')),
  ];
}

/**
 * The second step by what the model's conditions are.
 * @param {ShadowRoot} root
 * @param {Compound[]} compounds
 */
export function nameTreatments(root, compounds) {
  const title = root.querySelector('#compound-title');
  title.replaceChildren(title.firstChild, phrase('layout.pick', { one: wordsFor(compounds).one }));
}

/**
 * The first step of a flow that starts from noise is no choice of a control.
 * @param {ShadowRoot} root
 */
export function nameNoise(root) {
  const title = root.querySelector('#control-title');
  title.replaceChildren(title.firstChild, phrase('layout.draw_noise'));
  root.querySelector('.control .lead').textContent = phrase('layout.standard_normal_noise_where');
}
