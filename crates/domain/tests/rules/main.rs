//! The rules, tried: every command in every state, the properties along every path, and the audit's chain.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot set itself up should stop"
)]

mod approvals;
mod audit;
mod custody;
mod details;
mod extensions;
mod facts;
mod fixtures;
mod kinds;
mod narrowing;
mod records;
mod reviews;
mod settled;
mod target;
mod transitions;
mod waiting;
