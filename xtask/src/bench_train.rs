//! Training steps on the CPU, ours and PyTorch's in turn on the same network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::native;
use crate::peers::{self, ROUNDS, Spread};
use crate::shell::{capture, root, run, stage};

/// What a teacher's laptop trains.
const CASES: [&str; 2] = ["tiny:8", "small:4"];
/// Height and width of an image.
const SIDE: &str = "64";
/// Steps that are not measured, and those that are, of each round.
const WARMUP: &str = "2";
const STEPS: &str = "5";
/// The twin is compared with these where the reference files are.
const GOLDENS: [&str; 3] = ["micro", "heads_updown", "official_slim"];

/// A network with as many images, and the images per second of its rounds.
struct Case {
    name: String,
    report: PathBuf,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// Measures `cases`, each NETWORK:BATCH; with `beside_pytorch` in turn with PyTorch where it is installed.
pub fn measure(beside_pytorch: bool, cases: &[String]) -> Result<()> {
    let trainer = native::build_fast_trainer()?;
    let twin = if beside_pytorch { Twin::find()? } else { None };
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let names = if cases.is_empty() {
        CASES.map(String::from).to_vec()
    } else {
        cases.to_vec()
    };
    let mut cases: Vec<Case> = names
        .into_iter()
        .map(|name| Case {
            report: folder.join(format!("train-{}.json", name.replace(':', "-"))),
            name,
            ours: Vec::new(),
            theirs: Vec::new(),
        })
        .collect();

    peers::in_turn("Training steps", &mut cases, |case| {
        let ours = steps(&trainer, case)?;
        case.ours.push(ours);
        if let Some(twin) = &twin {
            case.theirs.push(twin.steps(&case.report)?);
        }
        Ok(())
    })?;

    print!("{}", table(&cases));
    let rows: Vec<Value> = cases.iter().map(Case::json).collect();
    let path = folder.join("train.json");
    let torch = twin.map(|twin| twin.version);
    let text = serde_json::to_string_pretty(&json!({ "torch": torch, "rows": rows }))?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    println!("JSON: {}", path.display());
    Ok(())
}

impl Case {
    fn json(&self) -> Value {
        json!({
            "case": self.name,
            "side": SIDE,
            "rounds": ROUNDS,
            "ours_images_per_second": self.ours,
            "pytorch_images_per_second": self.theirs,
        })
    }
}

/// Ours: images per second of a round, whose report is kept for the twin.
fn steps(trainer: &Path, case: &Case) -> Result<f64> {
    run(Command::new(trainer)
        .args(["bench", "train", &case.name, "--side", SIDE, "--device", "cpu"])
        .args(["--precision", "f32", "--ops", "fused"])
        .args(["--warmup", WARMUP, "--steps", STEPS])
        .arg("--json")
        .arg(&case.report))?;
    pace(&first_of(&case.report)?)
}

/// Medians with their spread, and the ratio of ours to PyTorch's in the rounds; empty where there was none.
fn table(cases: &[Case]) -> String {
    let spread = |rounds: &[f64]| {
        Spread::of(rounds).map_or_else(String::new, |Spread { least, median, most }| {
            format!("{median:.2} ({least:.2} - {most:.2})")
        })
    };
    let row = |case: &Case| {
        let ratios: Vec<f64> = case.ours.iter().zip(&case.theirs).map(|(a, b)| a / b).collect();
        let name = format!("{}, {SIDE}x{SIDE}", case.name);
        vec![name, spread(&case.ours), spread(&case.theirs), spread(&ratios)]
    };
    let rows: Vec<Vec<String>> = cases.iter().map(row).collect();
    let titles = [
        "network and batch",
        "ours, images/s (least - most)",
        "PyTorch, images/s (least - most)",
        "ratio",
    ];
    peers::table(&titles, &rows)
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
        let Some(python) = peers::python("PyTorch", "import torch") else {
            return Ok(None);
        };
        let pinned = root().join(peers::REQUIREMENTS);
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
        peers::script(&self.python, "twin.py")
    }

    fn check(&self) -> Result<()> {
        let Some(goldens) = peers::reference("goldens") else {
            eprintln!("note: the twin is not compared with goldens; there are none here");
            return Ok(());
        };
        stage("PyTorch's network against the goldens");
        for golden in GOLDENS {
            run(self.script().arg("--golden").arg(goldens.join(golden)))?;
        }
        Ok(())
    }

    /// Images per second of as many steps as ours took, on the network and batch of its report.
    fn steps(&self, report: &Path) -> Result<f64> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let taken: Value = peers::printed(
            self.script()
                .arg(report)
                .args(["--warmup", WARMUP, "--steps", STEPS])
                .args(["--threads", &threads.to_string()]),
        )
        .context("PyTorch's twin was not measured")?;
        let found = pace(&taken)?;
        println!("  PyTorch {}: {found:.1} images/s", self.version);
        Ok(found)
    }
}
