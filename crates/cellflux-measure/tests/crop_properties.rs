//! What holds for every crop: values wherever they are defined, never NaN, and the same values after
//! mirroring and turning.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]
#![allow(
    clippy::float_cmp,
    reason = "whole numbers, and values of constant crops, are exact"
)]

use cellflux_measure::crop::{Channels, Crop, MeasureError, Unit, catalogue, measure};
use proptest::prelude::*;

fn channels(count: usize) -> Channels {
    let names = ["actin", "DNA", "tubulin", "ER"];
    Channels::new(names.into_iter().take(count)).unwrap()
}

/// Sides, number of channels, bytes: noise, and noise on few levels, in which large regions are equal.
fn crops() -> impl Strategy<Value = (usize, usize, usize, Vec<u8>)> {
    let shape = (
        1usize..24,
        1usize..24,
        1usize..4,
        prop::sample::select(vec![1u8, 3, 85, 255]),
    );
    shape.prop_flat_map(|(height, width, channels, most)| {
        let byte = (0..=most).prop_map(move |level| level * (255 / most));
        let coded = prop::collection::vec(byte, channels * height * width);
        (Just(height), Just(width), Just(channels), coded)
    })
}

/// A mirrored crop: each row backwards.
fn mirrored(coded: &[u8], width: usize) -> Vec<u8> {
    let rows = coded.chunks(width);
    rows.flat_map(|row| row.iter().rev().copied()).collect()
}

fn turned_over(coded: &[u8], height: usize, width: usize) -> Vec<u8> {
    let planes = coded.chunks(height * width);
    planes
        .flat_map(|plane| plane.chunks(width).rev().flatten().copied())
        .collect()
}

proptest! {
    #[test]
    fn values_are_as_many_as_the_catalogue_says_finite_and_within_their_units(
        (height, width, count, coded) in crops()
    ) {
        let channels = channels(count);
        let values = measure(&Crop::new(&channels, &coded, height, width).unwrap());
        let measures = catalogue(&channels);
        prop_assert_eq!(values.len(), measures.len());
        for (measure, value) in measures.iter().zip(&values) {
            let Some(value) = *value else { continue };
            let (low, high) = match measure.unit {
                Unit::Pixels | Unit::Count => (0.0, (height * width) as f64),
                // The Laplacian reaches 4 times the full scale.
                Unit::ShareOfFullScale => (0.0, 4.0),
                Unit::Percent => (0.0, 100.0),
                Unit::GreyLevelsSquared => (0.0, 31.0 * 31.0),
                // 1024 pairs of levels at most.
                Unit::Nats => (0.0, 1024f64.ln()),
                _ => (-1.0, 1.0),
            };
            let within = (low - 1e-9..=high + 1e-9).contains(&value);
            prop_assert!(within, "{} = {value}", measure.name);
        }
    }

    /// Regions' ties (two pixels equally far from the middle) are broken by their order, so that nuclei and
    /// what depends on them are left out.
    #[test]
    fn mirrors_change_no_intensity_texture_granularity_or_correlation(
        (height, width, count, coded) in crops()
    ) {
        let channels = channels(count);
        let of = |coded: &[u8]| measure(&Crop::new(&channels, coded, height, width).unwrap());
        let own = of(&coded);
        for other in [of(&mirrored(&coded, width)), of(&turned_over(&coded, height, width))] {
            for ((measure, own), other) in catalogue(&channels).iter().zip(&own).zip(&other) {
                let name = measure.name.as_str();
                if ["ring", "nucleus", "nuclei", "cell"].iter().any(|part| name.contains(part)) {
                    continue;
                }
                prop_assert_eq!(own.is_some(), other.is_some(), "{}", name);
                let apart = own.unwrap_or_default() - other.unwrap_or_default();
                // The four directions of a texture are summed in another order.
                let texture = if name.contains("texture") { 1e-9 } else { 0.0 };
                prop_assert!(apart.abs() <= texture, "{name}: {own:?}, mirrored {other:?}");
            }
        }
    }

    #[test]
    fn a_constant_crop_has_its_brightness_and_no_nucleus(
        byte: u8, height in 1usize..20, width in 1usize..20
    ) {
        let channels = channels(3);
        let coded = vec![byte; 3 * height * width];
        let values = measure(&Crop::new(&channels, &coded, height, width).unwrap());
        for (measure, value) in catalogue(&channels).iter().zip(values) {
            let (_, kind) = measure.name.rsplit_once('.').unwrap();
            let share = f64::from(byte) / 255.0;
            match (kind, value) {
                ("mean" | "median" | "background", Some(value)) => {
                    prop_assert!((value - share).abs() < 1e-15);
                }
                ("quantile-1" | "quantile-25" | "quantile-75" | "quantile-99", Some(value)) => {
                    prop_assert!((value - share).abs() < 1e-15);
                }
                ("sd" | "laplacian-energy" | "texture-contrast" | "texture-entropy", Some(value)) => {
                    prop_assert_eq!(value, 0.0);
                }
                ("texture-energy" | "texture-homogeneity", Some(value)) => prop_assert_eq!(value, 1.0),
                ("count", value) => prop_assert_eq!(value, Some(0.0)),
                (_, Some(value)) => prop_assert!(false, "{} = {value}", measure.name),
                (_, None) => {}
            }
        }
    }

    #[test]
    fn twice_the_light_has_the_same_granularity_and_correlations(
        (height, width, count, coded) in crops()
    ) {
        let channels = channels(count);
        let dim: Vec<u8> = coded.iter().map(|byte| byte / 2).collect();
        let bright: Vec<u8> = dim.iter().map(|byte| byte * 2).collect();
        let [dim, bright] =
            [&dim, &bright].map(|coded| measure(&Crop::new(&channels, coded, height, width).unwrap()));
        for ((measure, dim), bright) in catalogue(&channels).iter().zip(dim).zip(bright) {
            let name = measure.name.as_str();
            if name.contains("granularity") || name.ends_with(".correlation") {
                prop_assert_eq!(dim.is_some(), bright.is_some(), "{}", name);
                let apart = dim.unwrap_or_default() - bright.unwrap_or_default();
                // Roots of spreads four times as large are rounded in the last digit.
                prop_assert!(apart.abs() < 1e-12, "{name}: {dim:?} {bright:?}");
            }
        }
    }

    #[test]
    fn names_of_measures_are_all_different(names in prop::collection::vec("[a-cA-C_. -]{1,4}", 1..6)) {
        let Ok(channels) = Channels::with_roles(names, Some(0), Some(0)) else { return Ok(()) };
        let mut names: Vec<String> = catalogue(&channels).into_iter().map(|measure| measure.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), count);
    }
}

#[test]
fn channels_called_like_regions_do_not_mix_up_names() {
    let channels = Channels::new(["nucleus", "nuclei", "cell"]).unwrap();
    let mut names: Vec<String> = catalogue(&channels)
        .into_iter()
        .map(|measure| measure.name)
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn a_crop_of_another_size_than_its_bytes_is_refused() {
    let channels = channels(3);
    let length = Crop::new(&channels, &[0; 11], 2, 2).unwrap_err();
    assert_eq!(
        length.to_string(),
        "11 bytes for 3 channel(s) of 2 x 2 pixels; expected one byte per pixel and channel, [C, H, W]"
    );
    assert!(matches!(
        Crop::new(&channels, &[], 0, 4),
        Err(MeasureError::Size { .. })
    ));
    assert!(matches!(
        Crop::new(&channels, &[], usize::MAX, 2),
        Err(MeasureError::Size { .. })
    ));
    assert!(matches!(
        Crop::new(&channels, &[], usize::MAX, 1),
        Err(MeasureError::Length { .. })
    ));
}

#[test]
fn two_discs_that_touch_are_two_nuclei_small_and_large_and_in_every_mirror() {
    let channels = Channels::new(["DNA"]).unwrap();
    for radius in [8.0, 12.0, 20.0] {
        let (height, width) = ((2.0 * radius) as usize + 8, (4.0 * radius) as usize + 8);
        let middle = (height as f64 - 1.0) / 2.0;
        let coded: Vec<u8> = (0..height * width)
            .map(|pixel| {
                let (x, y) = ((pixel % width) as f64, (pixel / width) as f64 - middle);
                let left = x - (4.0 + radius);
                let right = x - (width as f64 - 5.0 - radius);
                let inside = [left, right].iter().any(|x| x * x + y * y <= radius * radius);
                if inside { 160 } else { 12 }
            })
            .collect();
        let of = |coded: &[u8], name: &str| {
            let position = catalogue(&channels)
                .iter()
                .position(|measure| measure.name == name);
            measure(&Crop::new(&channels, coded, height, width).unwrap())[position.unwrap()].unwrap()
        };
        let disc = std::f64::consts::PI * radius * radius;
        for coded in [
            coded.clone(),
            mirrored(&coded, width),
            turned_over(&coded, height, width),
        ] {
            assert_eq!(of(&coded, "nuclei.count"), 2.0, "radius {radius}");
            // Otsu's threshold on the smoothed step may move the outline by up to a pixel.
            let area = of(&coded, "nucleus.area");
            let ring = 2.0 * std::f64::consts::PI * radius;
            assert!((area - disc).abs() <= ring, "radius {radius}: {area} for {disc}");
        }
    }
}
