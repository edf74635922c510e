//! Comparing a network with a golden file: every output that the file holds, as relative errors.
//!
//! A golden file is a safetensors file. Its metadata hold the network's `config` (JSON) and `cfg_scale` (the
//! public code's w; the paper's alpha is 1 + w). Its inputs are `x` `[N, C, H, W]`, `t` `[N]`, `condition`
//! `[N, D]` and, where it holds trajectories, the times of `grid_uniform10`. Its outputs are any of
//!
//! - `velocity_conditional`, `velocity_unconditional` `[N, C, H, W]`;
//! - `traj_euler`, `traj_midpoint`, `traj_heun2`, `traj_rk4` `[times, N, C, H, W]`, guided, start included;
//! - `traj_reverse_heun2`, which starts from `x` at the grid's last time;
//! - `x1_dopri5`, the adaptive solver's end with rtol = atol = 1e-5, from the time 0 to 1.

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::error::BundleError;
use cellflux_bundle::tensor_file::TensorFile;
use cellflux_flow::distance::relative_error;
use cellflux_flow::dopri5::{AdaptiveError, Dopri5};
use cellflux_flow::error::FlowError;
use cellflux_flow::field::{Engine, Tolerance};
use cellflux_flow::guidance::Guidance;
use cellflux_flow::solver::FixedSolver;
use cellflux_flow::time_grid::TimeGrid;

/// What errors call the file.
const FILE: &str = "golden file";
const GRID: &str = "grid_uniform10";
const INPUTS: [&str; 4] = ["x", "t", "condition", GRID];
const DOPRI5_TOLERANCE: Tolerance = Tolerance {
    rtol: 1e-5,
    atol: 1e-5,
};

/// The largest relative errors `||out - expected|| / ||expected||` that count as the same network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Of one evaluation.
    pub velocity: f64,
    /// Of a trajectory, and of the adaptive solver's end.
    pub trajectory: f64,
}

impl Bounds {
    /// The CPU in f32: rounding is about 1e-6. Trajectories leave room for `x1_dopri5`, whose reference
    /// interpolates past the end and so differs by up to 4e-5 from a solver that stops there.
    pub const CANDLE_F32: Self = Self {
        velocity: 1e-5,
        trajectory: 1e-4,
    };
    /// A GPU in f32: drivers may contract, reorder and approximate exponentials.
    pub const WGPU_F32: Self = Self {
        velocity: 1e-4,
        trajectory: 1e-4,
    };
    /// A GPU that stores f16, which rounds every activation by up to 5e-4.
    pub const WGPU_F16: Self = Self {
        velocity: 5e-3,
        trajectory: 5e-3,
    };
}

/// One output compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The output's name in the golden file.
    pub output: String,
    /// `||out - expected|| / ||expected||` over the whole tensor.
    pub relative_error: f64,
    /// The largest error allowed.
    pub bound: f64,
}

impl Row {
    /// Whether the error is within its bound; NaN is not.
    pub fn ok(&self) -> bool {
        self.relative_error <= self.bound
    }
}

/// Why a comparison could not be made; `E` is the engine's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError<E> {
    /// The engine failed.
    #[error(transparent)]
    Engine(E),
    /// The adaptive solver found no step.
    #[error("x1_dopri5: {0}")]
    Adaptive(AdaptiveError<E>),
}

/// Why a file is no golden file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// Not a safetensors file, or a tensor of it is missing or not finite.
    #[error(transparent)]
    File(#[from] BundleError),
    /// The times of its grid.
    #[error("{FILE}: {GRID}: {0}")]
    Grid(FlowError),
    /// A field of the metadata is missing or holds something else.
    #[error("{FILE}: metadata field {field} is {found}, expected {expected}")]
    Metadata {
        /// The field.
        field: &'static str,
        /// What it holds, quoted, or that it is missing.
        found: String,
        /// What it should.
        expected: &'static str,
    },
    /// A tensor's shape does not fit the config or the inputs.
    #[error("{FILE}: tensor {tensor} has shape {found:?}, expected {expected}")]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape expected, in words.
        expected: String,
    },
    /// A tensor that is neither an input nor an output of this format.
    #[error("{FILE}: tensor {tensor} is not part of the format")]
    Unknown {
        /// The tensor.
        tensor: String,
    },
    /// There is nothing to compare.
    #[error("{FILE}: it holds no output, expected at least velocity_conditional")]
    NoOutput,
}

/// What `cfg_scale` may be: alpha minus 1.
const SCALE: &str = "a number from -1 to 100";

/// What a golden file says: a network's inputs and the outputs expected of it.
#[derive(Clone, Debug)]
pub struct Golden {
    config: UNetConfig,
    guidance: Guidance,
    images: usize,
    height: usize,
    width: usize,
    x: Vec<f32>,
    times: Vec<f64>,
    conditions: Vec<Vec<f32>>,
    outputs: Vec<(Output, Vec<f32>)>,
}

/// How an expected output is made.
#[derive(Clone, Debug)]
enum Output {
    Velocity {
        conditional: bool,
    },
    Trajectory {
        name: &'static str,
        solver: FixedSolver,
        grid: TimeGrid,
    },
    DormandPrince,
}

impl Output {
    fn name(&self) -> &'static str {
        match self {
            Self::Velocity { conditional: true } => "velocity_conditional",
            Self::Velocity { conditional: false } => "velocity_unconditional",
            Self::Trajectory { name, .. } => name,
            Self::DormandPrince => "x1_dopri5",
        }
    }

    /// The output of this name; `grid` reads the grid where it needs one.
    fn of_name(name: &str, grid: impl Fn() -> Result<TimeGrid, GoldenError>) -> Result<Self, GoldenError> {
        let trajectory = |name, solver, grid| Ok(Self::Trajectory { name, solver, grid });
        match name {
            "velocity_conditional" => Ok(Self::Velocity { conditional: true }),
            "velocity_unconditional" => Ok(Self::Velocity { conditional: false }),
            "traj_euler" => trajectory("traj_euler", FixedSolver::Euler, grid()?),
            "traj_midpoint" => trajectory("traj_midpoint", FixedSolver::Midpoint, grid()?),
            "traj_heun2" => trajectory("traj_heun2", FixedSolver::Heun, grid()?),
            "traj_rk4" => trajectory("traj_rk4", FixedSolver::Rk4, grid()?),
            "traj_reverse_heun2" => trajectory("traj_reverse_heun2", FixedSolver::Heun, grid()?.reversed()),
            "x1_dopri5" => Ok(Self::DormandPrince),
            _ => Err(GoldenError::Unknown {
                tensor: name.to_owned(),
            }),
        }
    }
}

impl Golden {
    /// Reads a golden file.
    ///
    /// # Errors
    /// [`GoldenError`] says what is missing, misshapen or unknown.
    pub fn parse(bytes: &[u8]) -> Result<Self, GoldenError> {
        let file = TensorFile::parse(FILE, bytes)?;
        let text = metadata(&file, "config", "the network's configuration as JSON")?;
        let config = UNetConfig::from_json(text)?;
        let text = metadata(&file, "cfg_scale", SCALE)?;
        let scale = text
            .parse::<f64>()
            .ok()
            .filter(|scale| (-1.0..=100.0).contains(scale));
        let scale = scale.ok_or_else(|| GoldenError::Metadata {
            field: "cfg_scale",
            found: format!("{:?}", text.chars().take(80).collect::<String>()),
            expected: SCALE,
        })?;

        let x = file.tensor("x")?;
        let &[images, channels, height, width] = x.shape.as_slice() else {
            return Err(misshapen("x", x.shape, "[N, C, H, W]"));
        };
        if images == 0 || channels != config.in_channels {
            return Err(misshapen(
                "x",
                x.shape,
                &format!("[N, {}, H, W]", config.in_channels),
            ));
        }
        config.validate_size(height, width).map_err(BundleError::from)?;
        let shaped = |name: &str, expected: &[usize]| {
            let tensor = file.tensor(name)?;
            if tensor.shape != expected {
                return Err(misshapen(name, tensor.shape, &format!("{expected:?}")));
            }
            Ok(tensor.to_f32())
        };
        let times = shaped("t", &[images])?;
        let conditions = shaped("condition", &[images, config.condition_dim])?;
        let grid = || {
            let times = file.tensor(GRID)?.to_f32();
            TimeGrid::user(times.into_iter().map(f64::from).collect()).map_err(GoldenError::Grid)
        };

        let mut names: Vec<&str> = file.names();
        names.retain(|name| !INPUTS.contains(name));
        // Velocities first: they are quick, and say most.
        names.sort_by_key(|name| (!name.starts_with("velocity"), *name));
        let mut outputs = Vec::with_capacity(names.len());
        for name in names {
            let output = Output::of_name(name, grid)?;
            let image = [images, channels, height, width];
            let values = match &output {
                Output::Velocity { .. } | Output::DormandPrince => shaped(name, &image)?,
                Output::Trajectory { grid, .. } => {
                    shaped(name, &[&[grid.times().len()], image.as_slice()].concat())?
                }
            };
            outputs.push((output, values));
        }
        if outputs.is_empty() {
            return Err(GoldenError::NoOutput);
        }
        Ok(Self {
            guidance: Guidance { alpha: 1.0 + scale },
            images,
            height,
            width,
            x: x.to_f32(),
            times: times.into_iter().map(f64::from).collect(),
            conditions: conditions
                .chunks(config.condition_dim)
                .map(<[f32]>::to_vec)
                .collect(),
            outputs,
            config,
        })
    }

    /// The network's configuration.
    pub fn config(&self) -> &UNetConfig {
        &self.config
    }

    /// Images in the batch.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Height and width of the images, in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// Compares every output of the file with what `engine` computes from the file's inputs, and calls
    /// `report` with each row as soon as it is measured.
    ///
    /// The engine holds a network of [`Self::config`] for images of [`Self::size`].
    ///
    /// # Errors
    /// [`VerifyError`] when the engine fails; an error above its bound is a row that is not [`Row::ok`].
    pub async fn verify<E: Engine>(
        &self,
        engine: &mut E,
        bounds: Bounds,
        mut report: impl FnMut(&Row),
    ) -> Result<Vec<Row>, VerifyError<E::Error>> {
        engine
            .condition(&self.conditions, self.guidance)
            .map_err(VerifyError::Engine)?;
        let mut rows = Vec::with_capacity(self.outputs.len());
        for (output, expected) in &self.outputs {
            let found = self.make(engine, output).await?;
            let row = Row {
                output: output.name().to_owned(),
                relative_error: relative_error(&found, expected),
                bound: match output {
                    Output::Velocity { .. } => bounds.velocity,
                    Output::Trajectory { .. } | Output::DormandPrince => bounds.trajectory,
                },
            };
            report(&row);
            rows.push(row);
        }
        Ok(rows)
    }

    async fn make<E: Engine>(
        &self,
        engine: &mut E,
        output: &Output,
    ) -> Result<Vec<f32>, VerifyError<E::Error>> {
        let x = engine.upload(&self.x).map_err(VerifyError::Engine)?;
        match output {
            Output::Velocity { conditional } => {
                let conditions: Vec<Option<&[f32]>> = self
                    .conditions
                    .iter()
                    .map(|vector| conditional.then_some(vector.as_slice()))
                    .collect();
                let velocity = engine
                    .evaluate(&x, &self.times, &conditions)
                    .map_err(VerifyError::Engine)?;
                engine.read(&velocity).await.map_err(VerifyError::Engine)
            }
            Output::Trajectory { solver, grid, .. } => {
                let mut state = x;
                let mut trajectory = engine.read(&state).await.map_err(VerifyError::Engine)?;
                for pair in grid.times().windows(2) {
                    state = solver
                        .step(engine, pair[0], pair[1], &state)
                        .map_err(VerifyError::Engine)?;
                    trajectory.extend(engine.read(&state).await.map_err(VerifyError::Engine)?);
                }
                Ok(trajectory)
            }
            Output::DormandPrince => {
                let mut walk = Dopri5::start(engine, 0.0, 1.0, x, DOPRI5_TOLERANCE)
                    .await
                    .map_err(VerifyError::Adaptive)?;
                while walk.step(engine).await.map_err(VerifyError::Adaptive)?.is_some() {}
                engine.read(walk.state()).await.map_err(VerifyError::Engine)
            }
        }
    }
}

fn metadata<'a>(
    file: &'a TensorFile,
    field: &'static str,
    expected: &'static str,
) -> Result<&'a str, GoldenError> {
    file.metadata(field).ok_or(GoldenError::Metadata {
        field,
        found: "missing".to_owned(),
        expected,
    })
}

fn misshapen(tensor: &str, found: Vec<usize>, expected: &str) -> GoldenError {
    GoldenError::Shape {
        tensor: tensor.to_owned(),
        found,
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"in_channels": 1, "out_channels": 1, "model_channels": 32, "num_res_blocks": 1,
        "attention_resolutions": [], "channel_mult": [1], "condition_dim": 2}"#;

    /// A golden file of one 2 x 2 image, with these outputs beside it.
    fn file(config: &str, scale: &str, outputs: &[(&str, &[usize])]) -> Vec<u8> {
        let inputs: [(&str, &[usize]); 4] = [
            ("x", &[1, 1, 2, 2]),
            ("t", &[1]),
            ("condition", &[1, 2]),
            (GRID, &[2]),
        ];
        let mut header = serde_json::Map::new();
        let metadata = serde_json::json!({"config": config, "cfg_scale": scale});
        header.insert("__metadata__".into(), metadata);
        let mut data = Vec::new();
        for (name, shape) in inputs.iter().chain(outputs) {
            let start = data.len();
            // 0, 1, 2, ... which for the grid are its two ends.
            for value in 0..shape.iter().product::<usize>() {
                data.extend((value as f32).to_le_bytes());
            }
            let tensor =
                serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
            header.insert((*name).into(), tensor);
        }
        let header = serde_json::Value::Object(header).to_string();
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
    }

    const VELOCITY: (&str, &[usize]) = ("velocity_conditional", &[1, 1, 2, 2]);

    /// The message with which a file is refused.
    fn refusal(bytes: &[u8]) -> String {
        Golden::parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn a_golden_file_says_what_the_engine_must_be() {
        let trajectory: (&str, &[usize]) = ("traj_reverse_heun2", &[2, 1, 1, 2, 2]);
        let golden = Golden::parse(&file(CONFIG, "0.5", &[trajectory, VELOCITY])).unwrap();
        assert_eq!((golden.size(), golden.images()), ((2, 2), 1));
        assert_eq!(golden.config().condition_dim, 2);
        assert_eq!(golden.guidance, Guidance { alpha: 1.5 });
        let names: Vec<_> = golden.outputs.iter().map(|(output, _)| output.name()).collect();
        assert_eq!(names, ["velocity_conditional", "traj_reverse_heun2"]);
        match &golden.outputs[1].0 {
            Output::Trajectory { grid, .. } => assert_eq!(grid.times(), [1.0, 0.0]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        #[allow(clippy::type_complexity, reason = "a table, read row by row")]
        let cases: [(&str, &str, &[(&str, &[usize])], &str); 9] = [
            ("{}", "0.2", &[VELOCITY], "in_channels"),
            (
                CONFIG,
                "strong",
                &[VELOCITY],
                "cfg_scale is \"strong\", expected a number",
            ),
            (
                CONFIG,
                "NaN",
                &[VELOCITY],
                "cfg_scale is \"NaN\", expected a number from -1",
            ),
            (CONFIG, "inf", &[VELOCITY], "cfg_scale is \"inf\""),
            (CONFIG, "-1.5", &[VELOCITY], "cfg_scale is \"-1.5\""),
            (CONFIG, "0.2", &[], "no output"),
            (CONFIG, "0.2", &[("traj_leapfrog", &[1])], "traj_leapfrog"),
            (
                CONFIG,
                "0.2",
                &[("velocity_conditional", &[1, 1, 2])],
                "velocity_conditional",
            ),
            (
                CONFIG,
                "0.2",
                &[("traj_euler", &[3, 1, 1, 2, 2])],
                "[2, 1, 1, 2, 2]",
            ),
        ];
        for (config, scale, outputs, named) in cases {
            let message = refusal(&file(config, scale, outputs));
            assert!(message.contains(named), "{named}: {message}");
        }
        assert!(refusal(b"not a safetensors file").contains(FILE));
    }

    #[test]
    fn an_error_above_its_bound_or_no_number_is_not_ok() {
        let row = |relative_error| Row {
            output: "velocity_conditional".into(),
            relative_error,
            bound: 1e-5,
        };
        assert!(row(1e-5).ok());
        assert!(!row(1.1e-5).ok());
        assert!(!row(relative_error(&[f32::NAN], &[1.0f32])).ok());
        assert!(!row(relative_error(&[1.0f32], &[1.0f32, 2.0])).ok());
    }
}
