//! A batch that is divided among cores gives bit for bit what one core gives.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

use cellflux_bundle::UNetConfig;
use cellflux_candle::CandleEngine;
use cellflux_flow::field::{Engine, Field};
use cellflux_flow::guidance::Guidance;
use cellflux_flow::noise::source_noise;
use cellflux_tests::random_network::random_state_dict;

const SIDE: usize = 32;

/// Guided velocities, and plain ones at a time of each image's own, of this many images on so many threads.
fn on_threads(threads: usize, images: usize) -> [Vec<f32>; 2] {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let config = UNetConfig::preset("tiny").unwrap();
        let weights = random_state_dict(&config, 3);
        let mut engine = CandleEngine::new(&config, &weights, SIDE, SIDE).unwrap();
        let conditions: Vec<Vec<f32>> = (0..images)
            .map(|image| vec![image as f32 / 8.0 - 0.2; config.condition_dim])
            .collect();
        engine.condition(&conditions, Guidance { alpha: 1.4 }).unwrap();
        let numbers = images * config.in_channels * SIDE * SIDE;
        let x = engine.upload(&source_noise(5, numbers)).unwrap();
        let guided = engine.velocity(0.4, &x).unwrap();
        let times: Vec<f64> = (0..images).map(|image| image as f64 / images as f64).collect();
        // One of them without a condition.
        let some: Vec<Option<&[f32]>> = conditions
            .iter()
            .enumerate()
            .map(|(image, condition)| (image != 1).then_some(condition.as_slice()))
            .collect();
        let plain = engine.evaluate(&x, &times, &some).unwrap();
        [guided, plain].map(|velocity| pollster::block_on(engine.read(&velocity)).unwrap())
    })
}

#[test]
fn a_batch_on_several_threads_is_bit_for_bit_that_of_one_thread() {
    // Fewer images than threads, as many, and more that they cannot be divided evenly among.
    for images in [1, 2, 5] {
        let [guided, plain] = on_threads(1, images);
        assert!(guided.iter().any(|value| value.abs() > 1e-3));
        for threads in [2, 3] {
            let found = on_threads(threads, images);
            for (what, one, several) in [("guided", &guided, &found[0]), ("plain", &plain, &found[1])] {
                assert_eq!(one.len(), several.len());
                let apart = one
                    .iter()
                    .zip(several)
                    .position(|(a, b)| a.to_bits() != b.to_bits());
                assert_eq!(apart, None, "{what}, {images} images, {threads} threads");
            }
        }
    }
}
