//! What a person's yes says, in the words that are sealed: whoever can only write to the record cannot say it for them.
//!
//! Guards: everything that the yes stands for is in the statement (what was asked and whose approval that takes, what of it is left, in
//! which step it was said and which had been passed over, who said it, by which way and from where), so a seal is good for nothing else. Sealing and checking need a key that this crate must not know.

use crate::approval::TurnKind;
use crate::ids::{PrincipalId, RequestId};
use crate::narrowing::Narrowing;
use crate::principal::{Authentication, Origin};
use crate::request::{AccessRequest, Approval, Decider};
use crate::scope::{ScopeHash, canonical};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The first line of what is hashed: no seal of ours is good for anything but an approval.
const KIND: &[u8] = b"stint approval 1\n";

/// SHA-256 over what is sealed: what a person says by their yes, or where a link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement([u8; 32]);

impl Statement {
    /// `kind` is a first line that no other sort of statement has.
    pub(crate) fn of(kind: &[u8], said: &[u8]) -> Self {
        Self(Sha256::new().chain_update(kind).chain_update(said).finalize().into())
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The mark that only one function can make: the one that approves, or for a link the one that mails. It is no secret: it proves one statement, and opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seal(String);

impl Seal {
    /// `text` as the adapter writes it.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Serialize)]
struct Said<'a> {
    request: RequestId,
    scope: &'a ScopeHash,
    /// From 0.
    step: usize,
    /// Earlier steps that were waited for in vain.
    passed_over: BTreeSet<usize>,
    narrowing: &'a Narrowing,
    by: &'a PrincipalId,
    authentication: Authentication,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

impl AccessRequest {
    /// What `approval` says in this step, from 0; `None` for policy's, which says nothing that could not be asked again.
    #[must_use]
    pub fn statement(&self, step: usize, approval: &Approval) -> Option<Statement> {
        let Decider::Person { id, authentication, origin, .. } = &approval.by else { return None };
        let said = Said {
            request: self.scope.request_id,
            scope: &approval.scope_hash,
            step,
            passed_over: self.passed_over(step),
            narrowing: &approval.narrowing,
            by: id,
            authentication: *authentication,
            origin: *origin,
        };
        Some(Statement::of(KIND, &canonical(&said)))
    }

    fn passed_over(&self, before: usize) -> BTreeSet<usize> {
        let skipped = self.turns().iter().filter(|turn| turn.kind == TurnKind::Skipped);
        skipped.map(|turn| turn.step).filter(|step| *step < before).collect()
    }
}
