//! The commands that write, each with two inputs and the outputs that belong to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell::root;

/// The files of a folder by path.
pub type Content = BTreeMap<String, Vec<u8>>;

/// A command that turns an input into a folder.
pub struct Writer {
    /// What it is called in the table.
    pub name: &'static str,
    /// The folder that it writes.
    pub output: PathBuf,
    /// How long it takes undisturbed.
    pub duration: Duration,
    program: PathBuf,
    /// Its arguments for either input.
    arguments: [Vec<String>; 2],
    /// Files of the output that a reader of it does not depend upon.
    passing: &'static [&'static str],
}

/// Every writer, with both outputs made once.
pub fn all(cellflux: &Path, trainer: &Path, home: &Path) -> Result<Vec<Writer>> {
    let mut writers = vec![
        import(cellflux, home)?,
        reshard(cellflux, home)?,
        build(cellflux, home)?,
        export(trainer, home)?,
    ];
    for writer in &mut writers {
        writer.learn()?;
    }
    Ok(writers)
}

fn import(cellflux: &Path, home: &Path) -> Result<Writer> {
    let home = made(&home.join("import"))?;
    let table = |name: &str| format!("name,smiles,control\nDMSO,CS(=O)C,yes\n{name},CC(=O)O,\n");
    let mut arguments = [Vec::new(), Vec::new()];
    for (index, compound) in ["first", "second"].into_iter().enumerate() {
        let path = home.join(format!("{compound}.csv"));
        fs::write(&path, table(compound)).context("cannot write a table")?;
        arguments[index] = words(&[
            "import",
            &text(&root().join("tests/fixtures/micro/model.safetensors")),
            "--config",
            &text(&home.join("config.json")),
            "--compounds",
            &text(&path),
            "--size",
            "32",
            "--replace",
            "--out",
            &text(&home.join("out/bundle")),
        ]);
    }
    fs::write(home.join("config.json"), micro_config()?).context("cannot write a configuration")?;
    writer("cellflux import", cellflux, &home.join("out/bundle"), arguments)
}

/// The configuration in the micro golden's header.
fn micro_config() -> Result<String> {
    let golden = fs::read(root().join("tests/fixtures/micro/io.safetensors"))
        .context("cannot read the micro golden")?;
    let length = golden.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)) as usize;
    let header = golden
        .get(8..8 + length)
        .context("the micro golden is cut short")?;
    let header: serde_json::Value = serde_json::from_slice(header).context("the micro golden's header")?;
    let config = header
        .pointer("/__metadata__/config")
        .and_then(serde_json::Value::as_str);
    Ok(config
        .context("the micro golden has no configuration")?
        .to_owned())
}

fn reshard(cellflux: &Path, home: &Path) -> Result<Writer> {
    let home = made(&home.join("reshard"))?;
    let mut arguments = [Vec::new(), Vec::new()];
    for (index, size) in ["1", "2"].into_iter().enumerate() {
        arguments[index] = words(&[
            "bundle",
            "reshard",
            &text(&root().join("web/bundles/bbbc021-tiny")),
            "--megabytes",
            size,
            "--replace",
            "--out",
            &text(&home.join("out/bundle")),
        ]);
    }
    writer(
        "cellflux bundle reshard",
        cellflux,
        &home.join("out/bundle"),
        arguments,
    )
}

fn build(cellflux: &Path, home: &Path) -> Result<Writer> {
    let home = made(&home.join("site"))?;
    let mut arguments = [Vec::new(), Vec::new()];
    for (index, title) in ["first", "second"].into_iter().enumerate() {
        let folder = made(&home.join(title))?;
        let bundle = text(&root().join("web/bundles/bbbc021-tiny"));
        let config = format!("title = \"{title}\"\n[[bundle]]\npath = '{bundle}'\n");
        fs::write(folder.join("site.toml"), config).context("cannot write a site.toml")?;
        arguments[index] = words(&[
            "site",
            "build",
            &text(&folder),
            "--out",
            &text(&home.join("out/dist")),
        ]);
    }
    writer("cellflux site build", cellflux, &home.join("out/dist"), arguments)
}

fn export(trainer: &Path, home: &Path) -> Result<Writer> {
    let home = made(&home.join("export"))?;
    let run = home.join("run");
    let config = text(&root().join("configs/synthetic-tiny.toml"));
    let mut train = Command::new(trainer);
    train.args([
        "train",
        "--config",
        &config,
        "--out",
        &text(&run),
        "--steps",
        "2",
        "--batch",
        "2",
    ]);
    for setting in [
        "data.source.images=120",
        "run.validation_pairs=4",
        "run.sheet_every=0",
        "run.checkpoint_every=1",
        "run.validate_every=2",
        "training.warmup_steps=1",
    ] {
        train.args(["--set", setting]);
    }
    succeed(train.current_dir(&home))?;
    let mut arguments = [Vec::new(), Vec::new()];
    for (index, steps) in ["4", "5"].into_iter().enumerate() {
        arguments[index] = words(&[
            "export",
            &text(&run),
            "--steps",
            steps,
            "--replace",
            "--out",
            &text(&home.join("out/bundle")),
        ]);
    }
    writer(
        "cellflux-train export",
        trainer,
        &home.join("out/bundle"),
        arguments,
    )
}

fn writer(name: &'static str, program: &Path, output: &Path, arguments: [Vec<String>; 2]) -> Result<Writer> {
    made(output.parent().context("an output has no folder")?)?;
    Ok(Writer {
        name,
        output: output.to_owned(),
        duration: Duration::ZERO,
        program: program.to_owned(),
        arguments,
        passing: &[],
    })
}

impl Writer {
    /// The command for one of the two inputs.
    pub fn command(&self, input: usize) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.arguments.get(input).into_iter().flatten());
        command
    }

    /// Makes both outputs, keeps copies, and measures how long one takes.
    fn learn(&mut self) -> Result<()> {
        for input in 0..2 {
            let _ = fs::remove_dir_all(&self.output);
            let start = Instant::now();
            succeed(&mut self.command(input))?;
            self.duration = start.elapsed();
            let copy = self.copy(input);
            let _ = fs::remove_dir_all(&copy);
            copy_folder(&self.output, &copy)?;
        }
        if self.same(&self.reference(0)?, &self.reference(1)?) {
            bail!("{}: both inputs give the same output", self.name);
        }
        Ok(())
    }

    fn copy(&self, input: usize) -> PathBuf {
        let mut path = self.output.clone();
        path.pop();
        path.with_file_name(format!("reference-{input}"))
    }

    /// The output that belongs to an input.
    pub fn reference(&self, input: usize) -> Result<Content> {
        content(&self.copy(input))
    }

    /// Puts the output of an input back in place, alone in its folder.
    pub fn restore(&self, input: usize) -> Result<()> {
        let parent = self.output.parent().context("an output has no folder")?;
        let _ = fs::remove_dir_all(parent);
        made(parent)?;
        copy_folder(&self.copy(input), &self.output)
    }

    /// What is in the output's place; nothing where there is none.
    pub fn content(&self) -> Result<Content> {
        content(&self.output)
    }

    /// Whether two outputs are one.
    pub fn same(&self, a: &Content, b: &Content) -> bool {
        let matters = |name: &&String| !self.passing.iter().any(|passing| name.starts_with(passing));
        a.keys().filter(matters).eq(b.keys().filter(matters))
            && a.iter()
                .all(|(name, file)| !matters(&name) || b.get(name) == Some(file))
    }

    /// What stands beside the output, which nothing asked for.
    pub fn leftovers(&self) -> Result<Vec<String>> {
        let parent = self.output.parent().context("an output has no folder")?;
        let mut left = Vec::new();
        for entry in fs::read_dir(parent).context("cannot list an output's folder")? {
            let path = entry.context("cannot list an output's folder")?.path();
            // An empty lock file that nobody holds does no harm.
            let empty = path.is_file() && fs::metadata(&path).is_ok_and(|file| file.len() == 0);
            if path != self.output && !empty {
                left.push(text(&path));
            }
        }
        Ok(left)
    }
}

/// The first file in which an output equals neither of two others.
pub fn difference(found: &Content, old: &Content, new: &Content) -> String {
    if found.is_empty() {
        return "there is none".into();
    }
    let names = old.keys().chain(new.keys()).chain(found.keys());
    let other = |name: &&String| found.get(*name) != old.get(*name) && found.get(*name) != new.get(*name);
    names.clone().find(other).map_or_else(
        || format!("{} files of both", found.len()),
        |name| format!("{name} belongs to neither"),
    )
}

fn content(folder: &Path) -> Result<Content> {
    let mut files = Content::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&next).with_context(|| format!("cannot list {}", next.display()))? {
            let path = entry.context("cannot list a folder")?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let file = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                files.insert(text(path.strip_prefix(folder).unwrap_or(&path)), file);
            }
        }
    }
    Ok(files)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for (name, file) in content(from)? {
        let path = to.join(name);
        made(path.parent().unwrap_or(to))?;
        fs::write(&path, file).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output().context("cannot start a command")?;
    if !output.status.success() {
        bail!(
            "{}: {}",
            crate::shell::shown(command),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

fn made(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.to_owned())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_of_both_inputs_is_told_from_either() {
        let folder = |files: &[(&str, &str)]| -> Content {
            files
                .iter()
                .map(|&(name, text)| (name.into(), text.into()))
                .collect()
        };
        let old = folder(&[("a", "1"), ("b", "1")]);
        let new = folder(&[("a", "2"), ("b", "2")]);
        assert_eq!(
            difference(&folder(&[("a", "1"), ("b", "2")]), &old, &new),
            "2 files of both"
        );
        assert_eq!(
            difference(&folder(&[("a", "1")]), &old, &new),
            "b belongs to neither"
        );
        assert_eq!(difference(&folder(&[]), &old, &new), "there is none");
    }
}
