//! Functions that die between any two of their AWS calls, events that come twice, and functions that are switched off.
//!
//! Guards I1, I3 and I6 with real processes: whatever dies, nothing stays at the target, access ends on time, every
//! request comes to an end, and the audit says so. It must not know how a function is written: it kills at each call
//! that an undisturbed run makes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]

mod added_by_hand;
mod alarm;
mod at_once;
mod bad_secrets;
mod broken;
mod case;
mod counted;
mod datapoints;
mod definition;
mod deleted_secrets;
mod denying;
mod failed;
mod forced;
mod gone;
mod lane;
mod life;
mod matrix;
mod new_version;
mod patience;
mod post;
mod redeployed;
mod revealed;
mod rotation;
mod snapshot;
mod sweeps;
mod switched_off;
mod twice;
mod twice_vaulted;
mod vault_16685;
mod vaulted;
mod watch;

use std::sync::{Mutex, MutexGuard, PoisonError};
use stint_local::Stage;

/// The cloud that the tests beside the matrix share, one at a time: faults and switches hit everybody on it.
fn alone() -> (&'static Stage, MutexGuard<'static, ()>) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    (Stage::shared().unwrap(), guard)
}
