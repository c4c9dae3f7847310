//! What became of a journey, by the audit and at the target.

use crate::scene::{Journey, LATE};
use serde_json::Value;
use stint_domain::audit::verify;
use stint_domain::ids::RequestId;
use stint_local::probe::{Access, Probe};
use stint_local::stage::SOON;
use stint_local::wait;

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
}
