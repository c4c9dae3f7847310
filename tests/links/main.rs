//! What becomes of an approval link on its way: scanners that open it, forms from elsewhere, many clicks at once, late
//! comers, somebody else's link, and text that tries to be more than text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod crowd;
mod forged;
mod hostile;
mod late;
mod looking;
mod open;
mod sign_in;
mod unknown;
mod who;
