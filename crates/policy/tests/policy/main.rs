//! The bundle in `policies/`, and how a bundle decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod bundle;
mod common;
mod decisions;
mod rules;
mod weighed;
