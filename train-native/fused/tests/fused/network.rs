//! The fused network against the plain one: what it computes, its gradients, and a loss curve.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::topology::Topology;
use cellflux_candle::UNet;
use cellflux_candle::{Operations, Plain};
use cellflux_fused::{Fused, Kind};

use crate::EXACT;

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

/// Every option of a configuration, in two small networks.
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
        // f32 through about twenty layers, summed in another order.
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
                // Some gradients are zero except for rounding: that of a bias before a norm.
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
        // The rounding of another order of summation grows from step to step; dropout masks are the same.
        assert!(
            (plain - fused).abs() < 1e-2 * plain,
            "step {step}: {fused} but {plain}"
        );
    }
}
