//! Writing a plan: calls are appended, and values get their lifetimes from the calls that name them.

use std::collections::{BTreeMap, HashMap};

use crate::arena::{Arena, Lifetime, largest_live_set};
use crate::dispatch::{Dispatch, MAX_WORKGROUPS};
use crate::plan::{Memory, Operand, Plan, Ports, Step, UNIFORM_SLOT, Value};
use crate::weights::WeightSpec;
use crate::wgsl::Shader;
use crate::{GpuError, Site};

/// A plan being written: values get their lifetimes from the steps that name them.
#[derive(Default)]
pub(crate) struct PlanBuilder {
    shaders: Vec<Shader>,
    shader_of: HashMap<Shader, usize>,
    steps: Vec<Step>,
    weights: Vec<WeightSpec>,
    values: Vec<Lifetime>,
    sites: BTreeMap<Site, f64>,
}

impl PlanBuilder {
    /// A new value of this many bytes.
    pub(crate) fn value(&mut self, bytes: u64) -> Value {
        self.values.push(Lifetime {
            bytes,
            first: usize::MAX,
            last: 0,
        });
        Value(self.values.len() - 1)
    }

    /// A value that the engine writes before the first step.
    pub(crate) fn input(&mut self, bytes: u64) -> Value {
        let value = self.value(bytes);
        self.values[value.0].first = 0;
        value
    }

    /// A buffer of weights.
    pub(crate) fn weight(&mut self, spec: WeightSpec) -> Operand {
        self.weights.push(spec);
        Operand::Weight(self.weights.len() - 1)
    }

    /// Counts a convolution's operations at its site.
    pub(crate) fn visit(&mut self, site: Site, flops: f64) {
        *self.sites.entry(site).or_default() += flops;
    }

    /// Appends a call.
    pub(crate) fn call(&mut self, label: &str, dispatch: Dispatch, operands: Vec<Operand>) {
        let at = self.steps.len();
        for operand in &operands {
            if let Operand::Value(Value(value)) = operand {
                let lifetime = &mut self.values[*value];
                lifetime.first = lifetime.first.min(at);
                lifetime.last = lifetime.last.max(at);
            }
        }
        let next = self.shaders.len();
        let shader = *self.shader_of.entry(dispatch.shader.clone()).or_insert(next);
        if shader == next {
            self.shaders.push(dispatch.shader);
        }
        self.steps.push(Step {
            label: label.to_owned(),
            shader,
            operands,
            uniforms: dispatch.uniforms,
            workgroups: dispatch.workgroups,
            flops: dispatch.flops,
        });
    }

    /// The plan; its velocity is read after the last step.
    ///
    /// # Errors
    /// [`GpuError::Limit`] when a call needs more workgroups than WebGPU guarantees.
    pub(crate) fn finish(
        mut self,
        ports: Ports,
        images: u32,
        software: bool,
        headline: String,
    ) -> Result<Plan, GpuError> {
        let end = self.steps.len();
        self.values[ports.velocity.0].last = end;
        for step in &self.steps {
            if let Some(&most) = step.workgroups.iter().max()
                && most > MAX_WORKGROUPS
            {
                return Err(GpuError::Limit {
                    limit: "maxComputeWorkgroupsPerDimension",
                    needed: u64::from(most),
                    available: u64::from(MAX_WORKGROUPS),
                    what: format!("layer {} ({headline})", step.label),
                });
            }
        }
        let arena = Arena::new(&self.values);
        let weights = self.weights.iter().map(WeightSpec::bytes);
        let largest = weights.clone().chain(arena.buffers.iter().copied()).max();
        let memory = Memory {
            weights: weights.sum(),
            arena: arena.bytes(),
            uniforms: (self.steps.len() * UNIFORM_SLOT) as u64,
            largest_live_set: largest_live_set(&self.values),
            largest_buffer: largest.unwrap_or(0),
        };
        let operands = self.steps.iter().flat_map(|step| &step.operands);
        let traffic = operands
            .map(|operand| match operand {
                Operand::Value(Value(value)) => self.values[*value].bytes,
                Operand::Weight(weight) => self.weights[*weight].bytes(),
            })
            .sum();
        Ok(Plan {
            shaders: self.shaders,
            steps: self.steps,
            weights: self.weights,
            arena,
            ports,
            sites: self.sites,
            images,
            software,
            traffic,
            memory,
            headline,
        })
    }
}
