//! What the documentation says about the edge, held to what the code does: `docs/openapi.yaml`, `docs/errors.md`,
//! `docs/audit.md`, `docs/faults.md`, and the state machine's list of errors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]

mod answers;
mod asl;
mod audit;
mod emergencies;
mod errors;
mod fakes;
mod faults;
mod lent;
mod names;
mod openapi;
mod origins;
mod pages;
mod reveal;
mod schema;
mod sign_in;
mod template;
mod workloads;

use std::path::Path;

/// A file of the project, by its path from the root.
fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
