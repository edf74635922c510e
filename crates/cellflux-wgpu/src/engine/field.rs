//! The engine as the solvers see it: velocities, linear combinations, error norms, reading back.

use std::future::Future;
use std::rc::Rc;

use cellflux_flow::field::{AdaptiveField, Engine, Field, Tolerance};
use cellflux_flow::guidance::Guidance;
use wgpu::BufferUsages;

use crate::GpuError;
use crate::kernel::combine::{self, MAX_TERMS, Term};
use crate::kernel::error_norm;
use crate::layout::{from_device_layout, to_device_layout};
use crate::readback::read_back;

use super::{Conditioned, WgpuEngine, WgpuState};

impl Field for WgpuEngine {
    type State = WgpuState;
    type Error = GpuError;

    fn velocity(&mut self, t: f64, x: &WgpuState) -> Result<WgpuState, GpuError> {
        self.gpu.check()?;
        let Some(Conditioned {
            term,
            images,
            guidance,
        }) = &self.conditioned
        else {
            return Err(GpuError::NoCondition);
        };
        let (term, guidance) = (Rc::clone(term), *guidance);
        if x.images != *images {
            return Err(GpuError::Length {
                what: "the batch of conditions",
                found: *images,
                expected: x.images,
            });
        }
        if !guidance.needs_unconditional() {
            self.run(x, 1, &vec![t; x.images], &term)?;
            return Ok(self.take_velocity(x.images));
        }
        self.run(x, 2, &vec![t; 2 * x.images], &term)?;
        let output = self.new_state(x.images);
        let quads = (x.images * self.image_quads()) as u32;
        let terms = [
            Term {
                weight: guidance.conditional() as f32,
                offset: 0,
            },
            Term {
                weight: guidance.unconditional() as f32,
                offset: quads,
            },
        ];
        let both = self.port(self.largest_plan.ports.velocity);
        self.run_tool(&combine::dispatch(&terms, quads), &[both, both, &output.buffer]);
        Ok(output)
    }

    fn combine(&mut self, terms: &[(f64, &WgpuState)]) -> Result<WgpuState, GpuError> {
        self.gpu.check()?;
        let images = terms.first().map_or(0, |(_, state)| state.images);
        for (_, state) in terms {
            if state.images != images {
                return Err(GpuError::Length {
                    what: "the batch of a term",
                    found: state.images,
                    expected: images,
                });
            }
        }
        self.check_batch(images)?;
        let quads = (images * self.image_quads()) as u32;
        let mut sum: Option<WgpuState> = None;
        let mut rest = terms;
        while !rest.is_empty() {
            let room = MAX_TERMS - usize::from(sum.is_some());
            let (now, later) = rest.split_at(room.min(rest.len()));
            let so_far = sum.as_ref().map(|state| (1.0, state));
            let all: Vec<_> = so_far.into_iter().chain(now.iter().copied()).collect();
            let weights: Vec<_> = all
                .iter()
                .map(|(weight, _)| Term {
                    weight: *weight as f32,
                    offset: 0,
                })
                .collect();
            let output = self.new_state(images);
            let buffers: Vec<&wgpu::Buffer> = all
                .iter()
                .map(|(_, state)| state.buffer.as_ref())
                .chain([output.buffer.as_ref()])
                .collect();
            self.run_tool(&combine::dispatch(&weights, quads), &buffers);
            sum = Some(output);
            rest = later;
        }
        sum.ok_or(GpuError::Length {
            what: "a linear combination",
            found: 0,
            expected: 1,
        })
    }
}

impl AdaptiveField for WgpuEngine {
    async fn error_norm(
        &mut self,
        error: &WgpuState,
        from: &WgpuState,
        to: &WgpuState,
        tolerance: Tolerance,
    ) -> Result<f64, GpuError> {
        self.gpu.check()?;
        for state in [from, to] {
            if state.images != error.images {
                return Err(GpuError::Length {
                    what: "the batch of a state",
                    found: state.images,
                    expected: error.images,
                });
            }
        }
        let pixels = error.images * self.pixels();
        let bytes = u64::from(error_norm::INVOCATIONS) * 4;
        let sums = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("error norm"),
            size: bytes,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let dispatch = error_norm::dispatch(pixels as u32, self.channels() as u32, tolerance);
        self.run_tool(&dispatch, &[&error.buffer, &from.buffer, &to.buffer, &sums]);
        let sums = read_back(&self.gpu, &sums, bytes).await?;
        let total: f64 = bytemuck::pod_collect_to_vec::<u8, f32>(&sums)
            .iter()
            .map(|sum| f64::from(*sum))
            .sum();
        Ok((total / (pixels * self.channels()) as f64).sqrt())
    }
}

impl Engine for WgpuEngine {
    fn upload(&mut self, values: &[f32]) -> Result<WgpuState, GpuError> {
        self.gpu.check()?;
        let image = self.pixels() * self.channels();
        let images = values.len().div_ceil(image);
        if values.len() != images * image {
            return Err(GpuError::Length {
                what: "the batch of images",
                found: values.len(),
                expected: images * image,
            });
        }
        self.check_batch(images)?;
        let state = self.new_state(images);
        let values = to_device_layout(values, self.channels(), self.pixels());
        self.gpu
            .queue
            .write_buffer(&state.buffer, 0, bytemuck::cast_slice(&values));
        Ok(state)
    }

    fn read(&mut self, state: &WgpuState) -> impl Future<Output = Result<Vec<f32>, GpuError>> + use<> {
        let bytes = read_back(&self.gpu, &state.buffer, self.state_bytes(state.images));
        let (channels, pixels) = (self.channels(), self.pixels());
        async move {
            let values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes.await?);
            Ok(from_device_layout(&values, channels, pixels))
        }
    }

    fn condition(&mut self, conditions: &[Vec<f32>], guidance: Guidance) -> Result<(), GpuError> {
        self.gpu.check()?;
        self.check_batch(conditions.len())?;
        let mut rows: Vec<_> = conditions.iter().map(|row| Some(row.as_slice())).collect();
        if guidance.needs_unconditional() {
            rows.resize(2 * conditions.len(), None);
        }
        self.conditioned = Some(Conditioned {
            term: self.condition_term(&rows)?,
            images: conditions.len(),
            guidance,
        });
        Ok(())
    }

    fn evaluate(
        &mut self,
        x: &WgpuState,
        t: &[f64],
        conditions: &[Option<&[f32]>],
    ) -> Result<WgpuState, GpuError> {
        self.gpu.check()?;
        self.check_batch(x.images)?;
        for (what, found) in [
            ("the batch of times", t.len()),
            ("the batch of conditions", conditions.len()),
        ] {
            if found != x.images {
                return Err(GpuError::Length {
                    what,
                    found,
                    expected: x.images,
                });
            }
        }
        let term = self.condition_term(conditions)?;
        self.run(x, 1, t, &term)?;
        Ok(self.take_velocity(x.images))
    }
}
