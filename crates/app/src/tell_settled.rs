//! Whoever had a mail about a request and did not decide hears that it is settled.
//!
//! Guards: nobody waits for these mails, least of all the access; one to each, as far as that can be known; whoever cannot
//! be mailed now keeps nobody else from it, and is tried again by the sweep.

use crate::failure::{Failure, Missing};
use crate::letter::settled::Settled;
use crate::mail_link::{Delivery, Post, mail_link};
use crate::ports::{ApprovalLinks, Directory, Ledger, Mailer, Sealer, Surroundings};
use crate::transact::{TransactError, transact};
use std::collections::BTreeSet;
use stint_domain::ids::PrincipalId;
use stint_domain::record::Circumstances;
use stint_domain::request::AccessRequest;
use stint_domain::transition::Command;

/// The number of this mail among those to one person about one request: beyond every reminder there can be.
const AFTER_ALL_REMINDERS: usize = 1_000;

/// # Errors
/// Anything transient is worth a retry: mails that went out are not sent again.
pub(crate) async fn tell_settled(
    directory: &impl Directory,
    post: &Post<'_, impl Ledger + ApprovalLinks, impl Sealer, impl Mailer, impl Surroundings>,
    request: &AccessRequest,
) -> Result<(), Missing> {
    let Some(settled) = Settled::of(request) else { return Ok(()) };
    let (mut approvers, mut unreached) = (BTreeSet::new(), BTreeSet::new());
    let mut failed: Option<Failure> = None;
    for id in &request.untold {
        match tell(directory, post, request, &settled, id).await {
            Ok(Delivery::Sent) => drop(approvers.insert(id.clone())),
            Ok(Delivery::Impossible) => drop(unreached.insert(id.clone())),
            // Whoever holds it may have died: the sweep asks again.
            Ok(Delivery::Held) => {}
            Err(failure) => failed = Some(failure),
        }
    }
    note(post, request, Command::NoteSettledTold { approvers, unreached }).await?;
    failed.map_or(Ok(()), |failure| Err(failure.into()))
}

/// The same for whoever had their mail while it was settled: that comes too late to stand on record, and so this is tried
/// once.
pub(crate) async fn tell_late(
    directory: &impl Directory,
    post: &Post<'_, impl ApprovalLinks, impl Sealer, impl Mailer, impl Surroundings>,
    request: &AccessRequest,
    asked: &BTreeSet<PrincipalId>,
) {
    let Some(settled) = Settled::of(request) else { return };
    for id in asked.iter().filter(|id| !request.was_decided_by(id)) {
        if let Err(error) = tell(directory, post, request, &settled, id).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(request.id = %request.scope.request_id, principal.id = %id, error, "not told");
        }
    }
}

/// Somebody whom the directory does not know any more takes no mail.
async fn tell(
    directory: &impl Directory,
    post: &Post<'_, impl ApprovalLinks, impl Sealer, impl Mailer, impl Surroundings>,
    request: &AccessRequest,
    settled: &Settled<'_>,
    id: &PrincipalId,
) -> Result<Delivery, Failure> {
    let Some(person) = directory.person(id).await? else { return Ok(Delivery::Impossible) };
    // What reserves the mail is a link like any other; its secret is given to nobody.
    let letter = |address: &str, _: &str| settled.letter(&person.display_name, address);
    mail_link(post, request, &person, AFTER_ALL_REMINDERS, letter).await
}

async fn note(
    post: &Post<'_, impl Ledger, impl Sealer, impl Mailer, impl Surroundings>,
    request: &AccessRequest,
    command: Command,
) -> Result<(), Missing> {
    let circumstances = Circumstances::of_component("notify", post.surroundings.now());
    match transact(post.links, request.scope.request_id, &command, &circumstances).await {
        Ok(_) => Ok(()),
        Err(TransactError::Refused(..)) => Err(Failure::Bug("noting who was told was refused").into()),
        Err(TransactError::Missing(missing)) => Err(missing),
    }
}
