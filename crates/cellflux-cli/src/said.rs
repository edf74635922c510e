//! `print!`, `println!` and `eprintln!` for a command whose reader may leave early, as `cellflux ... | head` does: the standard
//! ones panic then.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};

/// Writes to standard output. Where nobody reads any longer, the command has done its work and ends.
pub fn out(text: Arguments) {
    match stdout().write_fmt(text) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            err(format_args!("cellflux: standard output: {error}\n"));
            std::process::exit(2);
        }
    }
}

/// Writes to standard error. That nobody reads it any longer is no reason to fail.
pub fn err(text: Arguments) {
    let _ = stderr().write_fmt(text);
}

macro_rules! print {
    ($($text:tt)*) => { $crate::said::out(format_args!($($text)*)) };
}

macro_rules! println {
    () => { $crate::said::out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::said::out(format_args!("{}\n", format_args!($($text)*))) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::said::err(format_args!("{}\n", format_args!($($text)*))) };
}
