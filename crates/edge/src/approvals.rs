//! Where people decide: the page behind a mail link, under `/approvals/{token}`, with a sign-in where a link is not enough,
//! and beside it the API's routes for the same. A function of its own, the only one that may.
//!
//! Guards: GET and HEAD change nothing, whoever sends them; a decision is a POST that came from our own page; whoever
//! comes second is told who decided; a form that is not believed stands in the request's audit. The token is in the path, so the path is never logged.

mod signing_in;

use crate::api::{decisions, invocation, source_address};
use crate::csrf::FormGuard;
use crate::emf::note_decision;
use crate::identity::TokenVerifier;
use crate::page::{self, Answer, Choice, NotAllowed, Page};
use crate::problem::Problem;
use crate::reviews;
use crate::sign_in::{CALLBACK, SignIn};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use stint_app::caller::Caller;
use stint_app::decide_request::{self, DecideError, DecideRequest, Verdict, decide_request};
use stint_app::failure::Missing;
use stint_app::open_link::{OpenedLink, note_forged, open_link};
use stint_app::ports::{
    ApprovalLinks, CodeExchange, Directory, KeySource, Ledger, Sealer, Seals, Surroundings, TaskTokens,
    Workflow,
};
use stint_domain::BadInput;
use stint_domain::narrowing::Narrowing;
use stint_domain::transition::Refusal;
use stint_policy::PolicyBundle;

/// The kinds of parts that go together.
pub trait ApproveParts: Send + Sync + 'static {
    type Store: Ledger + ApprovalLinks + TaskTokens + 'static;
    type Directory: Directory + 'static;
    type Workflow: Workflow + 'static;
    type Sealer: Sealer + 'static;
    type Links: Seals + 'static;
    type Surroundings: Surroundings + 'static;
    type Keys: KeySource + 'static;
    type Exchange: CodeExchange + 'static;
}

pub struct Approvals<P: ApproveParts> {
    pub store: P::Store,
    pub directory: P::Directory,
    pub workflow: P::Workflow,
    pub sealer: P::Sealer,
    /// By which links are known for ours.
    pub links: P::Links,
    pub surroundings: P::Surroundings,
    pub tokens: TokenVerifier<P::Keys>,
    pub policy: PolicyBundle,
    pub forms: FormGuard,
    /// `None`: whoever has nothing but a link does not decide about what takes more.
    pub sign_in: Option<SignIn<P::Exchange>>,
}

/// The largest form, in bytes.
const LARGEST_FORM: usize = 16 * 1024;

/// The page, and the two routes of the API by which somebody decides who has a token and no link.
pub fn router<P: ApproveParts>(approvals: Arc<Approvals<P>>) -> Router {
    Router::new()
        .route("/approvals/{token}", get(show::<P>).post(decide::<P>))
        .route("/approvals/{token}/sign-in", get(signing_in::start::<P>))
        .route(CALLBACK, get(signing_in::finish::<P>))
        .fallback(async || page::unknown())
        .with_state(Arc::clone(&approvals))
        .merge(decisions::router(approvals))
}

async fn show<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Path(token): Path<String>,
    parts: Parts,
) -> Page {
    let headers = &parts.headers;
    let opened = match open_link(&approvals.store, &approvals.links, &token).await {
        Ok(opened) => opened,
        Err(missing) => return not_opened(missing),
    };
    let nonce = approvals.forms.nonce(headers, approvals.surroundings.random());
    let name = approver_name(&approvals.directory, &opened).await;
    let now = approvals.surroundings.now();
    if lacks_sign_in(&approvals, &opened, &parts).await {
        match signing_in::session(&approvals, headers, &opened).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                let sign_in = approvals.sign_in.as_ref().map(|_| token.as_str());
                return page::without_answer(&opened.request, &name, sign_in, now);
            }
            Err(unavailable) => return unavailable,
        }
    }
    page::view(&opened.request, (&opened.link.approver, &name), &nonce, now)
        .with_cookie(approvals.forms.set_cookie(&nonce))
}

/// For the page only: whoever uses a form in vain is told when they do.
async fn lacks_sign_in<P: ApproveParts>(
    approvals: &Approvals<P>,
    opened: &OpenedLink,
    parts: &Parts,
) -> bool {
    let Approvals { directory, policy, surroundings, .. } = approvals;
    let (caller, now) = (opened.caller(source_address(parts), invocation(parts)), surroundings.now());
    let asks = opened.request.progress().is_some() && now < opened.request.decide_by;
    asks && decide_request::lacks_sign_in(directory, policy, &caller, &opened.request, now)
        .await
        .unwrap_or(false)
}

/// For the page only; should the directory not answer, the id has to do.
async fn approver_name(directory: &impl Directory, opened: &OpenedLink) -> String {
    let person = directory.person(&opened.link.approver).await.ok().flatten();
    person.map_or_else(|| opened.link.approver.to_string(), |person| person.display_name)
}

pub(crate) fn not_opened(missing: Missing) -> Page {
    match missing {
        Missing::NotFound => page::unknown(),
        Missing::Failure(failure) => {
            let _logged = Problem::from(failure);
            page::unavailable()
        }
    }
}

async fn decide<P: ApproveParts>(
    State(approvals): State<Arc<Approvals<P>>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    decided(&approvals, &token, request).await.into_response()
}

async fn decided<P: ApproveParts>(approvals: &Approvals<P>, token: &str, request: Request) -> Page {
    let opened = match open_link(&approvals.store, &approvals.links, token).await {
        Ok(opened) => opened,
        Err(missing) => return not_opened(missing),
    };
    if opened.request.scope.break_glass.is_some() {
        return reviews::by_link(approvals, opened, request).await;
    }
    let (parts, body) = request.into_parts();
    let (source_address, invocation) = (source_address(&parts), invocation(&parts));
    let headers = parts.headers.clone();
    let by_link = opened.caller(source_address.clone(), invocation.clone());
    let (request, from) = (Request::from_parts(parts, body), (&opened, &by_link));
    let answer = match believed(approvals, from, "decide", request, |answer: &Answer| &answer.nonce).await {
        Ok(answer) => answer,
        Err(page) => return page,
    };
    let comment = match answer.comment() {
        Ok(comment) => comment,
        Err(bad) => return page::invalid(&bad),
    };
    let narrowing = match answer.narrowing(&opened.request) {
        Ok(narrowing) if answer.decision == Choice::Approve => narrowing,
        Err(bad) if answer.decision == Choice::Approve => return page::invalid(&bad),
        _ => Narrowing::default(),
    };
    let ask = DecideRequest {
        request_id: opened.link.request_id,
        verdict: if answer.decision == Choice::Approve { Verdict::Approve } else { Verdict::Deny },
        comment,
        shown: Some(opened.link.scope_hash.clone()),
        narrowing,
    };
    let caller = match signing_in::session(approvals, &headers, &opened).await {
        Ok(Some(session)) => opened.signed_in(source_address, session.mfa, invocation),
        Ok(None) => by_link,
        Err(unavailable) => return unavailable,
    };
    let done = decide_request(
        &approvals.store,
        &approvals.directory,
        (&approvals.workflow, &approvals.sealer),
        &approvals.policy,
        &approvals.surroundings,
        &caller,
        ask,
    );
    match done.await {
        Ok(done) => {
            note_decision(&done, approvals.surroundings.now());
            page::done(&done.recorded.request)
        }
        Err(error) => not_decided(error),
    }
}

/// What the form says that came to `opened`, by `caller`, if it came from our page in this browser. What did not stands in
/// the request's audit.
pub(crate) async fn believed<P: ApproveParts, T: DeserializeOwned>(
    approvals: &Approvals<P>,
    (opened, caller): (&OpenedLink, &Caller),
    attempted: &str,
    request: Request,
    nonce: fn(&T) -> &str,
) -> Result<T, Page> {
    let headers = request.headers().clone();
    let reason = match form(request).await {
        Ok(form) => match approvals.forms.check(&headers, nonce(&form)) {
            Ok(()) => return Ok(form),
            Err(forged) => forged.to_string(),
        },
        Err(Unread::TooLarge) => return Err(page::too_large()),
        Err(Unread::NotOurs) => "it is no form of this page".to_owned(),
    };
    tracing::warn!(request.id = %opened.link.request_id, reason, outcome = "denied", "a form was not believed");
    note_forged(&approvals.store, opened, caller, attempted, approvals.surroundings.now()).await;
    Err(page::forged())
}

enum Unread {
    TooLarge,
    /// A form that cannot be read is not one of ours.
    NotOurs,
}

async fn form<T: DeserializeOwned>(request: Request) -> Result<T, Unread> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(Unread::NotOurs);
    }
    // In Lambda a body is there as a whole, so its length is all that can be wrong here.
    let bytes = axum::body::to_bytes(request.into_body(), LARGEST_FORM).await;
    let bytes = bytes.map_err(|_| Unread::TooLarge)?;
    serde_html_form::from_bytes(&bytes).map_err(|_| Unread::NotOurs)
}

fn not_decided(error: DecideError) -> Page {
    match error {
        DecideError::NotAllowed { reasons } => page::not_now(&reasons),
        DecideError::RequesterIneligible { .. } => page::refused(NotAllowed::RequesterIneligible),
        DecideError::NotSignedIn => page::refused(NotAllowed::NotSignedIn),
        DecideError::Refused(Refusal::SelfApproval, _) => page::refused(NotAllowed::SelfApproval),
        DecideError::Refused(Refusal::NotAsked { .. }, _) => page::refused(NotAllowed::NotAsked),
        DecideError::Refused(Refusal::AlreadyDecided { .. }, request) => {
            page::settled(&request).with_status(StatusCode::CONFLICT)
        }
        DecideError::Refused(Refusal::TooLateToDecide, request) => {
            page::settled(&request).with_status(StatusCode::GONE)
        }
        // Somebody else has taken more away since the page was made.
        DecideError::Refused(Refusal::Widens { field }, _) => {
            page::invalid(&BadInput::new(field, "is not what it was; open the link again"))
        }
        DecideError::Refused(refusal, _) => {
            let _logged = Problem::from(refusal);
            page::unavailable()
        }
        DecideError::Missing(missing) => not_opened(missing),
    }
}
