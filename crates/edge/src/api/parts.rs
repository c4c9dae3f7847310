//! What the API is put together from: adapters in a function, fakes in a test.

use super::signed::{Verifies, VerifiesWorkloads};
use crate::identity::{TokenVerifier, WorkloadVerifier};
use jiff::Timestamp;
use stint_app::ports::{
    ApprovalLinks, AuditTrail, Directory, Enrolment, Expirer, IdempotencyKeys, KeySource, Ledger, Register,
    Surroundings, TaskTokens, Workflow,
};
use stint_policy::PolicyBundle;

/// Everything that is stored.
pub trait Store: Ledger + IdempotencyKeys + ApprovalLinks + TaskTokens + Register + AuditTrail {}
impl<T: Ledger + IdempotencyKeys + ApprovalLinks + TaskTokens + Register + AuditTrail> Store for T {}

/// The kinds of parts that go together.
pub trait Parts: Send + Sync + 'static {
    type Store: Store + 'static;
    type Directory: Directory + 'static;
    type Targets: Enrolment + 'static;
    type Workflow: Workflow + 'static;
    type Expirer: Expirer + 'static;
    type Surroundings: Surroundings + 'static;
    type Keys: KeySource + 'static;
}

pub struct Api<P: Parts> {
    pub store: P::Store,
    pub directory: P::Directory,
    pub targets: P::Targets,
    pub workflow: P::Workflow,
    pub expirer: P::Expirer,
    pub surroundings: P::Surroundings,
    pub tokens: TokenVerifier<P::Keys>,
    /// `None`: there are no routes for workloads.
    pub workloads: Option<WorkloadVerifier<P::Keys>>,
    pub policy: PolicyBundle,
}

impl<P: Parts> Verifies for Api<P> {
    type Keys = P::Keys;
    fn tokens(&self) -> &TokenVerifier<P::Keys> {
        &self.tokens
    }
    fn now(&self) -> Timestamp {
        self.surroundings.now()
    }
}

impl<P: Parts> VerifiesWorkloads for Api<P> {
    fn workloads(&self) -> Option<&WorkloadVerifier<P::Keys>> {
        self.workloads.as_ref()
    }
    fn directory(&self) -> &impl Directory {
        &self.directory
    }
}
