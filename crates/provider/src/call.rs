//! What Stint asks of a provider.

use crate::VERSION;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub version: u32,
    /// The same for the same call sent again, and another for any other call. It follows from grant and operation, with
    /// the end of the window (activate) or the time of the call (the others). It is for targets that want such a key.
    /// Do not answer from a memory of keys: what is at the target now is what counts.
    pub idempotency_key: String,
    pub operation: Operation,
    pub grant: Grant,
    /// Whose access it is: an opaque id. It is never a name, and may be of any form.
    pub principal: String,
    /// Where at the provider; from the catalog.
    pub target: String,
    /// What else the provider wants to know; from the catalog.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    pub now: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Give access until `grant.ends_at`. Again, with a later end: give it until then.
    Activate,
    /// Take it away, with what is in use. What is not there is taken already.
    Deactivate,
    /// Look whether it is gone.
    Verify,
    /// Make a credential for its holder. One that was made before stops working.
    Issue,
}

impl Operation {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Verify => "verify",
            Self::Issue => "issue",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: String,
    /// What is made at the target is found again by this name: lower-case letters, digits and `-`, starting with
    /// `stint-`, and of no other grant.
    pub artefact_name: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    Flag(bool),
    Number(u32),
    Text(String),
    List(Vec<String>),
}

/// A call that this crate does not understand. The text is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    #[error("this provider speaks version 1 of the contract, and was called with another")]
    Version,
    #[error("this provider does not know the operation it was called for")]
    Operation,
    #[error("the call is not as the contract says")]
    Malformed,
}

impl Call {
    /// The text parameter of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.parameters.get(name) {
            Some(Parameter::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The list parameter of this name; one text is a list of one, and nothing is an empty list.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        match self.parameters.get(name) {
            None => Some(Vec::new()),
            Some(Parameter::Text(text)) => Some(vec![text]),
            Some(Parameter::List(list)) => Some(list.iter().map(String::as_str).collect()),
            Some(_) => None,
        }
    }

    /// The number of this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        match self.parameters.get(name) {
            Some(Parameter::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Unknown fields are ignored. Version and operation are looked at first, since all else may differ with them.
    pub fn read(event: Value) -> Result<Self, Unacceptable> {
        if event.get("version").and_then(Value::as_u64) != Some(u64::from(VERSION)) {
            return Err(Unacceptable::Version);
        }
        let operation = event.get("operation").cloned().unwrap_or_default();
        serde_json::from_value::<Operation>(operation).map_err(|_| Unacceptable::Operation)?;
        serde_json::from_value(event).map_err(|_| Unacceptable::Malformed)
    }
}
