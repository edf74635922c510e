//! `print!`, `println!` and `eprintln!` for a command whose reader may leave early, as `cellflux ... | head`
//! does: the standard ones panic then.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the command does more than print.
static WORK_IS_LEFT: AtomicBool = AtomicBool::new(false);

/// From now on the command runs to its end even if nobody reads what it prints: it trains, writes a file
/// afterwards, or its exit status is an answer.
pub fn go_on_unread() {
    WORK_IS_LEFT.store(true, Ordering::Relaxed);
}

/// Writes to standard output for the command of this name. If nobody reads any longer, a command that only
/// prints has done its work and ends.
pub fn out(command: &str, text: Arguments) {
    match stdout().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            if !WORK_IS_LEFT.load(Ordering::Relaxed) {
                std::process::exit(0);
            }
        }
        Err(error) => {
            err(format_args!("{command}: standard output: {error}\n"));
            std::process::exit(2);
        }
    }
}

/// Writes to standard error. It does not fail if nobody reads that any longer.
pub fn err(text: Arguments) {
    let _ = stderr().write_fmt(text);
}

/// As the standard one; see [`out`].
#[macro_export]
macro_rules! print {
    ($($text:tt)*) => { $crate::said::out(env!("CARGO_BIN_NAME"), format_args!($($text)*)) };
}

/// As the standard one; see [`out`].
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($text:tt)*) => { $crate::print!("{}\n", format_args!($($text)*)) };
}

/// As the standard one; see [`err`].
#[macro_export]
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::said::err(format_args!("{}\n", format_args!($($text)*))) };
}
