//! The worlds of the API as they are lent to the functions that have routes of their own: what one of them does, the API
//! sees.

use crate::fakes::Fakes;
use jiff::Timestamp;
use std::sync::Arc;
use stint_app::ports::{
    ApprovalLinks, Artefact, Beside, Credential, CredentialIssuer, Directory, DirectoryError,
    ExecutionStatus, Ledger, ProviderError, Reservation, SealError, Sealer, Seals, StoreError, Surroundings,
    TaskToken, TaskTokens, Wait, Workflow, WorkflowError, WorkflowInput,
};
use stint_domain::audit::SealedEvent;
use stint_domain::custody::{Custody, CustodyChange};
use stint_domain::ids::{GroupName, PrincipalId, RequestId, SecretName};
use stint_domain::link::{ApprovalLink, LinkHash};
use stint_domain::principal::Person;
use stint_domain::record::{Change, Circumstances, Recorded, SystemEvent};
use stint_domain::seal::{Seal, Statement};
use stint_edge::api::Api;

/// The worlds of the API, lent to the functions that have routes of their own.
pub(crate) struct Lent(pub(crate) Arc<Api<Fakes>>);

impl Ledger for Lent {
    async fn load(&self, id: RequestId) -> Result<Option<Recorded>, StoreError> {
        self.0.store.load(id).await
    }
    async fn commit(&self, change: &Change, beside: Option<Beside<'_>>) -> Result<(), StoreError> {
        self.0.store.commit(change, beside).await
    }
    async fn custody(&self, secret: &SecretName) -> Result<Custody, StoreError> {
        self.0.store.custody(secret).await
    }
    async fn change_custody(&self, change: &CustodyChange) -> Result<(), StoreError> {
        self.0.store.change_custody(change).await
    }
    async fn commit_both(&self, changes: [&Change; 2]) -> Result<(), StoreError> {
        self.0.store.commit_both(changes).await
    }
    async fn append(&self, event: SystemEvent, circumstances: Circumstances) -> Result<(), StoreError> {
        self.0.store.append(event, circumstances).await
    }
    async fn open(&self, first: &SealedEvent) -> Result<(), StoreError> {
        self.0.store.open(first).await
    }
}

impl Directory for Lent {
    async fn person(&self, id: &PrincipalId) -> Result<Option<Person>, DirectoryError> {
        self.0.directory.person(id).await
    }
    async fn members(&self, group: &GroupName) -> Result<Vec<Person>, DirectoryError> {
        self.0.directory.members(group).await
    }
}

impl CredentialIssuer for Lent {
    async fn issue(&self, artefact: &Artefact, now: Timestamp) -> Result<Credential, ProviderError> {
        self.0.store.issue(artefact, now).await
    }
}

impl Surroundings for Lent {
    fn now(&self) -> Timestamp {
        self.0.surroundings.now()
    }
    fn random(&self) -> [u8; 32] {
        self.0.surroundings.random()
    }
}

impl ApprovalLinks for Lent {
    async fn reserve(
        &self,
        link: &ApprovalLink,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Reservation, StoreError> {
        self.0.store.reserve(link, now, until).await
    }
    async fn sent(&self, link: &ApprovalLink, at: Timestamp) -> Result<(), StoreError> {
        self.0.store.sent(link, at).await
    }
    async fn find(&self, hash: &LinkHash) -> Result<Option<ApprovalLink>, StoreError> {
        ApprovalLinks::find(&self.0.store, hash).await
    }
}

impl Sealer for Lent {
    async fn seal(&self, statement: &Statement) -> Result<Seal, SealError> {
        self.0.store.seal(statement).await
    }
}

impl Seals for Lent {
    async fn is_of(&self, seal: &Seal, statement: &Statement) -> Result<bool, SealError> {
        self.0.store.is_of(seal, statement).await
    }
}

impl TaskTokens for Lent {
    async fn keep(&self, id: RequestId, wait: Wait, token: &TaskToken) -> Result<(), StoreError> {
        self.0.store.keep(id, wait, token).await
    }
    async fn kept(&self, id: RequestId, wait: Wait) -> Result<Vec<TaskToken>, StoreError> {
        self.0.store.kept(id, wait).await
    }
}

impl Workflow for Lent {
    async fn start(&self, input: &WorkflowInput) -> Result<(), WorkflowError> {
        self.0.workflow.start(input).await
    }
    async fn approved(&self, token: &TaskToken) -> Result<(), WorkflowError> {
        self.0.workflow.approved(token).await
    }
    async fn declined(&self, token: &TaskToken, error: &'static str) -> Result<(), WorkflowError> {
        self.0.workflow.declined(token, error).await
    }
    async fn stop(&self, id: RequestId, cause: &str) -> Result<(), WorkflowError> {
        self.0.workflow.stop(id, cause).await
    }
    async fn status(&self, id: RequestId) -> Result<ExecutionStatus, WorkflowError> {
        self.0.workflow.status(id).await
    }
}
