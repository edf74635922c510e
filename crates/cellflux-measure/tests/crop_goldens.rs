//! Crops measured here and by well-known Python libraries, on the same crops and the same masks:
//! `goldens/crop.py` drew and measured them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use cellflux_measure::crop::nuclei::{Nuclei, foreground};
use cellflux_measure::crop::plane::{Grid, Plane};
use cellflux_measure::crop::region::Region;
use cellflux_measure::crop::{Channels, Crop, catalogue, cell, measure, radial};
use serde_json::Value;

/// Both sides compute in f64, from the same whole numbers; what differs is the order of sums of at most a few
/// thousand terms.
const SAME: f64 = 1e-9;

/// The smallest share of their union that two masks have in common, where each program divides touching
/// things in its own way: the dividing lines may be one pixel apart, and may belong to either side.
const ALIKE: f64 = 0.93;

struct Golden {
    reference: Value,
    channels: Channels,
    coded: Vec<u8>,
    grid: Grid,
}

impl Golden {
    fn all() -> Vec<Self> {
        let file: Value = serde_json::from_str(include_str!("goldens/crop.json")).unwrap();
        let names: Vec<&str> = file["channels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let golden = |reference: &Value| Self {
            channels: Channels::new(names.clone()).unwrap(),
            coded: bytes(reference["coded"].as_str().unwrap()),
            grid: Grid::new(whole(&reference["height"]), whole(&reference["width"])).unwrap(),
            reference: reference.clone(),
        };
        file["crops"].as_array().unwrap().iter().map(golden).collect()
    }

    fn name(&self) -> &str {
        self.reference["name"].as_str().unwrap()
    }

    fn crop(&self) -> Crop<'_> {
        let (height, width) = (self.grid.height(), self.grid.width());
        Crop::new(&self.channels, &self.coded, height, width).unwrap()
    }

    fn plane(&self, channel: usize) -> Plane<'_> {
        self.crop().planes().nth(channel).unwrap()
    }

    /// One digit per pixel.
    fn labels(&self, of: &str) -> Vec<u32> {
        let digits = self.reference[of].as_str().unwrap().chars();
        digits.map(|digit| digit.to_digit(10).unwrap()).collect()
    }

    fn region(&self, of: &str, label: u32) -> Region {
        Region::of(self.labels(of).into_iter().map(|own| own == label), self.grid).unwrap()
    }

    /// Measures by the names of the catalogue.
    fn measured(&self, name: &str) -> f64 {
        let position = catalogue(&self.channels)
            .iter()
            .position(|measure| measure.name == name)
            .unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        measure(&self.crop())[position].unwrap_or_else(|| panic!("{}: no {name}", self.name()))
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .map(|place| u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).unwrap())
        .collect()
}

fn whole(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn overlap(one: &Region, other: &Region) -> f64 {
    let both = one
        .pixels()
        .iter()
        .filter(|pixel| other.pixels().contains(pixel))
        .count();
    both as f64 / (one.area() + other.area() - both) as f64
}

#[track_caller]
fn assert_same(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    let far = (ours - theirs).abs();
    assert!(
        far <= SAME * theirs.abs().max(1.0),
        "{what}: {ours}, in Python {theirs}"
    );
}

#[test]
fn intensity_detail_texture_and_granularity_are_those_of_numpy_scipy_and_scikit_image() {
    for golden in Golden::all() {
        let mut compared = 0;
        for (channel, measures) in golden.reference["channels"].as_object().unwrap() {
            for (name, theirs) in measures.as_object().unwrap() {
                if name.starts_with("ring") {
                    continue;
                }
                let name = format!("{}.{name}", channel.to_lowercase());
                let what = format!("{}: {name}", golden.name());
                assert_same(golden.measured(&name), theirs, &what);
                compared += 1;
            }
        }
        // Three channels with 8 intensities, the Laplacian, 5 textures and 8 granularities.
        assert_eq!(compared, 3 * 22);
    }
}

#[test]
fn correlations_are_those_of_numpy() {
    for golden in Golden::all() {
        let pairs = golden.reference["correlations"].as_object().unwrap();
        assert_eq!(pairs.len(), 3);
        for (pair, theirs) in pairs {
            let name = format!("{pair}.correlation");
            assert_same(golden.measured(&name), theirs, golden.name());
        }
    }
}

#[test]
fn shapes_of_the_same_masks_are_those_of_regionprops() {
    for golden in Golden::all() {
        for shape in golden.reference["shapes"].as_array().unwrap() {
            let region = golden.region("nuclei", whole(&shape["label"]) as u32);
            let what = format!("{}: {shape}", golden.name());
            assert_eq!(region.area(), whole(&shape["area"]), "{what}");
            assert_eq!(region.is_cut_off(), shape["cut-off"].as_bool().unwrap(), "{what}");
            assert_same(region.eccentricity(), &shape["eccentricity"], &what);
            assert_same(region.solidity(), &shape["solidity"], &what);
            let (x, y) = region.centroid();
            assert_same(x, &shape["centroid"][0], &what);
            assert_same(y, &shape["centroid"][1], &what);
        }
    }
}

#[test]
fn rings_around_the_same_mask_hold_the_same_light() {
    for golden in Golden::all() {
        let nucleus = golden.region("nuclei", whole(&golden.reference["middle"]) as u32);
        for (channel, name) in golden.channels.names().iter().enumerate() {
            let ours = radial::measure(&golden.plane(channel), &nucleus);
            for (ours, column) in ours.into_iter().zip(radial::COLUMNS) {
                let theirs = &golden.reference["channels"][name][column.name];
                assert_same(
                    ours.unwrap(),
                    theirs,
                    &format!("{}: {name} {}", golden.name(), column.name),
                );
            }
        }
    }
}

#[test]
fn what_is_nucleus_and_what_is_not_is_the_same_to_the_pixel() {
    for golden in Golden::all() {
        let ours = foreground(&golden.plane(2)).unwrap();
        let theirs: Vec<bool> = golden
            .labels("foreground")
            .iter()
            .map(|&digit| digit == 1)
            .collect();
        assert!(ours == theirs, "{}", golden.name());
    }
}

#[test]
fn nuclei_are_as_many_and_each_is_where_scikit_image_has_one() {
    for golden in Golden::all() {
        let nuclei = Nuclei::find(&golden.plane(2)).unwrap();
        let shapes = golden.reference["shapes"].as_array().unwrap();
        assert_eq!(nuclei.count(), shapes.len(), "{}", golden.name());
        for label in 1..=nuclei.count() as u32 {
            let ours = nuclei.labels().iter().map(|&own| own == label);
            let ours = Region::of(ours, golden.grid).unwrap();
            let shared = shapes
                .iter()
                .map(|shape| overlap(&ours, &golden.region("nuclei", whole(&shape["label"]) as u32)))
                .fold(0.0, f64::max);
            assert!(
                shared >= ALIKE,
                "{}: nucleus {label} shares {shared}",
                golden.name()
            );
        }
        let middle = golden.region("nuclei", whole(&golden.reference["middle"]) as u32);
        assert!(overlap(nuclei.nucleus(), &middle) >= ALIKE, "{}", golden.name());
    }
}

#[test]
fn the_cell_around_the_nucleus_is_scikit_images() {
    for golden in Golden::all() {
        let nuclei = Nuclei::find(&golden.plane(2)).unwrap();
        let ours = cell::find(&golden.plane(0), &nuclei).unwrap();
        let theirs = golden.region("cells", whole(&golden.reference["middle"]) as u32);
        let shared = overlap(&ours, &theirs);
        assert!(shared >= ALIKE, "{}: shares {shared}", golden.name());
        assert!(ours.area() >= nuclei.nucleus().area());
    }
}
