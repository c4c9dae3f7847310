//! Logins and one-time roles in a real PostgreSQL server, as its administrator who is no superuser.
//!
//! One server for all tests, each with roles of its own. What a role may do is seen as its holder would see it: by
//! logging in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]

mod broken_off;
mod expiry;
mod hosts;
mod names;
mod passwords;
mod provider;
mod psql;
mod removal;
mod scene;
mod secrets;
mod stalled;
mod wire;
