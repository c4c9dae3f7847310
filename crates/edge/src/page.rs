//! The pages behind an approver's link.
//!
//! Guards: a page works without scripts and loads nothing; what others wrote is text in it; nobody may keep, frame or
//! index it, and it sends no referrer, since its address is the secret. A page for an unknown link says nothing about
//! which links exist. It must not decide anything.

mod answer;
mod question;
mod response;
mod review;
mod verdict;

pub use answer::{Answer, Choice};
pub use response::{Page, secure};

use crate::csrf::Nonce;
use crate::page::question::Question;
use crate::page::review::ReviewQuestion;
use crate::page::verdict::Verdict;
use askama::Template;
use http::StatusCode;
use jiff::Timestamp;
use stint_domain::BadInput;
use stint_domain::ids::PrincipalId;
use stint_domain::request::{AccessRequest, RequestState};

/// Why somebody with a link may not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAllowed {
    SelfApproval,
    /// Not among those who may decide this, any more.
    NotEligible,
    /// In the step that is open others are asked.
    NotAsked,
    /// A link is not enough for this.
    NotSignedIn,
    /// Signed in, and not as whom the link was mailed to.
    SomebodyElse,
    /// Not among those who review, any more, or it was their own.
    NotReviewer,
}

/// What a link shows: the question while it is open, and after that the answer.
#[must_use]
pub fn view(request: &AccessRequest, approver: (&PrincipalId, &str), nonce: &Nonce, now: Timestamp) -> Page {
    let (id, approver_name) = approver;
    match &request.state {
        RequestState::Pending(_) if now >= request.decide_by => settled(request),
        RequestState::Pending(_) if request.has_approved(id) => {
            response::page(StatusCode::OK, &Verdict::waiting(request, false))
        }
        RequestState::Pending(_) => {
            response::page(StatusCode::OK, &Question::new(request, approver_name, nonce, now))
        }
        _ if request.awaits_review() && request.can_be_reviewed() => {
            response::page(StatusCode::OK, &ReviewQuestion::new(request, approver_name, nonce))
        }
        _ => settled(request),
    }
}

/// The question for somebody who cannot answer it here: a link is not enough for it. `sign_in`: the link's token, where
/// signing in is.
#[must_use]
pub fn without_answer(
    request: &AccessRequest,
    approver_name: &str,
    sign_in: Option<&str>,
    now: Timestamp,
) -> Page {
    response::page(StatusCode::OK, &Question::without_answer(request, approver_name, sign_in, now))
}

/// What became of the request, for whoever comes second; `409` where that is the answer to a decision.
#[must_use]
pub fn settled(request: &AccessRequest) -> Page {
    response::page(StatusCode::OK, &Verdict::new(request, false))
}

/// What became of the request, for whoever has just decided.
#[must_use]
pub fn done(request: &AccessRequest) -> Page {
    let verdict = match request.state {
        RequestState::Pending(_) => Verdict::waiting(request, true),
        _ => Verdict::new(request, true),
    };
    response::page(StatusCode::OK, &verdict)
}

/// The same for nonsense, for a link that never was and for one that is gone.
#[must_use]
pub fn unknown() -> Page {
    let text = "This link leads nowhere. Open it from the mail again; if it still leads nowhere, there is nothing to decide.";
    message(StatusCode::NOT_FOUND, "Nothing here", text)
}

#[must_use]
pub fn refused(why: NotAllowed) -> Page {
    let text = match why {
        NotAllowed::SelfApproval => "Nobody decides on their own request. Somebody else has been asked, too.",
        NotAllowed::NotEligible => {
            "You are not, or not any more, among those who may decide this. Nothing has been decided."
        }
        NotAllowed::NotAsked => {
            "Others are asked at this point. Nothing has been decided; if it comes to you, there will be a mail."
        }
        NotAllowed::NotSignedIn => {
            "A link from a mail is not enough to decide this. Nothing has been decided. Open the link again and sign in, or decide by the API."
        }
        NotAllowed::SomebodyElse => {
            "You have signed in as somebody else than the mail was for. Nothing has been decided. Sign out there, and open the link again."
        }
        NotAllowed::NotReviewer => {
            "You are not, or not any more, among those who review this. Nothing has been recorded."
        }
    };
    message(StatusCode::FORBIDDEN, "You may not decide this", text)
}

/// Policy says no, in these words of its own; none, if they are not among those whom it lets at all.
#[must_use]
pub fn not_now(reasons: &[String]) -> Page {
    if reasons.is_empty() {
        return refused(NotAllowed::NotEligible);
    }
    let text = format!("Policy says no: {}. Nothing has been decided.", reasons.join("; "));
    message(StatusCode::FORBIDDEN, "You may not decide this", &text)
}

/// The form cannot be shown to come from our page.
#[must_use]
pub fn forged() -> Page {
    let text = "The form came from a page that is too old or not ours. Nothing has been decided. Open the link from the mail again.";
    message(StatusCode::FORBIDDEN, "Please try again", text)
}

/// The form is larger than any that our page sends.
#[must_use]
pub fn too_large() -> Page {
    let text = "The form is larger than 16 KiB. Nothing has been decided. Go back and shorten the comment.";
    message(StatusCode::PAYLOAD_TOO_LARGE, "Please say less", text)
}

/// A sign-in that came to nothing.
#[must_use]
pub fn not_signed_in() -> Page {
    let text = "You have not been signed in. Nothing has been decided. Open the link from the mail again.";
    message(StatusCode::FORBIDDEN, "Please try again", text)
}

/// Something in the form cannot be accepted.
#[must_use]
pub fn invalid(bad: &BadInput) -> Page {
    let text = format!("The {} {}. Nothing has been decided. Go back and change it.", bad.field, bad.advice);
    message(StatusCode::UNPROCESSABLE_ENTITY, "Please change your answer", &text)
}

#[must_use]
pub fn unavailable() -> Page {
    let text = "It is not certain that anything has been decided. Open the link from the mail again in a moment to see.";
    message(StatusCode::SERVICE_UNAVAILABLE, "Stint cannot answer now", text)
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    style: &'static str,
    title: &'a str,
    text: &'a str,
}

fn message(status: StatusCode, title: &str, text: &str) -> Page {
    response::page(status, &Message { style: response::STYLE, title, text })
}

#[cfg(test)]
mod tests;
