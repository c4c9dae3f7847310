//! Failing on purpose: the n-th call to the world, in one of the ways a call can fail.

use std::sync::{Mutex, PoisonError};
use stint_app::ports::Cause;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The process dies before the call takes effect.
    CrashBefore,
    /// The process dies after it took effect.
    CrashAfter,
    /// It takes effect, and the reply is lost.
    ReplyLost,
    /// It does not take effect, and says so.
    Throttled,
    /// Somebody else was faster: a commit does not take effect, and says why. To any other call it is [`Mode::Throttled`].
    Raced,
    /// It arrives twice.
    Duplicated,
    /// The caller gives up on it, and it takes effect [`DELAY`] later.
    Delayed,
}

/// How long, in seconds, a delayed call is under way: less than a function's time limit lets it be.
pub const DELAY: i64 = 5;

impl Mode {
    pub const ALL: [Self; 7] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::ReplyLost,
        Self::Throttled,
        Self::Raced,
        Self::Duplicated,
        Self::Delayed,
    ];
}

/// The `call`-th call, counted from 1, fails in `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub call: usize,
    pub mode: Mode,
}

/// What a process that dies unwinds with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash;

/// Why a commit that lost a race does not take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raced;

impl std::fmt::Display for Raced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("somebody else was faster")
    }
}

impl std::error::Error for Raced {}

#[derive(Default)]
pub(crate) struct Failpoints {
    inner: Mutex<(Vec<Fault>, Vec<&'static str>)>,
}

impl Failpoints {
    pub(crate) fn arm(&self, faults: Vec<Fault>) {
        *self.inner.lock().unwrap_or_else(PoisonError::into_inner) = (faults, Vec::new());
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Makes one mutating call, or fails it. One that cannot be under way for long is simply late to answer.
    pub(crate) fn around<T, E>(
        &self,
        name: &'static str,
        unavailable: impl FnOnce(Cause) -> E,
        effect: impl Fn() -> Result<T, E>,
    ) -> Result<T, E> {
        self.around_late(name, unavailable, &effect, || drop(effect()))
    }

    /// The same for a call whose effect can come late: `later` sees to that.
    pub(crate) fn around_late<T, E>(
        &self,
        name: &'static str,
        unavailable: impl FnOnce(Cause) -> E,
        effect: impl Fn() -> Result<T, E>,
        later: impl FnOnce(),
    ) -> Result<T, E> {
        match self.strikes(name) {
            None => effect(),
            Some(Mode::CrashBefore) => std::panic::resume_unwind(Box::new(Crash)),
            Some(Mode::CrashAfter) => {
                let _ = effect();
                std::panic::resume_unwind(Box::new(Crash))
            }
            Some(Mode::ReplyLost) => {
                let _ = effect();
                Err(unavailable("the reply was lost".into()))
            }
            Some(Mode::Throttled) => Err(unavailable("throttled".into())),
            Some(Mode::Raced) => Err(unavailable(Box::new(Raced))),
            Some(Mode::Duplicated) => {
                let _ = effect();
                effect()
            }
            Some(Mode::Delayed) => {
                later();
                Err(unavailable("timed out".into()))
            }
        }
    }

    fn strikes(&self, name: &'static str) -> Option<Mode> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.push(name);
        let count = inner.1.len();
        inner.0.iter().find(|fault| fault.call == count).map(|fault| fault.mode)
    }
}
