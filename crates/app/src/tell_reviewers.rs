//! Whoever has to review an emergency hears of it: at once, and again with every day that the review is late.
//!
//! Guards: nobody waits for these mails, least of all the access; one mail of a round to a reviewer, as far as that can
//! be known; what could not be sent is sent by the next who tries.

use crate::failure::{Failure, Missing};
use crate::letter::Letter;
use crate::mail_link::{Delivery, Post, mail_link};
use crate::ports::{ApprovalLinks, Directory, Ledger, Mailer, Sealer, Surroundings};
use crate::review_access::may_review;
use crate::transact::{TransactError, transact};
use std::collections::{BTreeMap, BTreeSet};
use stint_domain::ids::PrincipalId;
use stint_domain::principal::Person;
use stint_domain::record::Circumstances;
use stint_domain::request::AccessRequest;
use stint_domain::transition::Command;
use stint_policy::PolicyBundle;

/// # Errors
/// Anything transient is worth a retry: mails that went out are not sent again.
pub(crate) async fn tell_reviewers(
    directory: &impl Directory,
    policy: &PolicyBundle,
    post: &Post<'_, impl Ledger + ApprovalLinks, impl Sealer, impl Mailer, impl Surroundings>,
    request: &AccessRequest,
) -> Result<(), Missing> {
    let Some(round) = request.reviewers_to_tell() else { return Ok(()) };
    let number = usize::try_from(round - 1).unwrap_or(usize::MAX);
    let (mut told, mut held) = (BTreeSet::new(), false);
    for reviewer in reviewers(directory, policy, post.surroundings, request).await?.values() {
        let letter = |address: &str, url: &str| {
            Letter::review_request(request, &reviewer.display_name, address, url, number > 0)
        };
        match mail_link(post, request, reviewer, number, letter).await? {
            Delivery::Sent => drop(told.insert(reviewer.id.clone())),
            Delivery::Held => held = true,
            Delivery::Impossible => {}
        }
    }
    // Whoever holds it may have died: the sweep asks again.
    if held {
        return Ok(());
    }
    let id = request.scope.request_id;
    if told.is_empty() {
        tracing::error!(request.id = %id, "nobody could be told to review an emergency");
    }
    let command = Command::NoteTold { reviewers: told, round };
    let circumstances = Circumstances::of_component("notify", post.surroundings.now());
    match transact(post.links, id, &command, &circumstances).await {
        Ok(_) => Ok(()),
        Err(TransactError::Refused(..)) => Err(Failure::Bug("noting who was told was refused").into()),
        Err(TransactError::Missing(missing)) => Err(missing),
    }
}

/// Everybody of the groups that were named whom policy lets, once each.
async fn reviewers(
    directory: &impl Directory,
    policy: &PolicyBundle,
    surroundings: &impl Surroundings,
    request: &AccessRequest,
) -> Result<BTreeMap<PrincipalId, Person>, Failure> {
    let groups = request.scope.break_glass.iter().flat_map(|terms| &terms.reviewers);
    let mut found = BTreeMap::new();
    for group in groups {
        for member in directory.members(group).await? {
            let now = surroundings.now();
            if let Ok((person, _)) = may_review(directory, policy, &member.id, request, now).await? {
                found.insert(person.id.clone(), person);
            }
        }
    }
    Ok(found)
}
