//! The mails: here the one that asks an approver to decide.
//!
//! Guards: what others wrote can neither break out of its place nor pass for Stint's own words; the mail says everything
//! an approver needs to decide, and that opening its link decides nothing.

pub mod plain;
mod review;
pub mod settled;
pub mod words;

use crate::letter::plain::{one_line, quoted, when};
use askama::Template;
use stint_domain::entitlement::Permission;
use stint_domain::request::AccessRequest;

/// The longest subject, in characters.
const LONGEST_SUBJECT: usize = 150;

/// A mail, ready to be sent. It may carry an approver's link, so it has no `Debug` and no `Serialize`.
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Constant for a request, so that mail programs thread by it (SES replaces the Message-ID).
    pub thread: String,
}

impl Letter {
    /// Asks `approver_name` to decide on `request` at `link`, again if it is a `reminder`.
    #[must_use]
    pub fn approval_request(
        request: &AccessRequest,
        approver_name: &str,
        approver_mail: &str,
        link: &str,
        reminder: bool,
    ) -> Self {
        let content = Content { reminder, ..Content::new(request, approver_name, link) };
        Self {
            to: approver_mail.to_owned(),
            subject: content.subject(),
            text: rendered(&TextBody { content: &content }),
            html: rendered(&HtmlBody { content: &content, subject: content.subject() }),
            thread: request.scope.request_id.to_string(),
        }
    }
}

/// Rendering into memory cannot fail; should it ever, an empty part is better than a page that lies.
fn rendered(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "approval_request.txt")]
struct TextBody<'a> {
    content: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "approval_request.html")]
struct HtmlBody<'a> {
    content: &'a Content<'a>,
    subject: String,
}

/// What the mail says, cleaned for any place in it.
struct Content<'a> {
    reminder: bool,
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
    /// Said after the duration, of an extension.
    more: &'static str,
    period: String,
    usable: String,
    end: String,
    why: Vec<String>,
    ticket: Option<&'a str>,
    /// Where more than one person has to say yes.
    needs: Option<String>,
    approved_by: Option<String>,
    passed_over: Option<String>,
    /// What comes before that, if nobody answers.
    meanwhile: Vec<String>,
    decide_by: String,
    request_id: String,
    link: &'a str,
}

impl<'a> Content<'a> {
    fn new(request: &'a AccessRequest, approver_name: &str, link: &'a str) -> Self {
        let scope = &request.scope;
        let (access, left) = (scope.access.kind(), request.allowance());
        Self {
            reminder: false,
            approver: one_line(approver_name, 40),
            requester: one_line(&request.requester_name, 40),
            requester_id: scope.requester.as_str(),
            asks: words::asks(scope),
            undecided: words::undecided(scope),
            title: one_line(&request.entitlement_title, 70),
            entitlement: scope.entitlement.as_str(),
            target: scope.access.place(scope.artefact_of()),
            way: words::way(&access),
            permissions: left.access.permissions().to_vec(),
            duration: left.duration.in_words(),
            more: if scope.extends.is_some() { " more" } else { "" },
            period: period(request),
            usable: words::usable(scope, starts_later(request).is_some()),
            end: words::end(&access),
            why: quoted(scope.justification.as_str()),
            ticket: scope.ticket.as_ref().map(|ticket| ticket.as_str()),
            needs: words::still_needed(request).filter(|_| !request.scope.rule.is_default()),
            approved_by: words::approved_by(request),
            passed_over: words::passed_over(request),
            meanwhile: words::meanwhile(request),
            decide_by: when(request.decide_by, &request.zone),
            request_id: scope.request_id.to_string(),
            link,
        }
    }

    fn subject(&self) -> String {
        let Self { requester, title, duration, more, .. } = self;
        let again = if self.reminder { "Reminder: " } else { "" };
        let subject = format!("{again}Approve? {requester}: {title} for {duration}{more}");
        one_line(&subject, LONGEST_SUBJECT)
    }
}

/// When access would be: from a time agreed on, or from the approval, which is not known yet.
fn period(request: &AccessRequest) -> String {
    if let Some(extended) = request.scope.extends {
        return words::added_to(extended);
    }
    let length = request.allowance().duration.as_signed();
    let end = |start: jiff::Timestamp| when(start.saturating_add(length).unwrap_or(start), &request.zone);
    match starts_later(request) {
        Some(start) => format!("from {} until {}", when(start, &request.zone), end(start)),
        None => format!("from the moment of approval, so until {} at the latest", end(request.decide_by)),
    }
}

fn starts_later(request: &AccessRequest) -> Option<jiff::Timestamp> {
    request.scope.starts_at.filter(|start| *start > request.submitted_at)
}

#[cfg(test)]
mod tests;
