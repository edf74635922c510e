//! What storing weights in fewer bytes costs: the network before and after, on the same image.

use std::collections::BTreeMap;

use cellflux_bundle::Bundle;
use cellflux_flow::distance::relative_error;
use cellflux_flow::field::Engine;
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::GridKind;
use serde::{Deserialize, Serialize};

use crate::{Exploration, Frame, PreparedWalk, Recipe, start_image};

/// The largest relative error, of the velocity and of a ten-step trajectory's end, that is published unasked.
/// One percent of the image's own size is a grey level or two of 255 where it is spread evenly, less than two
/// neighbouring seeds of source noise differ by.
pub const BOUND: f64 = 0.02;

/// Steps of the trajectory that is compared.
pub const STEPS: usize = 10;

/// Relative errors, in the Euclidean norm, against the weights as they were given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StorageError {
    /// Of the guided velocity at the start.
    pub velocity: f64,
    /// Of the image at the end of ten Euler steps.
    pub trajectory: f64,
}

impl StorageError {
    /// Whether either is above [`BOUND`]; a number that is none is too large.
    pub fn is_too_large(self) -> bool {
        !(self.velocity <= BOUND && self.trajectory <= BOUND)
    }
}

/// Compares two bundles of one network, the second stored in fewer bytes. `files` holds the start image.
///
/// # Errors
/// A sentence, when there is nothing to start from or an engine fails.
pub async fn error<E: Engine<Error: std::fmt::Display>>(
    given: &Bundle,
    stored: &Bundle,
    files: &BTreeMap<String, Vec<u8>>,
    engines: &mut dyn FnMut(&Bundle) -> Result<E, String>,
) -> Result<StorageError, String> {
    let mut recipe = Recipe::first(&given.manifest)
        .ok_or("the bundle has no sample control, expected one to measure the stored weights on")?;
    // One Euler step from the start is the velocity, and ten of them are the trajectory.
    recipe.sampling.solver = Solver::Fixed(FixedSolver::Euler);
    recipe.sampling.grid = GridKind::Uniform;
    recipe.sampling.steps = STEPS;
    let mut run = async |bundle: &Bundle| -> Result<Vec<Frame>, String> {
        let path = start_image::file(&recipe.start, &bundle.manifest).map_err(|error| error.to_string())?;
        let example = path.and_then(|path| files.get(path)).map(Vec::as_slice);
        let walk = PreparedWalk::new(recipe.clone(), &bundle.manifest, &bundle.vectors, example)
            .map_err(|error| error.to_string())?;
        let mut exploration = Exploration::new(walk);
        exploration.attach_engine(engines(bundle)?);
        exploration.finish().await.map_err(|error| error.to_string())?;
        Ok(exploration.frames().to_vec())
    };
    let (given, stored) = (run(given).await?, run(stored).await?);
    let moved = |frames: &[Frame]| -> Vec<f32> {
        match frames {
            [start, first, ..] => first
                .values
                .iter()
                .zip(&start.values)
                .map(|(b, a)| b - a)
                .collect(),
            _ => Vec::new(),
        }
    };
    let end = |frames: &[Frame]| {
        frames
            .last()
            .map(|frame| frame.values.clone())
            .unwrap_or_default()
    };
    Ok(StorageError {
        velocity: relative_error(&moved(&stored), &moved(&given)),
        trajectory: relative_error(&end(&stored), &end(&given)),
    })
}
