//! From a bundle to what a browser receives.

#![allow(clippy::unwrap_used, reason = "a test's helpers may, like the test")]

mod assembling;
mod parts;
mod real_crops;
mod serving;
