//! Who waited for how long, and that nobody had what somebody else had.

use super::super::clock::Micros;
use super::crowd::{Crowd, Play};
use std::collections::BTreeMap;
use stint_local::{LocalError, Result};

/// One checkout: when it was approved, given, returned, and the credential rotated.
#[derive(Debug, Clone)]
pub(super) struct Stay {
    pub(super) secret: String,
    pub(super) asked: Micros,
    pub(super) got: Micros,
    pub(super) returned: Micros,
    pub(super) clean: Micros,
}

pub(super) struct Report {
    pub(super) play: Play,
    pub(super) stays: Vec<Stay>,
    pub(super) shown_twice: usize,
    /// Credentials that were free while somebody knew them.
    pub(super) unclean: usize,
}

impl Report {
    pub(super) fn of(crowd: &Crowd, play: Play) -> Self {
        let mut stays = super::super::clock::lock(&crowd.stays).clone();
        stays.sort_by_key(|stay| stay.got);
        let unclean = crowd.cloud.world.state().unclean.len();
        Self { play, stays, shown_twice: crowd.shown_twice(), unclean }
    }

    /// From when it was free to whom had asked for it, or from when it was asked for.
    fn idle(&self) -> Vec<Micros> {
        let mut clean: BTreeMap<String, Micros> = BTreeMap::new();
        let idle = |stay: &Stay| {
            let free = clean.get(stay.secret.as_str()).copied().unwrap_or(0);
            clean.insert(stay.secret.clone(), stay.clean);
            stay.got.saturating_sub(free.max(stay.asked))
        };
        self.stays.iter().map(idle).collect()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let Play { requesters, secrets, each } = self.play;
        let of = |part: fn(&Stay) -> Micros| self.stays.iter().map(part).collect();
        vec![
            format!(
                "{} checkouts of {secrets} secrets by {requesters}, virtual   p50      p99      max",
                requesters * each
            ),
            spread("from approved to given", of(|stay| stay.got - stay.asked)),
            spread("  of which it was free", self.idle()),
            spread("from returned to clean", of(|stay| stay.clean - stay.returned)),
        ]
    }

    /// Two who have the same one at the same time.
    pub(super) fn overlaps(stays: &[Stay]) -> usize {
        let both = |a: &Stay, b: &Stay| a.secret == b.secret && a.got < b.clean && b.got < a.clean;
        let pairs =
            stays.iter().enumerate().flat_map(|(at, a)| stays.iter().skip(at + 1).map(move |b| (a, b)));
        pairs.filter(|(a, b)| both(a, b)).count()
    }

    pub(super) fn is_sound(&self) -> Result<()> {
        let wrong = (Self::overlaps(&self.stays), self.shown_twice, self.unclean);
        let all = u64::try_from(self.stays.len()).ok() == Some(self.play.requesters * self.play.each);
        if wrong == (0, 0, 0) && all {
            println!("never two holders, and nobody was shown what somebody else had seen");
            return Ok(());
        }
        let (overlaps, shown, unclean) = wrong;
        Err(LocalError::Unexpected(format!(
            "I5: {overlaps} times two holders, {shown} shown to two, {unclean} free and known, of {} checkouts",
            self.stays.len()
        )))
    }
}

pub(super) fn spread(what: &str, mut all: Vec<Micros>) -> String {
    all.sort_unstable();
    let at = |percent: usize| {
        let place = (all.len() * percent).div_ceil(100).saturating_sub(1);
        all.get(place).map_or(0.0, |micros| *micros as f64 / 1e6)
    };
    format!("{what:<48}{:>7.2} s{:>7.2} s{:>7.2} s", at(50), at(99), at(100))
}
