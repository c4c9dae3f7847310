//! Access that a provider of the organisation's own gives: which function it is, and what it is told.
//!
//! Guards: only a function whose name says that it is a provider can be named, so that no entry of a catalog makes Stint
//! call anything else; and what a provider promises about ends stands in the scope, under its hash.

use crate::ids::{ProviderFunction, TargetName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provided {
    pub function: ProviderFunction,
    /// Where at the provider.
    pub target: TargetName,
    /// What else it is told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Parameter>,
    /// Whether its holder is handed something to use access with.
    #[serde(default)]
    pub has_credential: bool,
    /// Whether an early end reaches what is in use at that moment.
    pub can_cut_live_sessions: bool,
    /// How long, in seconds, access may outlive its end in the worst case.
    pub max_overstay_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    Flag(bool),
    Number(u32),
    Text(String),
    List(Vec<String>),
}
