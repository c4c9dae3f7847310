//! What is well-formed and still not meant: found by asking everything that the organisation could ask.
//!
//! The circumstances are a sample: every hour of a Monday and noon of every other day, short and longest durations, with
//! and without a ticket, by people in the right place and at their hours, with a second factor and a long justification. A policy that speaks of something narrower than that can be called dead without being so.

use crate::folder::{CATALOG, Folder, ORGANISATION, Unusable};
use crate::place::Finding;
use crate::question::{Question, Whose};
use cedar_policy::{ActionConstraint, Effect, Policy, PolicySet, PrincipalConstraint, ResourceConstraint};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use stint_domain::entitlement::{Entitlement, Risk};
use stint_domain::principal::{Engagement, Person};
use stint_policy::{ACTIONS, Ask, PolicyBundle};

pub(crate) fn all(folder: &Folder) -> Result<Vec<Finding>, Unusable> {
    let bundle = folder.bundle()?;
    let people = folder.people()?;
    let people: Vec<_> =
        people.iter().filter_map(|one| Some(one.person(one.username.parse().ok()?))).collect();
    let mut findings = Vec::new();
    for (name, text) in &folder.cedar {
        let set: PolicySet = text.parse().unwrap_or_default();
        for policy in set.policies().filter(|policy| policy.effect() == Effect::Permit) {
            let at = text.find(policy.annotation("id").unwrap_or_default()).unwrap_or_default();
            let mut say = |what: String| findings.push(Finding::error(&folder.shown(name), text, at, what));
            if unconditional(policy) {
                say("too broad: this permits anybody, without any condition".to_owned());
            } else if everything_to_anybody(folder, &bundle, policy)? {
                say("too broad: this permits anybody whatever can be asked of its action".to_owned());
            } else if !people.is_empty() {
                dead(folder, &bundle, &people, policy)?.into_iter().for_each(say);
            }
        }
    }
    findings.extend(too_few(folder, &bundle));
    if !people.is_empty() {
        findings.extend(unreachable(folder, &bundle, &people));
        findings.extend(in_vain(folder, &bundle, &people));
        findings.extend(groups(folder, &bundle, &people));
    }
    Ok(findings)
}

/// Says nothing of who. That every user is a user is no condition; one entitlement by its name is.
fn unconditional(policy: &Policy) -> bool {
    let anybody = match policy.principal_constraint() {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::Is(kind) => kind.basename() == "User",
        _ => false,
    };
    let one_thing = match policy.resource_constraint() {
        ResourceConstraint::Eq(thing) => thing.type_name().basename() == "Entitlement",
        _ => false,
    };
    let anything = !one_thing || policy.action_constraint() == ActionConstraint::Any;
    anybody && anything && !policy.has_non_scope_constraint()
}

/// Whether those of whom nothing is known, in no group, may do one of its actions to all that there is, in any
/// circumstances: a condition that always holds is none.
fn everything_to_anybody(folder: &Folder, bundle: &PolicyBundle, policy: &Policy) -> Result<bool, Unusable> {
    if matches!(policy.resource_constraint(), ResourceConstraint::Eq(_)) {
        return Ok(false);
    }
    let (alone, strangers) = (folder.bundle_of(&policy.to_string())?, strangers());
    let permits = |question: Question| question.put_to(&alone).is_ok_and(|decided| decided.allowed);
    Ok(concerned(policy).any(|action| {
        let mut asked = questions(bundle, &strangers, action).peekable();
        asked.peek().is_some() && asked.all(permits)
    }))
}

/// One of each kind.
fn strangers() -> Vec<Person> {
    let kinds = [Engagement::Employed, Engagement::Contracted(None), Engagement::Service];
    let stranger = |(number, engagement)| {
        Some(Person {
            id: format!("stranger-{number}").parse().ok()?,
            display_name: String::new(),
            email: None,
            engagement,
            groups: BTreeSet::new(),
            department: None,
            manager: None,
            working_hours: None,
            iam_user: None,
        })
    };
    (0..).zip(kinds).filter_map(stranger).collect()
}

/// Why a permit never permits anything.
fn dead(
    folder: &Folder,
    bundle: &PolicyBundle,
    people: &[Person],
    policy: &Policy,
) -> Result<Option<String>, Unusable> {
    let (alone, mut forbids) = (folder.bundle_of(&policy.to_string())?, BTreeSet::new());
    let mut matched = false;
    for question in concerned(policy).flat_map(|action| questions(bundle, people, action)) {
        if !question.put_to(&alone).is_ok_and(|decided| decided.allowed) {
            continue;
        }
        matched = true;
        match question.put_to(bundle) {
            Ok(decided) if decided.allowed => return Ok(None),
            Ok(decided) => forbids.extend(decided.policies),
            Err(_) => {}
        }
    }
    let forbids: Vec<_> = forbids.iter().map(String::as_str).collect();
    Ok(Some(match matched {
        true => format!("shadowed: whatever this permits, {} forbids", forbids.join(" or ")),
        false => "unreachable: this permits nobody of the organisation anything".to_owned(),
    }))
}

/// The actions that the policy's scope leaves open.
fn concerned(policy: &Policy) -> impl Iterator<Item = &'static str> {
    let named: Option<BTreeSet<String>> = match policy.action_constraint() {
        ActionConstraint::Any => None,
        ActionConstraint::Eq(action) => Some([action.id().unescaped().to_owned()].into()),
        ActionConstraint::In(actions) => {
            Some(actions.iter().map(|action| action.id().unescaped().to_owned()).collect())
        }
    };
    // A name that is no action may be a group of them.
    let named = named.filter(|named| named.iter().all(|name| ACTIONS.contains(&name.as_str())));
    ACTIONS.into_iter().filter(move |action| named.as_ref().is_none_or(|named| named.contains(*action)))
}

/// Entitlements that name who may ask, and nobody of them may; or that nobody would approve.
fn unreachable(folder: &Folder, bundle: &PolicyBundle, people: &[Person]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entitlement in bundle.entitlements().filter(|entitlement| !entitlement.requesters.is_empty()) {
        let may = |action: &str| {
            about(entitlement, people, action)
                .find(|question| question.put_to(bundle).is_ok_and(|decided| decided.allowed))
        };
        let why = match may("request") {
            None => "unreachable: nobody of the organisation may ask for",
            Some(_) if may("auto-approve").is_some() => continue,
            Some(_) if may("approve").is_none() => {
                "unreachable: neither policy nor anybody of the organisation approves"
            }
            Some(_)
                if !entitlement.approval.is_default() && !can_be_approved(entitlement, bundle, people) =>
            {
                "unreachable: the approval takes more different people than the organisation has for"
            }
            Some(_) => continue,
        };
        let at = folder.catalog.find(&format!("\"{}\"", entitlement.id)).unwrap_or_default();
        let what = format!("{why} `{}`", entitlement.id);
        findings.push(Finding::error(&folder.shown(CATALOG), &folder.catalog, at, what));
    }
    findings
}

/// Critical access that one person alone could end up approving, once nobody has answered the steps that are passed over.
/// What names no requesters is closed.
fn too_few(folder: &Folder, bundle: &PolicyBundle) -> Vec<Finding> {
    let open = bundle.entitlements().filter(|one| one.risk == Risk::Critical && !one.requesters.is_empty());
    let certain = |one: &&Entitlement| {
        let steps = one.approval.steps().iter().filter(|step| step.skip_after.is_none());
        steps.map(|step| usize::from(step.need.get())).sum::<usize>()
    };
    let finding = |one: &Entitlement| {
        let at = folder.catalog.find(&format!("\"{}\"", one.id)).unwrap_or_default();
        let what =
            format!("too few: without the steps that can be skipped, one person alone approves `{}`", one.id);
        Finding::error(&folder.shown(CATALOG), &folder.catalog, at, what)
    };
    open.filter(|one| certain(one) < 2).map(finding).collect()
}

/// Ways around asking that nobody could go, or that nobody could answer for to the others.
fn in_vain(folder: &Folder, bundle: &PolicyBundle, people: &[Person]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entitlement in bundle.entitlements().filter(|entitlement| entitlement.break_glass.is_some()) {
        for (action, why) in [("break-glass", "break the glass for"), ("review", "review an emergency of")] {
            let may = |question: Question| question.put_to(bundle).is_ok_and(|decided| decided.allowed);
            if !about(entitlement, people, action).any(may) {
                let at = folder.catalog.find(&format!("\"{}\"", entitlement.id)).unwrap_or_default();
                let what = format!("unreachable: nobody of the organisation may {why} `{}`", entitlement.id);
                findings.push(Finding::error(&folder.shown(CATALOG), &folder.catalog, at, what));
            }
        }
    }
    findings
}

/// Whether somebody could find enough different people for every step: by Hall's theorem, whether any of the steps
/// together have as many candidates as they need.
fn can_be_approved(entitlement: &Entitlement, bundle: &PolicyBundle, people: &[Person]) -> bool {
    // What nobody has to answer takes nobody.
    let steps: Vec<_> =
        entitlement.approval.steps().iter().filter(|step| step.skip_after.is_none()).collect();
    people.iter().any(|requester| {
        let whose = Whose::from(requester.clone());
        let may = |who: &&Person| {
            let counts = steps.iter().any(|step| step.counts_escalated(&whose.standing_of(who)));
            counts && may_approve(entitlement, bundle, who, &whose)
        };
        let approvers: Vec<_> = people.iter().filter(may).collect();
        (1..1_u32 << steps.len()).all(|chosen| {
            let chosen = (0..).zip(&steps).filter(|(bit, _)| chosen & (1 << bit) != 0);
            let chosen: Vec<_> = chosen.map(|(_, step)| step).collect();
            let needed: usize = chosen.iter().map(|step| usize::from(step.need.get())).sum();
            let counts =
                |who: &&&Person| chosen.iter().any(|step| step.counts_escalated(&whose.standing_of(who)));
            approvers.iter().filter(counts).count() >= needed
        })
    })
}

/// In any circumstances.
fn may_approve(entitlement: &Entitlement, bundle: &PolicyBundle, who: &Person, whose: &Whose) -> bool {
    asks(entitlement).into_iter().any(|ask| {
        let question = Question {
            entitlement: Some(entitlement.id.clone()),
            ask: Some(ask),
            requester: Some(whose.clone()),
            ..plain(who, "approve")
        };
        question.put_to(bundle).is_ok_and(|decided| decided.allowed)
    })
}

/// Groups that nobody is in, and groups of the organisation that nothing speaks of.
fn groups(folder: &Folder, bundle: &PolicyBundle, people: &[Person]) -> Vec<Finding> {
    let known: BTreeSet<_> =
        people.iter().flat_map(|person| &person.groups).map(|group| group.as_str().to_owned()).collect();
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    let mut named = |file: &str, text: &str, group: &str, at: usize| {
        if used.insert(group.to_owned()) && !known.contains(group) {
            let what = format!("nobody of the organisation is in the group `{group}`");
            findings.push(Finding::error(&folder.shown(file), text, at, what));
        }
    };
    for entitlement in bundle.entitlements() {
        let reviewers = entitlement.reviewers();
        let in_emergencies = entitlement.break_glass.iter().flat_map(|terms| &terms.users).chain(&reviewers);
        let named_there =
            entitlement.requesters.iter().chain(&entitlement.approvers).chain(&entitlement.owner);
        for group in named_there.chain(in_emergencies) {
            let at = folder.catalog.find(&format!("\"{}\"", group.as_str())).unwrap_or_default();
            named(CATALOG, &folder.catalog, group.as_str(), at);
        }
    }
    for (file, text) in &folder.cedar {
        for (at, mark) in text.match_indices("Group::\"") {
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            named(file, text, rest.split('"').next().unwrap_or_default(), at);
        }
    }
    let text = folder.organisation.as_deref().unwrap_or_default();
    for group in known.difference(&used) {
        let at = text.find(&format!("\"{group}\"")).unwrap_or_default();
        let what = format!("neither the catalog nor a policy speaks of the group `{group}`");
        findings.push(Finding::warning(&folder.shown(ORGANISATION), text, at, what));
    }
    findings
}

/// Everything that could be asked of this action: everything and everybody before the next circumstances, since most of
/// what anybody may, they may at any time.
fn questions<'a>(
    bundle: &'a PolicyBundle,
    people: &'a [Person],
    action: &'a str,
) -> Box<dyn Iterator<Item = Question> + 'a> {
    if action.ends_with("-audit") {
        return Box::new(people.iter().map(move |who| plain(who, action)));
    }
    let all: Vec<_> = bundle.entitlements().map(|one| (one, circumstances(one, action))).collect();
    let most = all.iter().map(|(_, asks)| asks.len()).max().unwrap_or_default();
    Box::new((0..most).flat_map(move |number| {
        let now: Vec<_> = all.iter().filter_map(|(one, asks)| Some((*one, *asks.get(number)?))).collect();
        now.into_iter().flat_map(move |(one, ask)| among(one, ask, people, action))
    }))
}

fn about<'a>(
    entitlement: &'a Entitlement,
    people: &'a [Person],
    action: &'a str,
) -> impl Iterator<Item = Question> + 'a {
    let asks = circumstances(entitlement, action).into_iter();
    asks.flat_map(move |ask| among(entitlement, ask, people, action))
}

/// By anybody, and about anybody's request where that is asked.
fn among<'a>(
    entitlement: &'a Entitlement,
    ask: Option<Ask>,
    people: &'a [Person],
    action: &'a str,
) -> impl Iterator<Item = Question> + 'a {
    let requesters: Vec<_> = match action {
        "request" | "auto-approve" | "break-glass" => vec![None],
        _ => people.iter().map(|one| Some(Whose::from(one.clone()))).collect(),
    };
    people.iter().flat_map(move |who| {
        let one = Question { entitlement: Some(entitlement.id.clone()), ask, ..plain(who, action) };
        let requesters = requesters.clone();
        requesters.into_iter().map(move |requester| Question { requester, ..one.clone() })
    })
}

fn circumstances(entitlement: &Entitlement, action: &str) -> Vec<Option<Ask>> {
    match action {
        "revoke" | "force-close" | "review" => vec![None],
        _ => asks(entitlement).into_iter().map(Some).collect(),
    }
}

fn plain(who: &Person, action: &str) -> Question {
    Question {
        who: who.clone(),
        action: action.to_owned(),
        entitlement: None,
        ask: None,
        requester: None,
        signed_in: true,
    }
}

fn asks(entitlement: &Entitlement) -> Vec<Ask> {
    let longest = entitlement.max_duration;
    let short = "1m".parse().ok().filter(|short| *short < longest);
    // A Monday at noon, UTC.
    let monday = Timestamp::from_second(1_795_435_200).unwrap_or(Timestamp::UNIX_EPOCH);
    let hours = (0..24).chain((1..7).map(|day| day * 24));
    let times = hours.filter_map(|hours| monday.checked_add(SignedDuration::from_hours(hours)).ok());
    times
        .flat_map(|at| [false, true].map(|has_ticket| (at, has_ticket)))
        .flat_map(|(at, has_ticket)| {
            let durations = short.into_iter().chain([longest]);
            durations.map(move |duration| Ask {
                duration,
                at,
                has_ticket,
                justification_characters: u32::MAX,
                origin: None,
                people: None,
            })
        })
        .collect()
}
