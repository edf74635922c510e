// The walk in view as code: with PyTorch on the public network, as a line for a shell, with this project's
// crates. It is made of the recipe's own words; no network is asked.

import { phrase } from './words.js';

/** @import { Recipe } from './protocol.js' */

/**
 * A walk as code, or why there is none for it.
 * @typedef {object} Code
 * @property {string} name
 * @property {string} about what it needs
 * @property {string | null} text
 * @property {string} why there is no text; empty where there is one
 */

/** Where a reader has the bundle. */
const FOLDER = 'BUNDLE';

/**
 * How each fixed solver moves x by one step of length h, in the fewest lines.
 * The same as `FixedSolver` in crates/cellflux-flow/src/solver.rs.
 */
const STEPS = {
  euler: ['x = x + h * v(x, t0)'],
  midpoint: ['x = x + h * v(x + h / 2 * v(x, t0), t0 + h / 2)'],
  heun2: ['k1 = v(x, t0)', 'k2 = v(x + h * k1, t1)', 'x = x + h / 2 * (k1 + k2)'],
  rk4: [
    'k1 = v(x, t0)',
    'k2 = v(x + h / 3 * k1, t0 + h / 3)',
    'k3 = v(x + h * (k2 - k1 / 3), t0 + 2 * h / 3)',
    'k4 = v(x + h * (k1 - k2 + k3), t1)',
    'x = x + h / 8 * (k1 + 3 * k2 + 3 * k3 + k4)',
  ],
};

/**
 * @param {Recipe} recipe
 * @param {string} link
 * @param {string} [folder] of the bundle
 * @returns {Code[]}
 */
export const codesOf = (recipe, link, folder = FOLDER) => [
  {
    name: 'PyTorch',
    about: phrase('recipe_code.needs_trajectory_npy_times'),
    ...pytorch(recipe, folder),
  },
  {
    name: phrase('recipe_code.command'),
    about: phrase('recipe_code.needs_command_cellflux_bundle'),
    ...withText(command(link, folder)),
  },
  {
    name: 'Rust',
    about: phrase('recipe_code.needs_project_crates_cellflux'),
    ...(recipe.smiles
      ? without(phrase('recipe_code.typed_compound_counts_come'))
      : withText(rust(link, folder))),
  },
];

/** @param {string} text */
const withText = (text) => ({ text, why: '' });
/** @param {string} why */
const without = (why) => ({ text: null, why });

/** A line for a shell. */
const command = (link, folder) =>
  `cellflux run ${shellQuoted(link)} --bundle ${shellQuoted(folder)} --out walk\n`;

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A string of Rust or Python: JSON's escapes are among both languages' as long as all of it is ASCII. */
const quoted = (text) => JSON.stringify(text);

/** @param {Recipe} recipe @param {string} folder @returns {{ text: string | null, why: string }} */
function pytorch({ solver, alpha, compound, smiles, dose }, folder) {
  const step = STEPS[solver];
  if (!step) return without(phrase('recipe_code.adaptive_solver_finds_own'));
  if (smiles) return without(phrase('recipe_code.bundle_holds_no_vector'));
  if (dose !== undefined) {
    const why = phrase('recipe_code.dose_part_vector_model');
    return without(why);
  }
  return withText(`import json

import numpy
import torch
from safetensors.torch import load_file

folder = ${quoted(folder)}
conditions = json.load(open(f"{folder}/manifest.json"))["conditions"]["list"]
row = [condition["id"] for condition in conditions].index(${quoted(compound)})
condition = load_file(f"{folder}/conditions.safetensors")["vectors"][row : row + 1].float()
frames = torch.from_numpy(numpy.load("trajectory.npy"))
times = numpy.load("times.npy").tolist()
alpha = ${alpha}


def v(x, t):
    t = torch.tensor([t])
    guided = alpha * velocity(model, x, t, condition)
    return guided + (1 - alpha) * velocity(model, x, t, None)


x = frames[:1]
with torch.no_grad():
    for t0, t1 in zip(times, times[1:]):
        h = t1 - t0
${step.map((line) => `        ${line}`).join('\n')}
error = (x - frames[-1:]).norm() / frames[-1:].norm()
print(f"relative error to the page's last step: {error:.1e}")
`);
}

const rust = (link, folder) => `use std::path::Path;

use cellflux_bundle::folder;
use cellflux_engine::Network;
use cellflux_session::{Exploration, Frame, PreparedWalk, link, start_image};

const BUNDLE: &str = ${quoted(folder)};
const LINK: &str = ${quoted(link)};

pub fn walk(bundle: &Path) -> Result<Vec<Frame>, Box<dyn std::error::Error>> {
    let model = folder::read(bundle)?;
    let recipe = link::read(LINK, &model.manifest)?;
    let example = start_image::file(&recipe.start, &model.manifest)?
        .map(|path| folder::read_file(bundle, &model.manifest, path))
        .transpose()?;
    let walk = PreparedWalk::new(recipe, &model.manifest, &model.vectors, example.as_deref())?;
    let mut exploration = Exploration::new(walk);
    exploration.attach_engine(Network::of(&model).on_cpu()?);
    pollster::block_on(exploration.finish())?;
    Ok(exploration.frames().to_vec())
}

pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    for frame in walk(Path::new(BUNDLE))? {
        println!("t = {}: {} numbers", frame.t, frame.values.len());
    }
    Ok(())
}
`;
