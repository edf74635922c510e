//! The Rust that a page writes for a walk (`web/recipe_code.js`), compiled and run: against the network
//! written in plain f64 loops.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "../fixtures/recipe_code/walk.rs"]
mod walk;

use std::path::Path;

use cellflux_bundle::folder;
use cellflux_session::link;
use cellflux_tests::naive_unet;

/// The walk of the file: Euler, alpha = 1.2, without noise.
const ALPHA: f64 = 1.2;
const CONDITION: &str = "rounded-cell";

#[test]
fn the_rust_of_a_page_takes_the_steps_of_the_plain_network() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/bundles/synthetic-tiny");
    let frames = walk::walk(&place).unwrap();
    assert_eq!(frames.len(), 3);
    let bundle = folder::read(&place).unwrap();
    let config = &bundle.manifest.model.config;
    let image = &bundle.manifest.image;
    let link = format!("v=1&c={CONDITION}&start=control-1");
    let dose = link::read(&link, &bundle.manifest).unwrap().dose_um;
    let vector = bundle.condition(CONDITION, dose).unwrap();
    // The plain network is slow: the last step, from where the walk was.
    let (before, after) = (&frames[1], &frames[2]);
    let velocity = |condition: Option<&[f32]>| {
        let size = (image.height, image.width);
        naive_unet::velocity(config, &bundle.weights, &before.values, size, before.t, condition)
    };
    let (conditional, null) = (velocity(Some(&vector)), velocity(None));
    let h = after.t - before.t;
    let (mut apart, mut size) = (0.0, 0.0);
    for (index, &reached) in after.values.iter().enumerate() {
        let guided = ALPHA * conditional[index] + (1.0 - ALPHA) * null[index];
        let expected = f64::from(before.values[index]) + h * guided;
        apart += (f64::from(reached) - expected).powi(2);
        size += expected.powi(2);
    }
    let error = (apart / size).sqrt();
    assert!(error < 1e-5, "{error}");
    walk::main().unwrap();
}
