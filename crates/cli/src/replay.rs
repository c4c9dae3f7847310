//! Past requests, decided once more by proposed policies and a proposed catalog: what would have been otherwise.
//!
//! Guards: the policy crate decides, as in production, and about nothing but what policies were told then.

use crate::folder::{Folder, Unusable};
use crate::past::{Past, Pasts};
use std::collections::BTreeMap;
use std::path::Path;
use stint_domain::audit::Authorization;
use stint_policy::{Answer, Ask, PolicyBundle, Way};

/// `true` if nothing differs.
pub(crate) fn run(export: &Path, policies: &Path) -> Result<bool, Unusable> {
    let bundle = Folder::read(policies)?.bundle()?;
    let pasts = Pasts::read(export)?;
    let (mut otherwise, mut by_others) = (BTreeMap::<_, u64>::new(), 0_u64);
    for past in &pasts.whole {
        let (ask, now) = Now::of(past, &bundle);
        if now.answer == past.weighed.answer {
            by_others += u64::from(now.decided.as_ref().map(|a| &a.policies) != Some(&past.decided.policies));
            continue;
        }
        *otherwise.entry((past.weighed.answer, now.answer)).or_default() += 1;
        println!("{}", told(past, &ask, &now, &bundle));
    }
    summary(&pasts, &otherwise, by_others).iter().for_each(|line| println!("{line}"));
    Ok(otherwise.is_empty())
}

/// What the proposed policies say.
struct Now {
    answer: Answer,
    /// `None`: the proposed catalog does not have the entitlement, or not in emergencies, so policy would not be asked.
    decided: Option<Authorization>,
}

impl Now {
    fn of(past: &Past, bundle: &PolicyBundle) -> (Ask, Self) {
        let (person, ask) = past.weighed.clone().question(past.who.clone(), past.at);
        let Some(entitlement) = bundle.entitlement(&past.entitlement) else {
            return (ask, Self { answer: Answer::Refused, decided: None });
        };
        let way = past.weighed.way;
        if way == Way::BreakGlass && entitlement.break_glass.is_none() {
            return (ask, Self { answer: Answer::Refused, decided: None });
        }
        let verdict = bundle.weigh(&person, entitlement, &ask, way);
        (ask, Self { answer: verdict.answer(), decided: Some(verdict.authorization()) })
    }
}

fn told(past: &Past, ask: &Ask, now: &Now, bundle: &PolicyBundle) -> String {
    let ticket = if ask.has_ticket { "a ticket" } else { "no ticket" };
    let way = if past.weighed.way == Way::BreakGlass { ", in an emergency" } else { "" };
    let (who, entitlement, duration) = (&past.who, &past.entitlement, ask.duration.in_words());
    let now_by = match &now.decided {
        Some(decided) => by(decided, bundle),
        None => "the catalog does not have it".to_owned(),
    };
    format!(
        "{:.3} {who} {entitlement}, {duration}, with {ticket}{way} ({})\n  then {}: {}\n  now {}: {now_by}",
        past.at,
        past.stream,
        words(past.weighed.answer),
        by(&past.decided, bundle),
        words(now.answer),
    )
}

/// The reasons are those of the proposed policies; one that is not among them has its name alone.
fn by(decided: &Authorization, bundle: &PolicyBundle) -> String {
    let reasons = bundle.reasons(decided);
    let said = decided.policies.iter().map(|id| match reasons.get(id) {
        Some(reason) => format!("{id} ({reason})"),
        None => id.clone(),
    });
    let said: Vec<_> = said.collect();
    if said.is_empty() { "nothing permits it".to_owned() } else { said.join(", ") }
}

const fn words(answer: Answer) -> &'static str {
    match answer {
        Answer::Refused => "refused",
        Answer::NeedsPeople => "needs people",
        Answer::ApprovedAtOnce => "approved at once",
    }
}

fn summary(pasts: &Pasts, otherwise: &BTreeMap<(Answer, Answer), u64>, by_others: u64) -> Vec<String> {
    let changes = otherwise
        .iter()
        .map(|((then, now), count)| format!("{count} from {} to {}", words(*then), words(*now)));
    let skipped = [
        (pasts.too_little, "whose events lack some of what policies are told"),
        (pasts.not_asked, "that were refused without asking policy"),
        (pasts.before, "that were made before the export begins"),
    ];
    let skipped = skipped.iter().filter(|(count, _)| *count > 0);
    let (replayed, differ) = (pasts.whole.len(), otherwise.values().sum::<u64>());
    let same = format!("{replayed} replayed, {differ} otherwise, {by_others} the same by other policies");
    let mut lines: Vec<_> = changes.map(|change| format!("otherwise: {change}")).collect();
    lines.extend(skipped.map(|(count, why)| format!("not replayed: {count} {why}")));
    lines.push(same);
    lines
}
