//! Whole journeys through the use cases, on a world in memory: every ending, everything twice, and a failure at every
//! call in every mode.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]

mod accounts;
mod approvals;
mod break_glass;
mod by_hand;
mod by_number;
mod checkouts;
mod circumstances;
mod eligible;
mod endings;
mod engine;
mod extensions;
mod faults;
mod first_use;
mod forged;
mod kinds;
mod known_failures;
mod mended;
mod outages;
mod refusals;
mod schedules;
mod settled;
mod sweeps;
mod twice;
mod waiting;
mod weighed;
