//! The plan of one evaluation: kernel calls over arena buffers, and the peak memory, before anything is
//! allocated.

use std::collections::BTreeMap;
use std::fmt;

use crate::arena::Arena;
use crate::submission::submissions;
use crate::weights::WeightSpec;
use crate::wgsl::Shader;
use crate::{GpuError, Site};

/// WebGPU's guaranteed `minUniformBufferOffsetAlignment`.
pub(crate) const UNIFORM_SLOT: usize = 256;

/// A value of the plan: an activation, a statistic, an input or the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Value(pub usize);

/// A buffer that a step binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Value(Value),
    Weight(usize),
}

/// One kernel call of the plan.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The layer it belongs to.
    pub label: String,
    /// Index into [`Plan::shaders`].
    pub shader: usize,
    /// Storage buffers, in the kernel's order; the output last.
    pub operands: Vec<Operand>,
    pub uniforms: Vec<u8>,
    pub workgroups: [u32; 3],
    pub flops: f64,
}

/// The values that are written before an evaluation and read after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// The images, f32, `[images, height, width, padded channels]`.
    pub image: Value,
    /// The sinusoidal time embeddings, f32, `[images, model channels]`.
    pub time: Value,
    /// The condition's part of the embedding, f32, `[images, embedding width]`, zero for the null condition.
    pub condition: Value,
    /// Weights and biases of the linear layer that makes it.
    pub condition_weights: [Operand; 2],
    /// The velocity, f32, shaped as the images.
    pub velocity: Value,
}

/// One evaluation of the network for a config, size, batch and dtype: which kernels run, on which buffers,
/// and how much GPU memory that takes.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) shaders: Vec<Shader>,
    pub(crate) steps: Vec<Step>,
    pub(crate) weights: Vec<WeightSpec>,
    pub(crate) arena: Arena,
    pub(crate) ports: Ports,
    pub(crate) sites: BTreeMap<Site, f64>,
    pub(crate) images: u32,
    pub(crate) software: bool,
    pub(crate) traffic: u64,
    pub(crate) memory: Memory,
    pub(crate) headline: String,
}

/// GPU memory of a plan, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Repacked weights.
    pub weights: u64,
    /// Buffers that activations share.
    pub arena: u64,
    /// Uniforms.
    pub uniforms: u64,
    /// The largest amount that any one step needs at once: no arena can be smaller.
    pub largest_live_set: u64,
    /// The largest single buffer.
    pub largest_buffer: u64,
}

impl Memory {
    /// All of it together: what the engine holds as long as it exists.
    pub fn peak(&self) -> u64 {
        self.weights + self.arena + self.uniforms
    }
}

impl Plan {
    /// GPU memory of this plan.
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// Images of one evaluation.
    pub fn images(&self) -> u32 {
        self.images
    }

    /// Floating-point operations of one evaluation.
    pub fn flops(&self) -> f64 {
        self.steps.iter().map(|step| step.flops).sum()
    }

    /// Kernel calls of one evaluation.
    pub fn calls(&self) -> usize {
        self.steps.len()
    }

    /// Submissions that the calls of one evaluation are cut into, so that none is too long for a watchdog.
    pub fn submissions(&self) -> usize {
        let costs: Vec<f64> = self.steps.iter().map(|step| step.flops).collect();
        submissions(&costs, self.software)
    }

    /// Bytes that the calls of one evaluation read and write, each operand of a call once.
    pub fn traffic(&self) -> u64 {
        self.traffic
    }

    /// Distinct pipelines to compile.
    pub fn pipelines(&self) -> usize {
        self.shaders.len()
    }

    /// The distinct sites of convolutions, each with the floating-point operations that the network spends
    /// there.
    pub fn sites(&self) -> &BTreeMap<Site, f64> {
        &self.sites
    }

    /// The shaders, as kernel name and WGSL text.
    pub fn shaders(&self) -> impl Iterator<Item = (&str, &str)> {
        self.shaders
            .iter()
            .map(|shader| (shader.label.as_str(), shader.source.as_str()))
    }

    /// Checks that every buffer fits what a device allows for one buffer and for one storage binding.
    ///
    /// # Errors
    /// [`GpuError::Limit`] naming the limit.
    pub fn check_limits(&self, max_buffer: u64, max_binding: u64) -> Result<(), GpuError> {
        let needed = self.memory.largest_buffer;
        for (limit, available) in [
            ("maxStorageBufferBindingSize", max_binding),
            ("maxBufferSize", max_buffer),
        ] {
            if needed > available {
                return Err(GpuError::Limit {
                    limit,
                    needed,
                    available,
                    what: format!("the largest buffer of the network ({})", self.headline),
                });
            }
        }
        Ok(())
    }
}

/// A readable list: what it costs, then every call.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let Memory {
            weights,
            arena,
            uniforms,
            largest_live_set,
            ..
        } = self.memory;
        writeln!(
            f,
            "{}: {} calls of {} pipelines, {:.2} GFLOP",
            self.headline,
            self.calls(),
            self.pipelines(),
            self.flops() / 1e9
        )?;
        writeln!(
            f,
            "peak memory {:.1} MiB: weights {:.1}, activations {:.1} in {} buffers (largest live set \
            {:.1}), uniforms {:.1}",
            mib(self.memory.peak()),
            mib(weights),
            mib(arena),
            self.arena.buffers.len(),
            mib(largest_live_set),
            mib(uniforms)
        )?;
        if f.alternate() {
            for step in &self.steps {
                writeln!(
                    f,
                    "{:42} {:26} {:>10.2} MFLOP  {:?}",
                    step.label,
                    self.shaders[step.shader].label,
                    step.flops / 1e6,
                    step.workgroups
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AdapterReport, Precision, Tuning};
    use cellflux_bundle::config::{PRESETS, UNetConfig};

    fn plan(name: &str, size: usize, images: usize, precision: Precision) -> Plan {
        let config = UNetConfig::preset(name).unwrap();
        Plan::new(&config, [size, size], images, precision, &Tuning::default()).unwrap()
    }

    #[test]
    fn every_preset_stays_within_a_fifth_of_weights_and_largest_live_set() {
        for (name, _) in PRESETS {
            for (images, precision) in [(1, Precision::F32), (2, Precision::F16), (4, Precision::F32)] {
                let plan = plan(name, 96, images, precision);
                let memory = plan.memory();
                let bound = 1.2 * (memory.weights + memory.largest_live_set) as f64;
                assert!(memory.peak() as f64 <= bound, "{name}: {plan}");
            }
        }
    }

    #[test]
    fn the_public_network_guided_in_f16_fits_400_megabytes() {
        let memory = plan("cellflux-bbbc021", 96, 2, Precision::F16).memory();
        assert!(memory.peak() <= 400_000_000, "{memory:?}");
    }

    #[test]
    fn the_public_network_guided_in_f32_arithmetic_on_packed_weights_fits_320_mebibytes() {
        let config = UNetConfig::preset("cellflux-bbbc021").unwrap();
        let of = |packed| {
            let tuning = Tuning::default().packing_weights(packed);
            Plan::new(&config, [96, 96], 2, Precision::F32, &tuning).unwrap()
        };
        let (plain, packed) = (of(false).memory(), of(true).memory());
        assert!(packed.peak() <= 320 << 20, "{packed:?}");
        // Vectors stay f32, which is a thousandth of the weights; nothing else changes.
        assert!((2 * packed.weights).abs_diff(plain.weights) < plain.weights / 100);
        assert_eq!((packed.arena, packed.uniforms), (plain.arena, plain.uniforms));
        assert!(of(true).to_string().contains("f32, weights packed as f16"));
    }

    #[test]
    fn weights_are_packed_by_default_on_a_gpu_without_f16_only() {
        let packs = |software, half_precision| {
            let report = AdapterReport {
                software,
                half_precision,
                ..AdapterReport::default()
            };
            Tuning::of(&report).packs_weights()
        };
        assert!(packs(false, false));
        assert!(!packs(false, true) && !packs(true, false) && !packs(true, true));
    }

    #[test]
    fn presets_need_no_more_than_default_limits() {
        for (name, _) in PRESETS {
            let plan = plan(name, 96, 2, Precision::F32);
            let limits = wgpu::Limits::default();
            plan.check_limits(limits.max_buffer_size, limits.max_storage_buffer_binding_size)
                .unwrap();
        }
    }

    #[test]
    fn a_buffer_beyond_the_limit_names_it() {
        let plan = plan("cellflux-bbbc021", 96, 2, Precision::F32);
        let error = plan.check_limits(1 << 28, 1 << 20).unwrap_err();
        assert!(
            error.to_string().contains("maxStorageBufferBindingSize"),
            "{error}"
        );
    }

    #[test]
    fn the_public_networks_cost_is_the_published_one() {
        // 407.5 GFLOP per evaluation at 96 x 96, norms and resampling not counted.
        let gflop = plan("cellflux-bbbc021", 96, 1, Precision::F32).flops() / 1e9;
        assert!((400.0..430.0).contains(&gflop), "{gflop}");
    }

    #[test]
    fn plans_of_different_batches_share_shaders_and_weights() {
        for (name, _) in PRESETS {
            let (one, four) = (
                plan(name, 64, 1, Precision::F32),
                plan(name, 64, 4, Precision::F32),
            );
            assert_eq!(one.shaders, four.shaders, "{name}");
            assert_eq!(one.weights, four.weights, "{name}");
            assert_eq!(one.arena.buffer_of, four.arena.buffer_of, "{name}");
            assert!(
                one.arena
                    .buffers
                    .iter()
                    .zip(&four.arena.buffers)
                    .all(|(a, b)| a <= b)
            );
        }
    }

    /// The highest cost allowed for a guided evaluation of a network.
    struct Bound {
        network: &'static str,
        side: usize,
        software: bool,
        cooperative: bool,
        packed: bool,
        precision: Precision,
        calls: usize,
        submissions: usize,
        gflop: f64,
        mib: f64,
    }

    const TINY: Bound = Bound {
        network: "tiny",
        side: 64,
        software: false,
        cooperative: false,
        packed: false,
        precision: Precision::F32,
        calls: 131,
        submissions: 1,
        gflop: 4.3,
        mib: 14.2,
    };
    const SLIM: Bound = Bound {
        network: "official_slim",
        side: 96,
        calls: 319,
        submissions: 3,
        gflop: 70.5,
        mib: 62.0,
        ..TINY
    };
    const PUBLIC: Bound = Bound {
        network: "cellflux-bbbc021",
        side: 96,
        calls: 319,
        submissions: 30,
        gflop: 818.0,
        mib: 405.0,
        ..TINY
    };
    const BOUNDS: [Bound; 12] = [
        TINY,
        Bound {
            precision: Precision::F16,
            mib: 7.1,
            ..TINY
        },
        Bound {
            software: true,
            calls: 179,
            submissions: 2,
            gflop: 1.58,
            mib: 30.4,
            ..TINY
        },
        Bound {
            network: "small",
            calls: 194,
            gflop: 24.5,
            mib: 48.9,
            ..TINY
        },
        SLIM,
        Bound {
            precision: Precision::F16,
            mib: 31.0,
            ..SLIM
        },
        Bound {
            software: true,
            calls: 435,
            submissions: 34,
            gflop: 40.2,
            mib: 109.6,
            ..SLIM
        },
        PUBLIC,
        Bound {
            packed: true,
            mib: 298.5,
            ..PUBLIC
        },
        Bound {
            precision: Precision::F16,
            mib: 203.0,
            ..PUBLIC
        },
        Bound {
            cooperative: true,
            ..PUBLIC
        },
        Bound {
            cooperative: true,
            precision: Precision::F16,
            mib: 203.0,
            ..PUBLIC
        },
    ];

    /// The presets, and the public network's shape at a quarter of its width.
    fn config(network: &str) -> UNetConfig {
        match network {
            "official_slim" => UNetConfig {
                model_channels: 32,
                ..config("cellflux-bbbc021")
            },
            preset => UNetConfig::preset(preset).unwrap(),
        }
    }

    /// A change that makes an evaluation more expensive has to change the bounds, and say why.
    #[test]
    fn a_guided_evaluation_takes_no_more_calls_submissions_arithmetic_and_memory_than_it_did() {
        for bound in BOUNDS {
            let config = config(bound.network);
            let tuning = Tuning::of(&AdapterReport {
                software: bound.software,
                cooperative: bound.cooperative,
                ..AdapterReport::default()
            })
            .packing_weights(bound.packed);
            let plan = Plan::new(&config, [bound.side; 2], 2, bound.precision, &tuning).unwrap();
            let (calls, submissions, gflop) = (plan.calls(), plan.submissions(), plan.flops() / 1e9);
            let mib = plan.memory().peak() as f64 / f64::from(1 << 20);
            assert!(
                calls <= bound.calls
                    && submissions <= bound.submissions
                    && gflop <= bound.gflop
                    && mib <= bound.mib,
                "{} {calls} calls, {submissions} submissions, {gflop} GFLOP, {mib} MiB",
                bound.network
            );
        }
    }

    #[test]
    fn weights_hold_every_parameter() {
        for (name, count) in PRESETS {
            let plan = plan(name, 64, 1, Precision::F32);
            // Padded image channels make it a little more.
            let scalars = plan.memory().weights as usize / 4;
            assert!(
                scalars >= count && scalars < count + count / 50,
                "{name}: {scalars} for {count}"
            );
        }
    }
}
