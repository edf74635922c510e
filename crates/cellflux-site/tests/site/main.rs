//! From a bundle to what a browser receives.

mod assembling;
mod parts;
mod real_crops;
mod serving;
