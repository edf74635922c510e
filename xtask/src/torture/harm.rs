//! What goes wrong while a command runs.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::shell::{capture, run};

/// One way of going wrong.
#[derive(Clone, Copy)]
pub enum Harm {
    /// The process is killed without warning.
    Kill,
    /// No file may grow beyond some bytes, as on a full disk.
    NoRoom,
    /// The folder that holds the output may not be written.
    ReadOnly,
}

impl Harm {
    /// What it is called in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "killed",
            Self::NoRoom => "no room for files",
            Self::ReadOnly => "read-only folder",
        }
    }

    /// Runs a command while it goes wrong; `moment` from 0 to 1 says when, or how much room there is. Returns
    /// what the command said.
    pub fn during(
        self,
        command: &mut Command,
        output: &Path,
        takes: Duration,
        moment: f64,
    ) -> Result<String> {
        match self {
            Self::Kill => kill(command, takes.mul_f64(1.1 * moment)),
            Self::NoRoom => {
                // In blocks of 512 bytes, up to 2 MiB; the signal that comes first is ignored, so that writes
                // fail.
                let blocks = (moment.powi(3) * 4096.0) as u64;
                said(&mut through_shell(
                    command,
                    &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""),
                ))
            }
            Self::ReadOnly => {
                let folder = output.parent().context("an output has no folder")?;
                run(Command::new("chmod").arg("a-w").arg(folder))?;
                // Permissions do not limit the superuser unless it gives up that right.
                let script = if capture(Command::new("id").arg("-u")).is_ok_and(|id| id == "0") {
                    "exec setpriv --bounding-set=-dac_override,-dac_read_search,-fowner \"$0\" \"$@\""
                } else {
                    "exec \"$0\" \"$@\""
                };
                let said = said(&mut through_shell(command, script));
                run(Command::new("chmod").arg("u+w").arg(folder))?;
                said
            }
        }
    }
}

fn kill(command: &mut Command, after: Duration) -> Result<String> {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start a command")?;
    std::thread::sleep(after);
    // It may have ended by itself.
    let _ = child.kill();
    let status = child.wait().context("cannot wait for a command")?;
    Ok(format!(
        "it was killed after {:.3} s ({status})",
        after.as_secs_f64()
    ))
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot start a command")?;
    Ok(format!(
        "it said {:?}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

fn through_shell(command: &Command, script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}
