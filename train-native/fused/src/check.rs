//! The check at the start of a run: every fused operation against its twin, forward and backward, on small
//! random input.

use std::fmt;

use candle_core::{DType, Device, Result, Tensor, Var};
use cellflux_bundle::topology::Resample;
use cellflux_candle::attention::Heads;
use cellflux_candle::dropout::Dropout;
use cellflux_candle::group_norm::Activation;

use crate::convolution::{Form, Treatment};
use crate::group_norm::After;
use crate::{Kind, attention, concatenation, convolution, group_norm, packing, resample};

/// How far an operation is from its twin.
#[derive(Debug)]
pub struct Finding {
    /// Which operation.
    pub kind: Kind,
    /// In which case.
    pub case: &'static str,
    /// The largest relative error (Euclidean norm of the difference over that of the twin's) of its result
    /// and its gradients; the failure, where it failed.
    pub error: std::result::Result<f64, String>,
    /// What is allowed.
    pub bound: f64,
}

impl Finding {
    /// Whether the operation equals its twin.
    pub fn holds(&self) -> bool {
        self.error.as_ref().is_ok_and(|&error| error <= self.bound)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self {
            kind, case, bound, ..
        } = self;
        match &self.error {
            Ok(error) => write!(
                f,
                "fused {kind} ({case}) is {error:.1e} from its twin, {bound:.0e} is allowed"
            ),
            Err(reason) => write!(f, "fused {kind} ({case}) failed: {reason}"),
        }
    }
}

/// Compares every fused operation in `dtype` on `device` with its twin in f32 on the CPU, from the same
/// rounded input.
///
/// # Errors
/// When the random input cannot be made; a failure of an operation is a finding.
pub fn check(device: &Device, dtype: DType, treatment: Treatment) -> Result<Vec<Finding>> {
    let mut comparison = Comparison {
        device,
        dtype,
        treatment,
        findings: Vec::new(),
    };
    comparison.convolution()?;
    comparison.normalisation()?;
    comparison.attention()?;
    comparison.resampling()?;
    #[cfg(feature = "cudnn")]
    if device.is_cuda() {
        comparison.findings.push(Finding {
            kind: Kind::Optimiser,
            case: "one update",
            error: optimiser(device).map_err(|error| error.to_string()),
            bound: 1e-5,
        });
    }
    Ok(comparison.findings)
}

/// A check in progress.
struct Comparison<'a> {
    device: &'a Device,
    dtype: DType,
    treatment: Treatment,
    findings: Vec<Finding>,
}

impl Comparison<'_> {
    fn find(
        &mut self,
        kind: Kind,
        case: &'static str,
        inputs: &[Tensor],
        fused: &Operation,
        twin: &Operation,
    ) {
        let error = compare(self.device, self.dtype, inputs, fused, twin);
        self.findings.push(Finding {
            kind,
            case,
            error: error.map_err(|error| error.to_string()),
            bound: bound(self.dtype, self.treatment),
        });
    }

    fn convolution(&mut self) -> Result<()> {
        let treatment = self.treatment;
        for (case, side, stride, residual) in [
            ("3x3", 3, 1, false),
            ("3x3 with residual", 3, 1, true),
            ("3x3, stride 2", 3, 2, false),
            ("1x1", 1, 1, true),
        ] {
            let form = Form {
                images: 2,
                height: 12,
                width: 8,
                inputs: 32,
                outputs: 64,
                side,
                stride,
            };
            let mut inputs = vec![
                random((2, 12, 8, 32))?,
                (random((64, 32, side, side))? * (1.0 / (side * 6) as f64))?,
                random(64)?,
            ];
            if residual {
                inputs.push(random((2, 12, 8, 64))?);
            }
            self.find(
                Kind::Convolution,
                case,
                &inputs,
                &|x| {
                    let packed = packing::pack(&x[1], &x[2], x[0].dtype())?;
                    convolution::fused(&x[0], &packed, x.get(3), form, treatment)
                },
                &|x| {
                    let packed = packing::pack(&x[1], &x[2], x[0].dtype())?;
                    convolution::twin(&x[0], &packed, x.get(3), form)
                },
            );
        }
        Ok(())
    }

    fn normalisation(&mut self) -> Result<()> {
        let dropout = Some(Dropout {
            share: 0.3,
            key: 0x0123_4567_89ab_cdef,
        });
        for (case, channels, film, activation, dropout) in [
            ("alone", 64, false, Activation::None, None),
            ("SiLU", 96, false, Activation::Silu, None),
            ("modulation, SiLU", 64, true, Activation::Silu, None),
            ("modulation, SiLU, dropout", 256, true, Activation::Silu, dropout),
        ] {
            let after = After { activation, dropout };
            let mut inputs = vec![
                ((random((2, 12, 8, channels))? * 2.0)? + 0.5)?,
                random((2, channels))?,
            ];
            if film {
                inputs.push((random((2, 2 * channels))? * 0.5)?);
            }
            self.find(
                Kind::Normalisation,
                case,
                &inputs,
                &|x| {
                    let wide = wide(x)?;
                    group_norm::fused(&x[0], &wide[1], wide.get(2), after)
                },
                &|x| group_norm::twin(&x[0], &x[1], x.get(2), after),
            );
        }
        Ok(())
    }

    fn attention(&mut self) -> Result<()> {
        let treatment = self.treatment;
        for (case, count, new_order) in [("one head", 1, true), ("heads of old order", 2, false)] {
            let heads = Heads { count, new_order };
            self.find(
                Kind::Attention,
                case,
                &[random((2, 6, 4, 3 * 64))?],
                &|x| attention::fused(&x[0], heads, treatment.tf32),
                &|x| attention::twin(&x[0], heads),
            );
        }
        Ok(())
    }

    fn resampling(&mut self) -> Result<()> {
        for (case, to) in [("down", Resample::Down), ("up", Resample::Up)] {
            self.find(
                Kind::Resampling,
                case,
                &[random((2, 6, 4, 32))?],
                &|x| resample::fused(&x[0], to),
                &|x| resample::twin(&x[0], to),
            );
        }

        self.find(
            Kind::Concatenation,
            "of 64 and 32",
            &[random((2, 6, 4, 64))?, random((2, 6, 4, 32))?],
            &|x| concatenation::fused(&x[0], &x[1]),
            &|x| concatenation::twin(&x[0], &x[1]),
        );
        Ok(())
    }
}

/// One update of the optimiser in its kernel and in candle's operations: the largest relative error.
#[cfg(feature = "cudnn")]
fn optimiser(device: &Device) -> Result<f64> {
    use crate::adamw::{self, FlatState, Update};

    let count = 1000;
    let state = FlatState {
        weights: random(count)?,
        first: random(count)?,
        second: random(count)?.sqr()?,
        averaged: random(count)?,
    };
    let there = FlatState {
        weights: state.weights.to_device(device)?,
        first: state.first.to_device(device)?,
        second: state.second.to_device(device)?,
        averaged: state.averaged.to_device(device)?,
    };
    let update = Update {
        rate: 0.01,
        betas: [0.9, 0.95],
        corrections: [0.3, 0.2],
        epsilon: 1e-8,
        weight_decay: 0.1,
        average: 0.7,
    };
    let gradient = random(count)?;
    let expected = state.updated(&gradient, &update)?;
    adamw::cuda::update(&there, &gradient.to_device(device)?, &update)?;
    [
        (&there.weights, &expected.weights),
        (&there.first, &expected.first),
        (&there.second, &expected.second),
        (&there.averaged, &expected.averaged),
    ]
    .into_iter()
    .try_fold(0f64, |worst, (found, expected)| {
        Ok(worst.max(relative_error(found, expected)?))
    })
}

type Operation<'a> = dyn Fn(&[Tensor]) -> Result<Tensor> + 'a;

/// Normal numbers on the CPU, f32.
fn random(shape: impl Into<candle_core::Shape>) -> Result<Tensor> {
    Tensor::randn(0f32, 1.0, shape, &Device::Cpu)
}

/// Parameters stay in f32, whatever the feature maps are in.
fn wide(inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    inputs.iter().map(|input| input.to_dtype(DType::F32)).collect()
}

/// Operands are rounded once and results once more; products are summed in f32.
fn bound(dtype: DType, treatment: Treatment) -> f64 {
    match dtype {
        DType::BF16 => 2e-2,
        DType::F16 => 3e-3,
        _ if treatment.tf32 => 3e-3,
        _ => 1e-4,
    }
}

fn compare(
    device: &Device,
    dtype: DType,
    inputs: &[Tensor],
    fused: &Operation,
    twin: &Operation,
) -> Result<f64> {
    let variables = |device: &Device, through: DType, dtype: DType| -> Result<Vec<Var>> {
        inputs
            .iter()
            .map(|input| Var::from_tensor(&input.to_dtype(through)?.to_dtype(dtype)?.to_device(device)?))
            .collect()
    };
    let here = variables(&Device::Cpu, dtype, DType::F32)?;
    let there = variables(device, dtype, dtype)?;
    let tensors = |variables: &[Var]| -> Vec<Tensor> {
        variables
            .iter()
            .map(|variable| variable.as_tensor().clone())
            .collect()
    };
    let expected = twin(&tensors(&here))?;
    let found = fused(&tensors(&there))?;
    let probe = random(expected.shape())?.to_dtype(dtype)?;
    let gradients = |y: &Tensor| {
        let probe = probe.to_dtype(y.dtype())?.to_device(y.device())?;
        (y * probe)?.sum_all()?.backward()
    };
    let mut worst = relative_error(&found, &expected)?;
    let (found, expected) = (gradients(&found)?, gradients(&expected)?);
    for (here, there) in here.iter().zip(&there) {
        let (Some(found), Some(expected)) = (found.get(there), expected.get(here)) else {
            candle_core::bail!("an input has no gradient")
        };
        worst = worst.max(relative_error(found, expected)?);
    }
    Ok(worst)
}

/// `|found - expected| / |expected|`, infinite where a number is NaN.
fn relative_error(found: &Tensor, expected: &Tensor) -> Result<f64> {
    let found = found.to_device(&Device::Cpu)?.to_dtype(DType::F64)?;
    let expected = expected.to_dtype(DType::F64)?;
    let norm = |t: &Tensor| -> Result<f64> { Ok(t.sqr()?.sum_all()?.to_scalar::<f64>()?.sqrt()) };
    let error = norm(&(found - &expected)?)? / norm(&expected)?;
    Ok(if error.is_finite() { error } else { f64::INFINITY })
}
