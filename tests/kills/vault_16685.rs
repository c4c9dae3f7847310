//! A peer's defect, by its number there: what had issued IAM users could not delete those that had a login profile or
//! anything else that somebody had added since. They stayed, with their keys.
//!
//! Here somebody adds everything that keeps IAM from deleting a user, of each kind more than a page of a list holds.

use crate::added_by_hand::{KINDS, add_everything, held};
use crate::alone;
use crate::life::Life;
use crate::patience::{eventually, until};
use crate::revealed::{A_USER, active, own_user, revealed};
use crate::switched_off::{Off, schedule_is};
use serde_json::json;
use stint_local::probe::Access;
use stint_local::stage::Stage;

/// Lists of one element a page, until dropped.
struct SmallPages(&'static Stage);

impl SmallPages {
    fn of(stage: &'static Stage, items: u32) -> stint_local::Result<()> {
        let knob = json!({"items": items}).to_string();
        stage.http.send("POST", "/_stint/pages", &[], &knob)?.ok("pages").map(drop)
    }
}

impl Drop for SmallPages {
    fn drop(&mut self) {
        let _ = Self::of(self.0, 0);
    }
}

#[test]
fn vault_16685_a_user_with_a_login_profile_and_everything_else_that_can_be_added_is_deleted() {
    let (stage, _alone) = alone();
    let _on = Off(stage);
    schedule_is(stage, "DisableRule");
    let life = active(stage, A_USER, "30s");
    let (user, key) = (own_user(&life), revealed(&life));
    add_everything(stage, &user);
    assert_eq!(held(stage, &user), KINDS.map(|(_, many, _)| many), "all of it is there");
    let refused = stage.admin.form("iam", "DeleteUser", "2010-05-08", &[("UserName", &user)]).unwrap_err();
    assert!(refused.is_refusal("DeleteConflict"), "what the peer gave up at: {}", refused.chain());
    assert_eq!(key.read("payments").unwrap(), Access::Allowed);
    let _small = SmallPages(stage);
    SmallPages::of(stage, 1).unwrap();
    until(life.ends_at().unwrap());
    let last = eventually("the end", || life.over());
    assert!(!stage.has_user(&user).unwrap());
    assert_eq!(key.read("payments").unwrap(), Access::NoSuchKey);
    let said = [&last["action"], &last["detail"]["ended_by"], &last["detail"]["receipt"]["answered"]];
    assert_eq!(said, ["grant.ended", "EXPIRED", "NoSuchEntity"], "{last}");
    came_in_pages(&life);
}

/// Each list was read to its end, and all that was on it was taken one by one.
fn came_in_pages(life: &Life<'_>) {
    let runs = life.invocations("expire");
    let [run] = runs.as_slice() else { panic!("one attempt is enough: {runs:?}") };
    let count = |wanted: &str| run.calls.iter().filter(|call| *call == wanted).count();
    for (list, many, take) in KINDS {
        assert!(!list.starts_with("List") || count(list) > 1, "{list} had one page: {run:?}");
        assert_eq!(count(take), many, "{take}: {run:?}");
    }
    let devices = life.stage.admin.form("iam", "ListVirtualMFADevices", "2010-05-08", &[]).unwrap();
    assert!(!devices.contains(&own_user(life)), "{devices}");
}
