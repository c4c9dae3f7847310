//! A target that takes what IAM would take and shows what is really there.

use super::{Late, State, World, vault};
use jiff::Timestamp;
use stint_app::ports::{
    Artefact, Credential, CredentialIssuer, Enrolment, Inventory, Look, Marked, Page, Provider,
    ProviderError, Secret, Sighting, Unfit,
};
use stint_domain::access::Access;
use stint_domain::grant::{Evidence, Receipt};
use stint_domain::ids::GrantId;

/// What a grant has at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub artefact: Artefact,
    pub blocks: bool,
}

/// A credential that somebody holds, wherever the grant that it is of has got to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub access_key_id: String,
    pub artefact: Artefact,
    /// A user's earlier key, gone with a later one.
    pub replaced: bool,
}

impl World {
    /// Whether anything of this grant works now: by what is there, by its date, and by what is blocked.
    #[must_use]
    pub fn works(&self, grant: GrantId, now: Timestamp) -> bool {
        let state = self.state();
        let vaulted =
            state.records.get(&grant.request_id()).and_then(|found| found.request.scope.access.vaulted());
        if let Some(secret) = vaulted {
            return vault::opens(&state, secret, grant);
        }
        let place = state.target.get(&grant);
        match place {
            Some(made) if made.blocks => false,
            Some(made) => !made.artefact.window.is_over(now),
            // A role's sessions need nothing at the target.
            None => state.issued.iter().any(|issued| {
                issued.artefact.grant_id == grant
                    && matches!(issued.artefact.access, Access::RoleSession { .. })
                    && !issued.artefact.window.is_over(now)
            }),
        }
    }
}

impl Provider for World {
    async fn activate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        self.interrupted();
        let made = || activate(&mut self.state(), artefact);
        self.failpoints.around_late("activate", ProviderError::Unavailable, made, || {
            self.later(Late::Activate(artefact.clone()));
        })
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        let made = || deactivate(&mut self.state(), artefact, now);
        self.failpoints.around_late("deactivate", ProviderError::Unavailable, made, || {
            self.later(Late::Deactivate(artefact.clone(), now));
        })
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        self.failpoints.around("verify", ProviderError::Unavailable, || {
            if let Some(secret) = artefact.access.vaulted() {
                return vault::look(&mut self.state(), secret, artefact, now);
            }
            let looked_at = artefact.grant_id.artefact_name();
            let receipt = |answered: &str| Receipt {
                looked_at: artefact.grant_id.artefact_name(),
                answered: answered.to_owned(),
                at: now,
            };
            Ok(match self.state().target.get(&artefact.grant_id) {
                None if blocks(artefact, now) => Sighting::StillThere { looked_at },
                None => Sighting::Over(Evidence::Gone(receipt("absent"))),
                Some(made) if made.blocks && blocks(artefact, now) => Sighting::Over(Evidence::Blocked {
                    receipt: receipt("denied"),
                    until: artefact.window.ends_at(),
                }),
                Some(_) => Sighting::StillThere { looked_at },
            })
        })
    }
}

impl Enrolment for World {
    async fn check(&self, access: &Access) -> Result<Result<(), Unfit>, ProviderError> {
        let state = self.state();
        let Access::IamUserElevation { user, .. } = access else { return Ok(Ok(())) };
        Ok(match state.users.iter().any(|one| one == user.as_str()) {
            true if state.full.contains(user.as_str()) => Err(Unfit::NoRoom),
            true => Ok(()),
            false => Err(Unfit::NotEnrolled),
        })
    }
}

impl Inventory for World {
    /// Two at a time, so that there is more than one page.
    async fn marked(&self, cursor: Option<&str>) -> Result<Page<Look>, ProviderError> {
        let state = self.state();
        if state.target_is_down {
            return Err(ProviderError::Unavailable("down".into()));
        }
        let skip = skipped(cursor);
        if state.hidden_from == Some(skip) {
            return Err(ProviderError::Unavailable("this account does not answer".into()));
        }
        let all = state.target.values().map(|made| &made.artefact);
        let items: Vec<_> = all
            .skip(skip)
            .take(2)
            .map(|made| match state.unseen == Some(made.grant_id) {
                true => Err(ProviderError::Unavailable("this one cannot be looked at".into())),
                false => Ok(Marked { grant_id: made.grant_id, access: made.access.clone() }),
            })
            .collect();
        let next = (state.target.len() > skip + 2).then(|| (skip + 2).to_string());
        Ok(Page { items, next })
    }

    fn beyond(&self, cursor: Option<&str>) -> Option<String> {
        let next = skipped(cursor) + 2;
        (self.state().target.len() > next).then(|| next.to_string())
    }

    async fn altered(&self, artefact: &Artefact) -> Result<Option<String>, ProviderError> {
        let made = self.state().target.get(&artefact.grant_id).map(|made| made.artefact.clone());
        Ok((made.as_ref() != Some(artefact)).then(|| "it allows something else".to_owned()))
    }
}

pub(super) fn activate(state: &mut State, artefact: &Artefact) -> Result<(), ProviderError> {
    if state.target_is_down {
        return Err(ProviderError::Unavailable("down".into()));
    }
    match &artefact.access {
        Access::IamUserElevation { user, .. } if !state.users.iter().any(|one| one == user.as_str()) => {
            let reason = "the IAM user does not exist".to_owned();
            Err(ProviderError::Refused { reason, cause: "NoSuchEntity".into() })
        }
        // Nothing is made for a role: its sessions carry their own end.
        Access::RoleSession { .. } => Ok(()),
        Access::IamUserElevation { .. } | Access::EphemeralIamUser { .. } | Access::Provided { .. } => {
            let made = Made { artefact: artefact.clone(), blocks: false };
            state.target.insert(artefact.grant_id, made);
            Ok(())
        }
        Access::Checkout { secret, .. } => vault::activate(state, secret),
    }
}

pub(super) fn deactivate(
    state: &mut State,
    artefact: &Artefact,
    now: Timestamp,
) -> Result<(), ProviderError> {
    if state.target_is_down || state.stubborn == Some(artefact.grant_id) {
        return Err(ProviderError::Unavailable("down".into()));
    }
    if state.target_lies {
        return Ok(());
    }
    if let Some(secret) = artefact.access.vaulted() {
        return vault::deactivate(state, secret, artefact);
    }
    if blocks(artefact, now) {
        let made = Made { artefact: artefact.clone(), blocks: true };
        state.target.insert(artefact.grant_id, made);
    } else {
        state.target.remove(&artefact.grant_id);
    }
    Ok(())
}

impl CredentialIssuer for World {
    async fn issue(&self, artefact: &Artefact, _now: Timestamp) -> Result<Credential, ProviderError> {
        self.failpoints.around("issue", ProviderError::Unavailable, || {
            let mut state = self.state();
            if let Some(secret) = artefact.access.vaulted() {
                return vault::issue(&mut state, secret, artefact);
            }
            let ephemeral = matches!(artefact.access, Access::EphemeralIamUser { .. });
            if ephemeral && !state.target.contains_key(&artefact.grant_id) {
                let reason = "there is no such IAM user".to_owned();
                return Err(ProviderError::Refused { reason, cause: "NoSuchEntity".into() });
            }
            if let Some(username) = artefact.access.provided().map(|_| artefact.grant_id.artefact_name()) {
                let password = Secret::new(format!("password-of-{username}"));
                let fields = [("password".to_owned(), password)].into();
                let expires_at = artefact.window.ends_at();
                return Ok(Credential::Account { username, fields, expires_at });
            }
            let access_key_id = format!("AKIAFAKE{:08}", state.issued.len());
            let earlier = state.issued.iter_mut().filter(|one| ephemeral && one.artefact == *artefact);
            earlier.for_each(|one| one.replaced = true);
            let issued =
                Issued { access_key_id: access_key_id.clone(), artefact: artefact.clone(), replaced: false };
            state.issued.push(issued);
            Ok(Credential::AccessKey {
                secret_access_key: Secret::new(format!("secret-of-{access_key_id}")),
                session_token: (!ephemeral).then(|| Secret::new(format!("token-of-{access_key_id}"))),
                access_key_id,
                expires_at: artefact.window.ends_at(),
            })
        })
    }
}

fn skipped(cursor: Option<&str>) -> usize {
    cursor.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A role's sessions outlive an early end unless something denies them.
fn blocks(artefact: &Artefact, now: Timestamp) -> bool {
    matches!(artefact.access, Access::RoleSession { .. }) && !artefact.window.is_over(now)
}
