//! Every shader of every plan is valid WGSL. No adapter is needed: naga reads and checks them, as wgpu does.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use cellflux_bundle::UNetConfig;
use cellflux_bundle::config::PRESETS;
use cellflux_wgpu::{AttentionTile, Plan, Precision, Tuning};
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// The shaders of every preset's plan, by text, with the plan that they were first seen in. Tiles are those
/// of `tunings`.
fn shaders(tunings: &[(String, Tuning)]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, _) in PRESETS {
        let config = UNetConfig::preset(name).unwrap();
        for precision in [Precision::F32, Precision::F16] {
            for (tile, tuning) in tunings {
                let plan = Plan::new(&config, [96, 96], 2, precision, tuning).unwrap();
                for (kernel, text) in plan.shaders() {
                    let place = || format!("{kernel} of {name}, {precision}, {tile}");
                    found.entry(text.to_owned()).or_insert_with(place);
                }
            }
        }
    }
    found
}

#[test]
fn every_shader_of_every_preset_and_tile_is_valid() {
    let mut tunings = vec![("default tiles".to_owned(), Tuning::default())];
    for tile in Tuning::all_candidates() {
        tunings.push((tile.to_string(), Tuning::default().forcing(tile)));
        let packed = Tuning::default().forcing(tile).packing_weights(true);
        tunings.push((format!("{tile}, packed weights"), packed));
    }
    for tile in AttentionTile::ALL {
        tunings.push((
            format!("attention {tile}"),
            Tuning::default().forcing_attention(tile),
        ));
    }
    let shaders = shaders(&tunings);
    println!("{} shaders", shaders.len());
    assert!(shaders.len() > tunings.len(), "each tile has shaders of its own");
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    for (text, place) in shaders {
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|error| panic!("{place}: {}", error.emit_to_string(&text)));
        if let Err(error) = validator.validate(&module) {
            panic!("{place}: {}", error.emit_to_string(&text));
        }
    }
}

#[test]
fn a_shader_that_is_wrong_is_found() {
    let wrong = "@compute @workgroup_size(1) fn main() { var x: f32 = 1u; }";
    let found = naga::front::wgsl::parse_str(wrong);
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    assert!(found.is_err() || validator.validate(&found.unwrap()).is_err());
}
