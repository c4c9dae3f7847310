//! One request from the asking to its end, by a person who has nothing else.

use crate::patience::{LONG, eventually};
use jiff::Timestamp;
use serde_json::{Value, json};
use stint_domain::audit::verify;
use stint_local::api::{Session, id};
use stint_local::hooks::Invocation;
use stint_local::http::Answer;
use stint_local::probe::{Access, Probe};
use stint_local::stage::Stage;

/// Approved by policy for up to an hour, and what it opens.
pub(crate) const AT_ONCE: What = ("build-logs-read", "build-logs");
/// Needs a person, and what it opens.
pub(crate) const BY_A_PERSON: What = ("payments-read", "payments");
/// Lapses in seconds if nobody decides, and what it would open.
pub(crate) const NEVER_DECIDED: What = ("fire-drill", "fire-drill");

/// An entitlement, and the table that it opens.
pub(crate) type What = (&'static str, &'static str);

pub(crate) struct Life<'s> {
    pub(crate) stage: &'s Stage,
    pub(crate) user: String,
    pub(crate) session: Session,
    pub(crate) id: String,
    probe: Probe,
    table: &'static str,
}

impl<'s> Life<'s> {
    /// Somebody new asks.
    pub(crate) fn asked(stage: &'s Stage, what: What, duration: &str) -> Self {
        let user = stage.another("ana").unwrap();
        let session = stage.sign_in(&user).unwrap();
        Self::of((stage, user.clone(), session), &user, what, &body(what, duration))
    }

    /// The same person asks for more time.
    pub(crate) fn extended(&self, what: What, duration: &str) -> Self {
        let mut body = body(what, duration);
        body["extends"] = self.id.replacen("req-", "grant-", 1).into();
        let who = (self.stage, self.user.clone(), self.session.clone());
        Self::of(who, &self.id, what, &body)
    }

    /// A responder has it at once. They have no IAM user, so the one that is looked at is somebody else's.
    pub(crate) fn emergency(stage: &'s Stage, what: What, duration: &str) -> Self {
        let mut body = body(what, duration);
        body["break_glass"] = true.into();
        let (user, eva) = (stage.another("ana").unwrap(), stage.another("eva").unwrap());
        let session = stage.sign_in(&eva).unwrap();
        Self::of((stage, user, session), &eva, what, &body)
    }

    fn of(who: (&'s Stage, String, Session), key: &str, what: What, body: &Value) -> Self {
        let (stage, user, session) = who;
        let probe = stage.probe(&user).unwrap();
        let asked = post(&session, key, body).ok("POST /v1/requests").unwrap().json();
        let id = id(&asked).unwrap().to_owned();
        Self { stage, user, session, id, probe, table: what.1 }
    }

    /// The same request once more, under the same idempotency key.
    pub(crate) fn asked_again(&self, what: What, duration: &str) -> Answer {
        post(&self.session, &self.user, &body(what, duration))
    }

    pub(crate) fn access(&self) -> Access {
        self.probe.read(self.table).unwrap()
    }

    pub(crate) fn policies(&self) -> Vec<String> {
        self.stage.policies_of(&self.user).unwrap()
    }

    /// The audit as far as it goes, every time with its chain recomputed.
    pub(crate) fn events(&self) -> Vec<Value> {
        let rows = self.stage.audit(&self.id).unwrap();
        verify(rows.iter().map(|row| (row.canonical.as_str(), row.hash.as_str())))
            .expect("the audit verifies");
        rows.iter().map(|row| serde_json::from_str(&row.canonical).unwrap()).collect()
    }

    pub(crate) fn actions(&self) -> Vec<String> {
        self.events().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    }

    /// The end of the window, once one is on record.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        let window = |event: &Value| event["detail"]["window"]["ends_at"].as_str().map(str::to_owned);
        self.events().iter().find_map(window).map(|at| at.parse().unwrap())
    }

    /// Waits until the audit has this.
    pub(crate) fn reaches(&self, action: &str) {
        eventually(&format!("{action} of {}", self.id), || {
            self.actions().iter().any(|one| one == action).then_some(())
        });
    }

    /// Ben approves, by the API.
    pub(crate) fn approved(&self) {
        let path = format!("/v1/requests/{}/approve", self.id);
        let ben = self.stage.sign_in("ben").unwrap();
        ben.post(&path, &Value::Null).unwrap().ok("approve").unwrap();
    }

    /// The event that ended it, once there is one. Only that others are told may come after it.
    pub(crate) fn over(&self) -> Option<Value> {
        let over = |event: &Value| {
            [
                "grant.ended",
                "grant.activation_failed",
                "request.denied",
                "request.lapsed",
                "request.cancelled",
            ]
            .contains(&event["action"].as_str().unwrap())
        };
        self.events().into_iter().rfind(over)
    }

    /// Waits until its workflow runs no more; how it ended.
    pub(crate) fn ended(&self) -> String {
        self.stage.execution(&self.id).unwrap().ended(LONG).unwrap()
    }

    pub(crate) fn invocations(&self, function: &str) -> Vec<Invocation> {
        self.stage.invocations(function, &self.id).unwrap()
    }

    /// How many invocations of the function came back, dead or alive.
    pub(crate) fn returned(&self, function: &str) -> usize {
        self.invocations(function).iter().filter(|one| one.ended.is_some()).count()
    }

    /// The request as the API shows it.
    pub(crate) fn look(&self) -> Value {
        self.session.look(&self.id).unwrap()
    }
}

fn body(what: What, duration: &str) -> Value {
    json!({"entitlement": what.0, "duration": duration, "justification": "the build is red"})
}

/// Everybody asks once, so their name will do for a key.
fn post(session: &Session, key: &str, body: &Value) -> Answer {
    session.send("POST", "/v1/requests", &[("idempotency-key", key)], body).unwrap()
}
