//! The example `walk` draws the strip that it promises, from a crop that the user brings.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;

use cellflux_bundle::folder;
use cellflux_image::composite::{Display, composite};
use cellflux_image::strip::SEPARATOR;
use cellflux_image::synthetic::Cell;
use cellflux_image::{Picture, coded_png, decode};
use cellflux_measure::crop::nuclei::Nuclei;

// Compiled into this test, so that the current example runs and not an older build of it.
#[path = "../examples/walk.rs"]
#[allow(dead_code, reason = "its `main` reads the command line")]
mod example;

const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/bundles/synthetic-tiny");

/// The red, green and blue of one frame of a strip, row by row.
fn frame(strip: &Picture, index: usize, width: usize) -> [Vec<u8>; 3] {
    [0, 1, 2].map(|colour| {
        let rows = strip.planes[colour].values.chunks_exact(strip.width());
        let frame = rows.flat_map(|row| row.iter().skip(index * (width + SEPARATOR)).take(width));
        frame.map(|&value| value as u8).collect()
    })
}

#[test]
fn a_crop_goes_in_and_a_strip_comes_out_from_the_crop_to_a_larger_nucleus() {
    let manifest = folder::read_manifest(Path::new(BUNDLE)).unwrap();
    let spec = &manifest.image;
    let cell = Cell::untreated(7).render(spec.height, spec.width).unwrap();
    let place = tempfile::tempdir().unwrap();
    let [crop, out] = ["crop.png", "strip.png"].map(|name| place.path().join(name).display().to_string());
    fs::write(&crop, coded_png::write(spec, &cell).unwrap()).unwrap();

    example::walk(&[BUNDLE.into(), "larger-nucleus".into(), out.clone(), crop]).unwrap();

    let strip = decode("strip.png", &fs::read(out).unwrap()).unwrap();
    let frames = manifest.sampling.steps + 1;
    assert_eq!(strip.height(), spec.height);
    assert_eq!(strip.width(), frames * (spec.width + SEPARATOR) - SEPARATOR);

    // The bundle recommends no source noise, so that the first picture is the crop itself.
    let first = frame(&strip, 0, spec.width);
    let model = spec.to_model_range(&cell).unwrap();
    let shown = composite(spec, &Display::of(spec), &model).unwrap();
    for (colour, plane) in first.iter().enumerate() {
        let expected = shown.pixels.chunks_exact(4).map(|pixel| pixel[colour]);
        assert!(plane.iter().copied().eq(expected), "colour {colour}");
    }

    // DNA is shown in blue. The compound makes a drawn nucleus larger; train-native/tests/shipped_bundle.rs
    // measures by how much, on the numbers themselves and not on a picture of them.
    let last = frame(&strip, frames - 1, spec.width);
    let area = |colours: &[Vec<u8>; 3]| {
        let nuclei = Nuclei::of(&colours[2], spec.height, spec.width).unwrap();
        nuclei.nucleus().area()
    };
    let (before, after) = (area(&first), area(&last));
    assert!(
        after as f64 > 1.15 * before as f64,
        "{before} px, then {after} px"
    );
}
