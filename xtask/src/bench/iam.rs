//! IAM as an account has it: a rate for all callers together; and the SDK's own patience with it.
//!
//! The numbers of the SDK are those of `RetryConfig::standard()`, which `stint_aws::client` sets; its three
//! attempts and their pauses are over before the time limit of an operation.

use super::clock::{Chance, Clock, Micros, lock, millis, seconds};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Calls a second, as the issue has it; AWS names no number.
pub(super) const RATE: u64 = 20;
/// Calls that may come at once after a pause.
pub(super) const BURST: u64 = 10;
const LATENCY: Micros = millis(50);

/// The SDK's attempts at one call, its first pause, and its longest.
const SDK_ATTEMPTS: u32 = 3;
const SDK_FIRST: Micros = seconds(1);
const SDK_LONGEST: Micros = seconds(20);
/// A client's quota of retries, and what one costs until it succeeds.
const QUOTA: u32 = 500;
const RETRY_COST: u32 = 5;

pub(super) struct Iam {
    /// In millionths of a call, and when that was.
    bucket: Mutex<(u64, Micros)>,
    pub(super) served: AtomicU64,
    pub(super) throttled: AtomicU64,
}

/// What a client keeps between its calls.
pub(super) struct Client(Mutex<u32>);

impl Client {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(QUOTA))
    }

    fn spend(&self) -> bool {
        let mut quota = lock(&self.0);
        let rest = quota.checked_sub(RETRY_COST);
        *quota = rest.unwrap_or(*quota);
        rest.is_some()
    }

    fn earn(&self, retried: bool) {
        let mut quota = lock(&self.0);
        *quota = QUOTA.min(*quota + if retried { RETRY_COST } else { 1 });
    }
}

/// All of the SDK's attempts were throttled.
#[derive(Debug, thiserror::Error)]
#[error("Throttling: Rate exceeded")]
pub(super) struct Throttled;

impl Iam {
    pub(super) const fn new() -> Self {
        let bucket = Mutex::new((BURST * 1_000_000, 0));
        Self { bucket, served: AtomicU64::new(0), throttled: AtomicU64::new(0) }
    }

    /// One call by an SDK client.
    pub(super) async fn call(
        &self,
        clock: &Clock,
        chance: &Chance,
        client: &Client,
    ) -> Result<(), Throttled> {
        for attempt in 1..=SDK_ATTEMPTS {
            clock.sleep(LATENCY).await;
            if self.admits(clock.now()) {
                client.earn(attempt > 1);
                return Ok(());
            }
            if attempt == SDK_ATTEMPTS || !client.spend() {
                break;
            }
            clock.sleep(chance.below((SDK_FIRST << (attempt - 1)).min(SDK_LONGEST))).await;
        }
        Err(Throttled)
    }

    /// What is refused costs nothing.
    fn admits(&self, now: Micros) -> bool {
        let mut bucket = lock(&self.bucket);
        let (level, then) = *bucket;
        let level = (level + (now - then) * RATE).min(BURST * 1_000_000);
        let rest = level.checked_sub(1_000_000);
        *bucket = (rest.unwrap_or(level), now);
        if rest.is_some() { &self.served } else { &self.throttled }.fetch_add(1, Relaxed);
        rest.is_some()
    }
}
