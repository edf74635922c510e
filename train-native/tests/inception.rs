//! Inception-v3's features against an independent implementation in f64 (`goldens/inception.py`), on weights
//! that both compute from one formula.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use cellflux_train::features::FeatureRows;
use cellflux_train::features::inception::{FEATURES, Inception, Preparation, parameters};

const SHAPE: [usize; 4] = [2, 3, 40, 52];

/// The numbers in [0, 1) of the tensor of this name: `inception.py` says how they are made.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (0..count as u64).map(move |number| {
        let z = number.wrapping_add(seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}

fn weights() -> BTreeMap<String, Tensor> {
    parameters()
        .into_iter()
        .map(|parameter| {
            let fan_in: usize = parameter.shape.iter().skip(1).product();
            let bound = (6.0 / fan_in as f64).sqrt();
            let (_, part) = parameter.name.rsplit_once('.').unwrap();
            let norm = parameter.name.contains(".bn.");
            let value = |u: f64| match (norm, part) {
                (false, "weight") => (2.0 * u - 1.0) * bound,
                (true, "weight" | "running_var") => 0.5 + u,
                (true, "bias" | "running_mean") => 0.4 * u - 0.2,
                _ => panic!("{}", parameter.name),
            };
            let values: Vec<f32> = uniform(&parameter.name, parameter.len())
                .map(|u| value(u) as f32)
                .collect();
            let tensor = Tensor::from_vec(values, parameter.shape.as_slice(), &Device::Cpu).unwrap();
            (parameter.name, tensor)
        })
        .collect()
}

/// The golden features of both images.
fn golden() -> [Vec<f64>; 2] {
    let text = include_str!("goldens/inception.csv");
    let mut golden = [Vec::new(), Vec::new()];
    for line in text.lines().skip(1) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        golden[0].push(cells[1]);
        golden[1].push(cells[2]);
    }
    golden
}

fn root_mean_square(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| {
        (sum + value * value, count + 1)
    });
    (sum / count as f64).sqrt()
}

#[test]
fn features_are_those_of_an_independent_implementation_in_f64() {
    let bytes: Vec<u8> = uniform("images", SHAPE.iter().product())
        .map(|u| (256.0 * u) as u8)
        .collect();
    let network = Inception::of_tensors(&weights(), Preparation::PytorchFid, &Device::Cpu).unwrap();
    let found = FeatureRows::of_tensor(&network.features(&bytes, SHAPE).unwrap()).unwrap();
    assert_eq!((found.rows(), found.width), (2, FEATURES));
    let [first, second] = golden();
    let apart = root_mean_square(first.iter().zip(&second).map(|(a, b)| a - b));
    for (found, golden) in found.values.chunks_exact(FEATURES).zip([&first, &second]) {
        let scale = root_mean_square(golden.iter().copied());
        let error = root_mean_square(found.iter().zip(golden).map(|(a, b)| a - b));
        // About 50 layers, each of which rounds sums of up to 4,032 products to f32 (6e-8). Measured: 2e-7.
        assert!(error < 1e-6 * scale, "{:e}", error / scale);
        // The two images differ by far more than that.
        assert!(apart > 1e3 * error, "{apart} {error}");
        for (feature, (a, b)) in found.iter().zip(golden).enumerate() {
            // Measured: 2e-6 at most.
            assert!((a - b).abs() < 1e-5 * scale, "feature {feature}: {a} {b}");
        }
    }
    assert!(network.warning().unwrap().contains("cannot be compared"));
}
