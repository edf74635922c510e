//! Trains the `CellFlux` flow: images and a CSV go in, a bundle that the page opens comes out.

pub mod data;
