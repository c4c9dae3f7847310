//! Fakes of the ports, builders, and the contract suites that fakes and adapters both pass.
//!
//! [`world::World`] is a whole small cloud in memory: a ledger, an audit, a target, a workflow service, a directory, an
//! inbox and a clock. It keeps the promises of the ports, and it can fail at any call, in every way a call can fail.

pub mod contracts;
pub mod world;
