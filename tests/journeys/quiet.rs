//! A cloud on which one lifecycle happens and nothing else, so that it can be counted and exported.
//!
//! What a lifecycle costs is a budget: every state and every invocation more is paid for each request ever made.

use crate::scene::{LATE, now};
use jiff::Timestamp;
use serde_json::json;
use std::sync::OnceLock;
use stint_domain::ids::RequestId;
use stint_local::api::{Session, id};
use stint_local::hooks::{Invocation, forget_invocations, invocations};
use stint_local::{Result, Stage, wait};

/// With everything in it that is special in a table or a spreadsheet.
pub(crate) const JUSTIFICATION: &str = "=1+1,\"quoted\"\r\nsecond line; ünï\u{202e}";

/// After the lifecycle.
pub(crate) struct Quiet {
    pub(crate) stage: Stage,
    pub(crate) id: String,
    pub(crate) ana: Session,
    pub(crate) cleo: Session,
    /// When all was over, and before anybody read the audit.
    pub(crate) over_at: Timestamp,
    states: Vec<String>,
    invocations: Vec<Invocation>,
}

pub(crate) fn quiet() -> &'static Quiet {
    static QUIET: OnceLock<Quiet> = OnceLock::new();
    QUIET.get_or_init(|| lifecycle().unwrap())
}

fn lifecycle() -> Result<Quiet> {
    let stage = Stage::start()?;
    let (ana, cleo) = (stage.sign_in("ana")?, stage.sign_in("cleo")?);
    // For the export: an attempt that belongs to no request.
    assert!(ana.request("ledger-root", "5m", "no").is_err());
    forget_invocations(&stage.http)?;
    let body = json!({"entitlement": "payments-read", "duration": "12s", "justification": JUSTIFICATION});
    let id = id(&ana.ask(&body)?)?.to_owned();
    asked(&stage, &id)?;
    stage.decide_by_mail("ben@example.com", &id, "approve")?;
    let execution = stage.execution(&id)?;
    assert_eq!(execution.ended(LATE)?, "SUCCEEDED");
    let (states, invocations) = (execution.states()?, invocations(&stage.http)?);
    let over_at = now();
    Ok(Quiet { stage, id, ana, cleo, over_at, states, invocations })
}

/// Looks at the table, since looking through the API would be counted.
fn asked(stage: &Stage, id: &str) -> Result<()> {
    let noted = |row: &stint_local::stage::AuditRow| row.canonical.contains("request.approvers_notified");
    wait::until("the approvers to be asked", LATE, || Ok(stage.audit(id)?.iter().any(noted).then_some(())))
}

#[test]
fn a_lifecycle_enters_four_states() {
    assert_eq!(quiet().states, ["AwaitApproval", "Grant", "AccessWindow", "Expire"]);
}

#[test]
fn a_lifecycle_with_one_look_at_the_page_takes_six_invocations() {
    let route = |one: &Invocation| one.route.clone().unwrap_or_default();
    let lifecycle = quiet().invocations.iter().filter(|one| one.function != "stint-reconcile");
    let mut found: Vec<_> =
        lifecycle.map(|one| format!("{} {}", one.function, route(one)).trim().to_owned()).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "stint-approve GET /approvals/{token}",
            "stint-approve POST /approvals/{token}",
            "stint-expire",
            "stint-grant",
            "stint-notify",
            "stint-request ANY /v1/{proxy+}",
        ]
    );
}

#[test]
fn no_invocation_of_a_lifecycle_fails_and_each_task_is_about_the_request() {
    assert!(quiet().id.parse::<RequestId>().is_ok());
    for one in quiet().invocations.iter().filter(|one| one.function != "stint-reconcile") {
        assert_eq!(one.error, None, "{one:?}");
        let about = one.event_request_id.as_deref();
        assert!(about == Some(&quiet().id) || one.route.is_some(), "{one:?}");
    }
}
