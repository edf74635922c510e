//! Sites as folders and as served pages.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

mod anonymous;
mod archiving;
mod bad_input;
mod building;
mod components;
mod evaluation;
mod expected;
mod pages;
mod parts;
mod planted;
mod real_crops;
mod serving;
mod storage;
mod verifying;
