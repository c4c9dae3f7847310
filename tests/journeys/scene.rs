//! One person, one request of theirs, and every look from outside at what became of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use stint_app::ports::Surroundings as _;
use stint_aws::surroundings::Machine;
use stint_local::api::{Session, id};
use stint_local::http::Answer;
use stint_local::mail::Mail;
use stint_local::probe::Access;
use stint_local::workflow::Execution;
use stint_local::{Stage, wait};

/// Longer than any window, wait or retry in these tests.
pub(crate) const LATE: Duration = Duration::from_secs(120);
const APPROVER: &str = "ben@example.com";

pub(crate) fn stage() -> &'static Stage {
    Stage::shared().unwrap()
}

pub(crate) fn now() -> Timestamp {
    Machine.now()
}

pub(crate) struct Journey {
    pub(crate) stage: &'static Stage,
    /// The requester's name in the directory and of their IAM user.
    pub(crate) person: String,
    pub(crate) session: Session,
    pub(crate) id: String,
    /// The answer to the request.
    pub(crate) first: Value,
}

impl Journey {
    /// Somebody like Ana, of whom nothing is known yet, asks.
    pub(crate) fn begin(entitlement: &str, duration: &str) -> Self {
        Self::asking(&json!({"entitlement": entitlement, "duration": duration, "justification": "a journey"}))
    }

    pub(crate) fn asking(body: &Value) -> Self {
        Self::asked_by("ana", body)
    }

    /// By somebody like this one of the sample organisation.
    pub(crate) fn asked_by(name: &str, body: &Value) -> Self {
        let person = stage().another(name).unwrap();
        let session = stage().sign_in(&person).unwrap();
        Self::of(person, session, body)
    }

    /// The same person asks for something else.
    pub(crate) fn then(&self, entitlement: &str, duration: &str) -> Self {
        let body =
            json!({"entitlement": entitlement, "duration": duration, "justification": "the next journey"});
        Self::of(self.person.clone(), self.session.clone(), &body)
    }

    /// The same person asks for more time.
    pub(crate) fn extended(&self, entitlement: &str, duration: &str) -> Self {
        let body = json!({
            "entitlement": entitlement, "duration": duration, "justification": "it takes longer",
            "extends": self.grant_id(),
        });
        Self::of(self.person.clone(), self.session.clone(), &body)
    }

    fn of(person: String, session: Session, body: &Value) -> Self {
        let first = session.ask(body).unwrap();
        Self { stage: stage(), person, session, id: id(&first).unwrap().to_owned(), first }
    }

    /// Waits until the approvers have been asked and that is on record; the mail to one of them.
    pub(crate) fn asked(&self) -> Mail {
        self.until_action("request.approvers_notified");
        self.stage.mail(APPROVER, &self.id).unwrap()
    }

    /// Ben decides by his mail, once everybody has been asked.
    pub(crate) fn decided(&self, decision: &str) -> Answer {
        self.asked();
        self.stage.decide_by_mail(APPROVER, &self.id, decision).unwrap()
    }

    /// `cancel` of the request, or `return` of its grant.
    pub(crate) fn withdraw(&self, how: &str) -> Answer {
        let path = match how {
            "cancel" => format!("/v1/requests/{}/cancel", self.id),
            _ => format!("/v1/grants/{}/{how}", self.grant_id()),
        };
        self.session.post(&path, &Value::Null).unwrap().ok(&path).unwrap()
    }

    pub(crate) fn look(&self) -> Value {
        self.session.look(&self.id).unwrap()
    }

    /// Waits for this state of the grant; the request as it is then.
    pub(crate) fn until_grant(&self, state: &str) -> Value {
        let seen = |request: &Value| request["grant"]["state"] == state;
        let found = wait::until(&format!("{state} of {}", self.id), LATE, || {
            Ok(Some(self.session.look(&self.id)?).filter(seen))
        });
        found.unwrap_or_else(|error| {
            panic!("{error}; it is {}, after {:?}", self.look(), self.execution().states())
        })
    }

    pub(crate) fn execution(&self) -> Execution {
        self.stage.execution(&self.id).unwrap()
    }

    /// Waits for the end of the execution; how it ended, and through which states.
    pub(crate) fn ended(&self) -> (String, Vec<String>) {
        let status = self.execution().ended(LATE).unwrap();
        (status, self.execution().states().unwrap())
    }

    /// That nothing of this request is at the target, and that this proves something: the same person and key can be
    /// given something.
    pub(crate) fn nothing_was_given(&self) {
        assert_eq!((self.access("payments"), self.at_target()), (Access::Denied, Vec::new()));
        let control = self.then("build-logs-read", "10m");
        control.until_allowed("build-logs");
        assert_eq!(self.access("payments"), Access::Denied);
        control.until_grant("ACTIVE");
        control.withdraw("return");
    }
}

/// The end of an execution that nothing interrupted.
pub(crate) fn succeeded(states: &[&str]) -> (String, Vec<String>) {
    ("SUCCEEDED".to_owned(), states.iter().map(|name| (*name).to_owned()).collect())
}

/// What happens when somebody approves and the workflow does the rest.
pub(crate) const APPROVED_AND_EXPIRED: [&str; 7] = [
    "request.submitted",
    "request.approvers_notified",
    "request.approved",
    "grant.activation_started",
    "grant.activated",
    "grant.removal_started",
    "grant.ended",
];
