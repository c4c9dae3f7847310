//! The step that writes to the target: on record first, then a look whether it is still to be done, then the write.
//!
//! Guards I5 against a write that stalls after the look (`stint_domain::custody::sets`). It takes an attempt off the
//! record only if that has done all that it will: what failed may have reached the target, or still reach it.

use super::{RotateError, Rotation};
use crate::failure::Failure;
use crate::ports::{Ledger, RotatedLogin, StoreError, Surroundings, Vault};
use crate::transact::RACES;
use stint_domain::custody::SetAttempt;
use uuid::Builder;

impl<L: Ledger, V: Vault, T: RotatedLogin> Rotation<'_, L, V, T> {
    pub(super) async fn set(&self, surroundings: &impl Surroundings) -> Result<(), RotateError> {
        let attempt = self.attempt(surroundings);
        self.begin(&attempt).await?;
        let done = self.set_if_pending(&attempt).await;
        if matches!(done, Ok(()) | Err(RotateError::NothingPending)) {
            // Else time settles it.
            let _ = self.end(&attempt).await;
        }
        done
    }

    fn attempt(&self, surroundings: &impl Surroundings) -> SetAttempt {
        let mut chance = [0; 16];
        chance.iter_mut().zip(surroundings.random()).for_each(|(to, from)| *to = from);
        let token = Builder::from_random_bytes(chance).into_uuid();
        SetAttempt::of(self.version.as_str(), token, surroundings.now())
    }

    async fn begin(&self, attempt: &SetAttempt) -> Result<(), RotateError> {
        for _ in 0..RACES {
            let custody = self.ledger.custody(self.secret).await.map_err(Failure::from)?;
            match self.ledger.change_custody(&custody.begin_set(attempt.clone())?).await {
                Err(StoreError::Conflict) => {}
                done => return Ok(done.map_err(Failure::from)?),
            }
        }
        Err(Failure::from(StoreError::Conflict).into())
    }

    async fn end(&self, attempt: &SetAttempt) -> Result<(), StoreError> {
        for _ in 0..RACES {
            let Some(change) = self.ledger.custody(self.secret).await?.end_set(attempt) else {
                return Ok(());
            };
            match self.ledger.change_custody(&change).await {
                Err(StoreError::Conflict) => {}
                done => return done,
            }
        }
        Err(StoreError::Conflict)
    }

    /// A step that comes when its rotation is over must not bring back what somebody has seen since.
    async fn set_if_pending(&self, attempt: &SetAttempt) -> Result<(), RotateError> {
        let versions = self.vault.versions(self.secret).await?;
        if versions.current.as_ref() == Some(self.version) {
            return Ok(());
        }
        if versions.pending.as_ref() != Some(self.version) {
            return Err(RotateError::NothingPending);
        }
        let next = self.next().await?;
        let mut older = Vec::new();
        for version in [versions.current, versions.previous].into_iter().flatten() {
            if version != *self.version {
                older.extend(self.vault.value(self.secret, &version).await?);
            }
        }
        Ok(self.login.replace(&next, &older, attempt).await?)
    }
}
