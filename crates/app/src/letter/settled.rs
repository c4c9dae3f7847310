//! The mail that tells who was asked that it is settled: how, by whom, when.
//!
//! Guards: as of every mail, what others wrote stays in its place; it has no link, and asks for nothing.

use super::plain::{one_line, when};
use super::{LONGEST_SUBJECT, Letter, rendered, words};
use askama::Template;
use jiff::Timestamp;
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::transition::LapseReason;

/// That a request is settled; there is no telling so of one that is not.
pub struct Settled<'a> {
    request: &'a AccessRequest,
    at: Timestamp,
    outcome: Outcome,
}

struct Outcome {
    /// In one word.
    word: &'static str,
    told: String,
}

impl<'a> Settled<'a> {
    /// `None` while somebody can still decide.
    #[must_use]
    pub fn of(request: &'a AccessRequest) -> Option<Self> {
        let (at, outcome) = request.settled_at().zip(outcome(request))?;
        Some(Self { request, at, outcome })
    }

    /// Tells it to `approver_name`.
    #[must_use]
    pub fn letter(&self, approver_name: &str, approver_mail: &str) -> Letter {
        let content = self.content(approver_name);
        Letter {
            to: approver_mail.to_owned(),
            subject: content.subject(),
            text: rendered(&TextBody { content: &content }),
            html: rendered(&HtmlBody { content: &content, subject: content.subject() }),
            thread: self.request.scope.request_id.to_string(),
        }
    }

    fn content(&self, approver_name: &str) -> Content<'_> {
        let scope = &self.request.scope;
        Content {
            approver: one_line(approver_name, 40),
            requester: one_line(&self.request.requester_name, 40),
            title: one_line(&self.request.entitlement_title, 70),
            entitlement: scope.entitlement.as_str(),
            duration: self.request.allowance().duration.in_words(),
            more: if scope.extends.is_some() { " more" } else { "" },
            outcome: &self.outcome,
            at: when(self.at, &self.request.zone),
            request_id: scope.request_id.to_string(),
        }
    }
}

fn outcome(request: &AccessRequest) -> Option<Outcome> {
    let (word, told) = match &request.state {
        RequestState::Pending(_) => return None,
        RequestState::Approved { .. } => {
            ("Approved", format!("approved by {}", words::approved_by(request)?))
        }
        RequestState::Denied { by, .. } => ("Denied", format!("denied by {}", one_line(by.name(), 40))),
        RequestState::Cancelled { .. } => {
            ("Withdrawn", format!("withdrawn by {}", one_line(&request.requester_name, 40)))
        }
        RequestState::Lapsed { because, .. } => ("Lapsed", lapsed(*because).to_owned()),
    };
    Some(Outcome { word, told })
}

const fn lapsed(because: LapseReason) -> &'static str {
    match because {
        LapseReason::NobodyDecidedInTime => "lapsed: it was not decided in time",
        LapseReason::NobodyMayDecide => "lapsed: there is nobody who may decide it",
        LapseReason::TooFewMayDecide => "lapsed: there are too few who may decide it",
        LapseReason::WorkflowEnded => "lapsed: its workflow has ended",
    }
}

#[derive(Template)]
#[template(path = "settled.txt")]
struct TextBody<'a> {
    content: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "settled.html")]
struct HtmlBody<'a> {
    content: &'a Content<'a>,
    subject: String,
}

/// What the mail says, cleaned for any place in it.
struct Content<'a> {
    approver: String,
    requester: String,
    title: String,
    entitlement: &'a str,
    duration: String,
    /// Said after the duration, of an extension.
    more: &'static str,
    outcome: &'a Outcome,
    at: String,
    request_id: String,
}

impl Content<'_> {
    fn subject(&self) -> String {
        let Self { requester, title, duration, more, outcome, .. } = self;
        one_line(&format!("{}: {requester}: {title} for {duration}{more}", outcome.word), LONGEST_SUBJECT)
    }
}

#[cfg(test)]
mod tests;
