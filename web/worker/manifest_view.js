// What the page shows of a manifest. The manifest has been checked in full before it comes here.

const joined = (parts, by = ', ') => parts.filter(Boolean).join(by);

/** A plate's name often begins with its batch's, which a caption has no room for. */
const short = ({ batch, plate }) => (plate && batch && plate.startsWith(`${batch}_`) ? plate.slice(batch.length + 1) : (plate ?? batch));

/** A gallery example as a tile. */
function tile(example, condition, treated) {
  const where = joined([example.batch, example.plate && `plate ${example.plate}`, example.well && `well ${example.well}`]);
  const dose = example.dose_um === undefined ? '' : ` ${example.dose_um} µM`;
  const kind = example.synthetic ? 'drawn by a program, not measured' : treated ? 'measured' : 'measured, untreated';
  return {
    id: example.id,
    condition: example.condition,
    treated,
    synthetic: Boolean(example.synthetic),
    dose: dose && ` at${dose}`,
    label: example.synthetic ? 'synthetic' : (short(example) ?? example.id),
    note: joined([`${condition?.name ?? example.condition}${dose}`, where, kind]),
    source: example.source,
    licence: example.licence,
  };
}

/** A condition as a line of the compound list. The control comes first, then by name. */
function compounds({ list }) {
  return list
    .map((condition) => ({
      id: condition.id,
      name: condition.name,
      action: condition.mode_of_action ?? (condition.control ? 'solvent control' : ''),
      smiles: condition.smiles ?? null,
      structure: condition.structure ?? null,
      doses: condition.doses_um ?? [],
      seen: condition.split === 'seen',
      control: Boolean(condition.control),
    }))
    .sort((a, b) => Number(b.control) - Number(a.control) || a.name.localeCompare(b.name, 'en', { sensitivity: 'base' }));
}

function provenance({ data_set: data, training, metrics, licence, notes, created }) {
  return [
    ['Training data', joined([data.name, data.citation], '. ')],
    ['Licence of the data', data.licence],
    data.url && ['Data set’s page', data.url],
    training && ['Training', joined([
      `${training.steps.toLocaleString('en')} steps`, training.batch && `batches of ${training.batch}`,
      training.seconds && `${Math.round(training.seconds).toLocaleString('en')} s`, training.device,
    ])],
    training && ['Trained by', training.command],
    ...Object.entries(metrics ?? {}).map(([name, value]) => ['Measured', `${name.replaceAll('_', ' ')}: ${Number(value.toPrecision(4))}`]),
    ['Licence of the weights', licence],
    notes && ['Notes', notes],
    ['Bundle made', created],
  ].filter(Boolean);
}

/** The parts of the page's state that come from the manifest alone. */
export function manifestView(manifest) {
  const { image, model, conditions, gallery = {} } = manifest;
  const nameOf = new Map(conditions.list.map((condition) => [condition.id, condition]));
  const tiles = (list = [], treated) => list.map((example) => tile(example, nameOf.get(example.condition), treated));
  return {
    manifest: {
      id: manifest.id,
      name: manifest.title,
      description: manifest.description ?? '',
      parameters: model.parameters,
      dtype: model.dtype,
      size: [image.width, image.height],
      channels: image.channels,
      provenance: provenance(manifest.provenance),
    },
    channels: image.channels,
    samples: tiles(gallery.controls, false),
    examples: tiles(gallery.treated, true),
    compounds: compounds(conditions),
    takesDose: conditions.dose?.kind === 'log1p',
  };
}
