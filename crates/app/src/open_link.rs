//! An approver opens or uses the link of a mail.
//!
//! Guards: looking changes nothing; what cannot be a link, is not one, or was one once all answer alike; the link
//! names who acts, so acting by it is acting as that approver and nobody else.

use crate::caller::Caller;
use crate::failure::Missing;
use crate::note_refusal::note_refusal;
use crate::ports::{ApprovalLinks, Ledger};
use crate::transact::load;
use jiff::Timestamp;
use stint_domain::link::{ApprovalLink, LinkHash};
use stint_domain::principal::Authentication;
use stint_domain::request::AccessRequest;

/// A link and what it is about.
#[derive(Debug)]
pub struct OpenedLink {
    pub link: ApprovalLink,
    pub request: AccessRequest,
}

impl OpenedLink {
    /// Who acts by this link.
    #[must_use]
    pub fn caller(&self, source_address: Option<String>, invocation: Option<String>) -> Caller {
        Caller {
            principal: self.link.approver.clone(),
            authentication: Authentication::MailLink,
            source_address,
            mfa: false,
            invocation,
        }
    }

    /// The same once they have signed in, with a second factor or without.
    #[must_use]
    pub fn signed_in(&self, source_address: Option<String>, mfa: bool, invocation: Option<String>) -> Caller {
        let authentication = Authentication::MailLinkSignedIn;
        Caller { authentication, mfa, ..self.caller(source_address, invocation) }
    }
}

/// # Errors
/// [`Missing::NotFound`] for anything that is not a link of ours.
pub async fn open_link(ledger: &(impl Ledger + ApprovalLinks), token: &str) -> Result<OpenedLink, Missing> {
    let hash = LinkHash::of_path_segment(token).ok_or(Missing::NotFound)?;
    let link = ledger.find(&hash).await?.ok_or(Missing::NotFound)?;
    let request = load(ledger, link.request_id).await?.request;
    Ok(OpenedLink { link, request })
}

/// `caller` has signed in at a link that was mailed to somebody else. They get nothing by it, whether it could be noted or not.
pub async fn note_other_sign_in(ledger: &impl Ledger, opened: &OpenedLink, caller: &Caller, now: Timestamp) {
    let (id, reason) = (opened.link.request_id, "the link was mailed to somebody else");
    if let Err(error) = note_refusal(ledger, caller, id, "sign-in", reason, now).await {
        tracing::error!(request.id = %id, error = &error as &dyn std::error::Error, "a refusal was not noted");
    }
}

/// A form came to this link that was not believed: `attempted` by whoever has it. It changed nothing, whether it could be
/// noted or not.
pub async fn note_forged(
    ledger: &impl Ledger,
    opened: &OpenedLink,
    caller: &Caller,
    attempted: &str,
    now: Timestamp,
) {
    let (id, reason) = (opened.link.request_id, "the form did not come from its page");
    if let Err(error) = note_refusal(ledger, caller, id, attempted, reason, now).await {
        tracing::error!(request.id = %id, error = &error as &dyn std::error::Error, "a refusal was not noted");
    }
}
