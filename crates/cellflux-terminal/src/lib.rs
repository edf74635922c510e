#![doc = include_str!("../README.md")]
//!
//! - [`said`]: `print!`, `println!` and `eprintln!` for a command whose reader may leave early. They take the
//!   place of the standard ones in a program that begins with `#[macro_use] extern crate cellflux_terminal;`.
//! - [`shell`]: hints that can be copied, also with blanks in paths.
//! - [`sentence`]: an error with its causes, each told once.
//! - [`today`]: the date that a command writes into what it makes.

mod date;
pub mod said;
mod sentence;
pub mod shell;

pub use date::today;
pub use sentence::sentence;
