//! Where batches lie: controls, treated and generated cells in the plane of most variance (paper, Figure 5).

use std::collections::BTreeMap;

use cellflux_bundle::evaluation::{BatchPlane, Cloud, CloudKind};
use cellflux_measure::sets::Features;
use cellflux_measure::sets::pca::Pca;

use super::EvaluateError;

/// A cloud of fewer cells has no covariance worth drawing.
const FEWEST: usize = 8;

/// The plane of the real cells' two largest principal components, and each batch's clouds in it.
///
/// `None` where the features have fewer than two columns or the real cells fewer than three rows.
///
/// # Errors
/// [`EvaluateError::Sets`] for components that do not converge.
pub fn batch_plane(
    space: &str,
    sets: &[(CloudKind, &Features, &[&str])],
) -> Result<Option<BatchPlane>, EvaluateError> {
    let real: Vec<&Features> = sets
        .iter()
        .filter(|(kind, ..)| *kind != CloudKind::Generated)
        .map(|(_, features, _)| *features)
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
    for (kind, features, batches) in sets {
        let projected = pca.apply(features)?;
        let mut by_batch: BTreeMap<&str, Vec<[f64; 2]>> = BTreeMap::new();
        for (point, batch) in projected.iter().zip(*batches) {
            if let [x, y] = point {
                by_batch.entry(batch).or_default().push([*x, *y]);
            }
        }
        let enough = by_batch.into_iter().filter(|(_, points)| points.len() >= FEWEST);
        clouds.extend(enough.map(|(batch, points)| cloud(batch, *kind, &points)));
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
        mean,
        covariance: [moment(0, 0), moment(0, 1), moment(1, 1)],
    }
}
