//! One decision in words: what decided it and why, what would be enough if it is denied, and who could approve.

use crate::case::Case;
use crate::folder::{Folder, Unusable};
use crate::question::{Question, Whose};
use std::path::Path;
use stint_domain::approval::ApprovalStep;
use stint_domain::ids::GroupName;
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
        format!(", {}, with {ticket}, at {}", ask.duration.in_words(), ask.at)
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
        if !ask.has_ticket {
            let ticket = move |question: &mut Question| {
                question.ask = question.ask.map(|ask| Ask { has_ticket: true, ..ask });
            };
            remedies.push(Remedy { words: "a ticket".to_owned(), apply: Box::new(ticket) });
        }
        if let Some(longest) = entitlement.map(|e| e.max_duration).filter(|longest| *longest < ask.duration) {
            let shorter = move |question: &mut Question| {
                question.ask = question.ask.map(|ask| Ask { duration: longest, ..ask });
            };
            let words = format!("a duration of at most {}", longest.in_words());
            remedies.push(Remedy { words, apply: Box::new(shorter) });
        }
    }
    let groups = entitlement.into_iter().flat_map(|e| match question.action.as_str() {
        "request" | "auto-approve" => e.requesters.clone(),
        "break-glass" => e.break_glass.iter().flat_map(|terms| terms.users.clone()).collect(),
        "review" => e.reviewers(),
        _ => e.approvers.clone(),
    });
    remedies.extend(groups.filter(|group| !question.who.groups.contains(group)).map(member));
    remedies
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
