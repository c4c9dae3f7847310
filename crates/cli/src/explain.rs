//! One decision in words: what decided it and why, what would be enough if it is denied, and who could approve.

use crate::case::Case;
use crate::folder::{Folder, Unusable};
use crate::question::{Question, Whose};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use stint_domain::approval::ApprovalStep;
use stint_domain::entitlement::Entitlement;
use stint_domain::ids::GroupName;
use stint_domain::principal::Origin;
use stint_policy::sample::SamplePerson;
use stint_policy::{Ask, PolicyBundle};

/// `true` once it is explained, whichever way it is decided.
pub(crate) fn run(case: &Path, policies: &Path) -> Result<bool, Unusable> {
    let folder = Folder::read(policies)?;
    let (bundle, people) = (folder.bundle()?, folder.people()?);
    let meaningless = |why| Unusable::Case { path: case.to_owned(), why };
    let question = Case::read(case)?.question(&people).map_err(meaningless)?;
    let decided = question.put_to(&bundle).map_err(meaningless)?;
    println!("{}: {}", if decided.allowed { "ALLOW" } else { "DENY" }, in_words(&question));
    let reasons = folder.reasons();
    for id in &decided.policies {
        println!("  by {id}: {}", reasons.get(id).map_or("", String::as_str));
    }
    if decided.policies.is_empty() {
        println!("  no policy permits it");
    }
    if decided.errored {
        println!("  a policy could not be evaluated, which denies");
    }
    if !decided.allowed {
        println!("  missing: {}", missing(&question, &bundle));
    }
    if question.action == "request" {
        println!("  {}", deciders(&question, &bundle, &people));
    }
    Ok(true)
}

fn in_words(question: &Question) -> String {
    let about = question.entitlement.as_ref().map_or(String::new(), |id| format!(" {id}"));
    let whose = question.requester.as_ref().map_or(String::new(), |whose| format!(" for {}", whose.id));
    let terms = question.ask.map_or(String::new(), |ask| {
        let ticket = if ask.has_ticket { "a ticket" } else { "no ticket" };
        let origin = ask.origin.map_or(String::new(), |origin| {
            let factors = if origin.mfa { "a second factor" } else { "one factor" };
            format!(", from {} with {factors}", origin.address)
        });
        format!(", {}, with {ticket}, at {}{origin}", ask.duration.in_words(), ask.at)
    });
    format!("{} {}{about}{whose}{terms}", question.who.id, question.action)
}

/// Something that the asker could have or do.
struct Remedy {
    words: String,
    apply: Box<dyn Fn(&mut Question)>,
}

/// The fewest remedies that together are enough.
fn missing(question: &Question, bundle: &PolicyBundle) -> String {
    let remedies = remedies(question, bundle);
    let mut sets: Vec<u32> = (1..1_u32 << remedies.len().min(10)).collect();
    sets.sort_by_key(|set| set.count_ones());
    let chosen = |set: u32| (0..).zip(&remedies).filter(move |(bit, _)| set & (1 << bit) != 0);
    let enough = sets.into_iter().find(|set| {
        let mut changed = question.clone();
        chosen(*set).for_each(|(_, remedy)| (remedy.apply)(&mut changed));
        changed.put_to(bundle).is_ok_and(|decided| decided.allowed)
    });
    let words = |set| chosen(set).map(|(_, remedy)| remedy.words.as_str()).collect::<Vec<_>>().join(", and ");
    enough.map_or("nothing that the asker could change would be enough".to_owned(), words)
}

fn remedies(question: &Question, bundle: &PolicyBundle) -> Vec<Remedy> {
    let entitlement = question.entitlement.as_ref().and_then(|id| bundle.entitlement(id));
    let mut remedies = Vec::new();
    if let Some(ask) = question.ask {
        remedies.extend(circumstances(&ask, entitlement));
    }
    let groups = entitlement.into_iter().flat_map(|e| match question.action.as_str() {
        "request" | "auto-approve" => e.requesters.clone(),
        "break-glass" => e.break_glass.iter().flat_map(|terms| terms.users.clone()).collect(),
        "review" => e.reviewers(),
        _ => e.approvers.clone(),
    });
    remedies.extend(groups.filter(|group| !question.who.groups.contains(group)).map(member));
    remedies.extend(later(question, bundle, &remedies));
    remedies
}

/// Other circumstances than these.
fn circumstances(ask: &Ask, entitlement: Option<&Entitlement>) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    if !ask.has_ticket {
        remedies.push(other("a ticket", |ask| Ask { has_ticket: true, ..ask }));
    }
    if ask.justification_characters < u32::MAX {
        let longer = |ask| Ask { justification_characters: u32::MAX, ..ask };
        remedies.push(other("a longer justification", longer));
    }
    if let Some(longest) = entitlement.map(|e| e.max_duration).filter(|longest| *longest < ask.duration) {
        let words = format!("a duration of at most {}", longest.in_words());
        remedies.push(other(&words, move |ask| Ask { duration: longest, ..ask }));
    }
    if ask.origin.is_some_and(|origin| !origin.mfa) {
        let mfa = |ask: Ask| Ask { origin: ask.origin.map(|origin| Origin { mfa: true, ..origin }), ..ask };
        remedies.push(other("a second factor", mfa));
    }
    if ask.origin.is_some() {
        remedies.push(other("another place, or hours of their own", |ask| Ask { origin: None, ..ask }));
    }
    remedies
}

fn other(words: &str, change: impl Fn(Ask) -> Ask + 'static) -> Remedy {
    let apply = move |question: &mut Question| question.ask = question.ask.map(&change);
    Remedy { words: words.to_owned(), apply: Box::new(apply) }
}

/// The first hour of the coming week in which it would be allowed, whatever else it takes.
fn later(question: &Question, bundle: &PolicyBundle, others: &[Remedy]) -> Option<Remedy> {
    let ask = question.ask?;
    let at = (1..7 * 24).filter_map(|hours| ask.at.checked_add(SignedDuration::from_hours(hours)).ok());
    let allowed = |at: &Timestamp| {
        let mut changed = Question { ask: Some(Ask { at: *at, ..ask }), ..question.clone() };
        others.iter().for_each(|remedy| (remedy.apply)(&mut changed));
        changed.put_to(bundle).is_ok_and(|decided| decided.allowed)
    };
    let at = at.into_iter().find(allowed)?;
    Some(other(&format!("another time, such as {at}"), move |ask| Ask { at, ..ask }))
}

fn member(group: GroupName) -> Remedy {
    let words = format!("membership of {}", group.as_str());
    Remedy { words, apply: Box::new(move |question| question.who.groups.extend([group.clone()])) }
}

fn deciders(question: &Question, bundle: &PolicyBundle, people: &[SamplePerson]) -> String {
    let at_once = Question { action: "auto-approve".to_owned(), ..question.clone() };
    if at_once.put_to(bundle).is_ok_and(|decided| decided.allowed) {
        return "nobody would have to approve it".to_owned();
    }
    let entitlement = question.entitlement.as_ref().and_then(|id| bundle.entitlement(id));
    let steps = entitlement.map_or(&[][..], |entitlement| entitlement.approval.steps());
    let told = steps.iter().enumerate().map(|(number, step)| {
        let names: Vec<_> = eligible(question, bundle, people, step).collect();
        let names = if names.is_empty() { "nobody of the organisation".to_owned() } else { names.join(", ") };
        match (steps.len(), step.need.get()) {
            (1, 1) => format!("could be approved by: {names}"),
            (1, need) => format!("has to be approved by {need} of: {names}"),
            (_, need) => format!("step {} has to be approved by {need} of: {names}", number + 1),
        }
    });
    told.collect::<Vec<_>>().join("\n  ")
}

/// Who counts in the step, and may.
fn eligible<'a>(
    question: &'a Question,
    bundle: &'a PolicyBundle,
    people: &'a [SamplePerson],
    step: &'a ApprovalStep,
) -> impl Iterator<Item = String> + 'a {
    let all = people.iter().filter_map(|one| Some(one.person(one.username.parse().ok()?)));
    let whose = Whose::from(question.who.clone());
    let approvers = all.filter(move |who| {
        let decision = Question {
            who: who.clone(),
            action: "approve".to_owned(),
            requester: Some(whose.clone()),
            ..question.clone()
        };
        step.counts(&whose.standing_of(who)) && decision.put_to(bundle).is_ok_and(|decided| decided.allowed)
    });
    approvers.map(|who| who.id.to_string())
}
