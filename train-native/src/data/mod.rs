//! What a run learns from: images, the experiment's table, conditions, and the batches drawn from them.
//!
//! Data goes one way: a table of images is read and checked, its images are decoded once into a packed
//! cache, every treated image is paired with a control of its own batch, and a loader hands out batches.
