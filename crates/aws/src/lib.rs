//! The ports of Stint on AWS: one adapter to a file, each holding only the client it uses.
//!
//! Adapters translate and nothing else: they decide nothing, and what they cannot tell apart they report as
//! unavailable. They must not know HTTP APIs, policies or the workflow's shape.

pub mod client;
pub mod directory;
pub mod dynamodb;
pub mod fetch;
pub mod functions;
pub mod iam;
pub mod issuer;
pub mod lambda_provider;
pub mod mailer;
mod partiql;
pub mod providers;
pub mod seals;
pub mod surroundings;
pub mod vault;
pub mod workflow;

pub use partiql::{InvalidTableName, TableName};

#[cfg(test)]
mod testing;
