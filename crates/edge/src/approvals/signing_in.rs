//! Signing in from a link's page, over HTTP: to the issuer and back.
//!
//! Guards: whoever signs in as somebody else than the link was mailed to gets no session, and that is on record. Both routes
//! are GETs that change nothing else.

use super::{Approvals, ApproveParts, not_opened};
use crate::api::{invocation, source_address};
use crate::identity::{IdentityError, Verified};
use crate::page::{self, NotAllowed, Page};
use crate::sign_in::Failed;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION, SET_COOKIE};
use std::sync::Arc;
use stint_app::caller::Caller;
use stint_app::open_link::{OpenedLink, note_other_sign_in, open_link};
use stint_app::ports::{ExchangeError, Surroundings as _};

pub(super) async fn start<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Path(token): Path<String>,
) -> Response {
    let Some(sign_in) = &approvals.sign_in else { return page::unknown().into_response() };
    let opened = match open_link(&approvals.store, &approvals.links, &token).await {
        Ok(opened) => opened,
        Err(missing) => return not_opened(missing).into_response(),
    };
    match sign_in.start(&token, &opened.link.hash, approvals.surroundings.random()) {
        Some((url, cookie)) => redirect(&url, [Some(cookie)]),
        None => page::unavailable().into_response(),
    }
}

pub(super) async fn finish<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    request: Request,
) -> Response {
    match finished(&approvals, request).await {
        Ok(response) => response,
        Err(page) => {
            let forget = approvals.sign_in.as_ref().and_then(|sign_in| sign_in.forget());
            page.with_cookie(forget).into_response()
        }
    }
}

async fn finished<P: ApproveParts>(approvals: &Approvals<P>, request: Request) -> Result<Response, Page> {
    let (parts, _) = request.into_parts();
    let sign_in = approvals.sign_in.as_ref().ok_or_else(page::unknown)?;
    let (attempt, token) = sign_in.attempt(&parts.headers).map_err(|failed| came_to_nothing(&failed))?;
    let opened = open_link(&approvals.store, &approvals.links, token).await.map_err(not_opened)?;
    let Query(answer) =
        Query::try_from_uri(&parts.uri).map_err(|_| came_to_nothing(&Failed::OtherAttempt))?;
    let (now, hash) = (approvals.surroundings.now(), &opened.link.hash);
    let (who, session) = sign_in
        .finish(&approvals.tokens, &attempt, hash, answer, now)
        .await
        .map_err(|failed| came_to_nothing(&failed))?;
    if who.principal != opened.link.approver {
        let signed_in = opened.signed_in(source_address(&parts), who.mfa, invocation(&parts));
        let caller = Caller { principal: who.principal, ..signed_in };
        note_other_sign_in(&approvals.store, &opened, &caller, now).await;
        return Err(page::refused(NotAllowed::SomebodyElse));
    }
    Ok(redirect(&sign_in.page(token), [Some(session), sign_in.forget()]))
}

/// Who has signed in for the page of this link: nobody but whom it was mailed to.
pub(super) async fn session<P: ApproveParts>(
    approvals: &Approvals<P>,
    headers: &HeaderMap,
    opened: &OpenedLink,
) -> Result<Option<Verified>, Page> {
    let Some(sign_in) = &approvals.sign_in else { return Ok(None) };
    let now = approvals.surroundings.now();
    match sign_in.session(&approvals.tokens, headers, &opened.link.hash, now).await {
        Ok(session) => Ok(session.filter(|who| who.principal == opened.link.approver)),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a page's session could not be verified"
            );
            Err(page::unavailable())
        }
    }
}

fn came_to_nothing(failed: &Failed) -> Page {
    match failed {
        Failed::Exchange(ExchangeError::Unavailable(_))
        | Failed::Token(IdentityError::KeysUnavailable(_)) => {
            tracing::error!(error = failed as &dyn std::error::Error, "a sign-in could not be finished");
            page::unavailable()
        }
        _ => {
            tracing::warn!(
                reason = failed as &dyn std::error::Error,
                outcome = "denied",
                "a sign-in came to nothing"
            );
            page::not_signed_in()
        }
    }
}

fn redirect<const N: usize>(to: &str, cookies: [Option<HeaderValue>; N]) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else { return page::unavailable().into_response() };
    let mut response = StatusCode::SEE_OTHER.into_response();
    page::secure(response.headers_mut());
    response.headers_mut().insert(LOCATION, location);
    cookies.into_iter().flatten().for_each(|cookie| {
        response.headers_mut().append(SET_COOKIE, cookie);
    });
    response
}
