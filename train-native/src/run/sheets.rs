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

/// A sheet of pairs under a walk, with `notes` below it, a line each.
///
/// # Errors
/// The network's.
pub fn draw_sheet(
    material: &Material,
    network: Network,
    walk: &Walk,
    pairs: &HostBatch,
    notes: &[String],
) -> Result<sheet::Sheet, TrainError> {
    let spec = material.spec();
    let frames = walk.frames(network, &material.conditions, pairs, 0, spec, &sheet::TIMES)?;
    let image = |bytes: &[u8]| spec.to_model_range(bytes);
    let images = pairs
        .control
        .chunks(spec.len())
        .zip(pairs.treated.chunks(spec.len()));
    let mut rows = images
        .zip(frames)
        .zip(&pairs.pairs)
        .map(|(((control, real), frames), pair)| {
            Ok(SheetRow {
                caption: material.named(*pair).to_string(),
                parts: vec![vec![image(control)?], frames, vec![image(real)?]],
            })
        })
        .collect::<Result<Vec<_>, TrainError>>()?;
    rows.extend(notes.iter().map(|note| SheetRow {
        caption: note.clone(),
        parts: Vec::new(),
    }));
    sheet::draw(spec, &rows)
}

/// What the last validation measured of the use of condition and control, a line each; none where it did not.
pub(super) fn use_in_words(metrics: &BTreeMap<String, f64>) -> Vec<String> {
    [
        ("validation_shuffled_gap", "loss under another condition"),
        ("validation_velocity_distance", "distance of both velocities"),
        ("validation_ends_apart", "distance of ends under two conditions"),
        ("validation_other_batch_gap", "loss from another batch's control"),
    ]
    .into_iter()
    .filter_map(|(name, words)| Some(format!("{words}: {:+.5}", metrics.get(name)?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_says_how_much_the_condition_is_used_as_far_as_that_was_measured() {
        let metrics = |list: &[(&str, f64)]| {
            list.iter()
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect()
        };
        assert!(use_in_words(&metrics(&[("validation_loss", 0.5)])).is_empty());
        let found = use_in_words(&metrics(&[
            ("validation_other_batch_gap", -0.25),
            ("validation_shuffled_gap", 0.125),
        ]));
        assert_eq!(
            found,
            [
                "loss under another condition: +0.12500",
                "loss from another batch's control: -0.25000"
            ]
        );
    }
}
