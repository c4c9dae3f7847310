//! The page that asks.

use super::response::STYLE;
use crate::csrf::Nonce;
use askama::Template;
use jiff::Timestamp;
use stint_app::letter::plain::{one_line, quoted, when};
use stint_app::letter::words;
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::Permission;
use stint_domain::narrowing::Allowance;
use stint_domain::request::AccessRequest;

#[derive(Template)]
#[template(path = "question.html")]
pub(super) struct Question<'a> {
    style: &'static str,
    /// `None`: it cannot be answered here.
    nonce: Option<&'a str>,
    approver: String,
    requester: String,
    /// Beside the name, which others may bear as well.
    requester_id: &'a str,
    asks: &'static str,
    undecided: &'static str,
    title: String,
    entitlement: &'a str,
    target: String,
    way: &'static str,
    permissions: Vec<Permission>,
    duration: String,
    /// The link's token, for whoever may sign in.
    sign_in: Option<&'a str>,
    /// As the form sends them, and in words.
    shorter: Vec<(String, String)>,
    actions: Vec<String>,
    period: String,
    usable: String,
    end: String,
    why: String,
    ticket: Option<&'a str>,
    needs: Option<String>,
    approved_by: Option<String>,
    passed_over: Option<String>,
    meanwhile: Vec<String>,
    submitted_at: String,
    decide_by: String,
    request_id: String,
}

impl<'a> Question<'a> {
    pub(super) fn new(
        request: &'a AccessRequest,
        approver_name: &str,
        nonce: &'a Nonce,
        now: Timestamp,
    ) -> Self {
        Self::of(request, approver_name, Some(nonce), now)
    }

    pub(super) fn without_answer(
        request: &'a AccessRequest,
        approver_name: &str,
        sign_in: Option<&'a str>,
        now: Timestamp,
    ) -> Self {
        Self { sign_in, ..Self::of(request, approver_name, None, now) }
    }

    fn of(request: &'a AccessRequest, approver_name: &str, nonce: Option<&'a Nonce>, now: Timestamp) -> Self {
        let scope = &request.scope;
        let (access, left) = (scope.access.kind(), request.allowance());
        Self {
            style: STYLE,
            nonce: nonce.map(Nonce::reveal),
            sign_in: None,
            approver: one_line(approver_name, 100),
            requester: one_line(&request.requester_name, 100),
            requester_id: scope.requester.as_str(),
            asks: words::asks(scope),
            undecided: words::undecided(scope),
            title: one_line(&request.entitlement_title, 200),
            entitlement: scope.entitlement.as_str(),
            target: scope.access.place(scope.artefact_of()),
            way: words::way(&access),
            permissions: left.access.permissions().to_vec(),
            duration: left.duration.in_words(),
            shorter: shorter(left.duration),
            actions: can_be_left_out(request, &left),
            period: period(request, now),
            usable: words::usable(scope, starts_later(request, now).is_some()),
            end: words::end(&access),
            why: quoted(scope.justification.as_str()).join("\n"),
            ticket: scope.ticket.as_ref().map(|ticket| ticket.as_str()),
            needs: words::still_needed(request).filter(|_| !request.scope.rule.is_default()),
            approved_by: words::approved_by(request),
            passed_over: words::passed_over(request),
            meanwhile: words::meanwhile(request),
            submitted_at: when(request.submitted_at, &request.zone),
            decide_by: when(request.decide_by, &request.zone),
            request_id: scope.request_id.to_string(),
        }
    }
}

/// What the form offers instead, in seconds.
const LENGTHS: [u32; 9] = [300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 259_200];

fn shorter(than: AccessDuration) -> Vec<(String, String)> {
    let lengths = LENGTHS.iter().rev().filter_map(|seconds| AccessDuration::try_from(*seconds).ok());
    lengths.filter(|length| *length < than).map(|length| (length.to_string(), length.in_words())).collect()
}

/// One action is all or nothing, and an extension has none of its own.
fn can_be_left_out(request: &AccessRequest, left: &Allowance) -> Vec<String> {
    let actions = left.access.actions();
    if request.scope.extends.is_some() || actions.len() < 2 {
        return Vec::new();
    }
    actions.into_iter().map(str::to_owned).collect()
}

/// When access would be if it were approved now.
fn period(request: &AccessRequest, now: Timestamp) -> String {
    if let Some(extended) = request.scope.extends {
        return words::added_to(extended);
    }
    let length = request.allowance().duration.as_signed();
    let end = |start: Timestamp| when(start.saturating_add(length).unwrap_or(start), &request.zone);
    match starts_later(request, now) {
        Some(start) => format!("from {} until {}", when(start, &request.zone), end(start)),
        None if request.people_missing() > 1 => {
            format!("from the last approval, so until {} at the latest", end(request.decide_by))
        }
        None => format!("if you approve now, until {}", end(now)),
    }
}

fn starts_later(request: &AccessRequest, now: Timestamp) -> Option<Timestamp> {
    request.scope.starts_at.filter(|start| *start > now)
}
