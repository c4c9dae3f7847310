//! A vaulted credential is replaced by one that nobody has seen: the four steps that Secrets Manager asks for, and what
//! the workflow waits for.
//!
//! Guards I5: nothing rotates in somebody's hands; what was seen is refused by its target, seen to be refused, before
//! anybody else can have what comes after it. Every step may come twice, out of turn, or after one that died half way:
//! what opens the target is found out by trying. A secret goes from the vault to its target and nowhere else.

mod set;

use crate::end_access::{EndAccess, EndError, end_access};
use crate::failure::{Failure, Missing};
use crate::ports::{
    Ledger, Provider, ProviderError, RotatedLogin, Secret, Surroundings, TaskToken, TaskTokens, Vault,
    VersionId, Wait, Workflow, WorkflowError,
};
use crate::transact::load;
use jiff::Timestamp;
use stint_domain::custody::Unsettled;
use stint_domain::grant::GrantState;
use stint_domain::ids::{RequestId, SecretName};
use stint_domain::transition::EndCause;
use thiserror::Error;

/// A step of Secrets Manager's rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationStep {
    Create,
    Set,
    Test,
    Finish,
}

impl RotationStep {
    /// In their order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];
}

#[derive(Debug, Error)]
pub enum RotateError {
    /// Nothing rotates during a checkout.
    #[error("the credential is checked out by {by}")]
    CheckedOut { by: RequestId },
    /// Nothing is set while an attempt to set something else may be on its way.
    #[error(transparent)]
    Unsettled(#[from] Unsettled),
    /// The steps before this one have not been made.
    #[error("there is no new credential yet")]
    NothingPending,
    #[error("the new credential does not work")]
    NewRefused,
    #[error("the old credential still works")]
    OldAccepted,
    #[error(transparent)]
    Target(#[from] ProviderError),
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// What a rotation works on.
pub struct Rotation<'a, L, V, T> {
    pub ledger: &'a L,
    pub vault: &'a V,
    pub login: &'a T,
    pub secret: &'a SecretName,
    pub version: &'a VersionId,
}

impl<L: Ledger, V: Vault, T: RotatedLogin> Rotation<'_, L, V, T> {
    /// # Errors
    /// [`RotateError`]; all of them are worth coming back for, with the same step or the first.
    pub async fn step(
        &self,
        step: RotationStep,
        surroundings: &impl Surroundings,
    ) -> Result<(), RotateError> {
        match step {
            RotationStep::Create => self.create(surroundings).await,
            RotationStep::Set => self.set(surroundings).await,
            RotationStep::Test if self.is_rehearsal().await? => Ok(()),
            RotationStep::Test => self.test().await,
            RotationStep::Finish => self.finish().await,
        }
    }

    async fn create(&self, surroundings: &impl Surroundings) -> Result<(), RotateError> {
        self.in_nobodys_hands(surroundings.now()).await?;
        if self.vault.value(self.secret, self.version).await?.is_some() {
            return Ok(());
        }
        let versions = self.vault.versions(self.secret).await?;
        if let Some(stray) = versions.pending.filter(|pending| pending != self.version) {
            self.vault.drop_pending(self.secret, &stray).await?;
        }
        let current = self.current().await?;
        let next = self.login.renew(&current, surroundings.random()).await?;
        Ok(self.vault.put_pending(self.secret, self.version, &next).await?)
    }

    /// Whoever holds it must be on the way out. Some logins are made here already, and an attempt of an older rotation
    /// that is on its way could take them down.
    async fn in_nobodys_hands(&self, now: Timestamp) -> Result<(), RotateError> {
        let custody = self.ledger.custody(self.secret).await.map_err(Failure::from)?;
        custody.may_be_set_to(self.version.as_str(), now)?;
        let Some(by) = custody.holder() else { return Ok(()) };
        let found = self.ledger.load(by).await.map_err(Failure::from)?;
        match found.as_ref().and_then(|found| found.request.grant()) {
            Some(GrantState::Activating { .. } | GrantState::Active { .. }) => {
                Err(RotateError::CheckedOut { by })
            }
            _ => Ok(()),
        }
    }

    /// When rotation is set up, Secrets Manager tries this step alone, with a copy of what is there.
    async fn is_rehearsal(&self) -> Result<bool, RotateError> {
        let next = self.vault.value(self.secret, self.version).await?;
        let current = self.current().await?;
        Ok(next.is_none_or(|next| next.reveal() == current.reveal()))
    }

    async fn test(&self) -> Result<(), RotateError> {
        if !self.login.works(&self.next().await?).await? {
            return Err(RotateError::NewRefused);
        }
        let versions = self.vault.versions(self.secret).await?;
        if versions.current.as_ref() == Some(self.version) {
            return Ok(());
        }
        match self.login.works(&self.current().await?).await? {
            true => Err(RotateError::OldAccepted),
            false => Ok(()),
        }
    }

    /// Once more what was tested: between the steps there may be hours, and whatever else has been tried.
    async fn finish(&self) -> Result<(), RotateError> {
        let versions = self.vault.versions(self.secret).await?;
        if versions.current.as_ref() == Some(self.version) {
            return Ok(());
        }
        self.test().await?;
        Ok(self.vault.promote(self.secret, self.version, versions.current.as_ref()).await?)
    }

    async fn next(&self) -> Result<Secret, RotateError> {
        self.vault.value(self.secret, self.version).await?.ok_or(RotateError::NothingPending)
    }

    async fn current(&self) -> Result<Secret, RotateError> {
        let versions = self.vault.versions(self.secret).await?;
        let gone = || RotateError::Failure(Failure::Corrupt("the secret has no current version".into()));
        let current = versions.current.ok_or_else(gone)?;
        self.vault.value(self.secret, &current).await?.ok_or_else(gone)
    }
}

/// Closes the checkout that the rotation was for, and lets its workflow go on.
///
/// # Errors
/// [`EndError`]; a repeat is safe, and reconcile does the same.
pub async fn close_checkout(
    ledger: &(impl Ledger + TaskTokens),
    provider: &impl Provider,
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    secret: &SecretName,
) -> Result<(), EndError> {
    let custody = ledger.custody(secret).await?;
    let Some(holder) = custody.holder() else { return Ok(()) };
    close(ledger, provider, workflow, surroundings, holder).await
}

/// The workflow waits for the end of a rotation. If it has ended already, that is the answer.
///
/// # Errors
/// [`EndError::UnderWay`] is none: whoever finishes the rotation finds the token.
pub async fn await_rotation(
    ledger: &(impl Ledger + TaskTokens),
    provider: &impl Provider,
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    id: RequestId,
    token: &TaskToken,
) -> Result<(), EndError> {
    ledger.keep(id, Wait::Rotation, token).await?;
    match close(ledger, provider, workflow, surroundings, id).await {
        Err(EndError::UnderWay) => Ok(()),
        closed => closed,
    }
}

async fn close(
    ledger: &(impl Ledger + TaskTokens),
    provider: &impl Provider,
    workflow: &impl Workflow,
    surroundings: &impl Surroundings,
    id: RequestId,
) -> Result<(), EndError> {
    let recorded = load(ledger, id).await?;
    // Whether it is to end is not for a rotation to say.
    if recorded.request.grant().is_some_and(GrantState::is_given) {
        return Err(EndError::WindowOpen);
    }
    let ask = EndAccess { request_id: id, cause: EndCause::WindowOver, component: "rotate-credential" };
    end_access(ledger, provider, surroundings, &ask).await?;
    for token in ledger.kept(id, Wait::Rotation).await? {
        match workflow.approved(&token).await {
            Ok(()) | Err(WorkflowError::Closed) => {}
            Err(error) => return Err(Missing::from(Failure::from(error)).into()),
        }
    }
    Ok(())
}
