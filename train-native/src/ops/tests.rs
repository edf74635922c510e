//! Gradients of every fused operation against finite differences, and the fused network against the plain
//! one.

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::VarBuilder;
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::topology::{Resample, Topology};
use cellflux_candle::UNet;
use cellflux_candle::attention::Heads;
use cellflux_candle::dropout::Dropout;
use cellflux_candle::group_norm::Activation;
use cellflux_candle::{Operations, Plain};

use super::convolution::{Form, Treatment};
use super::group_norm::After;
use super::{Fused, Kind, attention, check, convolution, group_norm, resample};

const EXACT: Treatment = Treatment {
    tf32: false,
    deterministic: true,
};

fn random(shape: impl Into<candle_core::Shape>) -> Tensor {
    Tensor::randn(0f64, 1.0, shape, &Device::Cpu).unwrap()
}

/// Compares the gradient of `sum(probe * operation(inputs))` with central differences in f64, for some
/// numbers of every input.
fn gradients_hold(name: &str, inputs: &[Tensor], operation: impl Fn(&[Tensor]) -> Result<Tensor>) {
    const STEP: f64 = 1e-5;
    let variables: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
    let tensors: Vec<Tensor> = variables.iter().map(|x| x.as_tensor().clone()).collect();
    let y = operation(&tensors).unwrap();
    let probe = random(y.shape());
    let value = |inputs: &[Tensor]| {
        let y = operation(inputs).unwrap();
        (y * &probe)
            .unwrap()
            .sum_all()
            .unwrap()
            .to_scalar::<f64>()
            .unwrap()
    };
    let gradients = (y * &probe).unwrap().sum_all().unwrap().backward().unwrap();
    for (which, variable) in variables.iter().enumerate() {
        let gradient: Vec<f64> = gradients
            .get(variable)
            .unwrap_or_else(|| panic!("{name}: input {which} has no gradient"))
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        let values: Vec<f64> = inputs[which].flatten_all().unwrap().to_vec1().unwrap();
        let size = gradient.iter().map(|g| g.abs()).fold(0.0, f64::max);
        for at in (0..values.len()).step_by(values.len().div_ceil(24)) {
            let moved = |step: f64| {
                let mut values = values.clone();
                values[at] += step;
                let mut inputs = inputs.to_vec();
                inputs[which] = Tensor::from_vec(values, inputs[which].shape(), &Device::Cpu).unwrap();
                value(&inputs)
            };
            let slope = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            // Central differences err by the third derivative times 1e-10, and by 1e-16 of the sum over 2e-5.
            let error = (slope - gradient[at]).abs();
            assert!(
                error <= 1e-6 * size.max(1.0),
                "{name}: input {which} at {at}: {} but {slope}",
                gradient[at]
            );
        }
    }
}

#[test]
fn the_gradients_of_a_convolution_are_its_slopes() {
    for (side, stride, with_residual) in [(3, 1, false), (3, 1, true), (3, 2, false), (1, 1, true)] {
        let form = Form {
            images: 2,
            height: 6,
            width: 4,
            inputs: 8,
            outputs: 16,
            side,
            stride,
        };
        // Channels that had to be filled up.
        let mut inputs = vec![random((2, 6, 4, 8)), random((11, 5, side, side)), random(11)];
        if with_residual {
            inputs.push(random((2, 6, 4, 16)));
        }
        gradients_hold(&format!("{side}x{side}, stride {stride}"), &inputs, |x| {
            let packed = convolution::pack(&x[1], &x[2], DType::F64)?;
            convolution::fused(&x[0], &packed, x.get(3), form, EXACT)
        });
    }
}

#[test]
fn the_gradients_of_a_normalisation_are_its_slopes() {
    let dropout = Some(Dropout { share: 0.4, key: 77 });
    for (name, activation, dropout, film) in [
        ("alone", Activation::None, None, false),
        ("SiLU", Activation::Silu, None, false),
        ("modulation", Activation::None, None, true),
        ("modulation, SiLU, dropout", Activation::Silu, dropout, true),
    ] {
        // A mean far from zero, and groups of two channels.
        let mut inputs = vec![
            ((random((2, 4, 3, 64)) * 2.0).unwrap() + 1.5).unwrap(),
            random((2, 64)),
        ];
        if film {
            inputs.push(random((2, 128)));
        }
        let after = After { activation, dropout };
        gradients_hold(name, &inputs, |x| {
            group_norm::fused(&x[0], &x[1], x.get(2), after)
        });
    }
}

#[test]
fn the_gradients_of_attention_are_its_slopes() {
    for (count, new_order) in [(1, true), (2, true), (2, false)] {
        let heads = Heads { count, new_order };
        gradients_hold(&format!("{heads:?}"), &[random((2, 2, 3, 24))], |x| {
            attention::fused(&x[0], heads, false)
        });
    }
}

#[test]
fn the_gradients_of_resampling_and_concatenation_are_their_slopes() {
    for to in [Resample::Down, Resample::Up] {
        gradients_hold(&format!("{to:?}"), &[random((2, 4, 6, 8))], |x| {
            resample::fused(&x[0], to)
        });
    }
    gradients_hold(
        "concatenation",
        &[random((2, 3, 2, 8)), random((2, 3, 2, 16))],
        |x| resample::concatenate(&x[0], &x[1]),
    );
}

#[test]
fn every_fused_operation_is_its_twin() {
    let findings = check::check(&Device::Cpu, DType::F32, EXACT).unwrap();
    for kind in Kind::ALL {
        assert!(
            findings.iter().any(|finding| finding.kind == kind),
            "{kind} is not checked"
        );
    }
    for finding in findings {
        assert!(finding.holds(), "{finding:?}");
    }
}

/// A network's parameters by name: small random numbers, biases and gains included.
fn parameters(config: &UNetConfig) -> HashMap<String, Var> {
    let list = Topology::new(config).parameters(config);
    list.iter()
        .map(|parameter| {
            let fan: usize = parameter.shape.iter().skip(1).product();
            let deviation = 1.0 / (fan.max(4) as f32).sqrt();
            let values = Tensor::randn(0f32, deviation, parameter.shape.as_slice(), &Device::Cpu).unwrap();
            (parameter.name.clone(), Var::from_tensor(&values).unwrap())
        })
        .collect()
}

fn network(
    config: &UNetConfig,
    variables: &HashMap<String, Var>,
    operations: impl Operations + 'static,
) -> UNet {
    let tensors = variables
        .iter()
        .map(|(name, variable)| (name.clone(), variable.as_tensor().clone()));
    let vars = VarBuilder::from_tensors(tensors.collect(), DType::F32, &Device::Cpu);
    UNet::with_operations(config, &vars, std::sync::Arc::new(operations)).unwrap()
}

fn norm(t: &Tensor) -> f64 {
    let sum: f32 = t.sqr().unwrap().sum_all().unwrap().to_scalar().unwrap();
    f64::from(sum).sqrt()
}

/// Everything that a configuration can choose, in two small networks.
fn configurations() -> [UNetConfig; 2] {
    let plain = UNetConfig {
        model_channels: 32,
        channel_mult: vec![1, 2],
        num_res_blocks: 1,
        attention_resolutions: vec![2],
        num_heads: 2,
        num_head_channels: -1,
        condition_dim: 5,
        dropout: 0.3,
        ..UNetConfig::preset("tiny").unwrap()
    };
    let other = UNetConfig {
        resblock_updown: true,
        use_scale_shift_norm: false,
        use_new_attention_order: false,
        conv_resample: false,
        ..plain.clone()
    };
    [plain, other]
}

#[test]
fn the_fused_network_is_the_plain_one_and_so_are_its_gradients() {
    for config in configurations() {
        let variables = parameters(&config);
        let side = 8;
        let x = Tensor::randn(0f32, 1.0, (2, config.in_channels, side, side), &Device::Cpu).unwrap();
        let run = |operations: Box<dyn Fn() -> UNet>| {
            let network = operations();
            let condition = vec![0.5; config.condition_dim];
            let embedded = network
                .embed_conditions(&[Some(&condition), None], &Device::Cpu)
                .unwrap();
            let velocity = network
                .forward(&x, &[0.2, 0.9], Some(&embedded), Some(3))
                .unwrap();
            let gradients = velocity.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            (velocity, gradients)
        };
        let (plain, plain_gradients) = run(Box::new(|| network(&config, &variables, Plain)));
        let fused = Fused::new(DType::F32, EXACT);
        let (velocity, gradients) = run(Box::new(|| network(&config, &variables, fused.clone())));
        let twins = fused.clone().with_twins(Kind::ALL);
        let (twin, twin_gradients) = run(Box::new(|| network(&config, &variables, twins.clone())));
        // f32 through some twenty layers, summed in another order.
        for other in [&velocity, &twin] {
            assert!(norm(&(other - &plain).unwrap()) < 2e-5 * norm(&plain));
        }
        let total: f64 = variables
            .values()
            .map(|variable| norm(plain_gradients.get(variable).unwrap()).powi(2))
            .sum::<f64>()
            .sqrt();
        for (name, variable) in &variables {
            let expected = plain_gradients.get(variable).unwrap();
            for gradients in [&gradients, &twin_gradients] {
                let found = gradients
                    .get(variable)
                    .unwrap_or_else(|| panic!("{name} has no gradient"));
                let error = norm(&(found - expected).unwrap());
                // Some gradients are zero but for rounding: a bias before a norm.
                assert!(error < 1e-4 * norm(expected) + 1e-6 * total, "{name}: {error}");
            }
        }
    }
}

/// 200 steps of gradient descent on one fixed batch; the losses.
fn curve(
    config: &UNetConfig,
    start: &HashMap<String, Var>,
    operations: impl Operations + 'static,
) -> Vec<f32> {
    let variables: HashMap<String, Var> = start
        .iter()
        .map(|(name, variable)| (name.clone(), Var::from_tensor(&variable.copy().unwrap()).unwrap()))
        .collect();
    let network = network(config, &variables, operations);
    let pattern = |phase: f32| {
        let values = (0..2 * config.in_channels * 64)
            .map(|i| (i as f32 * 0.37 + phase).sin())
            .collect();
        Tensor::from_vec(values, (2, config.in_channels, 8, 8), &Device::Cpu).unwrap()
    };
    let (x, target) = (pattern(0.0), pattern(1.0));
    (0..200)
        .map(|step| {
            let velocity = network.forward(&x, &[0.3, 0.7], None, Some(step)).unwrap();
            let loss = (velocity - &target).unwrap().sqr().unwrap().mean_all().unwrap();
            let gradients = loss.backward().unwrap();
            for variable in variables.values() {
                if let Some(gradient) = gradients.get(variable) {
                    variable
                        .set(&(variable.as_tensor() - (gradient * 0.02).unwrap()).unwrap())
                        .unwrap();
                }
            }
            loss.to_scalar().unwrap()
        })
        .collect()
}

#[test]
fn two_hundred_fused_steps_follow_the_plain_loss_curve() {
    let config = UNetConfig {
        condition_dim: 5,
        ..UNetConfig::preset("tiny").unwrap()
    };
    let start = parameters(&config);
    let plain = curve(&config, &start, Plain);
    let fused = curve(&config, &start, Fused::new(DType::F32, EXACT));
    assert!(
        plain[199] < 0.5 * plain[0],
        "nothing was learned: {} to {}",
        plain[0],
        plain[199]
    );
    for (step, (plain, fused)) in plain.iter().zip(&fused).enumerate() {
        // Rounding of another order of summation grows along the way; dropout masks are the same.
        assert!(
            (plain - fused).abs() < 1e-2 * plain,
            "step {step}: {fused} but {plain}"
        );
    }
}
