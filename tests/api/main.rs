//! What the API answers to nonsense, strangers and repetition: a problem that says what to do, tells nothing of the
//! inside, and changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod access;
mod bad_input;
mod base64;
mod bodies;
mod caller;
mod idempotency;
mod listings;
mod problem;
mod routes;
mod states;
mod strangers;
mod tokens;
