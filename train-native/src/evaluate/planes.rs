//! Where batches lie: controls, treated and generated cells in the plane of most variance (paper, Figure 5).

use std::collections::{BTreeMap, BTreeSet};

use cellflux_bundle::evaluation::{BatchPlane, Cloud, CloudKind};
use cellflux_measure::sets::Features;
use cellflux_measure::sets::pca::Pca;

use super::EvaluateError;

/// A cloud of fewer cells has no covariance worth drawing.
const FEWEST: usize = 8;

/// Cells of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Plotted<'a> {
    /// Which cells.
    pub kind: CloudKind,
    /// Their features.
    pub features: &'a Features,
    /// Their batches, row for row.
    pub batches: &'a [&'a str],
    /// Of generated cells: the control that each walk started from, row for row; none for walks from noise.
    pub starts: Option<&'a [u32]>,
}

/// One batch's cells of one kind: where they lie, and the different controls that they started from.
type OfBatch = (Vec<[f64; 2]>, BTreeSet<u32>);

/// The plane of the real cells' two largest principal components, and each batch's clouds in it.
///
/// `None` where the features have fewer than two columns or the real cells fewer than three rows.
///
/// # Errors
/// [`EvaluateError::Sets`] for components that do not converge.
pub fn batch_plane(space: &str, sets: &[Plotted<'_>]) -> Result<Option<BatchPlane>, EvaluateError> {
    let real: Vec<&Features> = sets
        .iter()
        .filter(|set| set.kind != CloudKind::Generated)
        .map(|set| set.features)
        .collect();
    let Some(width) = real.first().map(|features| features.width()) else {
        return Ok(None);
    };
    let values: Vec<f64> = real
        .iter()
        .flat_map(|features| features.values().iter().copied())
        .collect();
    let rows = values.len() / width;
    if width < 2 || rows < 3 {
        return Ok(None);
    }
    let pca = Pca::fit(&Features::new(rows, width, values)?, 2)?;
    let mut clouds = Vec::new();
    for set in sets {
        let projected = pca.apply(set.features)?;
        let mut by_batch: BTreeMap<&str, OfBatch> = BTreeMap::new();
        for (row, (point, batch)) in projected.iter().zip(set.batches).enumerate() {
            if let [x, y] = point {
                let (points, starts) = by_batch.entry(batch).or_default();
                points.push([*x, *y]);
                starts.extend(set.starts.and_then(|starts| starts.get(row)));
            }
        }
        let enough = by_batch
            .into_iter()
            .filter(|(_, (points, _))| points.len() >= FEWEST);
        clouds.extend(enough.map(|(batch, (points, starts))| Cloud {
            starts: set.starts.map(|_| starts.len()),
            ..cloud(batch, set.kind, &points)
        }));
    }
    let share = pca.explained_share();
    let explained = [0, 1].map(|axis| share.get(axis).copied().unwrap_or(0.0));
    Ok(Some(BatchPlane {
        space: space.to_owned(),
        explained,
        clouds,
    }))
}

fn cloud(batch: &str, kind: CloudKind, points: &[[f64; 2]]) -> Cloud {
    let count = points.len() as f64;
    let mean = [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / count);
    let moment = |a: usize, b: usize| {
        let products = points
            .iter()
            .map(|point| (point[a] - mean[a]) * (point[b] - mean[b]));
        products.sum::<f64>() / (count - 1.0)
    };
    Cloud {
        batch: batch.to_owned(),
        kind,
        cells: points.len(),
        starts: None,
        mean,
        covariance: [moment(0, 0), moment(0, 1), moment(1, 1)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_of_generated_cells_counts_its_own_different_starts_and_other_clouds_have_none() {
        let rows: Vec<f64> = (0..40).map(|number| f64::from(number * number % 17)).collect();
        let features = Features::new(20, 2, rows).unwrap();
        let batches: Vec<&str> = (0..20).map(|row| if row < 10 { "a" } else { "b" }).collect();
        // Ten walks of the first batch start from three controls, those of the second from ten.
        let starts: Vec<u32> = (0..20).map(|row| if row < 10 { row % 3 } else { row }).collect();
        let set = |kind, starts| Plotted {
            kind,
            features: &features,
            batches: &batches,
            starts,
        };
        let counted = |starts| -> Vec<Option<usize>> {
            let sets = [set(CloudKind::Treated, None), set(CloudKind::Generated, starts)];
            let plane = batch_plane("space", &sets).unwrap().unwrap();
            plane.clouds.iter().map(|cloud| cloud.starts).collect()
        };
        assert_eq!(counted(Some(&starts[..])), [None, None, Some(3), Some(10)]);
        assert_eq!(counted(None), [None; 4], "walks from noise");
    }
}
