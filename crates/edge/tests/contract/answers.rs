//! Every kind of answer of the API, each as `docs/openapi.yaml` says.

use crate::fakes::{Sent, Stage};
use serde_json::Value;
use stint_app::activate_grant::activate_grant;
use stint_app::end_access::{EndAccess, end_access};
use stint_app::ports::Surroundings as _;
use stint_app::transact::transact;
use stint_domain::ids::RequestId;
use stint_domain::record::Circumstances;
use stint_domain::transition::{Command, EndCause, GrantCommand};

const ASK: &str =
    r#"{"entitlement":"payments-read","duration":"30m","justification":"payment 4711","ticket":"OPS-1"}"#;
const AT_ONCE: &str =
    r#"{"entitlement":"build-logs-read","duration":"30m","justification":"build 12 is red"}"#;
const WHY: &str = r#"{"comment":"the account is under attack"}"#;
const NOBODY: &str = "req-ffffffffffffffffffffffffffffffff";

fn body(body: &str) -> Sent<'_> {
    Sent { headers: &[], body }
}

fn none() -> Sent<'static> {
    Sent::default()
}

fn grant_of(request: &str) -> String {
    request.replace("req-", "grant-")
}

fn request_of(grant: &str) -> String {
    grant.replace("grant-", "req-")
}

fn give_back(request: &str) -> String {
    format!("POST /v1/grants/{}/return", grant_of(request))
}

fn on(grant: &str, what: &str) -> String {
    format!("POST /v1/grants/{grant}/{what}")
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

impl Stage {
    async fn submitted(&self, ask: &str) -> String {
        id(&self.ask("ana", "POST /v1/requests", 201, body(ask)).await)
    }

    /// The id of a grant that Ben has approved for Ana, for half an hour.
    pub(crate) async fn approved(&self, entitlement: &str) -> String {
        let request = self.submitted(&ASK.replace("payments-read", entitlement)).await;
        self.ask("ben", &format!("POST /v1/requests/{request}/approve"), 200, none()).await;
        grant_of(&request)
    }

    pub(crate) async fn active(&self, entitlement: &str) -> String {
        let grant = self.approved(entitlement).await;
        let request = request_of(&grant);
        self.activate(&request).await;
        self.shows(&request, "ACTIVE").await;
        grant
    }

    /// What says that nothing is left of it.
    async fn proof(&self, grant: &str) -> Value {
        let seen = self.ask("ana", &format!("GET /v1/grants/{grant}"), 200, none()).await;
        seen["proof"]["kind"].clone()
    }

    /// Its removal keeps failing.
    async fn stuck(&self, entitlement: &str) -> String {
        let grant = self.active(entitlement).await;
        self.api.store.state().target_is_down = true;
        self.end(&request_of(&grant), EndCause::Returned).await;
        self.api.store.state().target_is_down = false;
        self.shows(&request_of(&grant), "REMOVAL_FAILED").await;
        grant
    }

    /// Both views of it, in this state of the grant.
    async fn shows(&self, request: &str, state: &str) {
        let seen = self.ask("ana", &format!("GET /v1/requests/{request}"), 200, none()).await;
        assert_eq!(seen["grant"]["state"], state);
        let grant = format!("GET /v1/grants/{}", grant_of(request));
        assert_eq!(self.ask("ana", &grant, 200, none()).await["state"], state);
    }

    pub(crate) async fn activate(&self, request: &str) {
        let store = &self.api.store;
        let _ =
            activate_grant(store, store, (store, store), &self.api.policy, store, request.parse().unwrap())
                .await;
    }

    /// The intent is on record, and nothing has been done yet.
    async fn begin(&self, request: &str) {
        let store = &self.api.store;
        let circumstances = Circumstances::of_component("grant", store.now());
        let begin = Command::Grant(GrantCommand::BeginActivation);
        transact(store, request.parse().unwrap(), &begin, &circumstances).await.unwrap();
    }

    pub(crate) async fn end(&self, request: &str, cause: EndCause) {
        let request_id: RequestId = request.parse().unwrap();
        let ask = EndAccess { request_id, cause, component: "expire" };
        let store = &self.api.store;
        let _ = end_access(store, store, store, &ask).await;
    }
}

#[tokio::test]
async fn every_success_is_as_documented() {
    let stage = Stage::new();
    stage.ask("ana", "GET /v1/me", 200, none()).await;
    stage.ask("ben", "GET /v1/me", 200, none()).await;
    stage.ask("ana", "GET /v1/entitlements", 200, none()).await;
    let would_be = stage.ask("ana", "POST /v1/requests?dry_run=true", 200, body(ASK)).await;
    assert_eq!(would_be["decided_by"][0]["policy"], "request-by-group");
    assert_eq!(
        would_be["approval"],
        serde_json::json!({ "needed": 1, "could_approve": [{ "id": "ben", "name": "Ben" }] })
    );
    let at_once = stage.ask("ana", "POST /v1/requests?dry_run=true", 200, body(AT_ONCE)).await;
    assert_eq!(at_once["approval"], serde_json::Value::Null);
    assert_eq!(at_once["decided_by"][0]["policy"], "auto-approve-low-risk");
    let without_ticket = body(r#"{"entitlement":"build-logs-read","duration":"30m","justification":"x"}"#);
    let refused = stage.ask("dora", "POST /v1/requests?dry_run=true", 403, without_ticket).await;
    assert_eq!(refused["reasons"][0]["policy"], "ticket-for-contractors");
    let keyed = Sent { headers: &[("idempotency-key", "k-1")], body: ASK };
    let first = id(&stage.ask("ana", "POST /v1/requests", 201, keyed).await);
    assert_eq!(id(&stage.ask("ana", "POST /v1/requests", 200, keyed).await), first);
    let approve = format!("POST /v1/requests/{first}/approve");
    for more in [r#"{"duration":"31m"}"#, r#"{"actions":["iam:CreateUser"]}"#, r#"{"actions":[]}"#] {
        let problem = stage.ask("ben", &approve, 400, body(more)).await;
        assert_eq!(problem["type"], "urn:stint:problem:invalid-field", "{problem}");
    }
    let less = r#"{"comment":"fine","duration":"15m","actions":["dynamodb:GetItem"]}"#;
    let approved = stage.ask("ben", &approve, 200, body(less)).await;
    assert_eq!(approved["duration"], "PT30M");
    assert_eq!(approved["allowance"]["duration"], "PT15M");
    assert_eq!(approved["allowance"]["permissions"][0]["actions"], serde_json::json!(["dynamodb:GetItem"]));
    let denied = stage.submitted(ASK).await;
    stage.ask("ben", &format!("POST /v1/requests/{denied}/deny"), 200, none()).await;
    let emergency = stage.past_emergency().await;
    let found = body(r#"{"finding":"unjustified","comment":"it could have waited"}"#);
    stage.ask("gita", &format!("POST /v1/requests/{emergency}/review"), 200, found).await;
    let cancelled = stage.submitted(ASK).await;
    stage.ask("ana", &format!("POST /v1/requests/{cancelled}/cancel"), 200, none()).await;
    stage.ask("ana", "GET /v1/requests?limit=2", 200, none()).await;
    stage.ask("ben", "GET /v1/requests?role=approver", 200, none()).await;
    stage.ask("ana", "GET /v1/grants", 200, none()).await;
    stage.ask("ana", &format!("GET /v1/requests/{first}/events"), 200, none()).await;
    stage.shows(&first, "SCHEDULED").await;
    stage.ask("ana", &give_back(&first), 200, none()).await;
    let session = stage.active("incident-read").await;
    stage.reveal(Some("ana"), &session, 200).await;
    let taken = stage.ask("ben", &on(&session, "revoke"), 200, body(WHY)).await;
    assert_eq!((&taken["state"], &taken["ending"]), (&"DEACTIVATING".into(), &"REVOKED".into()));
    let stuck = stage.stuck("payments-read").await;
    stage.ask("eva", &on(&stuck, "force-close"), 200, body(WHY)).await;
    audit(&stage).await;
    let all = "POST /v1/grants/revoke";
    let granted = stage.submitted(AT_ONCE).await;
    stage.activate(&granted).await;
    let taken = stage.ask("eva", all, 200, body(r#"{"person":"ana","comment":"an incident"}"#)).await;
    assert_eq!(taken["revoked"], serde_json::json!([grant_of(&granted)]));
    stage.ask("eva", all, 200, body(r#"{"everything":true,"comment":"an incident"}"#)).await;
    stage.ask("eva", all, 200, body(r#"{"entitlement":"payments-read","comment":"an incident"}"#)).await;
    stage.assert_seen_all(|path| path.starts_with("/v1/") && !path.starts_with("/v1/workloads/"));
}

async fn audit(stage: &Stage) {
    stage.pass(1);
    for kind in ["application/json", "text/csv", "application/jsonl", "text/html"] {
        let accept = Sent { headers: &[("accept", kind)], body: "" };
        stage.ask("cleo", "GET /v1/audit/events?limit=500", 200, accept).await;
    }
}

#[tokio::test]
async fn a_request_and_its_grant_are_as_documented_in_every_state() {
    let stage = Stage::new();
    let request = stage.submitted(AT_ONCE).await;
    stage.activate(&request).await;
    stage.shows(&request, "ACTIVE").await;
    stage.ask("ana", &give_back(&request), 200, none()).await;
    stage.shows(&request, "DEACTIVATING").await;
    stage.api.store.state().target_is_down = true;
    stage.end(&request, EndCause::Returned).await;
    stage.shows(&request, "REMOVAL_FAILED").await;
    stage.api.store.state().target_is_down = false;
    stage.end(&request, EndCause::Returned).await;
    stage.shows(&request, "ENDED").await;

    let under_way = stage.submitted(AT_ONCE).await;
    stage.begin(&under_way).await;
    stage.shows(&under_way, "ACTIVATING").await;

    let strange = stage.submitted(AT_ONCE).await;
    stage.api.store.state().users.clear();
    stage.activate(&strange).await;
    stage.shows(&strange, "DEACTIVATING").await;
    stage.pass(60);
    stage.end(&strange, EndCause::WindowOver).await;
    stage.shows(&strange, "ACTIVATION_FAILED").await;

    let lapsed = stage.submitted(ASK).await;
    stage.pass(9 * 3600);
    stage.end(&lapsed, EndCause::WindowOver).await;
    let seen = stage.ask("ana", &format!("GET /v1/requests/{lapsed}"), 200, none()).await;
    assert_eq!((&seen["state"], &seen["decision"]["verdict"]), (&"LAPSED".into(), &"LAPSED".into()));
}

#[tokio::test]
async fn the_end_of_a_grant_is_as_documented_with_every_kind_of_proof() {
    let stage = Stage::new();
    let never = stage.approved("incident-read").await;
    stage.ask("eva", &on(&never, "revoke"), 200, body(WHY)).await;
    assert_eq!(stage.proof(&never).await, "never_activated");
    let repair = stage.active("payments-repair").await;
    stage.ask("ben", &on(&repair, "revoke"), 200, body(WHY)).await;
    stage.end(&request_of(&repair), EndCause::Revoked).await;
    assert_eq!(stage.proof(&repair).await, "receipt");
    let session = stage.active("incident-read").await;
    stage.ask("ben", &on(&session, "revoke"), 200, body(WHY)).await;
    stage.end(&request_of(&session), EndCause::Revoked).await;
    assert_eq!(stage.proof(&session).await, "blocked");
    stage.pass(3600);
    stage.end(&request_of(&session), EndCause::Overdue).await;
    assert_eq!(stage.proof(&session).await, "receipt", "the block has been lifted");
    let stuck = stage.stuck("payments-read").await;
    let closed = stage.ask("eva", &on(&stuck, "force-close"), 200, body(WHY)).await;
    assert_eq!((&closed["state"], &closed["ended_by"]), (&"ENDED".into(), &"FORCED".into()));
    assert_eq!(stage.proof(&stuck).await, "forced");
}

fn state_of(problem: &Value) -> &str {
    problem["state"].as_str().unwrap()
}

#[tokio::test]
async fn whoever_may_not_take_away_is_told_as_documented_and_whoever_may_needs_a_reason() {
    let stage = Stage::new();
    let grant = stage.active("payments-read").await;
    for what in ["revoke", "force-close"] {
        let call = on(&grant, what);
        for bad in ["{", "{}", r#"{"comment":""}"#, r#"{"comment":null}"#, r#"{"comment":"x","y":1}"#] {
            stage.ask("eva", &call, 400, body(bad)).await;
        }
        stage.send(&call, 401, none()).await;
        let refused = stage.ask("ana", &call, 403, body(WHY)).await;
        assert_eq!(refused["type"], "urn:stint:problem:action-refused");
        stage.ask("dora", &call, 404, body(WHY)).await;
        stage.ask("eva", &call, 413, body(&" ".repeat(64 * 1024 + 1))).await;
        stage.ask("eva", &call, 415, Sent { headers: &[("content-type", "text/plain")], body: WHY }).await;
    }
    stage.shows(&request_of(&grant), "ACTIVE").await;
    let pending = grant_of(&stage.submitted(ASK).await);
    assert_eq!(state_of(&stage.ask("ben", &on(&pending, "revoke"), 409, body(WHY)).await), "PENDING");
}

#[tokio::test]
async fn only_a_removal_that_fails_is_closed_by_force_and_only_by_an_administrator() {
    let stage = Stage::new();
    let scheduled = stage.approved("payments-read").await;
    let close = async |who: &str, grant: &str, expected| {
        stage.ask(who, &on(grant, "force-close"), expected, body(WHY)).await
    };
    assert_eq!(state_of(&close("eva", &scheduled, 409).await), "SCHEDULED");
    let active = stage.active("payments-read").await;
    assert_eq!(state_of(&close("eva", &active, 409).await), "ACTIVE");
    let stuck = stage.stuck("payments-read").await;
    close("ben", &stuck, 404).await;
    stage.shows(&request_of(&stuck), "REMOVAL_FAILED").await;
    close("eva", &stuck, 200).await;
    close("eva", &stuck, 200).await;
    stage.end(&request_of(&active), EndCause::Returned).await;
    assert_eq!(close("eva", &active, 410).await["type"], "urn:stint:problem:too-late");
}

#[tokio::test]
async fn every_problem_is_as_documented_where_it_occurs() {
    let stage = Stage::new();
    let post = "POST /v1/requests";
    for bad in ["{", "{}", r#"{"x":1}"#, r#"{"entitlement":1}"#, &ASK.replace("30m", "soon")] {
        stage.ask("ana", post, 400, body(bad)).await;
    }
    stage.ask("ana", "GET /v1/requests?limit=101", 400, none()).await;
    stage.ask("cleo", "GET /v1/audit/events?from=2020-01-01T00:00:00Z", 400, none()).await;
    stage.send("GET /v1/me", 401, none()).await;
    stage.ask("nobody", "GET /v1/me", 404, none()).await;
    stage.ask("ben", post, 403, body(ASK)).await;
    stage.ask("ana", post, 413, body(&" ".repeat(64 * 1024 + 1))).await;
    stage.ask("ana", post, 415, Sent { headers: &[("content-type", "text/plain")], body: ASK }).await;
    let keyed = |body| Sent { headers: &[("idempotency-key", "k-1")], body };
    let request = id(&stage.ask("ana", post, 201, keyed(ASK)).await);
    stage.ask("ana", post, 422, keyed(AT_ONCE)).await;
    let approve = format!("POST /v1/requests/{request}/approve");
    stage.ask("ana", &approve, 403, none()).await;
    stage.ask("dora", &approve, 404, none()).await;
    stage.ask("ana", &give_back(&request), 409, none()).await;
    stage.ask("ben", &format!("POST /v1/requests/{request}/deny"), 200, none()).await;
    stage.ask("ben", &approve, 409, none()).await;
    stage.ask("ana", &format!("POST /v1/requests/{request}/cancel"), 409, none()).await;
    stage.ask("ana", &format!("GET /v1/requests/{NOBODY}"), 404, none()).await;
    stage.ask("ana", "GET /v1/audit/events", 404, none()).await;
    let late = stage.submitted(ASK).await;
    stage.pass(9 * 3600);
    stage.ask("ben", &format!("POST /v1/requests/{late}/approve"), 410, none()).await;
    let all = "POST /v1/grants/revoke";
    stage.ask("eva", all, 400, body(r#"{"person":"ana","everything":true,"comment":"an incident"}"#)).await;
    stage.ask("eva", all, 400, body(r#"{"everything":true,"comment":"an incident","cursor":"9."}"#)).await;
    for who in ["nobody", "cleo"] {
        stage.ask(who, all, 404, body(r#"{"everything":true,"comment":"an incident"}"#)).await;
    }
    stage.api.targets.state().full.insert("ana".to_owned());
    stage.ask("ana", post, 422, body(ASK)).await;
    let ana = "ana".parse().unwrap();
    stage.api.directory.state().people.get_mut(&ana).unwrap().iam_user = None;
    stage.ask("ana", post, 422, body(ASK)).await;
}
