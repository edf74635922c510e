//! The `cellflux` command.

fn main() {}
