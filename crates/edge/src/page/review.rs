//! The page that asks whether an emergency was one.

use super::response::STYLE;
use super::verdict::access;
use crate::csrf::Nonce;
use askama::Template;
use stint_app::letter::plain::{one_line, quoted, when};
use stint_app::letter::words;
use stint_domain::entitlement::Permission;
use stint_domain::request::{AccessRequest, RequestState};

#[derive(Template)]
#[template(path = "review.html")]
pub(super) struct ReviewQuestion<'a> {
    style: &'static str,
    nonce: &'a str,
    reviewer: String,
    requester: String,
    /// Beside the name, which others may bear as well.
    requester_id: &'a str,
    title: String,
    entitlement: &'a str,
    target: String,
    /// Each with its label.
    facts: Vec<(&'static str, String)>,
    why: String,
    ticket: Option<&'a str>,
    permissions: Vec<Permission>,
    request_id: String,
}

impl<'a> ReviewQuestion<'a> {
    pub(super) fn new(request: &'a AccessRequest, reviewer_name: &str, nonce: &'a Nonce) -> Self {
        let scope = &request.scope;
        Self {
            style: STYLE,
            nonce: nonce.reveal(),
            reviewer: one_line(reviewer_name, 100),
            requester: one_line(&request.requester_name, 100),
            requester_id: scope.requester.as_str(),
            title: one_line(&request.entitlement_title, 200),
            entitlement: scope.entitlement.as_str(),
            target: scope.access.place(scope.artefact_of()),
            facts: facts(request),
            why: quoted(scope.justification.as_str()).join("\n"),
            ticket: scope.ticket.as_ref().map(|ticket| ticket.as_str()),
            permissions: scope.access.permissions().to_vec(),
            request_id: scope.request_id.to_string(),
        }
    }
}

fn facts(request: &AccessRequest) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let RequestState::Approved { approved_at, grant, .. } = &request.state {
        let duration = request.scope.duration.in_words();
        facts.push(("When", format!("{}, for {duration}", when(*approved_at, &request.zone))));
        facts.push(("Access", access(grant, None, &request.zone)));
    }
    facts.extend(words::review(request).map(|told| ("Review", told)));
    facts
}
