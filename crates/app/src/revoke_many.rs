//! Everything of a person, everything on an entitlement, or everything: for the minutes in which somebody's key is in the
//! wrong hands.
//!
//! Guards: each grant is judged on its own, so nobody takes away here what they could not take away one by one; what is
//! on record as ending is ended even if the caller never comes back. Whom policy lets take nothing of it learns nothing of
//! what there is, not even a cursor, and stands in the audit. It goes page by page, since a function's time is short: the
//! caller comes back with the cursor until there is none.

use crate::caller::Caller;
use crate::failure::{Failure, Missing};
use crate::ports::{
    DUE_SHARDS, Directory, Expirer, Ledger, ListError, Page, PageQuery, Register, Surroundings, Workflow,
};
use crate::revoke_grant::may;
use crate::transact::{TransactError, load, transact_from};
use crate::withdraw::finish;
use stint_domain::audit::Outcome;
use stint_domain::grant::GrantState;
use stint_domain::ids::{EntitlementId, GrantId, PrincipalId, RequestId};
use stint_domain::justification::Comment;
use stint_domain::principal::Person;
use stint_domain::record::SystemEvent;
use stint_domain::request::AccessRequest;
use stint_domain::transition::{Command, GrantCommand};
use stint_policy::PolicyBundle;

/// How many requests one call looks at: each that it ends takes four calls more.
const PAGE: u32 = 25;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Person(PrincipalId),
    Entitlement(EntitlementId),
    Everything,
}

#[derive(Debug, Clone)]
pub struct TakingMany {
    pub what: What,
    pub comment: Comment,
    /// From the answer before.
    pub cursor: Option<String>,
}

#[derive(Debug, Default)]
pub struct Taken {
    pub revoked: Vec<GrantId>,
    /// Where to go on; the work is done when there is none.
    pub next: Option<String>,
}

/// # Errors
/// [`ListError::BadCursor`] for a cursor of something else; [`Missing::NotFound`] for a caller whom the directory does
/// not know, and for one who may take nothing of what was named. After a failure a repeat goes on where it matters: what is
/// ending already is passed over.
pub async fn revoke_many(
    ledger: &(impl Ledger + Register),
    directory: &impl Directory,
    (workflow, expirer): (&impl Workflow, &impl Expirer),
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: TakingMany,
) -> Result<Result<Taken, Missing>, ListError> {
    let person = match directory.person(&caller.principal).await {
        Ok(Some(person)) => person,
        Ok(None) => return Ok(refused(ledger, surroundings, caller, &ask).await),
        Err(error) => return Ok(Err(Failure::from(error).into())),
    };
    let page = candidates(ledger, &ask).await?;
    let mut taken = Taken { revoked: Vec::new(), next: page.next };
    for id in page.items {
        match revoke(ledger, policy, surroundings, caller, &person, &ask.comment, id).await {
            Ok(None) => {}
            Ok(Some(request)) => {
                finish(workflow, expirer, &request, "revoked").await;
                taken.revoked.push(id.grant_id());
            }
            Err(missing) => return Ok(Err(missing)),
        }
    }
    if taken.revoked.is_empty() && !may_any(policy, &person, &ask.what) {
        return Ok(refused(ledger, surroundings, caller, &ask).await);
    }
    let noted = note(ledger, surroundings, caller, &ask, Outcome::Success, taken.revoked.len()).await;
    Ok(noted.map(|()| taken))
}

/// As for something that is not there.
async fn refused(
    ledger: &impl Ledger,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: &TakingMany,
) -> Result<Taken, Missing> {
    note(ledger, surroundings, caller, ask, Outcome::Denied, 0).await?;
    Err(Missing::NotFound)
}

/// Whether policy would let them take any of it, if anybody had it: by the catalog, and not by what is had, so that the
/// answer does not tell of that.
fn may_any(policy: &PolicyBundle, person: &Person, what: &What) -> bool {
    let requester = match what {
        What::Person(id) => Some(id.clone()),
        // Somebody, and nobody in particular.
        What::Entitlement(_) | What::Everything => "somebody".parse().ok(),
    };
    let Some(requester) = requester else { return false };
    let may = |id: &EntitlementId| policy.may_revoke(person, &requester, id).is_ok();
    match what {
        What::Entitlement(id) => may(id),
        What::Person(_) | What::Everything => policy.entitlements().any(|one| may(&one.id)),
    }
}

/// `None` for what is not there to be taken, and for what the caller may not take.
async fn revoke(
    ledger: &impl Ledger,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    caller: &Caller,
    person: &Person,
    comment: &Comment,
    id: RequestId,
) -> Result<Option<AccessRequest>, Missing> {
    let recorded = load(ledger, id).await?;
    let command = GrantCommand::Revoke { comment: comment.clone() };
    let Ok(authorization) = may(policy, person, &recorded.request, &command) else { return Ok(None) };
    if !can_be_taken(&recorded.request) {
        return Ok(None);
    }
    let circumstances = caller.circumstances(surroundings.now(), Some(authorization));
    match transact_from(ledger, recorded, &Command::Grant(command), &circumstances).await {
        Ok(done) => Ok(Some(done.recorded.request)),
        // It has come to another end in the meantime.
        Err(TransactError::Refused(..)) => Ok(None),
        Err(TransactError::Missing(missing)) => Err(missing),
    }
}

fn can_be_taken(request: &AccessRequest) -> bool {
    matches!(
        request.grant(),
        Some(GrantState::Scheduled | GrantState::Activating { .. } | GrantState::Active { .. })
    )
}

async fn candidates(register: &impl Register, ask: &TakingMany) -> Result<Page<RequestId>, ListError> {
    let query = PageQuery { cursor: ask.cursor.clone(), limit: PAGE };
    let ids = |page: Page<AccessRequest>| Page {
        items: page.items.iter().filter(|r| can_be_taken(r)).map(|r| r.scope.request_id).collect(),
        next: page.next,
    };
    match &ask.what {
        What::Person(id) => Ok(ids(register.of_requester(id, &query).await?)),
        What::Entitlement(id) => Ok(ids(register.of_entitlement(id, &query).await?)),
        What::Everything => everything(register, ask.cursor.as_deref()).await,
    }
}

/// One shard after the other; the cursor starts with the shard's number.
async fn everything(register: &impl Register, cursor: Option<&str>) -> Result<Page<RequestId>, ListError> {
    let (shard, cursor) = match cursor.map(|text| text.split_once('.').ok_or(ListError::BadCursor)) {
        None => (0, None),
        Some(parts) => {
            let (shard, rest) = parts?;
            let rest = (!rest.is_empty()).then(|| rest.to_owned());
            (shard.parse::<u8>().map_err(|_| ListError::BadCursor)?, rest)
        }
    };
    if shard >= DUE_SHARDS {
        return Err(ListError::BadCursor);
    }
    let mut page = register.live(shard, &PageQuery { cursor, limit: PAGE }).await?;
    page.next = page.next.map(|rest| format!("{shard}.{rest}"));
    for shard in shard + 1..DUE_SHARDS {
        if page.next.is_some() {
            break;
        }
        // Another whole page on top would be too much for one call.
        if !page.items.is_empty() {
            page.next = Some(format!("{shard}."));
            break;
        }
        page = register.live(shard, &PageQuery { cursor: None, limit: PAGE }).await?;
        page.next = page.next.map(|rest| format!("{shard}.{rest}"));
    }
    Ok(page)
}

async fn note(
    ledger: &impl Ledger,
    surroundings: &impl Surroundings,
    caller: &Caller,
    ask: &TakingMany,
    outcome: Outcome,
    revoked: usize,
) -> Result<(), Missing> {
    let what = match &ask.what {
        What::Person(id) => serde_json::json!({ "person": id }),
        What::Entitlement(id) => serde_json::json!({ "entitlement": id }),
        What::Everything => serde_json::json!({ "everything": true }),
    };
    let event = SystemEvent {
        action: "grant.many_revoked",
        outcome,
        entitlement: None,
        detail: serde_json::json!({ "what": what, "comment": ask.comment, "revoked": revoked }),
    };
    Ok(ledger.append(event, caller.circumstances(surroundings.now(), None)).await?)
}
