//! Waiting without being a burden, and sweeps without waiting for the next minute.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use stint_app::ports::Surroundings;
use stint_aws::surroundings::Machine;
use stint_local::{Result, Stage, hooks, wait};

/// For whatever a workflow on a busy machine does by itself; nothing is measured against it.
pub(crate) const LONG: Duration = Duration::from_secs(120);
/// Between two looks of one of many who look.
const PAUSE: Duration = Duration::from_millis(150);

/// Looks now and then until there is something to see.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let seen = wait::until(what, LONG, || {
        let seen = look();
        if seen.is_none() {
            std::thread::sleep(PAUSE);
        }
        Ok(seen)
    });
    seen.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn now() -> Timestamp {
    Machine.now()
}

/// Milliseconds until then; none if it has passed.
pub(crate) fn left(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond() - now().as_millisecond()).unwrap_or(0)
}

/// Sleeps until the clock shows `at`.
pub(crate) fn until(at: Timestamp) {
    while now() < at {
        std::thread::sleep(Duration::from_millis(left(at).clamp(1, 1000)));
    }
}

pub(crate) const SWEEP: &str = "stint-reconcile";

/// What the schedule sends.
pub(crate) fn schedule() -> Value {
    json!({"sweep": "minute"})
}

/// One sweep now. A sweep holds the lease for most of its minute, so the lease of the one before is taken away first,
/// as if the minute had passed.
pub(crate) fn sweep(stage: &Stage) -> Result<Result<Value, Value>> {
    let lease = json!({"pk": {"S": "LEASE#reconcile"}, "sk": {"S": "LEASE"}});
    let delete = json!({"TableName": stage.outputs.get("GrantsTable")?, "Key": lease});
    stage.admin.json("dynamodb", "DynamoDB_20120810.DeleteItem", &delete)?;
    hooks::invoke(&stage.admin, SWEEP, &schedule())
}
