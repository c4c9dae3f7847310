//! What a provider answers, and how it stands in JSON.
//!
//! Guards: the one way to write an answer down is [`Answer::into_json`], since a credential is in it; and an answer that
//! cannot be read is an error that has nothing of it.

use crate::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a credential consists of: names that mean something to its holder, such as `host` or `password`.
pub type Fields = BTreeMap<String, Secret>;

/// It has no `Debug`, because of the credential.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// To `activate` and `deactivate`.
    Done,
    /// To `verify`: nothing of the grant is left.
    Gone { looked_at: String, answered: String },
    /// To `verify`: something is, or the look cannot tell.
    StillThere { looked_at: String },
    /// To `issue`.
    Credential { username: String, fields: Fields, expires_at: Timestamp },
    /// To anything: no, and trying again does not help. `reason` is shown to people.
    Refused { reason: String },
}

/// Nothing of what was answered is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not as the contract says")]
pub struct Malformed;

#[derive(Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum Wire {
    Done,
    Gone { looked_at: String, answered: String },
    StillThere { looked_at: String },
    Credential { username: String, fields: BTreeMap<String, String>, expires_at: Timestamp },
    Refused { reason: String },
}

impl Answer {
    /// Unknown fields are ignored.
    pub fn read(json: &[u8]) -> Result<Self, Malformed> {
        Ok(match serde_json::from_slice(json).map_err(|_| Malformed)? {
            Wire::Done => Self::Done,
            Wire::Gone { looked_at, answered } => Self::Gone { looked_at, answered },
            Wire::StillThere { looked_at } => Self::StillThere { looked_at },
            Wire::Credential { username, fields, expires_at } => {
                let fields = fields.into_iter().map(|(name, text)| (name, Secret::new(text))).collect();
                Self::Credential { username, fields, expires_at }
            }
            Wire::Refused { reason } => Self::Refused { reason },
        })
    }

    /// For the function's own answer, and nothing else: a secret can be read in it.
    #[must_use]
    pub fn into_json(self) -> Value {
        let wire = match self {
            Self::Done => Wire::Done,
            Self::Gone { looked_at, answered } => Wire::Gone { looked_at, answered },
            Self::StillThere { looked_at } => Wire::StillThere { looked_at },
            Self::Credential { username, fields, expires_at } => {
                let fields = fields.into_iter().map(|(name, secret)| (name, secret.reveal().to_owned()));
                Wire::Credential { username, fields: fields.collect(), expires_at }
            }
            Self::Refused { reason } => Wire::Refused { reason },
        };
        // Texts and times only, under text keys: it cannot fail. Should it ever, nothing is what Stint cannot read.
        serde_json::to_value(wire).unwrap_or_default()
    }
}
