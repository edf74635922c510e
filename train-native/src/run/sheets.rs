//! Sample sheets: which pairs they show, and their rows.

use std::collections::BTreeMap;

use cellflux_data::{HostBatch, Pair, Split};

use crate::TrainError;
use crate::material::Material;
use crate::network::Network;
use crate::sampling::Walk;
use crate::sheet::{self, SheetRow};

/// The first pair of each of as many conditions as there are rows; if there are fewer conditions, more pairs
/// of each.
///
/// # Errors
/// The data's.
pub fn varied_pairs(material: &Material, split: Split, rows: usize) -> Result<HostBatch, TrainError> {
    let mut earlier: BTreeMap<u32, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, usize, Pair)> = material
        .pairs(split)
        .enumerate()
        .map(|(index, pair)| {
            let count = earlier.entry(pair.condition).or_insert(0);
            *count += 1;
            (*count, index, pair)
        })
        .collect();
    ranked.sort_unstable_by_key(|(rank, index, _)| (*rank, *index));
    let chosen = ranked.into_iter().take(rows).map(|(_, _, pair)| pair);
    Ok(HostBatch::of_pairs(&material.cache, chosen.collect())?)
}

/// A sheet of pairs under a walk.
///
/// # Errors
/// The network's.
pub fn draw_sheet(
    material: &Material,
    network: Network,
    walk: &Walk,
    pairs: &HostBatch,
) -> Result<sheet::Sheet, TrainError> {
    let spec = material.spec();
    let frames = walk.frames(network, &material.conditions, pairs, 0, spec, &sheet::TIMES)?;
    let image = |bytes: &[u8]| spec.to_model_range(bytes);
    let images = pairs
        .control
        .chunks(spec.len())
        .zip(pairs.treated.chunks(spec.len()));
    let rows = images
        .zip(frames)
        .zip(&pairs.pairs)
        .map(|(((control, real), frames), pair)| {
            Ok(SheetRow {
                caption: material.named(*pair).to_string(),
                parts: vec![vec![image(control)?], frames, vec![image(real)?]],
            })
        })
        .collect::<Result<Vec<_>, TrainError>>()?;
    sheet::draw(spec, &rows)
}
