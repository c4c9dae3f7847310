//! The page that asks.

use super::response::STYLE;
use crate::csrf::Nonce;
use askama::Template;
use jiff::Timestamp;
use stint_app::letter::plain::{one_line, quoted, utc};
use stint_app::letter::words;
use stint_domain::entitlement::Permission;
use stint_domain::request::AccessRequest;

#[derive(Template)]
#[template(path = "question.html")]
pub(super) struct Question<'a> {
    style: &'static str,
    nonce: &'a str,
    approver: String,
    requester: String,
    asks: &'static str,
    undecided: &'static str,
    title: String,
    entitlement: &'a str,
    target: String,
    way: &'static str,
    permissions: &'a [Permission],
    duration: String,
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
        let scope = &request.scope;
        let access = scope.access.kind();
        Self {
            style: STYLE,
            nonce: nonce.reveal(),
            approver: one_line(approver_name, 100),
            requester: one_line(&request.requester_name, 100),
            asks: words::asks(scope),
            undecided: words::undecided(scope),
            title: one_line(&request.entitlement_title, 200),
            entitlement: scope.entitlement.as_str(),
            target: scope.access.place(scope.artefact_of()),
            way: words::way(&access),
            permissions: scope.access.permissions(),
            duration: scope.duration.in_words(),
            period: period(request, now),
            usable: words::usable(scope, starts_later(request, now).is_some()),
            end: words::end(&access),
            why: quoted(scope.justification.as_str()).join("\n"),
            ticket: scope.ticket.as_ref().map(|ticket| ticket.as_str()),
            needs: words::still_needed(request).filter(|_| !request.rule.is_default()),
            approved_by: words::approved_by(request),
            passed_over: words::passed_over(request),
            meanwhile: words::meanwhile(request),
            submitted_at: utc(request.submitted_at),
            decide_by: utc(request.decide_by),
            request_id: scope.request_id.to_string(),
        }
    }
}

/// When access would be if it were approved now.
fn period(request: &AccessRequest, now: Timestamp) -> String {
    if let Some(extended) = request.scope.extends {
        return words::added_to(extended);
    }
    let length = request.scope.duration.as_signed();
    let end = |start: Timestamp| utc(start.saturating_add(length).unwrap_or(start));
    match starts_later(request, now) {
        Some(start) => format!("from {} until {}", utc(start), end(start)),
        None if request.people_missing() > 1 => {
            format!("from the last approval, so until {} at the latest", end(request.decide_by))
        }
        None => format!("if you approve now, until {}", end(now)),
    }
}

fn starts_later(request: &AccessRequest, now: Timestamp) -> Option<Timestamp> {
    request.scope.starts_at.filter(|start| *start > now)
}
