//! The engine: a plan's pipelines, weights and buffers on a device, as a velocity field that solvers step.

mod field;

use std::collections::BTreeMap;
use std::rc::Rc;

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;
use cellflux_flow::guidance::Guidance;
use cellflux_flow::time_embedding::timestep_embedding;
use wgpu::BufferUsages;

use crate::compile::compile;
use crate::dispatch::Dispatch;
use crate::kernel::combine::{self, MAX_TERMS};
use crate::kernel::error_norm;
use crate::kernel::linear::Linear;
use crate::loading::{Progress, Stage, allocate, upload};
use crate::plan::{Operand, UNIFORM_SLOT, Value};
use crate::profile::{CallTime, time_calls};
use crate::submission::{BoundCall, submit};
use crate::weight_storage::WeightStorage;
use crate::wgsl::Shader;
use crate::{Gpu, GpuError, Plan, Precision, Tuning};

/// A batch of images on the device; clones are handles to the same buffer, which no call ever changes.
#[derive(Clone, Debug)]
pub struct WgpuState {
    buffer: Rc<wgpu::Buffer>,
    images: usize,
}

impl WgpuState {
    /// Images in the batch.
    pub fn images(&self) -> usize {
        self.images
    }
}

/// The condition's part of the embedding of a batch, made once and kept over all steps.
struct Conditioned {
    term: Rc<wgpu::Buffer>,
    images: usize,
    guidance: Guidance,
}

/// The kernels that no plan holds: solver steps, guidance, error norm, conditions.
struct Tools {
    pipelines: Vec<wgpu::ComputePipeline>,
    shaders: Vec<Shader>,
}

/// The velocity network on a GPU.
pub struct WgpuEngine {
    gpu: Gpu,
    config: UNetConfig,
    size: [usize; 2],
    largest_batch: usize,
    precision: Precision,
    tuning: Tuning,
    largest_plan: Plan,
    pipelines: Vec<wgpu::ComputePipeline>,
    weights: Vec<wgpu::Buffer>,
    arena: Vec<wgpu::Buffer>,
    /// The plan's calls with their buffers, by images evaluated at once.
    calls: BTreeMap<usize, Vec<BoundCall>>,
    tools: Tools,
    conditioned: Option<Conditioned>,
    /// State buffers; one is free when nothing else holds it.
    pool: Vec<Rc<wgpu::Buffer>>,
    evaluations: u64,
}

impl std::fmt::Debug for WgpuEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WgpuEngine")
            .field("gpu", &self.gpu)
            .field("size", &self.size)
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}

impl WgpuEngine {
    /// [`Self::tuned`] with the adapter's default tiles.
    ///
    /// # Errors
    /// As [`Self::tuned`].
    pub async fn new(
        gpu: &Gpu,
        config: &UNetConfig,
        weights: &StateDict,
        size: [usize; 2],
        largest_batch: usize,
        precision: Precision,
        progress: impl FnMut(Progress),
    ) -> Result<Self, GpuError> {
        let tuning = Tuning::of(gpu.report());
        Self::tuned(
            gpu,
            config,
            weights,
            size,
            largest_batch,
            precision,
            tuning,
            progress,
        )
        .await
    }

    /// Compiles, allocates and uploads everything for images of `[height, width]` and states of up to
    /// `largest_batch` images (guidance evaluates twice as many at once; the memory is reserved for that).
    ///
    /// Weights that are not f16 numbers are never packed, whatever `tuning` says: it would round them.
    ///
    /// `progress` is called between pieces of work, and each piece yields to the host's event loop.
    ///
    /// # Errors
    /// [`GpuError::Config`], [`GpuError::Limit`], [`GpuError::NoHalfPrecision`] before anything is allocated;
    /// [`GpuError::OutOfMemory`], [`GpuError::Shader`], [`GpuError::Tensor`], [`GpuError::DeviceLost`] later.
    #[allow(
        clippy::too_many_arguments,
        reason = "the arguments are different things, and none has a default here"
    )]
    pub async fn tuned(
        gpu: &Gpu,
        config: &UNetConfig,
        weights: &StateDict,
        size: [usize; 2],
        largest_batch: usize,
        precision: Precision,
        tuning: Tuning,
        mut progress: impl FnMut(Progress),
    ) -> Result<Self, GpuError> {
        gpu.check()?;
        gpu.supports(precision)?;
        let images = largest_batch.saturating_mul(2);
        let tuning = tuning.for_weights(weights);
        let storage = tuning.weight_storage(precision);
        let plan = Plan::new(config, size, images, precision, &tuning)?;
        gpu.fits(&plan)?;

        let shaders: Vec<_> = plan
            .shaders
            .iter()
            .cloned()
            .chain(tool_shaders(storage))
            .collect();
        let total = shaders.len() as u64;
        let report = |done| Progress {
            stage: Stage::Compiling,
            done,
            total,
        };
        progress(report(0));
        let mut pipelines = compile(gpu, &shaders, |done| progress(report(done as u64))).await?;
        let tool_pipelines = pipelines.split_off(plan.shaders.len());

        let arena = allocate(gpu, &plan).await?;
        let uploaded = upload(gpu, weights, &plan, &mut progress).await?;
        gpu.check()?;
        Ok(Self {
            gpu: gpu.clone(),
            config: config.clone(),
            size,
            largest_batch,
            precision,
            tuning,
            largest_plan: plan,
            pipelines,
            weights: uploaded,
            arena,
            calls: BTreeMap::new(),
            tools: Tools {
                pipelines: tool_pipelines,
                shaders: tool_shaders(storage),
            },
            conditioned: None,
            pool: Vec::new(),
            evaluations: 0,
        })
    }

    /// The device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Storage of activations, and of weights unless they are packed ([`Tuning::packs_weights`]).
    pub fn precision(&self) -> Precision {
        self.precision
    }

    fn weight_storage(&self) -> WeightStorage {
        self.tuning.weight_storage(self.precision)
    }

    /// Which kernel variants run.
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// The plan of the largest guided batch.
    pub fn plan(&self) -> &Plan {
        &self.largest_plan
    }

    /// Images evaluated so far: a guided velocity of N images counts 2 N.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Time by kernel of one evaluation of `images` images, on what the buffers happen to hold. The device
    /// must have been asked for time stamps ([`crate::Wanted::timestamps`]).
    ///
    /// # Errors
    /// [`GpuError::Device`] without time stamps; what else the device reports.
    pub async fn profile(&mut self, images: usize) -> Result<Vec<CallTime>, GpuError> {
        let plan = Plan::new(&self.config, self.size, images, self.precision, &self.tuning)?;
        let gpu = self.gpu.clone();
        let seconds = time_calls(&gpu, self.bound_calls(images)?).await?;
        Ok(plan
            .steps
            .iter()
            .zip(seconds)
            .map(|(step, seconds)| CallTime {
                layer: step.label.clone(),
                kernel: plan.shaders[step.shader].label.clone(),
                seconds,
                flops: step.flops,
            })
            .collect())
    }

    fn channels(&self) -> usize {
        self.config.in_channels
    }

    fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Quads of one image of a state.
    fn image_quads(&self) -> usize {
        self.pixels() * self.channels().div_ceil(4)
    }

    fn state_bytes(&self, images: usize) -> u64 {
        (images * self.image_quads() * 16) as u64
    }

    fn check_batch(&self, images: usize) -> Result<(), GpuError> {
        if images == 0 || images > self.largest_batch {
            return Err(GpuError::Batch {
                found: images,
                largest: self.largest_batch,
            });
        }
        Ok(())
    }

    /// A buffer for a state, recycled when one is free: work is queued in order, so a buffer that nothing
    /// holds may be overwritten by later work even while the device still reads it for earlier work.
    fn new_state(&mut self, images: usize) -> WgpuState {
        let bytes = self.state_bytes(images);
        let free = self
            .pool
            .iter()
            .find(|buffer| buffer.size() == bytes && Rc::strong_count(buffer) == 1);
        let buffer = free.cloned().unwrap_or_else(|| {
            let buffer = Rc::new(self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("state"),
                size: bytes,
                usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }));
            self.pool.push(Rc::clone(&buffer));
            buffer
        });
        WgpuState { buffer, images }
    }

    /// The plan's calls for this many images, bound to the buffers.
    fn bound_calls(&mut self, images: usize) -> Result<&[BoundCall], GpuError> {
        if !self.calls.contains_key(&images) {
            let plan = Plan::new(&self.config, self.size, images, self.precision, &self.tuning)?;
            let calls = self.bind_plan(&plan);
            self.calls.insert(images, calls);
        }
        Ok(self.calls.get(&images).map_or(&[], Vec::as_slice))
    }

    fn bind_plan(&self, plan: &Plan) -> Vec<BoundCall> {
        let mut slots = vec![0; plan.steps.len() * UNIFORM_SLOT];
        for (slot, step) in slots.chunks_exact_mut(UNIFORM_SLOT).zip(&plan.steps) {
            slot[..step.uniforms.len()].copy_from_slice(&step.uniforms);
        }
        let uniforms = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("uniforms"),
            size: slots.len() as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.gpu.queue.write_buffer(&uniforms, 0, &slots);
        let bind = |(index, step): (usize, &crate::plan::Step)| {
            let pipeline = &self.pipelines[step.shader];
            let slot = wgpu::BufferBinding {
                buffer: &uniforms,
                offset: (index * UNIFORM_SLOT) as u64,
                size: std::num::NonZero::new(step.uniforms.len() as u64),
            };
            let buffers: Vec<_> = step
                .operands
                .iter()
                .map(|&operand| self.buffer(plan, operand))
                .collect();
            BoundCall {
                pipeline: pipeline.clone(),
                bindings: bind(&self.gpu, pipeline, slot, &buffers),
                workgroups: step.workgroups,
                flops: step.flops,
            }
        };
        plan.steps.iter().enumerate().map(bind).collect()
    }

    /// Runs one of the kernels outside the plan, on buffers of its own.
    fn run_tool(&self, dispatch: &Dispatch, buffers: &[&wgpu::Buffer]) {
        let known = self.tools.shaders.iter().zip(&self.tools.pipelines);
        let Some(pipeline) = known
            .into_iter()
            .find_map(|(shader, pipeline)| (*shader == dispatch.shader).then_some(pipeline))
        else {
            return self.gpu.health.missing_kernel(&dispatch.shader.label);
        };
        let uniforms = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("uniforms"),
            size: dispatch.uniforms.len() as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.gpu.queue.write_buffer(&uniforms, 0, &dispatch.uniforms);
        let call = BoundCall {
            pipeline: pipeline.clone(),
            bindings: bind(&self.gpu, pipeline, uniforms.as_entire_buffer_binding(), buffers),
            workgroups: dispatch.workgroups,
            flops: dispatch.flops,
        };
        submit(&self.gpu, &[call]);
    }

    /// The condition's part of the embedding for these rows; a row without a condition is zero, bias
    /// included.
    fn condition_term(&self, rows: &[Option<&[f32]>]) -> Result<Rc<wgpu::Buffer>, GpuError> {
        let width = self.config.condition_dim;
        let mut values = vec![0.0_f32; rows.len() * width];
        for (slot, row) in values.chunks_exact_mut(width).zip(rows) {
            if let Some(row) = row {
                if row.len() != width {
                    return Err(GpuError::Length {
                        what: "the condition vector",
                        found: row.len(),
                        expected: width,
                    });
                }
                slot.copy_from_slice(row);
            }
        }
        let kept: Vec<f32> = rows
            .iter()
            .map(|row| if row.is_some() { 1.0 } else { 0.0 })
            .collect();
        let storage = |bytes: usize| {
            self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("condition"),
                size: bytes as u64,
                usage: BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        let (input, mask) = (storage(values.len() * 4), storage(kept.len() * 4));
        let term = storage(rows.len() * self.config.embedding_width() * 4);
        self.gpu
            .queue
            .write_buffer(&input, 0, bytemuck::cast_slice(&values));
        self.gpu.queue.write_buffer(&mask, 0, bytemuck::cast_slice(&kept));
        let [weights, bias] = self
            .largest_plan
            .ports
            .condition_weights
            .map(|operand| self.buffer(&self.largest_plan, operand));
        let out_quads = self.config.embedding_width() / 4;
        let dispatch = condition_kernel(self.weight_storage()).dispatch(
            rows.len() as u32,
            width as u32,
            out_quads as u32,
        );
        self.run_tool(&dispatch, &[weights, bias, &input, &mask, &term]);
        Ok(Rc::new(term))
    }

    /// Runs the network on `copies` copies of `x`, one after the other in the batch, and leaves the velocity
    /// in its port.
    fn run(&mut self, x: &WgpuState, copies: usize, t: &[f64], term: &wgpu::Buffer) -> Result<(), GpuError> {
        let images = x.images * copies;
        let mut embeddings = Vec::with_capacity(images * self.config.model_channels);
        for &t in t {
            // On the CPU, because WGSL's `sin` and `cos` may be off by 2^-11.
            embeddings.extend(timestep_embedding(t, self.config.model_channels)?);
        }
        let ports = self.largest_plan.ports;
        self.gpu
            .queue
            .write_buffer(self.port(ports.time), 0, bytemuck::cast_slice(&embeddings));
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let bytes = self.state_bytes(x.images);
        for copy in 0..copies as u64 {
            encoder.copy_buffer_to_buffer(&x.buffer, 0, self.port(ports.image), copy * bytes, bytes);
        }
        let term_bytes = (images * self.config.embedding_width() * 4) as u64;
        encoder.copy_buffer_to_buffer(term, 0, self.port(ports.condition), 0, term_bytes);
        self.gpu.queue.submit([encoder.finish()]);
        let gpu = self.gpu.clone();
        submit(&gpu, self.bound_calls(images)?);
        self.evaluations += images as u64;
        Ok(())
    }

    /// The buffer behind an operand; all plans of one engine place values alike.
    fn buffer(&self, plan: &Plan, operand: Operand) -> &wgpu::Buffer {
        match operand {
            Operand::Value(Value(value)) => &self.arena[plan.arena.buffer_of[value]],
            Operand::Weight(weight) => &self.weights[weight],
        }
    }

    fn port(&self, value: Value) -> &wgpu::Buffer {
        self.buffer(&self.largest_plan, Operand::Value(value))
    }

    /// A state with the first `images` images of the velocity port.
    fn take_velocity(&mut self, images: usize) -> WgpuState {
        let output = self.new_state(images);
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let velocity = self.port(self.largest_plan.ports.velocity);
        encoder.copy_buffer_to_buffer(velocity, 0, &output.buffer, 0, self.state_bytes(images));
        self.gpu.queue.submit([encoder.finish()]);
        output
    }
}

fn condition_kernel(weight: WeightStorage) -> Linear {
    Linear {
        silu: false,
        added: false,
        kept: true,
        weight,
    }
}

fn tool_shaders(weight: WeightStorage) -> Vec<Shader> {
    let mut shaders: Vec<_> = (1..=MAX_TERMS).map(combine::shader).collect();
    shaders.push(error_norm::shader());
    shaders.push(condition_kernel(weight).dispatch(1, 1, 1).shader);
    shaders
}

pub(crate) fn bind(
    gpu: &Gpu,
    pipeline: &wgpu::ComputePipeline,
    uniforms: wgpu::BufferBinding<'_>,
    buffers: &[&wgpu::Buffer],
) -> wgpu::BindGroup {
    let first = wgpu::BindGroupEntry {
        binding: 0,
        resource: wgpu::BindingResource::Buffer(uniforms),
    };
    let rest = (1..).zip(buffers).map(|(binding, buffer)| wgpu::BindGroupEntry {
        binding,
        resource: buffer.as_entire_binding(),
    });
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &std::iter::once(first).chain(rest).collect::<Vec<_>>(),
    })
}
