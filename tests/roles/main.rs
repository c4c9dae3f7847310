//! Each function may do what it needs and nothing else, and what is deployed is what is written.
//!
//! Guards I5 from outside: permissions are read from the account and tried under each function's own role, so that one
//! that was added, or one that is missing, fails here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]

mod accounts;
mod deployed;
mod forbidden;
mod forbidden_accounts;
mod forbidden_credentials;
mod forbidden_elsewhere;
mod forbidden_seals;
mod forbidden_tables;
mod golden;
mod machine;
mod missing;
mod session;
mod sigv4;
mod structure;

/// They know nothing of the tables, and what they give is not Stint's own.
pub(crate) const PROVIDER: &str = "stint-provider-postgres";

/// Those that keep the records.
pub(crate) fn on_the_tables() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.into_iter().filter(|name| *name != PROVIDER)
}

pub(crate) const FUNCTIONS: [&str; 9] = [
    "stint-request",
    "stint-approve",
    "stint-notify",
    "stint-grant",
    "stint-reveal",
    "stint-expire",
    "stint-rotate-credential",
    PROVIDER,
    "stint-reconcile",
];
