//! Running commands and saying what is being done.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The repository's root folder.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Where the chores keep their files, apart from cargo's own outputs.
pub fn scratch() -> PathBuf {
    root().join("target/xtask")
}

/// The stages announced so far, and when.
static STAGES: Mutex<Vec<(Instant, String)>> = Mutex::new(Vec::new());

/// Announces a stage of the work.
pub fn stage(text: &str) {
    eprintln!("\n==> {text}");
    if let Ok(mut stages) = STAGES.lock() {
        stages.push((Instant::now(), text.to_owned()));
    }
}

/// Where the time went since the first stage: a table of the stages with their seconds, and the sum.
pub fn where_time_went() -> String {
    let stages = STAGES.lock().map(|stages| stages.clone()).unwrap_or_default();
    let ends = stages
        .iter()
        .skip(1)
        .map(|(begin, _)| *begin)
        .chain([Instant::now()]);
    let rows: Vec<(&str, f64)> = stages
        .iter()
        .zip(ends)
        .map(|((begin, text), end)| (text.as_str(), end.duration_since(*begin).as_secs_f64()))
        .collect();
    table(&rows)
}

fn table(rows: &[(&str, f64)]) -> String {
    let mut table = String::from("| step | seconds |\n|---|---:|\n");
    for (text, seconds) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {text} | {seconds:.1} |");
    }
    let all: f64 = rows.iter().map(|(_, seconds)| seconds).sum();
    let _ = write!(table, "| all of it | {all:.1} |");
    table
}

/// The cargo that runs this program, in the repository's root.
pub fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.arg(subcommand).current_dir(root());
    // The variables in which cargo describes a program's package are not meant for a cargo that the program
    // starts: build scripts that watch one would run again whenever it changes.
    for (name, _) in std::env::vars_os() {
        let foreign = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || matches!(
                    name,
                    "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "CARGO_CRATE_NAME"
                )
        });
        if foreign {
            command.env_remove(name);
        }
    }
    // Where everything is built once and thrown away, as services for continuous integration do (they set
    // CI), the files that cargo keeps for a second build cost gigabytes and save nothing.
    if std::env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Runs a command to its end, its output going to the terminal.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command and returns what it wrote to stdout, without the last line break.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// A command as one would type it.
pub fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_steps_lists_each_with_its_seconds_and_their_sum() {
        let found = table(&[("Building", 61.26), ("Writing", 0.5)]);
        let expected = "| step | seconds |\n|---|---:|\n| Building | 61.3 |\n| Writing | 0.5 |\n\
                        | all of it | 61.8 |";
        assert_eq!(found, expected);
    }
}
