//! What became of a journey, by the audit and at the target.

use crate::scene::{Journey, LATE, now, stage};
use crate::secrets;
use jiff::Timestamp;
use serde_json::{Value, json};
use stint_domain::audit::verify;
use stint_domain::ids::RequestId;
use stint_local::probe::{Access, Probe};
use stint_local::stage::SOON;
use stint_local::{hooks, wait};

/// The audit: each look verifies the whole chain.
impl Journey {
    /// The actions of the request's stream, in order, after its chain has been verified.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.events().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let rows = self.stage.audit(&self.id).unwrap();
        let head = verify(rows.iter().map(|row| (row.canonical.as_str(), row.hash.as_str()))).unwrap();
        assert_eq!(head.sequence, rows.len() as u64);
        rows.iter().map(|row| serde_json::from_str(&row.canonical).unwrap()).collect()
    }

    /// The one event with this action.
    pub(crate) fn event(&self, action: &str) -> Value {
        let mut found = self.events().into_iter().filter(|event| event["action"] == action);
        let only = found.next();
        assert!(found.next().is_none(), "{action} stands twice in the audit of {}", self.id);
        only.unwrap_or_else(|| panic!("{action} is not in the audit of {}", self.id))
    }

    pub(crate) fn until_action(&self, action: &str) {
        let seen = || self.actions().iter().any(|one| one == action).then_some(());
        wait::until(&format!("{action} of {}", self.id), LATE, || Ok(seen())).unwrap();
    }

    /// Once those who were asked and did not decide know that it is settled.
    pub(crate) fn actions_once_told(&self) -> Vec<String> {
        let told = |actions: &Vec<String>| actions.iter().any(|one| one == "request.settled_told");
        swept_until("the others to be told", || Some(self.actions()).filter(told))
    }
}

/// What stands in the audit of a request about which somebody was asked, and that then came to this.
pub(crate) const fn asked_and(outcome: &str) -> [&str; 4] {
    ["request.submitted", "request.approvers_notified", outcome, "request.settled_told"]
}

/// The target, and the requester's own key.
impl Journey {
    pub(crate) fn probe(&self) -> Probe {
        self.stage.probe(&self.person).unwrap()
    }

    /// With the requester's own key, now.
    pub(crate) fn access(&self, table: &str) -> Access {
        self.probe().read(table).unwrap()
    }

    /// Waits until the key can read, which must be within the window.
    pub(crate) fn until_allowed(&self, table: &str) {
        let probe = self.probe();
        let allowed = || Ok(Some(probe.read(table)?).filter(|access| *access == Access::Allowed));
        wait::until(&format!("access of {} to {table}", self.person), SOON, allowed).unwrap();
    }

    /// What Stint has put at the target.
    pub(crate) fn at_target(&self) -> Vec<String> {
        self.stage.policies_of(&self.person).unwrap()
    }

    /// The name of what this grant, and no other, may have at the target.
    pub(crate) fn artefact(&self) -> String {
        self.id.parse::<RequestId>().unwrap().grant_id().artefact_name()
    }

    pub(crate) fn grant_id(&self) -> String {
        self.id.parse::<RequestId>().unwrap().grant_id().to_string()
    }

    /// The end of the window, once there is one.
    pub(crate) fn window_end(&self) -> Timestamp {
        let what = format!("a window of {}", self.id);
        let end = wait::until(&what, LATE, || {
            Ok(self.look()["grant"]["window"]["ends_at"].as_str().map(str::to_owned))
        });
        end.unwrap().parse().unwrap()
    }

    /// The holder is handed a key, and tries what it opens.
    pub(crate) fn reveals(&self) -> Handed {
        self.until_grant("ACTIVE");
        let key = self.session.credentials(&self.grant_id()).unwrap();
        secrets::handed_out(&key);
        Handed(self.stage.probe_with(&key).unwrap())
    }
}

/// What opens with a key that Stint has handed out.
pub(crate) struct Handed(Probe);

impl Handed {
    pub(crate) fn read(&self, table: &str) -> Access {
        self.0.read(table).unwrap()
    }

    pub(crate) fn until_allowed(&self, table: &str) {
        self.until_it(table, |access| access == Access::Allowed);
    }

    /// Which must be within seconds, whatever is left of the window.
    pub(crate) fn until_denied(&self, table: &str) {
        self.until_it(table, gone);
    }

    fn until_it(&self, table: &str, fits: impl Fn(Access) -> bool) {
        let seen = || Ok(Some(self.0.read(table)?).filter(|access| fits(*access)));
        wait::until(&format!("a change of access to {table}"), SOON, seen).unwrap();
    }
}

/// There is no access, in whichever of the two ways IAM says so.
pub(crate) fn gone(access: Access) -> bool {
    access != Access::Allowed
}

pub(crate) fn until(at: Timestamp) {
    while now() < at {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Sweeps, without waiting for the next minute, until there is something to see. A sweep holds the lease for most of
/// its minute, so the lease of the one before is taken away first.
pub(crate) fn swept_until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let lease = json!({"pk": {"S": "LEASE#reconcile"}, "sk": {"S": "LEASE"}});
    let delete = json!({"TableName": stage().outputs.get("GrantsTable").unwrap(), "Key": lease});
    let swept = || {
        stage().admin.json("dynamodb", "DynamoDB_20120810.DeleteItem", &delete)?;
        // One beside the schedule's own may find the lease taken, which is as good.
        let _ = hooks::invoke(&stage().admin, "stint-reconcile", &json!({"sweep": "minute"}))?;
        Ok(look())
    };
    wait::until(what, LATE, swept).unwrap()
}
