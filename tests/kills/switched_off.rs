//! With everything of Stint's that removes switched off, access ends by its date alone; and nothing is forgotten.

use crate::alone;
use crate::life::{AT_ONCE, Life};
use crate::patience::{SWEEP, eventually, sweep, until};
use serde_json::{Value, json};
use stint_local::hooks::{switch_off, switch_on};
use stint_local::probe::Access;
use stint_local::stage::Stage;

pub(crate) const EXPIRE: &str = "stint-expire";

/// Switches everything on again, whatever happens.
pub(crate) struct Off(pub(crate) &'static Stage);

impl Drop for Off {
    fn drop(&mut self) {
        for function in [EXPIRE, SWEEP] {
            let _ = switch_on(&self.0.admin, function);
        }
        schedule_is(self.0, "EnableRule");
    }
}

#[test]
fn access_ends_by_its_date_with_expire_and_reconcile_off_and_is_removed_when_they_are_back() {
    let (stage, _alone) = alone();
    let life = Life::asked(stage, AT_ONCE, "8s");
    let off = Off(stage);
    for function in [EXPIRE, SWEEP] {
        switch_off(&stage.admin, function).unwrap();
    }
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
    until(life.ends_at().unwrap());
    assert_eq!(life.access(), Access::Denied, "by the date in the policy");
    assert_eq!(life.policies().len(), 1, "which is still there");
    assert_eq!(life.over(), None);
    assert!(sweep(stage).is_err(), "nobody sweeps");
    switch_on(&stage.admin, SWEEP).unwrap();
    let last = eventually("what reconcile does alone", || {
        sweep(stage).unwrap().unwrap();
        life.over()
    });
    assert!(life.invocations("expire").is_empty(), "expire is still off");
    removed(&life, &last);
    drop(off);
    let status = eventually("the workflow's own end", || {
        let status = stage.execution(&life.id).unwrap().status().unwrap();
        (status != "RUNNING").then_some(status)
    });
    assert_eq!(status, "SUCCEEDED");
    assert_eq!(life.over(), Some(last), "expire found it done");
}

pub(crate) fn removed(life: &Life<'_>, last: &Value) {
    assert!(life.policies().is_empty());
    assert_eq!(life.access(), Access::Denied);
    assert_eq!(
        (&last["action"], &last["actor"]["component"]),
        (&"grant.ended".into(), &"reconcile".into()),
        "{last}"
    );
    let receipt = &last["detail"]["receipt"];
    assert_eq!(receipt["answered"], "NoSuchEntity", "{last}");
    assert!(receipt["looked_at"].as_str().unwrap().contains(&life.user), "{last}");
}

/// `DisableRule`: nobody sweeps but the test. `EnableRule`: as deployed.
pub(crate) fn schedule_is(stage: &Stage, operation: &str) {
    let rule = json!({"Name": "stint-every-minute"});
    stage.admin.json("events", &format!("AWSEvents.{operation}"), &rule).unwrap();
}
