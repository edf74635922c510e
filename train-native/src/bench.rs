//! How fast a training step is, and where its time goes.

use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use cellflux_bundle::UNetConfig;
use cellflux_bundle::cost::Cost;
use cellflux_candle::UNet;
use serde::Serialize;

use crate::TrainError;
use crate::config::{DeviceChoice, OpsChoice, Precision, TrainingConfig};
use crate::step::{
    FlowBatch, LossScale, Optimiser, Parameters, Velocity, gradient, initial_weights, parameter_count,
};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// What the network is called in the report.
    pub name: String,
    /// The network.
    pub network: UNetConfig,
    /// Images per step.
    pub batch: usize,
    /// Height and width of an image.
    pub side: usize,
    /// Number format inside a step.
    pub precision: Precision,
    /// Who carries out the operations.
    pub ops: OpsChoice,
    /// Where.
    pub device: DeviceChoice,
    /// Whether to use only algorithms that give the same bits every time.
    pub deterministic: bool,
    /// Steps that are not measured: in them algorithms are searched and memory is allocated.
    pub warmup: usize,
    /// Measured steps.
    pub steps: usize,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the network is called.
    pub network: String,
    /// Its configuration.
    pub config: UNetConfig,
    /// Its parameters.
    pub parameters: usize,
    /// Images per step.
    pub batch: usize,
    /// Height and width of an image.
    pub side: usize,
    /// Number format inside a step.
    pub precision: Precision,
    /// Who carries out the operations.
    pub ops: OpsChoice,
    /// The device's name.
    pub device: String,
    /// Measured steps.
    pub steps: usize,
    /// The mean step, from the first to the last with one wait at the end, as training does.
    pub milliseconds: f64,
    /// Images per second.
    pub images_per_second: f64,
    /// The operations of three evaluations per image (forward, both gradients) over the time, in 10^12 per
    /// second.
    pub tflops: f64,
    /// How long the host takes to issue a step: above the step's own time, the device waits for the host.
    pub issue_milliseconds: f64,
    /// The largest amount of the device's memory in use at once, in GiB; none on a CPU.
    pub peak_gib: Option<f64>,
    /// Shares of the step's time on the device by class of work; what is not listed is candle's own
    /// operations, and the device waiting. Empty on a CPU.
    pub shares: Vec<Share>,
}

/// A class of work in a step.
#[derive(Clone, Debug, Serialize)]
pub struct Share {
    /// What is done.
    pub class: String,
    /// Milliseconds per step.
    pub milliseconds: f64,
    /// Of the step's time.
    pub share: f64,
    /// Calls per step; none for what is not counted.
    pub calls: Option<usize>,
}

/// The network without a table of conditions: every sample has its own vector.
struct Bare {
    unet: UNet,
    conditions: Tensor,
    present: Tensor,
    dtype: DType,
}

impl Velocity for Bare {
    fn velocity(
        &self,
        x: &Tensor,
        times: &[f64],
        conditions: &[Option<u32>],
        dropout: Option<u64>,
    ) -> Result<Tensor, TrainError> {
        // The samples of a piece of the batch are consecutive.
        let first = conditions.first().copied().flatten().unwrap_or(0) as usize;
        let of_samples = |rows: &Tensor| rows.narrow(0, first, times.len());
        let vectors = of_samples(&self.conditions)?;
        let embedded = self.unet.embed_vectors(&vectors, &of_samples(&self.present)?)?;
        let x = x.to_dtype(self.dtype)?;
        let velocity = self.unet.forward(&x, times, Some(&embedded), dropout)?;
        Ok(velocity.to_dtype(DType::F32)?)
    }
}

/// A training step on random numbers that are on the device already.
struct Step {
    network: Bare,
    parameters: Parameters,
    optimiser: Optimiser,
    scale: LossScale,
    batch: FlowBatch,
    taken: u64,
}

impl Step {
    fn new(measurement: &Measurement, device: &Device) -> Result<Self, TrainError> {
        let Measurement { network, batch, .. } = measurement;
        let dtype = measurement.precision.dtype();
        let operations = measurement
            .ops
            .operations(device, dtype, measurement.deterministic)?;
        let weights = Tensor::from_vec(initial_weights(network, 0), parameter_count(network), device)?;
        let parameters = Parameters::new(network, &weights, dtype)?;
        let optimiser = Optimiser::new(&TrainingConfig::default(), weights)?;
        let unet = UNet::with_operations(network, &parameters.builder(), operations)?;
        let shape = (*batch, network.in_channels, measurement.side, measurement.side);
        let image = || Tensor::randn(0f32, 1.0, shape, device);
        Ok(Self {
            network: Bare {
                unet,
                conditions: Tensor::randn(0f32, 1.0, (*batch, network.condition_dim), device)?,
                present: Tensor::ones((*batch, 1), DType::F32, device)?,
                dtype,
            },
            parameters,
            optimiser,
            scale: LossScale::new(measurement.precision),
            batch: FlowBatch {
                x0: image()?,
                x1: image()?,
                path: None,
                times: (0..*batch).map(|i| (i as f64 + 0.5) / *batch as f64).collect(),
                conditions: (0..*batch).map(|row| u32::try_from(row).ok()).collect(),
                dropout: 0,
            },
            taken: 0,
        })
    }

    fn take(&mut self) -> Result<(), TrainError> {
        self.taken += 1;
        self.batch.dropout = self.taken;
        let scale = self.scale.factor();
        let batches = [Ok(self.batch.clone())];
        let (gradient, _) = gradient(&self.network, &self.parameters, batches, 1, scale)?;
        let gradient = if (scale - 1.0).abs() < f64::EPSILON {
            gradient
        } else {
            (gradient / scale)?
        };
        let norm = Optimiser::norm(&gradient)?;
        self.optimiser.step(&gradient, &norm, 1e-6)?;
        self.parameters.set(&self.optimiser.state().weights)
    }
}

/// Measures a training step.
///
/// # Errors
/// [`TrainError::Device`] when the device is not there; [`TrainError::Tensor`] when it fails, also if memory
/// runs out.
pub fn measure(measurement: &Measurement) -> Result<Report, TrainError> {
    let device = measurement.device.open_for(measurement.precision)?;
    measurement.network.validate()?;
    measurement
        .network
        .validate_size(measurement.side, measurement.side)?;
    let mut step = Step::new(measurement, &device)?;
    for _ in 0..measurement.warmup.max(1) {
        step.take()?;
    }
    device.synchronize()?;
    forget_peak(&device)?;

    let steps = measurement.steps.max(1);
    let clock = Instant::now();
    let mut issued = 0.0;
    for _ in 0..steps {
        let begun = Instant::now();
        step.take()?;
        issued += begun.elapsed().as_secs_f64();
    }
    device.synchronize()?;
    let seconds = clock.elapsed().as_secs_f64() / steps as f64;

    let cost = Cost::of(&measurement.network, measurement.side, measurement.side);
    let images_per_second = measurement.batch as f64 / seconds;
    Ok(Report {
        network: measurement.name.clone(),
        config: measurement.network.clone(),
        parameters: parameter_count(&measurement.network),
        batch: measurement.batch,
        side: measurement.side,
        precision: measurement.precision,
        ops: measurement.ops,
        device: name(&device)?,
        steps,
        milliseconds: seconds * 1e3,
        images_per_second,
        tflops: 3.0 * cost.total() * images_per_second / 1e12,
        issue_milliseconds: issued / steps as f64 * 1e3,
        peak_gib: peak(&device)?,
        shares: shares(&mut step, &device, seconds)?,
    })
}

#[cfg(feature = "cudnn")]
fn forget_peak(device: &Device) -> Result<(), TrainError> {
    if device.is_cuda() {
        cellflux_fused::cuda::device::forget_peak(device)?;
    }
    Ok(())
}

#[cfg(not(feature = "cudnn"))]
#[allow(clippy::unnecessary_wraps, reason = "it can fail with a GPU")]
fn forget_peak(_device: &Device) -> Result<(), TrainError> {
    Ok(())
}

#[cfg(feature = "cudnn")]
fn peak(device: &Device) -> Result<Option<f64>, TrainError> {
    if !device.is_cuda() {
        return Ok(None);
    }
    let bytes = cellflux_fused::cuda::device::peak_bytes(device)?;
    Ok(Some(bytes as f64 / f64::from(1 << 30)))
}

#[cfg(not(feature = "cudnn"))]
#[allow(clippy::unnecessary_wraps, reason = "it can fail with a GPU")]
fn peak(_device: &Device) -> Result<Option<f64>, TrainError> {
    Ok(None)
}

#[cfg(feature = "cudnn")]
fn name(device: &Device) -> Result<String, TrainError> {
    if device.is_cuda() {
        return Ok(cellflux_fused::cuda::device::describe(device)?.0);
    }
    Ok("CPU".to_owned())
}

#[cfg(not(feature = "cudnn"))]
#[allow(clippy::unnecessary_wraps, reason = "it can fail with a GPU")]
fn name(_device: &Device) -> Result<String, TrainError> {
    Ok("CPU".to_owned())
}

/// Two more steps with every call's time recorded; the second one counts.
#[cfg(feature = "cudnn")]
fn shares(step: &mut Step, device: &Device, seconds: f64) -> Result<Vec<Share>, TrainError> {
    use std::collections::BTreeMap;

    use cellflux_fused::cuda::profile;

    if !device.is_cuda() {
        return Ok(Vec::new());
    }
    step.take()?;
    device.synchronize()?;
    profile::start();
    let taken = step.take();
    let calls = profile::finish()?;
    taken?;
    let mut classes: BTreeMap<profile::Class, (f64, usize)> = BTreeMap::new();
    for (class, milliseconds) in calls {
        let entry = classes.entry(class).or_default();
        entry.0 += milliseconds;
        entry.1 += 1;
    }
    let mut shares: Vec<Share> = classes
        .into_iter()
        .map(|(class, (milliseconds, calls))| Share {
            class: class.to_string(),
            milliseconds,
            share: milliseconds / (seconds * 1e3),
            calls: Some(calls),
        })
        .collect();
    let listed: f64 = shares.iter().map(|share| share.milliseconds).sum();
    let rest = (seconds * 1e3 - listed).max(0.0);
    shares.push(Share {
        class: "candle's own operations, and waiting".to_owned(),
        milliseconds: rest,
        share: rest / (seconds * 1e3),
        calls: None,
    });
    Ok(shares)
}

#[cfg(not(feature = "cudnn"))]
#[allow(clippy::unnecessary_wraps, reason = "it can fail with a GPU")]
fn shares(_step: &mut Step, _device: &Device, _seconds: f64) -> Result<Vec<Share>, TrainError> {
    Ok(Vec::new())
}
