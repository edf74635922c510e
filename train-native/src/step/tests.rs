//! One whole step against the same step computed by hand in f64, and the network's gradient against finite
//! differences.

use candle_core::{DType, Device, Tensor};
use cellflux_bundle::topology::Parameter;
use cellflux_image::spec::ModelRange;

use super::{Draws, FlowBatch, Optimiser, Parameters, Velocity, gradient, learning_rate, point_and_target};
use crate::TrainError;
use crate::config::{FlowSource, TrainingConfig};
use cellflux_data::{HostBatch, Pair};

/// `v = a x + b t + c k` with the condition's row `k` (0 for none): the smallest network; a person can
/// compute its step.
struct Linear {
    parameters: Parameters,
}

impl Linear {
    fn new(weights: [f32; 3]) -> Self {
        let scalar = |name: &str| Parameter {
            name: name.into(),
            shape: vec![1],
        };
        let flat = Tensor::new(&weights, &Device::Cpu).unwrap();
        let layout = ["a", "b", "c"].map(scalar).into();
        Self {
            parameters: Parameters::of_layout(layout, &flat, DType::F32).unwrap(),
        }
    }
}

impl Velocity for Linear {
    fn velocity(
        &self,
        x: &Tensor,
        times: &[f64],
        conditions: &[Option<u32>],
        _dropout: Option<u64>,
    ) -> Result<Tensor, TrainError> {
        let column = |values: Vec<f32>| Tensor::from_vec(values, (times.len(), 1, 1, 1), &Device::Cpu);
        let t = column(times.iter().map(|&t| t as f32).collect())?;
        let k = column(conditions.iter().map(|row| row.unwrap_or(0) as f32).collect())?;
        let [a, b, c] = self.parameters.variables() else {
            unreachable!("three parameters");
        };
        let of = |weight: &candle_core::Var, x: &Tensor| x.broadcast_mul(weight.as_tensor());
        let offset = (of(b, &t)? + of(c, &k)?)?;
        Ok(of(a, x)?.broadcast_add(&offset)?)
    }
}

fn pairs(first: u8) -> HostBatch {
    let bytes = |from: u8| (0..8).map(|i| from.wrapping_add(29 * i)).collect();
    HostBatch {
        control: bytes(first),
        treated: bytes(first.wrapping_add(101)),
        conditions: vec![3, 5],
        pairs: vec![
            Pair {
                control: 0,
                treated: 1,
                condition: 3,
            };
            2
        ],
        channels: 1,
        height: 2,
        width: 2,
    }
}

/// One image of a pair as the flow sees it, in f64, from bytes and view.
fn by_hand(bytes: &[u8], view: &super::View) -> Vec<f64> {
    let dither = view.dither.clone().unwrap_or_else(|| vec![0; bytes.len()]);
    let model: Vec<f64> = bytes
        .iter()
        .zip(dither)
        .map(|(&q, u)| ((f64::from(q) + f64::from(u) / 256.0) / 255.0 - 0.5) / 0.5)
        .collect();
    let mut order = [0, 1, 2, 3];
    if view.vertical {
        order = [order[2], order[3], order[0], order[1]];
    }
    if view.horizontal {
        order = [order[1], order[0], order[3], order[2]];
    }
    order.map(|at| model[at]).into()
}

#[test]
fn one_step_is_the_one_computed_by_hand() {
    const SCALE: f64 = 1024.0;
    for clip in [None, Some(0.05)] {
        let config = TrainingConfig {
            batch: 2,
            accumulate: 2,
            learning_rate: 0.01,
            drop_condition: 0.5,
            clip,
            ..TrainingConfig::default()
        };
        let start = [0.3f32, -0.2, 0.1];
        let network = Linear::new(start);
        let hosts = [pairs(7), pairs(90)];
        let draws = [0u64, 2].map(|first| Draws::new(&config, 11, 4, first, 2, 4));
        let batches = hosts.iter().zip(&draws).map(|(pairs, draws)| {
            FlowBatch::new(
                pairs,
                draws,
                FlowSource::Control,
                ModelRange::default(),
                &Device::Cpu,
            )
        });
        let (scaled, losses) = gradient(&network, &network.parameters, batches, 2, SCALE).unwrap();
        let found = (scaled / SCALE).unwrap();
        let rate = learning_rate(&config, 4);
        let mut optimiser = Optimiser::new(&config, Tensor::new(&start, &Device::Cpu).unwrap()).unwrap();
        optimiser
            .step(&found, &Optimiser::norm(&found).unwrap(), rate)
            .unwrap();

        // By hand: 4 samples of 4 numbers, residual r = a x_t + b t + c k - (x1 - x0).
        let [a, b, c] = start.map(f64::from);
        let (mut loss, mut zero, mut by_weight) = (0.0, 0.0, [0.0; 3]);
        let mut noisy = 0;
        for (host, draws) in hosts.iter().zip(&draws) {
            for (index, sample) in draws.samples.iter().enumerate() {
                let bytes = 4 * index..4 * index + 4;
                let mut x0 = by_hand(&host.control[bytes.clone()], &sample.control);
                let x1 = by_hand(&host.treated[bytes], &sample.treated);
                if let Some(noise) = &sample.noise {
                    noisy += 1;
                    x0.iter_mut().zip(noise).for_each(|(x, z)| *x += f64::from(*z));
                }
                let (t, k) = (
                    sample.time,
                    [3.0, 5.0][index] * f64::from(u8::from(sample.conditioned)),
                );
                for (x0, x1) in x0.iter().zip(&x1) {
                    let x = (1.0 - t) * x0 + t * x1;
                    let residual = a * x + b * t + c * k - (x1 - x0);
                    loss += residual * residual / 16.0;
                    zero += (x1 - x0) * (x1 - x0) / 16.0;
                    for (sum, factor) in by_weight.iter_mut().zip([x, t, k]) {
                        *sum += 2.0 * residual * factor / 16.0;
                    }
                }
            }
        }
        assert!(
            (1..4).contains(&noisy),
            "noise in {noisy} of 4 samples tests nothing"
        );
        let scalar = |tensor: &Tensor| f64::from(tensor.to_scalar::<f32>().unwrap());
        // f32 sums of sixteen numbers of a few units.
        assert!((scalar(&losses.network) - loss).abs() < 2e-6 * loss);
        assert!((scalar(&losses.zero) - zero).abs() < 2e-6 * zero);
        let values = |tensor: &Tensor| tensor.to_vec1::<f32>().unwrap().into_iter().map(f64::from);
        for (found, expected) in values(&found).zip(by_weight) {
            assert!(
                (found - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{found} {expected}"
            );
        }

        // AdamW's first update: both corrections undo the moments' factors.
        let norm = by_weight.iter().map(|g| g * g).sum::<f64>().sqrt();
        let shorten = clip.map_or(1.0, |limit: f64| (limit / norm).min(1.0));
        let after: Vec<f64> = values(&optimiser.state().weights).collect();
        let averaged = values(&optimiser.state().averaged);
        for (((weight, gradient), found), averaged) in
            [a, b, c].iter().zip(by_weight).zip(after).zip(averaged)
        {
            let gradient = gradient * shorten;
            let expected = weight * (1.0 - rate * 0.01) - rate * gradient / (gradient.abs() + 1e-8);
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            // min(0.999, 2 / 11) of the old average.
            let expected = 2.0 / 11.0 * weight + 9.0 / 11.0 * expected;
            assert!((averaged - expected).abs() < 1e-6, "{averaged} {expected}");
        }
    }
}

#[test]
fn pieces_of_a_batch_hold_every_sample_once_in_order_and_drop_features_of_their_own() {
    let image = |from: u32| {
        let values: Vec<f32> = (0..20).map(|i| (from + i) as f32).collect();
        Tensor::from_vec(values, (5, 1, 2, 2), &Device::Cpu).unwrap()
    };
    let batch = FlowBatch {
        x0: image(0),
        x1: image(100),
        path: Some(image(200)),
        times: vec![0.1, 0.2, 0.3, 0.4, 0.5],
        conditions: vec![Some(4), None, Some(2), Some(1), None],
        dropout: u64::MAX,
    };
    for count in [1, 2, 3, 5, 9] {
        let pieces = batch.pieces(count).unwrap();
        assert!(pieces.len() <= count && pieces.iter().all(|piece| !piece.is_empty()));
        let joined = |of: fn(&FlowBatch) -> &Tensor| {
            let parts: Vec<&Tensor> = pieces.iter().map(of).collect();
            let joined = Tensor::cat(&parts, 0).unwrap().flatten_all().unwrap();
            joined.to_vec1::<f32>().unwrap()
        };
        let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(joined(|piece| &piece.x0), flat(&batch.x0));
        assert_eq!(joined(|piece| &piece.x1), flat(&batch.x1));
        assert_eq!(joined(|piece| piece.path.as_ref().unwrap()), flat(&image(200)));
        let times: Vec<f64> = pieces.iter().flat_map(|piece| piece.times.clone()).collect();
        assert_eq!(times, batch.times);
        let conditions: Vec<_> = pieces.iter().flat_map(|piece| piece.conditions.clone()).collect();
        assert_eq!(conditions, batch.conditions);
        let mut keys: Vec<u64> = pieces.iter().map(|piece| piece.dropout).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), pieces.len());
    }
}

#[test]
fn noise_on_the_path_is_in_point_and_velocity_and_at_neither_end() {
    let image = |values: [f32; 4]| {
        let flat = Tensor::new(&values, &Device::Cpu).unwrap();
        flat.reshape((2, 1, 1, 2)).unwrap()
    };
    let (x0, x1) = ([-1.0, 0.5, 0.0, 1.0], [1.0, 0.25, -0.5, 0.0]);
    let at = |times: [f64; 2]| {
        let batch = FlowBatch {
            x0: image(x0),
            x1: image(x1),
            path: Some(image([0.5, -0.25, 1.0, 0.125])),
            times: times.to_vec(),
            conditions: vec![None, None],
            dropout: 0,
        };
        let (point, target) = point_and_target(&batch).unwrap();
        [point, target].map(|tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap())
    };
    assert_eq!(at([0.0, 0.0])[0], x0);
    assert_eq!(at([1.0, 1.0])[0], x1);
    // Half-way (x0 + x1) / 2 + z, and x1 - x0; at a quarter 3/4 x0 + 1/4 x1 + 3/4 z, and x1 - x0 + 2 z.
    let [point, target] = at([0.5, 0.25]);
    assert_eq!(point, [0.5, 0.125, 0.625, 0.84375]);
    assert_eq!(target, [2.0, -0.25, 1.5, -0.75]);
}
