//! `cargo xtask ablation`: networks of which one part of the method is taken away or changed, beside the
//! whole, as a table lists them: configs/ablation/arms.toml or another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::native;
use crate::shell::{root, run, scratch, stage};

#[derive(clap::Args)]
pub struct Options {
    /// The table of arms; configs/ablation/condition-arms.toml asks why a rare compound is hardly used.
    #[arg(long, value_name = "FILE", default_value = "configs/ablation/arms.toml")]
    arms: PathBuf,
    /// Only this arm, beside the first.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The data that the table calls so, such as synthetic; in the usual table also crops (which need
    /// ../shared) and crops-large (which need a GPU, too).
    #[arg(long, value_name = "NAME", default_value = "synthetic")]
    data: String,
    /// Where networks are trained and cells walked: cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// A `cellflux-train` that was built before, for example with CUDA; by default it is built.
    #[arg(long, value_name = "FILE")]
    trainer: Option<PathBuf>,
}

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arms {
    data: BTreeMap<String, Data>,
    arm: Vec<Arm>,
}

/// What an ablation is made on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    /// What it is, in words.
    about: String,
    /// The config that every arm starts from.
    config: PathBuf,
    /// Arguments of every arm's `evaluate`.
    #[serde(default)]
    evaluate: Vec<String>,
    /// Cells of one condition, at most.
    most: usize,
    /// Smaller numbers of cells on which the first arm is measured again.
    #[serde(default)]
    sizes: Vec<usize>,
}

/// A network, or another way to sample or measure one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    name: String,
    /// What it is, in words.
    about: String,
    /// The arm whose network it is, where it is not its own.
    weights: Option<String>,
    /// What is set in its training.
    #[serde(default)]
    train: Vec<String>,
    /// Arguments of its `evaluate`.
    #[serde(default)]
    sample: Vec<String>,
    /// Cells of one condition, at most, where it is not the data's number.
    most: Option<usize>,
}

/// Trains and evaluates the arms, compares them with the first, and prints the table.
pub fn ablation(options: &Options) -> Result<()> {
    let file = root().join(&options.arms);
    let named = || options.arms.display().to_string();
    let text = fs::read_to_string(&file).with_context(named)?;
    let table: Arms = toml::from_str(&text).with_context(named)?;
    let Some(data) = table.data.get(&options.data) else {
        let names: Vec<&str> = table.data.keys().map(String::as_str).collect();
        bail!(
            "--data {}: no such data, expected one of {}",
            options.data,
            names.join(", ")
        );
    };
    let arms = chosen(&table.arm, &data.sizes, options.only.as_deref()).with_context(named)?;
    let config =
        fs::read_to_string(root().join(&data.config)).with_context(|| data.config.display().to_string())?;
    let trainer = match &options.trainer {
        Some(path) => std::path::absolute(path).context("cannot resolve --trainer")?,
        None => native::build_trainer()?,
    };
    // A folder of its own for each config and table, so that nothing of another one is taken for this one's.
    let digest = Sha256::digest([config.as_bytes(), text.as_bytes()].concat());
    let digest = digest
        .iter()
        .take(4)
        .fold(0_u32, |number, &byte| (number << 8) | u32::from(byte));
    let home = scratch().join(format!("ablation/{}-{digest:08x}", options.data));
    fs::create_dir_all(&home).with_context(|| home.display().to_string())?;
    let work = Work {
        trainer,
        home,
        device: &options.device,
        data,
    };
    for arm in &arms {
        if arm.weights.is_none() {
            work.train(arm)?;
        }
    }
    for arm in &arms {
        work.evaluate(arm)?;
    }
    work.compare(&arms)
}

/// The arms that are wanted: the first, with which the others are compared, and either all or the one named.
fn chosen(table: &[Arm], sizes: &[usize], only: Option<&str>) -> Result<Vec<Arm>> {
    let Some(first) = table.first() else {
        bail!("the table has no arm");
    };
    let smaller = sizes.iter().map(|&most| Arm {
        name: format!("{}-of-{most}", first.name),
        about: format!(
            "{}, measured on at most {most} cells of each condition",
            first.about
        ),
        weights: Some(first.name.clone()),
        train: Vec::new(),
        sample: first.sample.clone(),
        most: Some(most),
    });
    let all: Vec<Arm> = table.iter().cloned().chain(smaller).collect();
    for arm in &all {
        let known = |weights: &String| {
            all.iter()
                .any(|arm| arm.name == *weights && arm.weights.is_none())
        };
        if arm.weights.as_ref().is_some_and(|weights| !known(weights)) {
            bail!("the weights of {} are those of no arm that is trained", arm.name);
        }
    }
    let Some(only) = only else {
        return Ok(all);
    };
    let names = || {
        all.iter()
            .skip(1)
            .map(|arm| arm.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let Some(arm) = all.iter().skip(1).find(|arm| arm.name == only) else {
        bail!("--only {only}: no such arm, expected one of {}", names());
    };
    let source = all
        .iter()
        .filter(|other| arm.weights.as_ref() == Some(&other.name) && other.name != first.name);
    let own = std::iter::once(first).chain(source).chain(std::iter::once(arm));
    Ok(own.cloned().collect())
}

/// An ablation in its folder.
struct Work<'a> {
    trainer: PathBuf,
    home: PathBuf,
    device: &'a str,
    data: &'a Data,
}

impl Work<'_> {
    fn trainer(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.trainer);
        command.current_dir(root()).arg(subcommand);
        command
    }

    fn run_folder(&self, name: &str) -> PathBuf {
        self.home.join("runs").join(name)
    }

    fn evaluation(&self, arm: &Arm) -> PathBuf {
        self.home.join("evaluations").join(&arm.name)
    }

    /// Trains an arm, or goes on where an interrupted training was.
    fn train(&self, arm: &Arm) -> Result<()> {
        stage(&format!("Training {}: {}", arm.name, arm.about));
        let folder = self.run_folder(&arm.name);
        let begun = Instant::now();
        let mut command = self.trainer("train");
        if has_entries(&folder.join("checkpoints")) {
            command.arg("--resume").arg(&folder);
        } else {
            command
                .arg("--config")
                .arg(&self.data.config)
                .arg("--out")
                .arg(&folder);
            // All arms see the same images, which are packed once.
            command.args([
                "--set",
                &format!("run.cache={}", self.home.join("cache").display()),
            ]);
            for setting in &arm.train {
                command.args(["--set", setting]);
            }
        }
        run(command.args(["--device", self.device]))?;
        eprintln!("{} s", begun.elapsed().as_secs());
        Ok(())
    }

    /// Evaluates an arm, or goes on where an interrupted evaluation was.
    fn evaluate(&self, arm: &Arm) -> Result<()> {
        stage(&format!("Evaluating {}: {}", arm.name, arm.about));
        let begun = Instant::now();
        let most = arm.most.unwrap_or(self.data.most).to_string();
        let mut command = self.trainer("evaluate");
        command
            .arg(self.run_folder(arm.weights.as_ref().unwrap_or(&arm.name)))
            .args(&self.data.evaluate)
            .args(&arm.sample)
            .args(["--most", &most, "--device", self.device, "--out"])
            .arg(self.evaluation(arm));
        run(&mut command)?;
        eprintln!("{} s", begun.elapsed().as_secs());
        Ok(())
    }

    fn compare(&self, arms: &[Arm]) -> Result<()> {
        stage("Comparing");
        let out = self.home.join("comparison");
        let folders = arms.iter().map(|arm| self.evaluation(arm));
        run(self.trainer("compare").args(folders).arg("--out").arg(&out))?;
        let report = out.join("compare.md");
        let text = fs::read_to_string(&report).with_context(|| report.display().to_string())?;
        println!("On {}.\n", self.data.about);
        for arm in arms {
            println!("- {}: {}", arm.name, arm.about);
        }
        println!("\n{text}");
        Ok(())
    }
}

fn has_entries(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Arms {
        toml::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
    }

    fn table() -> Arms {
        read("configs/ablation/arms.toml")
    }

    #[test]
    fn the_arms_that_ask_for_the_condition_change_one_thing_each_and_their_config_is_there() {
        let table = read("configs/ablation/condition-arms.toml");
        assert!(root().join(&table.data["synthetic"].config).is_file());
        let arms = chosen(&table.arm, &[], None).unwrap();
        let changed = |part: &str| {
            let is_changed = |arm: &&Arm| arm.train.iter().any(|setting| setting.starts_with(part));
            arms.iter().filter(is_changed).count()
        };
        assert!(
            arms.first()
                .is_some_and(|arm| arm.train.is_empty() && arm.sample.is_empty())
        );
        for part in [
            "network.use_scale_shift_norm",
            "conditions.scale",
            "training.drop_condition",
            "data.draw.balance",
            "run.seed",
        ] {
            assert!(changed(part) > 0, "{part}");
        }
        assert!(
            arms.iter()
                .any(|arm| arm.sample.first().is_some_and(|flag| flag == "--alpha"))
        );
        assert!(
            arms.iter()
                .all(|arm| arm.train.len() <= 1 || arm.about.starts_with("both"))
        );
    }

    #[test]
    fn the_table_has_the_papers_arms_and_smaller_sets_and_its_configs_are_there() {
        let table = table();
        for data in table.data.values() {
            assert!(root().join(&data.config).is_file(), "{data:?}");
            let arms = chosen(&table.arm, &data.sizes, None).unwrap();
            let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
            for name in ["whole", "no-condition", "no-guidance", "no-source-noise"] {
                assert!(names.contains(&name), "{names:?}");
            }
            assert_eq!(names.len(), 4 + data.sizes.len());
            assert!(data.sizes.iter().all(|&size| size < data.most));
        }
    }

    #[test]
    fn one_arm_alone_comes_with_the_first_and_an_unknown_one_is_refused_with_the_names() {
        let table = table();
        let arms = chosen(&table.arm, &[10], Some("no-guidance")).unwrap();
        let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        assert_eq!(names, ["whole", "no-guidance"]);
        let smaller = chosen(&table.arm, &[10], Some("whole-of-10")).unwrap();
        assert_eq!(smaller.last().and_then(|arm| arm.most), Some(10));
        let said = chosen(&table.arm, &[10], Some("no-such"))
            .unwrap_err()
            .to_string();
        assert!(said.contains("no-condition, no-guidance"), "{said}");
    }

    #[test]
    fn weights_of_an_arm_that_is_not_trained_are_refused() {
        let mut arms = table().arm;
        for arm in &mut arms {
            if arm.weights.is_some() {
                arm.weights = Some("no-guidance".to_owned());
            }
        }
        let said = chosen(&arms, &[], None).unwrap_err().to_string();
        assert!(said.contains("no-guidance"), "{said}");
    }
}
