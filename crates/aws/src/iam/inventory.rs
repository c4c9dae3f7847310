//! What in IAM carries the mark of a grant: users under Stint's path, and policies with a grant's name on whatever wears
//! the boundary.
//!
//! A page is small, since each user and role in it costs a call more, and IAM's rate is everybody's.
//!
//! Guards: one of them that may not be looked at, or a listing that is denied, does not hide what comes after it.

use super::accounts::Duty;
use super::errors::{LOOK_DENIED, NO_SUCH_ENTITY, classify, refused};
use super::{Iam, altered, ephemeral};
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use aws_sdk_iam::types::PolicyUsageType;
use stint_app::ports::{Artefact, Inventory, Look, Marked, Page, ProviderError};
use stint_domain::access::Access;
use stint_domain::account::TargetAccount;
use stint_domain::ids::{GrantId, IamUserName, RoleArn};

/// How many users or roles one page looks at.
const PAGE: i32 = 20;

/// The two listings, one after the other.
const USERS: &str = "users";
const WEARERS: &str = "wearers";

impl Inventory for Iam {
    async fn marked(&self, cursor: Option<&str>) -> Result<Page<Look>, ProviderError> {
        let Place { account, cursor } = self.place(cursor);
        let mut page = self.marked_in(account, cursor).await;
        if page.as_ref().map_or(true, |page| page.items.iter().any(Result::is_err)) {
            self.accounts.forget(account);
        }
        if let Ok(page) = &mut page {
            page.next = match page.next.take() {
                Some(next) => Some(named(account, &next)),
                None => self.after(account),
            };
        }
        page
    }

    /// Whoever may not list the users there may still see who wears the boundary.
    fn beyond(&self, cursor: Option<&str>) -> Option<String> {
        let Place { account, cursor } = self.place(cursor);
        match listing(cursor) {
            (WEARERS, _) => self.after(account),
            _ => Some(named(account, &format!("{WEARERS}:"))),
        }
    }

    async fn altered(&self, artefact: &Artefact) -> Result<Option<String>, ProviderError> {
        let (iam, account) = (self.at(artefact, Duty::Take).await?, artefact.access.account());
        let seen = match &artefact.access {
            Access::IamUserElevation { user, .. } => altered::policy_of(&iam, user.as_str(), artefact).await,
            Access::EphemeralIamUser { .. } => {
                altered::user_of(&iam, &self.boundary(account)?, artefact).await
            }
            // Nothing is made for a role's sessions until they are stopped.
            Access::RoleSession { .. } => Ok(None),
            Access::Checkout { .. } | Access::Provided { .. } => Err(super::elsewhere()),
        };
        self.done(&artefact.access, seen)
    }
}

/// Where a round over the accounts has got to.
struct Place<'a> {
    /// `None`: Stint's own.
    account: Option<&'a TargetAccount>,
    /// Of the listings there.
    cursor: Option<&'a str>,
}

/// Neither a role nor an external id has these characters.
fn name_of(account: &TargetAccount) -> String {
    format!("{}#{}|", account.role, account.external_id)
}

/// Which listing, and its marker.
fn listing(cursor: Option<&str>) -> (&str, &str) {
    cursor.and_then(|text| text.split_once(':')).unwrap_or((USERS, ""))
}

fn named(account: Option<&TargetAccount>, cursor: &str) -> String {
    account.map(name_of).unwrap_or_default() + cursor
}

impl Iam {
    /// An account that the catalog no longer has is the start of a new round.
    fn place<'a>(&'a self, cursor: Option<&'a str>) -> Place<'a> {
        let elsewhere = cursor.filter(|cursor| cursor.starts_with("arn:"));
        let Some(elsewhere) = elsewhere else { return Place { account: None, cursor } };
        let found = |account: &'a TargetAccount| Some((account, elsewhere.strip_prefix(&name_of(account))?));
        match self.elsewhere.iter().find_map(found) {
            Some((account, cursor)) => Place { account: Some(account), cursor: Some(cursor) },
            None => Place { account: None, cursor: None },
        }
    }

    /// The start of the next account, if there is one.
    fn after(&self, account: Option<&TargetAccount>) -> Option<String> {
        let mut rest = self.elsewhere.iter();
        if let Some(account) = account {
            rest.find(|one| *one == account);
        }
        rest.next().map(|next| named(Some(next), &format!("{USERS}:")))
    }

    async fn marked_in(
        &self,
        account: Option<&TargetAccount>,
        cursor: Option<&str>,
    ) -> Result<Page<Look>, ProviderError> {
        let iam = self.accounts.iam(account, Duty::Take, None).await?;
        let (listing, marker) = listing(cursor);
        let marker = (!marker.is_empty()).then(|| marker.to_owned());
        let mut page = if listing == WEARERS {
            wearers(&iam, &self.boundary(account)?, marker).await?
        } else {
            let page = users(&iam, marker).await?;
            Page { next: Some(page.next.unwrap_or_else(|| format!("{WEARERS}:"))), ..page }
        };
        page.items.iter_mut().flatten().for_each(|marked| marked.access.put_in(account));
        Ok(page)
    }
}

async fn users(iam: &Client, marker: Option<String>) -> Result<Page<Look>, ProviderError> {
    let list = iam.list_users().path_prefix(ephemeral::PATH).max_items(PAGE).set_marker(marker).send().await;
    let list = list.map_err(|error| classify(error, LOOK_DENIED))?;
    let grants = list.users().iter().filter_map(|user| GrantId::of_artefact_name(user.user_name()));
    let marked = |grant_id| {
        let access = Access::EphemeralIamUser { permissions: Vec::new(), account: None };
        Ok(Marked { grant_id, access })
    };
    Ok(Page { items: grants.map(marked).collect(), next: next(USERS, list.is_truncated(), list.marker()) })
}

async fn wearers(iam: &Client, boundary: &str, marker: Option<String>) -> Result<Page<Look>, ProviderError> {
    let list = iam.list_entities_for_policy().policy_arn(boundary).max_items(PAGE).set_marker(marker);
    let list = list.policy_usage_filter(PolicyUsageType::PermissionsBoundary).send().await;
    let list = list.map_err(|error| classify(error, LOOK_DENIED))?;
    let users = list.policy_users().iter().filter_map(|user| user.user_name());
    let users = users.filter(|name| GrantId::of_artefact_name(name).is_none()).map(Wearer::User);
    let roles = list.policy_roles().iter().filter_map(|role| role.role_name()).map(Wearer::Role);
    let mut items = Vec::new();
    for wearer in users.chain(roles) {
        match wearer.policies(iam).await {
            Ok(found) => items.extend(found.into_iter().map(Ok)),
            Err(error) => {
                // IAM will not have an answer about the next one either.
                let enough = matches!(error, ProviderError::Unavailable(_));
                items.push(Err(wearer.unseen(error)));
                if enough {
                    break;
                }
            }
        }
    }
    Ok(Page { items, next: next(WEARERS, list.is_truncated(), list.marker()) })
}

enum Wearer<'a> {
    User(&'a str),
    Role(&'a str),
}

impl Wearer<'_> {
    async fn policies(&self, iam: &Client) -> Result<Vec<Marked>, ProviderError> {
        match self {
            Self::User(name) => policies_of_user(iam, name).await,
            Self::Role(name) => policies_of_role(iam, name).await,
        }
    }

    /// Says which one it was.
    fn unseen(&self, error: ProviderError) -> ProviderError {
        let (Self::User(name) | Self::Role(name)) = self;
        match error {
            ProviderError::Refused { reason, cause } => {
                ProviderError::Refused { reason: format!("{name}: {reason}"), cause }
            }
            unavailable @ ProviderError::Unavailable(_) => unavailable,
        }
    }
}

fn next(listing: &str, truncated: bool, marker: Option<&str>) -> Option<String> {
    marker.filter(|_| truncated).map(|marker| format!("{listing}:{marker}"))
}

async fn policies_of_user(iam: &Client, name: &str) -> Result<Vec<Marked>, ProviderError> {
    let names = iam.list_user_policies().user_name(name).into_paginator().items().send();
    let names = match names.collect::<Result<Vec<_>, _>>().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(Vec::new()),
        names => names.map_err(|error| classify(error, LOOK_DENIED))?,
    };
    let user: IamUserName =
        name.parse().map_err(|bad| refused("IAM names a user in no way it should", bad))?;
    let access = || Access::IamUserElevation { user: user.clone(), permissions: Vec::new(), account: None };
    let grants = names.iter().filter_map(|name| GrantId::of_artefact_name(name));
    Ok(grants.map(|grant_id| Marked { grant_id, access: access() }).collect())
}

async fn policies_of_role(iam: &Client, name: &str) -> Result<Vec<Marked>, ProviderError> {
    let names = iam.list_role_policies().role_name(name).into_paginator().items().send();
    let names = match names.collect::<Result<Vec<_>, _>>().await {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(Vec::new()),
        names => names.map_err(|error| classify(error, LOOK_DENIED))?,
    };
    let grants: Vec<_> = names.iter().filter_map(|name| GrantId::of_artefact_name(name)).collect();
    if grants.is_empty() {
        return Ok(Vec::new());
    }
    let found = iam.get_role().role_name(name).send().await;
    let Some(found) = found.map_err(|error| classify(error, LOOK_DENIED))?.role else {
        return Ok(Vec::new());
    };
    let role: RoleArn =
        found.arn().parse().map_err(|bad| refused("IAM names a role in no way it should", bad))?;
    let marked = |grant_id: GrantId| Ok(Marked { grant_id, access: sessions(&role)? });
    grants.into_iter().map(marked).collect()
}

/// Whose sessions they were is not on the role, and makes no difference to taking its policy away.
fn sessions(role: &RoleArn) -> Result<Access, ProviderError> {
    let nobody = "nobody".parse().map_err(|bad| refused("a name that is none", bad))?;
    Ok(Access::RoleSession {
        role: role.clone(),
        source_identity: nobody,
        permissions: Vec::new(),
        account: None,
    })
}
