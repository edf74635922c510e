//! Training steps on the CPU, ours and PyTorch's in turn on the same network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::native;
use crate::shell::{capture, root, run, stage};
use crate::torch;

/// What a teacher's laptop trains.
const CASES: [&str; 2] = ["tiny:8", "small:4"];
/// Height and width of an image.
const SIDE: &str = "64";
const ROUNDS: usize = 5;
/// Steps that are not measured, and those that are, of each round.
const WARMUP: &str = "2";
const STEPS: &str = "5";
/// The twin is compared with these where the reference files are.
const GOLDENS: [&str; 3] = ["micro", "heads_updown", "official_slim"];

/// Images per second of every round.
#[derive(Default)]
struct Paces {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// Measures `cases`, each NETWORK:BATCH; with `beside_pytorch` in turn with PyTorch where it is installed.
pub fn measure(beside_pytorch: bool, cases: &[String]) -> Result<()> {
    let trainer = native::build_fast_trainer()?;
    let twin = if beside_pytorch { Twin::find()? } else { None };
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let cases = if cases.is_empty() {
        CASES.map(String::from).to_vec()
    } else {
        cases.to_vec()
    };

    let mut paces: Vec<Paces> = cases.iter().map(|_| Paces::default()).collect();
    let mut rows = Vec::new();
    for round in 1..=ROUNDS {
        stage(&format!("Training steps, round {round} of {ROUNDS}"));
        for (case, paces) in cases.iter().zip(&mut paces) {
            let report = folder.join(format!("train-{}.json", case.replace(':', "-")));
            run(Command::new(&trainer)
                .args(["bench", "train", case, "--side", SIDE, "--device", "cpu"])
                .args([
                    "--precision",
                    "f32",
                    "--ops",
                    "fused",
                    "--warmup",
                    WARMUP,
                    "--steps",
                    STEPS,
                ])
                .arg("--json")
                .arg(&report))?;
            paces.ours.push(pace(&first_of(&report)?)?);
            if let Some(twin) = &twin {
                paces.theirs.push(pace(&twin.take_steps(&report)?)?);
            }
        }
    }

    println!(
        "| network and batch | ours, images/s (least - most) | PyTorch, images/s (least - most) | ratio |"
    );
    println!("|---|---|---|---|");
    for (case, paces) in cases.iter().zip(&paces) {
        let ratios: Vec<f64> = paces.ours.iter().zip(&paces.theirs).map(|(a, b)| a / b).collect();
        let [ours, theirs, ratio] = [&paces.ours, &paces.theirs, &ratios].map(|values| spread(values));
        println!("| {case}, {SIDE}x{SIDE} | {ours} | {theirs} | {ratio} |");
        rows.push(json!({
            "case": case,
            "side": SIDE,
            "rounds": ROUNDS,
            "ours_images_per_second": paces.ours,
            "pytorch_images_per_second": paces.theirs,
        }));
    }
    let path = folder.join("train.json");
    let torch = twin.map(|twin| twin.version);
    let text = serde_json::to_string_pretty(&json!({ "torch": torch, "rows": rows }))?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    println!("JSON: {}", path.display());
    Ok(())
}

/// The median of rounds with the least and the most; empty where there was none.
fn spread(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.first(), sorted.get(sorted.len() / 2), sorted.last()) {
        (Some(least), Some(median), Some(most)) => format!("{median:.2} ({least:.2} - {most:.2})"),
        _ => String::new(),
    }
}

fn pace(report: &Value) -> Result<f64> {
    let found = report.get("images_per_second").and_then(Value::as_f64);
    found.context("a report without images_per_second")
}

/// The first line of a report of the trainer's.
fn first_of(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let reports: Vec<Value> =
        serde_json::from_str(&text).with_context(|| format!("{} is no report", path.display()))?;
    let first = reports.into_iter().next();
    first.with_context(|| format!("{} is an empty report", path.display()))
}

/// The same network in PyTorch.
struct Twin {
    python: PathBuf,
    version: String,
}

impl Twin {
    /// The twin, compared with the goldens where they are; none where no Python has torch.
    fn find() -> Result<Option<Self>> {
        let pinned = root().join("train-native/bench/requirements.txt");
        let Some(python) = torch::installed() else {
            eprintln!(
                "PyTorch is left out: no Python here has torch. Install what {} lists, and name that \
                 Python in CELLFLUX_PYTHON.",
                pinned.display()
            );
            return Ok(None);
        };
        let version = capture(Command::new(&python).args(["-c", "import torch; print(torch.__version__)"]))?;
        let wanted = fs::read_to_string(&pinned)
            .with_context(|| format!("cannot read {}", pinned.display()))?
            .lines()
            .find_map(|line| line.strip_prefix("torch==").map(str::to_owned))
            .with_context(|| format!("{} pins no torch", pinned.display()))?;
        // A build may name itself after the version: 2.15.0+cpu.
        if version.split('+').next() != Some(wanted.as_str()) {
            eprintln!(
                "note: {} has torch {version}; pinned is {wanted}",
                python.display()
            );
        }
        let twin = Self { python, version };
        twin.check()?;
        Ok(Some(twin))
    }

    fn script(&self) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(root().join("train-native/bench/twin.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    fn check(&self) -> Result<()> {
        let shared = std::env::var_os("CELLFLUX_SHARED").map(PathBuf::from);
        let shared = shared.unwrap_or_else(|| root().join("../shared"));
        let goldens = shared.join("reference/goldens");
        if !goldens.is_dir() {
            eprintln!("note: the twin is not compared with goldens; there are none here");
            return Ok(());
        }
        stage("PyTorch's network against the goldens");
        for golden in GOLDENS {
            run(self.script().arg("--golden").arg(goldens.join(golden)))?;
        }
        Ok(())
    }

    /// As many steps as ours took, on the network and batch of its report.
    fn take_steps(&self, report: &Path) -> Result<Value> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let output = self
            .script()
            .arg(report)
            .args(["--warmup", WARMUP, "--steps", STEPS])
            .args(["--threads", &threads.to_string()])
            .output()
            .with_context(|| format!("cannot start {}", self.python.display()))?;
        if !output.status.success() {
            bail!(
                "PyTorch's twin failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let taken: Value = serde_json::from_slice(&output.stdout).context("the twin printed no JSON")?;
        println!("  PyTorch {}: {:.1} images/s", self.version, pace(&taken)?);
        Ok(taken)
    }
}
