// What the page shows of a manifest. The manifest has been checked in full before it comes here.

import { count, date, digits } from '../figures.js';
import { besideCells, sameSettings } from '../finding.js';
import { atDose, inWords } from '../dose.js';
import { isolated } from '../isolated.js';
import { language, phrase } from '../words.js';

/** @import { Manifest, ManifestView, Measuring } from '../protocol.js' */
/** @import { ModelScale } from '../scale.js' */

const joined = (parts, by = ', ') => parts.filter(Boolean).join(by);

/** A plate's name often begins with its batch's, which a caption has no room for. */
const short = ({ batch, plate }) =>
  plate && batch && plate.startsWith(`${batch}_`) ? plate.slice(batch.length + 1) : (plate ?? batch);

/** What training had of a crop, where the bundle says so. */
const SPLITS = {
  train: phrase('manifest_view.cell_network_trained_on'),
  validation: phrase('manifest_view.validation_cell_network_not'),
  test: phrase('manifest_view.test_cell_network_not'),
};

/** A gallery example as a tile. */
function tile(example, condition, treated, number) {
  const [batch, plate, well] = [example.batch, example.plate, example.well].map(isolated);
  // A drawing is of no batch, whatever name its light was drawn under.
  const where = example.synthetic ? '' : joined([batch, plate && phrase('manifest_view.plate', {
    plate,
  }), well && phrase('manifest_view.well', { well })]);
  const dose = example.dose_um === undefined ? '' : ` ${inWords(example.dose_um)}`;
  const kind = example.synthetic
    ? phrase('manifest_view.drawn_program_not_measured')
    : treated
      ? phrase('manifest_view.measured')
      : phrase('manifest_view.measured_untreated');
  return {
    id: example.id,
    condition: example.condition,
    treated,
    synthetic: Boolean(example.synthetic),
    untreated: Boolean(condition?.control),
    batch: example.synthetic ? null : (example.batch ?? null),
    plate: example.synthetic ? null : (example.plate ?? null),
    number,
    dose: dose && atDose(example.dose_um),
    label: example.synthetic ? phrase('manifest_view.drawn', {
      number,
    }) : isolated(short(example) ?? example.id),
    note: joined([
      `${isolated(condition?.name ?? example.condition)}${dose}`,
      where,
      kind,
      SPLITS[example.split],
    ]),
    source: isolated(example.source),
    licence: isolated(example.licence),
  };
}

/**
 * What training had of a condition. Of a control that says nothing: its cells are where the paths start, and
 * only a bundle that says so (`target`) had them as ends as well, which is what would teach the network to
 * leave a cell as it is.
 */
function training({ split, control, target }) {
  if (!control) return split !== 'seen' ? HELD_OUT : target === false ? NO_TARGET : SEEN;
  if (target === true) {
    return { ...SEEN, sentence: phrase('manifest_view.seen_network_also_end') };
  }
  return {
    badge: phrase('manifest_view.baseline'),
    kind: 'baseline',
    sentence:
      target === false
        ? phrase('manifest_view.not_training_target_nothing')
        : phrase('manifest_view.where_paths_start_whether'),
  };
}

const SEEN = {
  badge: phrase('manifest_view.seen'),
  kind: 'seen',
  sentence: phrase('manifest_view.seen_network'),
};
const NO_TARGET = {
  badge: phrase('manifest_view.no_target'),
  kind: 'baseline',
  sentence: phrase('manifest_view.training_data_but_not'),
};
const HELD_OUT = {
  badge: phrase('manifest_view.held_out'),
  kind: 'held-out',
  sentence: phrase('manifest_view.held_out_network_never'),
};

/** A condition as a line of the compound list. The control comes first, then by name. */
function compounds({ list }, findings) {
  return list
    .map((condition) => ({
      id: condition.id,
      name: isolated(condition.name),
      kind: condition.kind ?? 'compound',
      action: isolated(condition.mode_of_action)
        ?? (condition.control ? phrase('manifest_view.untreated_control') : ''),
      smiles: isolated(condition.smiles) ?? null,
      structure: condition.structure ?? null,
      doses: condition.doses_um ?? [],
      trainedDoses: condition.trained_doses_um ?? null,
      seen: condition.split === 'seen',
      training: training(condition),
      findings: findings.filter((finding) => finding.condition === condition.id),
      batches: condition.batches ?? [],
      control: Boolean(condition.control),
    }))
    .sort(
      (a, b) =>
        Number(b.control) - Number(a.control)
        || a.name.localeCompare(b.name, language, { sensitivity: 'base' }),
    );
}

/** @returns {Manifest['provenance']} */
function provenance({ data_set: data, training, metrics, licence, notes, created }, remarks, measuring) {
  const rows = /** @type {Manifest['provenance']} */ ([
    [phrase('manifest_view.training_data'), joined([data.name, data.citation].map(isolated), '. ')],
    [phrase('manifest_view.licence_data'), isolated(data.licence)],
    data.url && [phrase('manifest_view.data_set_page'), data.url],
    training && [phrase('shared.training'), joined([
      phrase('shared.steps_2', {
        steps: count(training.steps),
      }), training.batch && phrase('manifest_view.batches', { batch: training.batch }),
      training.seconds && `${count(training.seconds)} s`, isolated(training.device),
    ])],
    training && [phrase('manifest_view.trained'), isolated(training.command)],
    ...measured(metrics),
    remarks.length && [besideCells(measuring), remarks.map(remark)],
    [phrase('manifest_view.licence_weights'), isolated(licence)],
    notes && [phrase('manifest_view.notes'), isolated(notes)],
    [phrase('manifest_view.bundle_made'), date(created)],
  ]);
  return rows.filter(Boolean);
}

/** All that was measured in one row, a line for each; what stands in many rows is read as many things. */
function measured(metrics) {
  const entries = Object.entries(metrics ?? {});
  if (!entries.length) return [];
  return [
    [
      phrase('manifest_view.measured_2'),
      entries.map(
        ([name, value]) => `${isolated(name.replaceAll('_', ' '))}: ${digits(value, 4)}`,
      ),
    ],
  ];
}

/** A sentence of the model card: its clauses, each with the names that it is about. */
const remark = ({ clauses }) =>
  clauses.map(({ names, says }) => joined([names.map(isolated).join(', '), says], ': ')).join('; ');

/**
 * How a bundle's figures were measured.
 * @returns {Measuring}
 */
const measuringOf = (recommends, { sampling, cells }) => (
  { sampling, recommended: sameSettings(recommends, sampling), cells }
);

/**
 * The scale of a manifest's images, where it is stated.
 * @returns {ModelScale}
 */
export function modelScale({ width, height, pixel_size_um: pixel, crop_size_um: across }) {
  const side = Math.max(width, height);
  return { pixelUm: pixel ?? (across ? across / side : null), side };
}

/**
 * The parts of the page's state that come from the manifest alone.
 * @param {any} manifest
 * @param {any} [evaluated] what its evaluation says, in words; nothing where it has none
 * @returns {ManifestView}
 */
export function manifestView(manifest, evaluated) {
  const { image, model, conditions, gallery = {} } = manifest;
  const measuring = evaluated ? measuringOf(manifest.sampling, evaluated) : null;
  const nameOf = new Map(conditions.list.map((condition) => [condition.id, condition]));
  const tiles = (list = [], treated) =>
    list.map((example, index) => tile(example, nameOf.get(example.condition), treated, index + 1));
  const channels = image.channels.map((channel) => ({
    ...channel,
    name: isolated(channel.name),
    stain: isolated(channel.stain),
  }));
  return {
    manifest: {
      id: manifest.id,
      name: isolated(manifest.title),
      description: isolated(manifest.description ?? ''),
      parameters: model.parameters,
      dtype: model.dtype,
      size: [image.width, image.height],
      pixelUm: modelScale(image).pixelUm,
      channels,
      provenance: provenance(manifest.provenance, evaluated?.remarks ?? [], measuring),
      citation: manifest.provenance.data_set.citation,
    },
    channels,
    samples: tiles(gallery.controls, false),
    examples: tiles(gallery.treated, true),
    compounds: compounds(conditions, evaluated?.findings ?? []),
    measuring,
    flowSource: manifest.source ?? 'control',
    trainedNoise: manifest.trained_noise ?? null,
    takesDose: conditions.dose?.kind === 'log1p',
    takesStructures: conditions.encoder?.kind === 'morgan-counts',
  };
}
