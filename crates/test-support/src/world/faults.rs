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
    /// It arrives twice.
    Duplicated,
}

impl Mode {
    pub const ALL: [Self; 5] =
        [Self::CrashBefore, Self::CrashAfter, Self::ReplyLost, Self::Throttled, Self::Duplicated];
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

#[derive(Default)]
pub(crate) struct Failpoints {
    inner: Mutex<(Option<Fault>, Vec<&'static str>)>,
}

impl Failpoints {
    pub(crate) fn arm(&self, fault: Option<Fault>) {
        *self.inner.lock().unwrap_or_else(PoisonError::into_inner) = (fault, Vec::new());
    }

    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Makes one mutating call, or fails it.
    pub(crate) fn around<T, E>(
        &self,
        name: &'static str,
        unavailable: impl FnOnce(Cause) -> E,
        effect: impl Fn() -> Result<T, E>,
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
            Some(Mode::Duplicated) => {
                let _ = effect();
                effect()
            }
        }
    }

    fn strikes(&self, name: &'static str) -> Option<Mode> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.push(name);
        let count = inner.1.len();
        inner.0.filter(|fault| fault.call == count).map(|fault| fault.mode)
    }
}
