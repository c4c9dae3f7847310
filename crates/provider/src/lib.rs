//! The contract between Stint and a provider: a Lambda function of your own that gives and takes access at a target.
//!
//! Stint sends a [`Call`] and reads an [`Answer`]; both are JSON, and have a version. Who writes a provider in Rust
//! implements [`Target`] and hands what comes in to [`respond`]. Whatever goes wrong for now is an error of the function,
//! which Stint tries again; what is wrong for good is [`Answer::Refused`]. Guards: a secret is written in an answer to
//! Stint and nowhere else. It must not know AWS, nor what Stint is made of.

mod answer;
mod call;
pub mod contract;
mod secret;
mod serve;

pub use answer::{Answer, Fields, Malformed};
pub use call::{Call, Grant, Operation, Parameter, Unacceptable};
pub use secret::Secret;
pub use serve::{Failure, Issued, Look, Target, Unavailable, respond};

/// The version of the contract that this crate speaks. Fields are added under it, and ignored by whoever does not know
/// them; a change of meaning is another version.
pub const VERSION: u32 = 1;
