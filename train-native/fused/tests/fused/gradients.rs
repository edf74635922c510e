//! Gradients of every fused operation against finite differences, and every fused operation against its
//! twin.

use candle_core::{DType, Device, Result, Tensor, Var};
use cellflux_bundle::topology::Resample;
use cellflux_candle::attention::Heads;
use cellflux_candle::dropout::Dropout;
use cellflux_candle::group_norm::Activation;
use cellflux_fused::convolution::Form;
use cellflux_fused::group_norm::After;
use cellflux_fused::{Kind, attention, check, concatenation, convolution, group_norm, packing, resample};

use crate::EXACT;

fn random(shape: impl Into<candle_core::Shape>) -> Tensor {
    Tensor::randn(0f64, 1.0, shape, &Device::Cpu).unwrap()
}

/// Compares the gradient of `sum(probe * operation(inputs))` with central differences in f64, for a few
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
            // Central differences have an error of the third derivative times 1e-10, and of 1e-16 of the sum
            // over 2e-5.
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
        // Channels that had to be padded.
        let mut inputs = vec![random((2, 6, 4, 8)), random((11, 5, side, side)), random(11)];
        if with_residual {
            inputs.push(random((2, 6, 4, 16)));
        }
        gradients_hold(&format!("{side}x{side}, stride {stride}"), &inputs, |x| {
            let packed = packing::pack(&x[1], &x[2], DType::F64)?;
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
        |x| concatenation::fused(&x[0], &x[1]),
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
