//! The engines against the public network's own outputs.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

use std::fs;
use std::path::Path;

use cellflux_bundle::state_dict::StateDict;
use cellflux_candle::CandleEngine;
use cellflux_session::comparison::golden::{Bounds, Golden, Row};
use cellflux_tests::goldens;

/// The golden file and the weights of a case; `None` where the case is absent.
fn case(name: &str) -> Option<(Golden, StateDict)> {
    let folder = goldens::folder(name)?;
    let golden = Golden::parse(&read(&folder.join("io.safetensors"))).unwrap();
    let state =
        StateDict::from_safetensors(&read(&folder.join("model.safetensors")), golden.config()).unwrap();
    Some((golden, state))
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn assert_within_bounds(rows: &[Row], outputs: usize) {
    assert_eq!(rows.len(), outputs);
    for row in rows {
        println!(
            "{:24} {:.1e} (at most {:.0e})",
            row.output, row.relative_error, row.bound
        );
    }
    for row in rows {
        assert!(row.ok(), "{row:?}");
    }
}

fn candle_matches(name: &str, outputs: usize) {
    let Some((golden, state)) = case(name) else { return };
    let (height, width) = golden.size();
    let mut engine = CandleEngine::new(golden.config(), &state, height, width).unwrap();
    let rows = pollster::block_on(golden.verify(&mut engine, Bounds::CANDLE_F32, |_| ())).unwrap();
    assert_within_bounds(&rows, outputs);
}

#[test]
fn candle_matches_micro() {
    candle_matches("micro", 8);
}

#[test]
fn candle_matches_heads_updown() {
    candle_matches("heads_updown", 8);
}

#[test]
fn candle_matches_official_slim() {
    candle_matches("official_slim", 2);
}

/// Verification must be able to fail: a network with one changed weight must not match.
#[test]
fn a_changed_weight_is_noticed() {
    let (golden, mut state) = case("micro").unwrap();
    let name = "input_blocks.1.0.in_layers.2.weight";
    let tensor = state.tensors.get_mut(name).unwrap();
    let mut values = tensor.to_f32();
    values[0] += 0.1;
    tensor.values = cellflux_bundle::tensor::Values::F32(values);
    let (height, width) = golden.size();
    let mut engine = CandleEngine::new(golden.config(), &state, height, width).unwrap();
    let rows = pollster::block_on(golden.verify(&mut engine, Bounds::CANDLE_F32, |_| ())).unwrap();
    assert!(rows.iter().any(|row| !row.ok()));
}
