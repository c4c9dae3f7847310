//! The mail that tells of an emergency, and asks for its review.
//!
//! Guards: as of every mail, what others wrote stays in its place; it says that access has been had without asking, what
//! it allows and until when, and who is to say whether that was called for.

use super::plain::{one_line, quoted, when};
use super::{LONGEST_SUBJECT, Letter, rendered, words};
use askama::Template;
use stint_domain::entitlement::Permission;
use stint_domain::request::{AccessRequest, RequestState};

impl Letter {
    /// Tells `reviewer_name` of the emergency, with `link` to the place for its review; again if that is `late`.
    #[must_use]
    pub fn review_request(
        request: &AccessRequest,
        reviewer_name: &str,
        reviewer_mail: &str,
        link: &str,
        late: bool,
    ) -> Self {
        let content = Content::new(request, reviewer_name, link, late);
        Self {
            to: reviewer_mail.to_owned(),
            subject: content.subject(),
            text: rendered(&TextBody { content: &content }),
            html: rendered(&HtmlBody { content: &content, subject: content.subject() }),
            thread: request.scope.request_id.to_string(),
        }
    }
}

#[derive(Template)]
#[template(path = "review_request.txt")]
struct TextBody<'a> {
    content: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "review_request.html")]
struct HtmlBody<'a> {
    content: &'a Content<'a>,
    subject: String,
}

/// What the mail says, cleaned for any place in it.
struct Content<'a> {
    late: bool,
    reviewer: String,
    requester: String,
    /// Beside the name, which others may bear as well.
    requester_id: &'a str,
    title: String,
    entitlement: &'a str,
    target: String,
    way: &'static str,
    permissions: Vec<Permission>,
    duration: String,
    since: String,
    end: String,
    why: Vec<String>,
    ticket: Option<&'a str>,
    review_by: String,
    request_id: String,
    grant_id: String,
    link: &'a str,
}

impl<'a> Content<'a> {
    fn new(request: &'a AccessRequest, reviewer_name: &str, link: &'a str, late: bool) -> Self {
        let scope = &request.scope;
        let (access, since) = (scope.access.kind(), since(request));
        Self {
            late,
            reviewer: one_line(reviewer_name, 40),
            requester: one_line(&request.requester_name, 40),
            requester_id: scope.requester.as_str(),
            title: one_line(&request.entitlement_title, 70),
            entitlement: scope.entitlement.as_str(),
            target: scope.access.place(scope.artefact_of()),
            way: words::way(&access),
            permissions: scope.access.permissions().to_vec(),
            duration: scope.duration.in_words(),
            since: when(since, &request.zone),
            end: words::end(&access),
            why: quoted(scope.justification.as_str()),
            ticket: scope.ticket.as_ref().map(|ticket| ticket.as_str()),
            review_by: when(request.review_by().unwrap_or(since), &request.zone),
            request_id: scope.request_id.to_string(),
            grant_id: scope.request_id.grant_id().to_string(),
            link,
        }
    }

    fn subject(&self) -> String {
        let Self { requester, title, duration, .. } = self;
        let told = if self.late {
            format!("Review is late: {requester} had {title} for {duration} without asking")
        } else {
            format!("Break-glass: {requester} has {title} for {duration} without asking")
        };
        one_line(&told, LONGEST_SUBJECT)
    }
}

fn since(request: &AccessRequest) -> jiff::Timestamp {
    match &request.state {
        RequestState::Approved { approved_at, .. } => *approved_at,
        _ => request.submitted_at,
    }
}
