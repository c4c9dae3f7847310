//! The page that says what became of a request: who decided what, and when.

use super::response::STYLE;
use askama::Template;
use jiff::Timestamp;
use stint_app::letter::plain::{one_line, quoted, when};
use stint_app::letter::words;
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::hours::Zone;
use stint_domain::justification::Comment;
use stint_domain::request::{AccessRequest, Decider, RequestState};
use stint_domain::review::ReviewState;
use stint_domain::transition::LapseReason;

#[derive(Template)]
#[template(path = "verdict.html")]
pub(super) struct Verdict {
    style: &'static str,
    note: &'static str,
    title: String,
    requester: String,
    entitlement: String,
    duration: String,
    /// Each with its label.
    facts: Vec<(&'static str, String)>,
    comment: Option<String>,
    request_id: String,
}

const RECORDED: &str = "Your decision has been recorded. You can close this page.";
const REVIEWED: &str = "What you have found has been recorded. You can close this page.";
const STILL_IN_USE: &str = "It can be reviewed once the access is over. Open this link again then.";

impl Verdict {
    pub(super) fn new(request: &AccessRequest, fresh: bool) -> Self {
        let note = match (fresh, request.scope.break_glass.is_some()) {
            (true, true) => REVIEWED,
            (true, false) => RECORDED,
            (false, true) if request.awaits_review() => STILL_IN_USE,
            (false, _) => "There is nothing left to decide.",
        };
        Self::of(request, note, what_became(request))
    }

    /// For somebody who has said yes, while others have not.
    pub(super) fn waiting(request: &AccessRequest, fresh: bool) -> Self {
        let note = if fresh { RECORDED } else { "You have approved this. Nothing more is asked of you." };
        let given = words::approved_by(request).map(|names| ("Approved by", names));
        let needed = words::still_needed(request).map(|needed| ("Still needed", needed));
        let until = ("Open until", when(request.decide_by, &request.zone));
        let facts = given.into_iter().chain(needed).chain([until]).collect();
        Self::of(request, note, ("Approved, and others are still to decide".to_owned(), facts, None))
    }

    fn of(request: &AccessRequest, note: &'static str, (title, facts, comment): Told<'_>) -> Self {
        Self {
            style: STYLE,
            note,
            title,
            requester: one_line(&request.requester_name, 100),
            entitlement: one_line(&request.entitlement_title, 200),
            duration: request.allowance().duration.in_words(),
            facts,
            comment: comment.map(|comment| quoted(comment.as_str()).join("\n")),
            request_id: request.scope.request_id.to_string(),
        }
    }
}

type Told<'a> = (String, Vec<(&'static str, String)>, Option<&'a Comment>);

fn what_became(request: &AccessRequest) -> Told<'_> {
    let requester = one_line(&request.requester_name, 100);
    match &request.state {
        RequestState::Pending { .. } => {
            let fact = (
                "Open until",
                format!("{}; nobody decided, and no access is given", when(request.decide_by, &request.zone)),
            );
            ("It is too late to decide".to_owned(), vec![fact], None)
        }
        RequestState::Approved { approval, approved_at, grant, earlier, .. } => {
            let mut facts = decided(&approval.by, *approved_at, &request.zone);
            if !earlier.is_empty() {
                facts.splice(..1, words::approved_by(request).map(|names| ("Approved by", names)));
            }
            facts.extend(words::passed_over(request).map(|steps| ("Without", steps)));
            facts.push(("Access", access(grant, request.scope.starts_at, &request.zone)));
            facts.extend(words::review(request).map(|told| ("Review", told)));
            let (title, comment) = match (&request.scope.break_glass, &request.review.state) {
                (None, _) => ("Approved", approval.comment.as_ref()),
                (Some(_), ReviewState::Closed { reviewed, .. }) => ("Reviewed", Some(&reviewed.comment)),
                (Some(_), _) => ("Had without asking", None),
            };
            (title.to_owned(), facts, comment)
        }
        RequestState::Denied { by, comment, at } => {
            ("Denied".to_owned(), decided(by, *at, &request.zone), comment.as_ref())
        }
        RequestState::Cancelled { at } => (
            "Withdrawn".to_owned(),
            vec![("Withdrawn by", requester), ("When", when(*at, &request.zone))],
            None,
        ),
        RequestState::Lapsed { because, at } => (
            "Lapsed".to_owned(),
            vec![("Why", lapsed(*because).to_owned()), ("When", when(*at, &request.zone))],
            None,
        ),
    }
}

fn decided(by: &Decider, at: Timestamp, zone: &Zone) -> Vec<(&'static str, String)> {
    vec![("Decided by", one_line(by.name(), 100)), ("When", when(at, zone))]
}

const fn lapsed(because: LapseReason) -> &'static str {
    match because {
        LapseReason::NobodyDecidedInTime => "Nobody decided in time; no access is given",
        LapseReason::TooFewMayDecide => "Fewer people may decide than have to approve; no access is given",
        LapseReason::NobodyMayDecide => "There is nobody who may decide; no access is given",
        LapseReason::WorkflowEnded => "It could not be carried on; no access is given",
    }
}

pub(super) fn access(grant: &GrantState, starts_at: Option<Timestamp>, zone: &Zone) -> String {
    match grant {
        GrantState::Scheduled => match starts_at {
            Some(start) => format!("is given at {}", when(start, zone)),
            None => "is about to be given".to_owned(),
        },
        GrantState::Activating { window, .. } | GrantState::Active { window, .. } => {
            format!("until {}", when(window.ends_at(), zone))
        }
        GrantState::Deactivating { .. } => "is being taken away".to_owned(),
        GrantState::RemovalFailed { .. } => {
            "could not be taken away yet; Stint keeps trying, and has raised an alarm".to_owned()
        }
        GrantState::Ended { ended_by, at, .. } => format!("{} at {}", ended(*ended_by), when(*at, zone)),
        GrantState::ActivationFailed { at, .. } => {
            format!("could not be given; nothing is left of it since {}", when(*at, zone))
        }
    }
}

const fn ended(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Expired => "ended in time",
        EndedBy::Returned => "was given back",
        EndedBy::Revoked => "was revoked",
        EndedBy::Ineligible => "ended because it may not be had any more",
        EndedBy::Forced => "was closed by an administrator without proof that nothing is left,",
        EndedBy::Extended => "was added to the grant that it extends",
    }
}
