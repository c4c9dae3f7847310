//! Every way a request can end, seen from outside: what the API says, what the audit says and proves, what is at the
//! target, and what the requester's own key can really do. And what a lifecycle costs, what auditors take away, and
//! whether tasks sent before a deployment are understood after it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod accounts;
mod approved;
mod break_glass;
mod csv;
mod delayed;
mod ended_early;
mod export;
mod extended;
mod golden;
mod never;
mod provided;
mod quiet;
mod raced;
mod revealed;
mod scene;
mod secrets;
mod seen;
mod sessions;
mod several;
mod stopped;
mod vaulted;
