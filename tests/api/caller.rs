//! Somebody who calls the API, and everything that could have changed by it.

use serde_json::{Value, json};
use std::time::Duration;
use stint_app::ports::Surroundings as _;
use stint_aws::surroundings::Machine;
use stint_local::api::{Session, id};
use stint_local::http::Answer;
use stint_local::{Stage, wait};

const LATE: Duration = Duration::from_secs(60);
/// What nobody has.
pub(crate) const UNKNOWN: &str = "req-00000000000070008000000000000000";

pub(crate) fn stage() -> &'static Stage {
    Stage::shared().unwrap()
}

pub(crate) struct Caller {
    pub(crate) session: Session,
    pub(crate) principal: String,
}

/// Somebody like the sample person of this name, of whom nothing is known yet.
pub(crate) fn somebody_like(name: &str) -> Caller {
    signed_in(&stage().another(name).unwrap())
}

/// One of the sample organisation.
pub(crate) fn signed_in(username: &str) -> Caller {
    let session = stage().sign_in(username).unwrap();
    let me = session.get("/v1/me").unwrap().ok("me").unwrap().json();
    Caller { session, principal: me["id"].as_str().unwrap().to_owned() }
}

impl Caller {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.session.get(path).unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.session.post(path, body).unwrap()
    }

    /// A body that may be anything.
    pub(crate) fn raw(&self, path: &str, content_type: Option<&str>, body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.session.token());
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(content_type.map(|value| ("content-type", value)));
        stage().http.send("POST", path, &headers, body).unwrap()
    }

    /// A request of this caller's that waits for a decision; its approvers have been asked.
    pub(crate) fn pending(&self) -> String {
        let request = self.session.request("payments-read", "10m", "for a test").unwrap();
        let id = id(&request).unwrap().to_owned();
        let noted = |row: &stint_local::stage::AuditRow| row.canonical.contains("request.approvers_notified");
        wait::until("the approvers to be asked", LATE, || {
            Ok(stage().audit(&id)?.iter().any(noted).then_some(()))
        })
        .unwrap();
        id
    }

    /// A request of this caller's with a grant that is being used.
    pub(crate) fn active(&self) -> String {
        let request = self.session.request("build-logs-read", "10m", "for a test").unwrap();
        let id = id(&request).unwrap().to_owned();
        self.until(&id, "ACTIVE");
        id
    }

    /// A request of this caller's with a user of its own, which has a credential.
    pub(crate) fn repairing(&self) -> String {
        let request = self.session.request("payments-repair", "10m", "for a test").unwrap();
        let id = id(&request).unwrap().to_owned();
        stage().decide_by_mail("ben@example.com", &id, "approve").unwrap();
        self.until(&id, "ACTIVE");
        id
    }

    /// A request of this caller's that waited for nobody, and is over.
    pub(crate) fn past_emergency(&self) -> String {
        let mut body = with("entitlement", json!("payments-repair"));
        body["break_glass"] = json!(true);
        let request = self.post("/v1/requests", &body).ok("an emergency").unwrap().json();
        let id = id(&request).unwrap().to_owned();
        self.until(&id, "ACTIVE");
        self.post(&format!("/v1/grants/{}/return", grant(&id)), &Value::Null);
        self.until(&id, "ENDED");
        id
    }

    /// Waits for this state of the grant.
    pub(crate) fn until(&self, id: &str, state: &str) {
        let seen = || Ok((self.session.look(id)?["grant"]["state"] == state).then_some(()));
        wait::until(state, LATE, seen).unwrap();
    }

    /// How many requests this caller has, by the table and not by its index.
    pub(crate) fn requests(&self) -> usize {
        let ask = json!({"TableName": stage().outputs.get("GrantsTable").unwrap(), "ConsistentRead": true,
            "FilterExpression": "gsi_requester = :p", "ExpressionAttributeValues": {":p": {"S": self.principal}}});
        let page = stage().admin.json("dynamodb", "DynamoDB_20120810.Scan", &ask).unwrap();
        assert!(page.get("LastEvaluatedKey").is_none());
        page["Items"].as_array().unwrap().len()
    }
}

pub(crate) fn grant(request_id: &str) -> String {
    request_id.replacen("req-", "grant-", 1)
}

/// A body that the route takes.
pub(crate) fn body_of((_, route): (&str, &str)) -> Value {
    if route.ends_with("/review") {
        return json!({"finding": "justified", "comment": "for a test"});
    }
    let reasoned = route.ends_with("/revoke") || route.ends_with("/force-close");
    if reasoned { json!({"comment": "for a test"}) } else { json!({}) }
}

/// What Cleo, the auditor, finds about a caller since the start, whichever stream it is in.
pub(crate) fn audited(caller: &Caller) -> Vec<Value> {
    let cleo = signed_in("cleo");
    let from = Machine.now() - jiff::SignedDuration::from_hours(1);
    let (mut events, mut next) = (Vec::new(), Some(format!("/v1/audit/events?limit=500&from={from}")));
    while let Some(path) = next {
        let page = cleo.get(&path).ok(&path).unwrap();
        events.extend(page.json()["items"].as_array().unwrap().iter().map(|item| item["event"].clone()));
        let link = page.header("link").map(str::to_owned);
        next = link.map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned());
    }
    events.retain(|event| event["actor"]["id"] == caller.principal);
    events
}

/// The actions among events, each with its outcome.
pub(crate) fn actions(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| format!("{} {}", event["action"], event["outcome"]).replace('"', "")).collect()
}

pub(crate) fn ask() -> Value {
    json!({"entitlement": "payments-read", "duration": "5m", "justification": "for a test"})
}

/// The same ask with one field replaced, or removed by `null`.
pub(crate) fn with(field: &str, value: Value) -> Value {
    let mut body = ask();
    match value {
        Value::Null => drop(body.as_object_mut().unwrap().remove(field)),
        value => body[field] = value,
    }
    body
}
