//! A vault with its rotations, and the logins that its secrets open.
//!
//! Guards the truth about I5: who has seen which secret is written down here, and what a login takes is what was last
//! set, whatever anybody says of it.

use super::{Late, State, World};
use jiff::Timestamp;
use std::collections::BTreeMap;
use stint_app::ports::{
    Artefact, Credential, ProviderError, RotatedLogin, Secret, Sighting, Vault, VersionId, Versions,
};
use stint_domain::custody::SetAttempt;
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::ids::{GrantId, SecretName};

/// A secret with its versions, and what its login takes now.
#[derive(Debug, Clone, Default)]
pub struct Vaulted {
    pub versions: Versions,
    pub values: BTreeMap<VersionId, String>,
    /// The one password that opens it.
    pub accepted: String,
    made: u32,
}

impl Vaulted {
    /// As it was put into the vault.
    #[must_use]
    pub fn fresh(name: &SecretName) -> Self {
        let (version, value) = (VersionId::new("first".to_owned()), format!("{name}-0"));
        Self {
            versions: Versions { current: Some(version.clone()), ..Versions::default() },
            values: BTreeMap::from([(version, value.clone())]),
            accepted: value,
            made: 0,
        }
    }

    fn knows(&self, version: &VersionId) -> bool {
        [&self.versions.current, &self.versions.previous].into_iter().flatten().any(|one| one == version)
    }
}

/// Somebody has seen a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub by: GrantId,
    pub secret: SecretName,
    pub value: String,
}

fn refused(reason: &str) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned(), cause: "vault".into() }
}

fn found<'a>(state: &'a mut State, secret: &SecretName) -> Result<&'a mut Vaulted, ProviderError> {
    if state.target_is_down {
        return Err(ProviderError::Unavailable("down".into()));
    }
    state.vault.get_mut(secret).ok_or_else(|| refused("there is no such secret"))
}

pub(super) fn activate(state: &mut State, secret: &SecretName) -> Result<(), ProviderError> {
    match found(state, secret)?.versions.pending {
        Some(_) => Err(ProviderError::Unavailable("a rotation is under way".into())),
        None => Ok(()),
    }
}

/// Asks for a rotation, as often as it is called until there has been one.
pub(super) fn deactivate(
    state: &mut State,
    secret: &SecretName,
    artefact: &Artefact,
) -> Result<(), ProviderError> {
    let version = VersionId::after(artefact.grant_id);
    let vaulted = found(state, secret)?;
    if vaulted.knows(&version) {
        return Ok(());
    }
    vaulted.versions.pending.get_or_insert_with(|| version.clone());
    let asked = (secret.clone(), version);
    if !state.rotations.contains(&asked) {
        state.rotations.push(asked);
    }
    Ok(())
}

pub(super) fn look(
    state: &mut State,
    secret: &SecretName,
    artefact: &Artefact,
    now: Timestamp,
) -> Result<Sighting, ProviderError> {
    let version = VersionId::after(artefact.grant_id);
    let looked_at = secret.to_string();
    Ok(if found(state, secret)?.knows(&version) {
        let answered = format!("rotated to {}", version.as_str());
        Sighting::Over(Evidence::Gone(Receipt { looked_at, answered, at: now }))
    } else {
        Sighting::UnderWay { looked_at }
    })
}

pub(super) fn issue(
    state: &mut State,
    secret: &SecretName,
    artefact: &Artefact,
) -> Result<Credential, ProviderError> {
    let vaulted = found(state, secret)?;
    let current = vaulted.versions.current.clone().ok_or_else(|| refused("it has no current version"))?;
    let value = vaulted.values.get(&current).cloned().unwrap_or_default();
    state.seen.push(Seen { by: artefact.grant_id, secret: secret.clone(), value: value.clone() });
    let fields = [
        ("username".to_owned(), Secret::new(secret.to_string())),
        ("password".to_owned(), Secret::new(value)),
    ];
    Ok(Credential::Vaulted {
        version: current,
        fields: fields.into_iter().collect(),
        expires_at: artefact.window.ends_at(),
    })
}

/// Whether what `grant` has seen opens its login.
pub(super) fn opens(state: &State, secret: &SecretName, grant: GrantId) -> bool {
    let accepted = state.vault.get(secret).map(|vaulted| vaulted.accepted.as_str());
    let mut seen = state.seen.iter().filter(|seen| seen.by == grant && seen.secret == *secret);
    seen.any(|seen| Some(seen.value.as_str()) == accepted)
}

/// Whether somebody knows what the next one would be shown.
pub(super) fn current_was_seen(state: &State, secret: &SecretName) -> bool {
    let Some(vaulted) = state.vault.get(secret) else { return false };
    let current = vaulted.versions.current.as_ref().and_then(|current| vaulted.values.get(current));
    state.seen.iter().any(|seen| seen.secret == *secret && Some(&seen.value) == current)
}

impl Vault for World {
    async fn versions(&self, secret: &SecretName) -> Result<Versions, ProviderError> {
        Ok(found(&mut self.state(), secret)?.versions.clone())
    }

    async fn value(&self, secret: &SecretName, version: &VersionId) -> Result<Option<Secret>, ProviderError> {
        Ok(found(&mut self.state(), secret)?.values.get(version).cloned().map(Secret::new))
    }

    async fn put_pending(
        &self,
        secret: &SecretName,
        version: &VersionId,
        value: &Secret,
    ) -> Result<(), ProviderError> {
        self.failpoints.around("put pending", ProviderError::Unavailable, || {
            let mut state = self.state();
            let vaulted = found(&mut state, secret)?;
            vaulted.values.entry(version.clone()).or_insert_with(|| value.reveal().to_owned());
            vaulted.versions.pending = Some(version.clone());
            Ok(())
        })
    }

    async fn drop_pending(&self, secret: &SecretName, version: &VersionId) -> Result<(), ProviderError> {
        self.failpoints.around("drop pending", ProviderError::Unavailable, || {
            let mut state = self.state();
            let vaulted = found(&mut state, secret)?;
            vaulted.versions.pending.take_if(|pending| pending == version);
            Ok(())
        })
    }

    async fn promote(
        &self,
        secret: &SecretName,
        version: &VersionId,
        current: Option<&VersionId>,
    ) -> Result<(), ProviderError> {
        self.failpoints.around("promote", ProviderError::Unavailable, || {
            let mut state = self.state();
            let versions = &mut found(&mut state, secret)?.versions;
            if versions.current.as_ref() == Some(version) {
                return Ok(());
            }
            if versions.current.as_ref() != current {
                return Err(refused("the current version is another one"));
            }
            versions.previous = versions.current.replace(version.clone());
            versions.pending.take_if(|pending| pending == version);
            Ok(())
        })
    }
}

impl RotatedLogin for World {
    async fn renew(&self, current: &Secret, _random: [u8; 32]) -> Result<Secret, ProviderError> {
        let mut state = self.state();
        let (name, _) = current.reveal().rsplit_once('-').ok_or_else(|| refused("not a secret"))?;
        let name: SecretName = name.parse().map_err(|_| refused("not a secret"))?;
        let vaulted = found(&mut state, &name)?;
        vaulted.made += 1;
        Ok(Secret::new(format!("{name}-{}", vaulted.made)))
    }

    async fn replace(
        &self,
        next: &Secret,
        older: &[Secret],
        attempt: &SetAttempt,
    ) -> Result<(), ProviderError> {
        let made = || {
            let mut state = self.state();
            let vaulted = login(&mut state, next)?;
            let opens = |one: &Secret| vaulted.accepted == one.reveal();
            if !opens(next) && !older.iter().any(opens) {
                return Err(refused("nothing that is known opens it"));
            }
            next.reveal().clone_into(&mut vaulted.accepted);
            Ok(())
        };
        self.failpoints.around_late("replace login", ProviderError::Unavailable, made, || {
            self.later(Late::Replace(Secret::new(next.reveal().to_owned()), attempt.writes_until()));
        })
    }

    async fn works(&self, one: &Secret) -> Result<bool, ProviderError> {
        Ok(login(&mut self.state(), one)?.accepted == one.reveal())
    }
}

/// By an administrator, whom nothing of the login keeps out. What comes too late is not taken.
pub(super) fn replace_late(state: &mut State, next: &Secret, at: Timestamp, until: Timestamp) {
    if let Ok(vaulted) = login(state, next)
        && at <= until
    {
        next.reveal().clone_into(&mut vaulted.accepted);
    }
}

fn login<'a>(state: &'a mut State, secret: &Secret) -> Result<&'a mut Vaulted, ProviderError> {
    let (name, _) = secret.reveal().rsplit_once('-').ok_or_else(|| refused("not a secret"))?;
    found(state, &name.parse().map_err(|_| refused("not a secret"))?)
}
