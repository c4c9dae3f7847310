//! Where emergencies are reviewed: the page behind the link of the mail that told of one. It belongs to the function that
//! approves.
//!
//! Guards: as of decisions, a review is a POST that came from our own page; what is said stands, and whoever comes second
//! is told who said what.

use crate::api::{invocation, source_address};
use crate::approvals::{Approvals, ApproveParts, believed, not_opened};
use crate::page::{self, Page};
use crate::problem::Problem;
use axum::extract::Request;
use http::StatusCode;
use serde::Deserialize;
use stint_app::caller::Caller;
use stint_app::failure::Missing;
use stint_app::open_link::OpenedLink;
use stint_app::review_access::{ReviewAccess, ReviewError, review_access};
use stint_domain::BadInput;
use stint_domain::justification::Comment;
use stint_domain::request::AccessRequest;
use stint_domain::review::Finding;
use stint_domain::transition::Refusal;

/// What the page sends. It has no `Debug`, because of the nonce.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opinion {
    nonce: String,
    finding: Finding,
    comment: String,
}

/// A form was sent to the link of `opened`, which is about an emergency.
pub(crate) async fn by_link<P: ApproveParts>(
    approvals: &Approvals<P>,
    opened: OpenedLink,
    request: Request,
) -> Page {
    let (parts, body) = request.into_parts();
    let caller = opened.caller(source_address(&parts), invocation(&parts));
    let (request, from) = (Request::from_parts(parts, body), (&opened, &caller));
    let opinion = match believed(approvals, from, "review", request, |opinion: &Opinion| &opinion.nonce).await
    {
        Ok(opinion) => opinion,
        Err(page) => return page,
    };
    let comment = match comment(&opinion.comment) {
        Ok(comment) => comment,
        Err(bad) => return page::invalid(&bad),
    };
    let ask = ReviewAccess { request_id: opened.link.request_id, finding: opinion.finding, comment };
    match review(approvals, &caller, ask).await {
        Ok(request) => page::done(&request),
        Err(error) => not_reviewed(error),
    }
}

/// With line ends as they were typed.
fn comment(text: &str) -> Result<Comment, BadInput> {
    text.replace("\r\n", "\n").trim().parse()
}

pub(crate) async fn review<P: ApproveParts>(
    approvals: &Approvals<P>,
    caller: &Caller,
    ask: ReviewAccess,
) -> Result<AccessRequest, ReviewError> {
    let Approvals { store, directory, policy, surroundings, .. } = approvals;
    review_access(store, directory, policy, surroundings, caller, ask).await
}

fn not_reviewed(error: ReviewError) -> Page {
    match error {
        // They have the link, so they know of it.
        ReviewError::NotAllowed { .. }
        | ReviewError::Missing(Missing::NotFound)
        | ReviewError::Refused(Refusal::SelfReview, _) => page::refused(page::NotAllowed::NotReviewer),
        ReviewError::Refused(Refusal::Reviewed | Refusal::NotOver, request) => {
            page::settled(&request).with_status(StatusCode::CONFLICT)
        }
        ReviewError::Refused(refusal, _) => {
            let _logged = Problem::from(refusal);
            page::unavailable()
        }
        ReviewError::Missing(missing) => not_opened(missing),
    }
}
