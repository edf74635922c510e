//! The subcommands; `anyhow` begins here.

pub mod train;
