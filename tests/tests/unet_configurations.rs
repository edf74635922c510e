//! Every switch of the public network's configuration: the engines against the plain f64 network, on small
//! networks of random weights and images that are not square.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

use candle_core::{DType, Device, Var};
use candle_nn::{VarBuilder, VarMap};
use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;
use cellflux_bundle::tensor::{Tensor, Values};
use cellflux_candle::{CandleEngine, UNet};
use cellflux_flow::distance::relative_error;
use cellflux_flow::field::{Engine, Field};
use cellflux_flow::guidance::Guidance;
use cellflux_flow::noise::source_noise;
use cellflux_tests::naive_unet;
use cellflux_tests::random_network::random_state_dict;
use cellflux_wgpu::{Gpu, Precision, Wanted, WgpuEngine};

const HEIGHT: usize = 12;
const WIDTH: usize = 8;
/// f32 against f64 through about thirty layers.
const BOUND: f64 = 1e-5;

/// A small network with every option at its simplest.
fn plain() -> UNetConfig {
    UNetConfig {
        num_res_blocks: 1,
        attention_resolutions: vec![2],
        channel_mult: vec![1, 2],
        model_channels: 32,
        num_head_channels: -1,
        conv_resample: true,
        use_scale_shift_norm: true,
        use_new_attention_order: true,
        condition_dim: 5,
        ..UNetConfig::preset("tiny").unwrap()
    }
}

/// Every configuration under test, by what is special about it.
fn configurations() -> Vec<(&'static str, UNetConfig)> {
    let channels = |count| UNetConfig {
        in_channels: count,
        out_channels: count,
        ..plain()
    };
    vec![
        ("plain", plain()),
        (
            "embedding added",
            UNetConfig {
                use_scale_shift_norm: false,
                ..plain()
            },
        ),
        (
            "legacy attention order, four heads",
            UNetConfig {
                use_new_attention_order: false,
                num_heads: 4,
                ..plain()
            },
        ),
        (
            "new attention order, four heads",
            UNetConfig {
                num_heads: 4,
                ..plain()
            },
        ),
        (
            "heads of 16 channels",
            UNetConfig {
                num_head_channels: 16,
                num_heads: 3,
                ..plain()
            },
        ),
        (
            "more heads on the way up",
            UNetConfig {
                num_heads_upsample: 8,
                num_heads: 2,
                ..plain()
            },
        ),
        (
            "resampling without convolution",
            UNetConfig {
                conv_resample: false,
                ..plain()
            },
        ),
        (
            "resampling in residual blocks",
            UNetConfig {
                resblock_updown: true,
                ..plain()
            },
        ),
        (
            "resampling in residual blocks, embedding added",
            UNetConfig {
                resblock_updown: true,
                use_scale_shift_norm: false,
                ..plain()
            },
        ),
        ("one channel", channels(1)),
        ("five channels", channels(5)),
        ("six channels", channels(6)),
        (
            "three levels, two blocks, attention at two of them",
            UNetConfig {
                channel_mult: vec![1, 3, 2],
                num_res_blocks: 2,
                attention_resolutions: vec![1, 4],
                ..plain()
            },
        ),
        (
            "one level, no attention but the middle's",
            UNetConfig {
                channel_mult: vec![2],
                attention_resolutions: vec![],
                ..plain()
            },
        ),
    ]
}

/// Two images, their times and conditions.
struct Inputs {
    x: Vec<f32>,
    times: [f64; 2],
    conditions: [Vec<f32>; 2],
}

impl Inputs {
    fn new(config: &UNetConfig) -> Self {
        let condition = |seed| source_noise(seed, config.condition_dim);
        Self {
            x: source_noise(11, 2 * config.in_channels * HEIGHT * WIDTH),
            times: [0.3, 0.85],
            conditions: [condition(12), condition(13)],
        }
    }

    /// What the plain network computes from them; the second image has no condition.
    fn expected(&self, config: &UNetConfig, state: &StateDict) -> Vec<f64> {
        let (first, second) = self.x.split_at(self.x.len() / 2);
        let size = (HEIGHT, WIDTH);
        let condition = Some(self.conditions[0].as_slice());
        let mut velocity = naive_unet::velocity(config, state, first, size, self.times[0], condition);
        velocity.extend(naive_unet::velocity(
            config,
            state,
            second,
            size,
            self.times[1],
            None,
        ));
        velocity
    }

    /// What an engine computes from the same.
    fn found<E: Engine>(&self, engine: &mut E) -> Vec<f32>
    where
        E::Error: std::fmt::Debug,
    {
        let x = engine.upload(&self.x).unwrap();
        let conditions = [Some(self.conditions[0].as_slice()), None];
        let velocity = engine.evaluate(&x, &self.times, &conditions).unwrap();
        pollster::block_on(engine.read(&velocity)).unwrap()
    }
}

fn candle(config: &UNetConfig, state: &StateDict) -> CandleEngine {
    CandleEngine::new(config, state, HEIGHT, WIDTH).unwrap()
}

#[test]
fn candle_is_the_plain_network_in_every_configuration() {
    for (name, config) in configurations() {
        config.validate().unwrap();
        let state = random_state_dict(&config, 1);
        let inputs = Inputs::new(&config);
        let error = relative_error(
            &inputs.found(&mut candle(&config, &state)),
            &inputs.expected(&config, &state),
        );
        println!("{error:.1e} {name}");
        assert!(error <= BOUND, "{name}: {error:.1e}");
    }
}

/// The same on the GPU engine, whichever adapter the machine has; none at all fails unless
/// `CELLFLUX_NO_GPU=1` says that this is intended.
#[test]
fn wgpu_is_the_plain_network_in_every_configuration() {
    let gpu = match pollster::block_on(Gpu::request(Wanted::default())) {
        Ok(gpu) => gpu,
        Err(error) => {
            assert!(
                std::env::var_os("CELLFLUX_NO_GPU").is_some_and(|value| value == "1"),
                "{error}; install a Vulkan driver, or set CELLFLUX_NO_GPU=1 to skip"
            );
            println!("skipped: no GPU adapter, and CELLFLUX_NO_GPU=1");
            return;
        }
    };
    for (name, config) in configurations() {
        let state = random_state_dict(&config, 1);
        let inputs = Inputs::new(&config);
        let expected = inputs.expected(&config, &state);
        let size = [HEIGHT, WIDTH];
        // f16 keeps 11 bits of every activation; the goldens' bound for it.
        for (precision, bound) in [(Precision::F32, BOUND), (Precision::F16, 5e-3)] {
            if precision == Precision::F16 && !gpu.report().half_precision {
                continue;
            }
            let engine = WgpuEngine::new(&gpu, &config, &state, size, 2, precision, |_| {});
            let mut engine = pollster::block_on(engine).unwrap();
            let error = relative_error(&inputs.found(&mut engine), &expected);
            println!("{error:.1e} {name}, {precision}");
            assert!(error <= bound, "{name}, {precision}: {error:.1e}");
        }
    }
}

/// The rows of a new-order qkv tensor (`[q | k | v]`, each of heads) in legacy order (heads, each of q, k,
/// v).
fn to_legacy_order(tensor: &Tensor, heads: usize) -> Tensor {
    let rows = tensor.shape[0];
    let row_length = tensor.values.len() / rows;
    let depth = rows / 3 / heads;
    let values = tensor.to_f32();
    let mut permuted = Vec::with_capacity(values.len());
    for head in 0..heads {
        for part in 0..3 {
            let first = (part * heads + head) * depth;
            permuted.extend_from_slice(&values[first * row_length..(first + depth) * row_length]);
        }
    }
    Tensor {
        shape: tensor.shape.clone(),
        values: Values::F32(permuted),
    }
}

#[test]
fn a_new_order_network_with_permuted_rows_is_the_same_network_in_legacy_order() {
    let new = UNetConfig {
        num_heads: 4,
        ..plain()
    };
    let legacy = UNetConfig {
        use_new_attention_order: false,
        ..new.clone()
    };
    let state = random_state_dict(&new, 2);
    let mut permuted = state.clone();
    for (name, tensor) in &mut permuted.tensors {
        if name.contains(".qkv.") {
            *tensor = to_legacy_order(tensor, 4);
        }
    }
    assert_ne!(state, permuted);
    let inputs = Inputs::new(&new);
    let found = inputs.found(&mut candle(&legacy, &permuted));
    let expected: Vec<f64> = inputs
        .found(&mut candle(&new, &state))
        .into_iter()
        .map(f64::from)
        .collect();
    // The same sums in the same order.
    assert!(relative_error(&found, &expected) < 1e-6);
}

#[test]
fn guidance_is_the_paper_s_combination_of_both_velocities() {
    let config = plain();
    let state = random_state_dict(&config, 3);
    let inputs = Inputs::new(&config);
    let mut engine = candle(&config, &state);
    let x = engine.upload(&inputs.x).unwrap();
    let t = 0.4;
    let mut velocity = |conditions: [Option<&[f32]>; 2]| {
        let velocity = engine.evaluate(&x, &[t, t], &conditions).unwrap();
        pollster::block_on(engine.read(&velocity)).unwrap()
    };
    let conditional = velocity([Some(&inputs.conditions[0]), Some(&inputs.conditions[1])]);
    let unconditional = velocity([None, None]);
    for alpha in [0.0, 1.0, 1.2] {
        engine.condition(&inputs.conditions, Guidance { alpha }).unwrap();
        let guided = engine.velocity(t, &x).unwrap();
        let guided = pollster::block_on(engine.read(&guided)).unwrap();
        let expected: Vec<f64> = conditional
            .iter()
            .zip(&unconditional)
            .map(|(&c, &u)| alpha * f64::from(c) + (1.0 - alpha) * f64::from(u))
            .collect();
        let error = relative_error(&guided, &expected);
        // Batches of two and of four round differently, which Winograd's transforms amplify.
        assert!(error < 5e-6, "alpha {alpha}: {error:.1e}");
    }
}

/// The network on variables: the path through candle that training takes.
#[test]
fn a_network_on_variables_is_the_same_network_and_every_parameter_has_a_gradient() {
    for (name, config) in configurations() {
        let state = random_state_dict(&config, 4);
        let inputs = Inputs::new(&config);
        let variables = VarMap::new();
        for (parameter, tensor) in &state.tensors {
            let values =
                candle_core::Tensor::from_vec(tensor.to_f32(), tensor.shape.as_slice(), &Device::Cpu);
            let variable = Var::from_tensor(&values.unwrap()).unwrap();
            variables
                .data()
                .lock()
                .unwrap()
                .insert(parameter.clone(), variable);
        }
        let vars = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
        let network = UNet::new(&config, &vars).unwrap();

        let mut engine = candle(&config, &state);
        let x = engine.upload(&inputs.x).unwrap();
        let conditions = [Some(inputs.conditions[0].as_slice()), None];
        let embedded = network.embed_conditions(&conditions, &Device::Cpu).unwrap();
        let velocity = network
            .forward(&x, &inputs.times, Some(&embedded), Some(1))
            .unwrap();
        let found: Vec<f32> = velocity.flatten_all().unwrap().to_vec1().unwrap();
        let expected: Vec<f64> = inputs.found(&mut engine).into_iter().map(f64::from).collect();
        let error = relative_error(&found, &expected);
        assert!(error <= BOUND, "{name}: {error:.1e}");

        let gradients = velocity.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        for (parameter, variable) in variables.data().lock().unwrap().iter() {
            let gradient = gradients
                .get(variable)
                .unwrap_or_else(|| panic!("{name}: {parameter} has none"));
            let size: f32 = gradient.abs().unwrap().sum_all().unwrap().to_scalar().unwrap();
            // The gradient of a bias before a norm, which removes it again, is only rounding; it must still
            // be finite.
            assert!(size.is_finite(), "{name}: {parameter}");
        }
    }
}
