//! One mail with a link of its own to one person about one request.
//!
//! Guards: the right to send is taken before and given up only by time, so that a mail goes out once, as far as that can
//! be known; the link's secret is in the mail and nowhere else, and nobody else can make a link.

use crate::failure::Failure;
use crate::letter::Letter;
use crate::ports::{ApprovalLinks, MailError, Mailer, Reservation, Sealer, Surroundings};
use jiff::SignedDuration;
use stint_domain::link::{ApprovalLink, LinkSecret};
use stint_domain::principal::Person;
use stint_domain::request::AccessRequest;

/// How long a reservation to send one mail is held, in seconds: longer than the function may run.
const RESERVED_SECONDS: i64 = 30;

/// What it takes to send one.
pub(crate) struct Post<'a, L, K, M, S> {
    pub(crate) links: &'a L,
    pub(crate) sealer: &'a K,
    pub(crate) mailer: &'a M,
    pub(crate) surroundings: &'a S,
    pub(crate) public_url: &'a str,
}

/// What is known of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Now or before.
    Sent,
    /// Somebody else is at it, or has died there.
    Held,
    /// There is no address, or the mail service does not take it.
    Impossible,
}

/// The mail of this `number` to `person`. `letter` is given the address and the link.
pub(crate) async fn mail_link<L: ApprovalLinks, K: Sealer, M: Mailer, S: Surroundings>(
    post: &Post<'_, L, K, M, S>,
    request: &AccessRequest,
    person: &Person,
    number: usize,
    letter: impl FnOnce(&str, &str) -> Letter,
) -> Result<Delivery, Failure> {
    let Some(address) = &person.email else { return Ok(Delivery::Impossible) };
    let (now, secret) = (post.surroundings.now(), LinkSecret::new(post.surroundings.random()));
    let mut link = ApprovalLink {
        hash: secret.hash(),
        request_id: request.scope.request_id,
        approver: person.id.clone(),
        scope_hash: request.scope.hash(),
        reminder: number,
        seal: None,
    };
    link.seal = Some(post.sealer.seal(&link.statement()).await?);
    let until = now.saturating_add(SignedDuration::from_secs(RESERVED_SECONDS)).unwrap_or(now);
    match post.links.reserve(&link, now, until).await? {
        Reservation::Taken => {}
        Reservation::Held => return Ok(Delivery::Held),
        Reservation::Sent => return Ok(Delivery::Sent),
    }
    let url = format!("{}/approvals/{}", post.public_url, secret.reveal());
    match post.mailer.send(&letter(address, &url)).await {
        Ok(()) => post.links.sent(&link, post.surroundings.now()).await?,
        Err(MailError::Refused(cause)) => {
            tracing::warn!(principal.id = %person.id, error = &*cause as &dyn std::error::Error, "mail refused");
            return Ok(Delivery::Impossible);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Delivery::Sent)
}
