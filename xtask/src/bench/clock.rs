//! Virtual time: whatever waits is woken in the order of its time, and nobody waits for real.
//!
//! Guards: the same tasks take the same steps in the same order each time. It must not know what they do.

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

pub(super) type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Microseconds since `origin`.
pub(super) type Micros = u64;

pub(super) const fn millis(number: u64) -> Micros {
    number * 1_000
}

pub(super) const fn seconds(number: u64) -> Micros {
    number * 1_000_000
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Clock {
    origin: Timestamp,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    now: Micros,
    /// Who set a timer first is woken first.
    timers: BTreeMap<(Micros, u64), Waker>,
    set: u64,
}

impl Clock {
    pub(super) fn starting_at(origin: Timestamp) -> Self {
        Self { origin, inner: Mutex::default() }
    }

    pub(super) fn now(&self) -> Micros {
        lock(&self.inner).now
    }

    pub(super) fn timestamp(&self) -> Timestamp {
        let since = i64::try_from(self.now()).unwrap_or(i64::MAX);
        self.origin.saturating_add(SignedDuration::from_micros(since)).unwrap_or(self.origin)
    }

    pub(super) fn micros_at(&self, at: Timestamp) -> Micros {
        Micros::try_from(at.duration_since(self.origin).as_micros()).unwrap_or(0)
    }

    pub(super) async fn sleep(&self, length: Micros) {
        self.until(self.now() + length).await;
    }

    pub(super) async fn until(&self, at: Micros) {
        let mut timer = None;
        std::future::poll_fn(|context| self.poll_until(at, &mut timer, context)).await;
    }

    fn poll_until(&self, at: Micros, timer: &mut Option<u64>, context: &Context<'_>) -> Poll<()> {
        let mut inner = lock(&self.inner);
        if inner.now >= at {
            return Poll::Ready(());
        }
        let set = *timer.get_or_insert_with(|| {
            inner.set += 1;
            inner.set
        });
        inner.timers.insert((at, set), context.waker().clone());
        Poll::Pending
    }

    /// `None` if `work` is not done by then; it is dropped where it stands, as Lambda does with a function.
    pub(super) async fn within<T>(&self, length: Micros, work: impl Future<Output = T>) -> Option<T> {
        let (mut work, mut end) = (pin!(work), pin!(self.sleep(length)));
        std::future::poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => end.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    /// Runs all tasks to their ends.
    pub(super) fn run(&self, tasks: Vec<Task<'_>>) {
        let ready = Arc::new(Mutex::new((0..tasks.len()).collect::<VecDeque<_>>()));
        let wakers: Vec<Waker> = (0..tasks.len())
            .map(|task| Waker::from(Arc::new(Woken { task, ready: ready.clone() })))
            .collect();
        let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
        loop {
            let next = lock(&ready).pop_front();
            let Some(number) = next else { if self.advance() { continue } else { return } };
            let (Some(place), Some(waker)) = (tasks.get_mut(number), wakers.get(number)) else { continue };
            let done = place
                .as_mut()
                .is_none_or(|task| task.as_mut().poll(&mut Context::from_waker(waker)).is_ready());
            if done {
                *place = None;
            }
        }
    }

    /// To the next timer. `false` if there is none.
    fn advance(&self) -> bool {
        let mut inner = lock(&self.inner);
        let Some(((at, _), waker)) = inner.timers.pop_first() else { return false };
        inner.now = inner.now.max(at);
        drop(inner);
        waker.wake();
        true
    }
}

struct Woken {
    task: usize,
    ready: Arc<Mutex<VecDeque<usize>>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        lock(&self.ready).push_back(self.task);
    }
}

/// Chance, the same each time: SplitMix64.
pub(super) struct Chance(Mutex<u64>);

impl Chance {
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    fn next(&self) -> u64 {
        let mut state = lock(&self.0);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly among `0..most`; 0 if that is empty.
    pub(super) fn below(&self, most: u64) -> u64 {
        self.next().checked_rem(most).unwrap_or(0)
    }
}
