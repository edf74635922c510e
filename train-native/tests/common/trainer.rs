//! The command, run to its end.

use std::ffi::OsStr;
use std::process::{Command, Output};

fn output<A: AsRef<OsStr>>(arguments: &[A]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux-train"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs the command, which must succeed.
pub fn run<A: AsRef<OsStr>>(arguments: &[A]) {
    let output = output(arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What the command says where it must refuse.
pub fn refused<A: AsRef<OsStr>>(arguments: &[A]) -> String {
    let output = output(arguments);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}
