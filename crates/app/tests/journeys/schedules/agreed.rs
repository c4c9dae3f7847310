//! Who really said yes to what, and whether that is enough: worked out from the acts, the directory and the rule as it was
//! agreed to, and not by asking what was built.

use std::collections::{BTreeMap, BTreeSet};
use stint_app::ports::Artefact;
use stint_domain::access::Access;
use stint_domain::approval::ApprovalStep;
use stint_domain::ids::{GroupName, PrincipalId};
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::Person;
use stint_domain::request::AccessRequest;
use stint_domain::scope::Scope;

pub(super) type People = BTreeMap<PrincipalId, Person>;

/// Who of those that have a part in this may decide at all: high risk is for employees.
const EMPLOYEES: [&str; 6] = ["ben", "cleo", "eva", "gita", "hugo", "iris"];

/// A yes that was taken.
#[derive(Debug, Clone)]
pub(super) struct Yes {
    pub(super) who: &'static str,
    pub(super) scope: Scope,
    pub(super) narrowing: Narrowing,
    /// The steps in which they counted then.
    pub(super) counted: BTreeSet<usize>,
    /// The one that was open, if the record is what it should be.
    pub(super) step: Option<usize>,
}

/// What waiting has led to.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    pub(super) escalated: BTreeSet<usize>,
    pub(super) skipped: BTreeSet<usize>,
}

/// Somebody's mailbox is who they are, without what sorts their mail.
pub(super) fn human(people: &People, who: &str) -> String {
    let person = people.get(&who.parse().unwrap());
    let mail = person.and_then(|person| person.email.clone()).unwrap_or_else(|| format!("{who}@"));
    mail.split(['+', '@']).next().unwrap_or_default().to_owned()
}

/// As policies/approve.cedar and limits.cedar have it, told by hand: an employee whom the step names, and never Ana. Where it
/// names nobody, whoever the catalog names in any step.
pub(super) fn counts(
    people: &People,
    who: &str,
    (step, escalated): (&ApprovalStep, bool),
    (named, managers): (&BTreeSet<GroupName>, bool),
) -> bool {
    let of = |id: &str| people.get(&id.parse().unwrap());
    let (Some(person), Some(ana)) = (of(who), of("ana")) else { return false };
    if !EMPLOYEES.contains(&who) || human(people, who) == human(people, "ana") {
        return false;
    }
    let member = |groups: &BTreeSet<GroupName>| !groups.is_disjoint(&person.groups);
    let manages = ana.manager.as_ref() == Some(&person.id);
    if step.groups.is_empty() && !step.manager {
        return member(named) || managers && manages;
    }
    let others = step.escalate.as_ref().filter(|_| escalated);
    member(&step.groups) || step.manager && manages || others.is_some_and(|others| member(&others.groups))
}

/// The first step that is not complete.
pub(super) fn open(scope: &Scope, given: &[Yes], turns: &Turns) -> Option<usize> {
    let complete = |(number, step): (usize, &ApprovalStep)| {
        let have = given.iter().filter(|yes| yes.step == Some(number)).count();
        have >= usize::from(step.need.get()) || turns.skipped.contains(&number)
    };
    scope.rule.steps().iter().enumerate().position(|step| !complete(step))
}

/// What the yeses have to be enough for.
pub(super) struct Question<'q> {
    pub(super) given: &'q [Yes],
    /// Who everybody is when access is given.
    pub(super) people: &'q People,
    pub(super) named: (&'q BTreeSet<GroupName>, bool),
    /// What waiting has led to; anything that the rule has it lead to, if somebody wrote to the record.
    pub(super) turns: Option<&'q Turns>,
    /// Whether they have to count at this moment as well.
    pub(super) still: bool,
    /// Left out, only whether they are enough at all.
    pub(super) artefact: Option<&'q Artefact>,
}

impl Question<'_> {
    /// Whether different people, who count in their steps, agreed to one scope that is no less than what is given.
    pub(super) fn is_agreed(&self) -> bool {
        self.given.iter().any(|yes| self.completes(&yes.scope, 0, &mut Vec::new(), 0))
    }

    fn turned(&self, turned: impl Fn(&Turns) -> &BTreeSet<usize>, number: usize) -> bool {
        self.turns.is_none_or(|turns| turned(turns).contains(&number))
    }

    fn completes<'y>(&'y self, scope: &Scope, number: usize, chosen: &mut Vec<&'y Yes>, have: u8) -> bool {
        let Some(step) = scope.rule.steps().get(number) else { return self.covers(scope, chosen) };
        if have >= step.need.get() {
            return self.completes(scope, number + 1, chosen, 0);
        }
        let skipped = step.skip_after.is_some() && self.turned(|turns| &turns.skipped, number);
        if have == 0 && skipped && self.completes(scope, number + 1, chosen, 0) {
            return true;
        }
        let escalated = self.turned(|turns| &turns.escalated, number);
        self.given.iter().any(|yes| {
            let good = yes.scope == *scope
                && yes.counted.contains(&number)
                && (!self.still || counts(self.people, yes.who, (step, escalated), self.named))
                && chosen.iter().all(|other| self.are_two(other, yes));
            if !good {
                return false;
            }
            chosen.push(yes);
            let done = self.completes(scope, number, chosen, have + 1);
            chosen.pop();
            done
        })
    }

    /// Different people; whom the directory shows to be one by now, only where it is asked once more.
    fn are_two(&self, one: &Yes, other: &Yes) -> bool {
        let different = human(self.people, one.who) != human(self.people, other.who);
        one.who != other.who && (different || !self.still)
    }

    fn covers(&self, scope: &Scope, chosen: &[&Yes]) -> bool {
        let Some(artefact) = self.artefact else { return true };
        let durations = chosen.iter().filter_map(|yes| yes.narrowing.duration).chain([scope.duration]);
        let longest = durations.map(|one| one.as_signed().as_secs()).min().unwrap();
        let left = |action: &String| {
            chosen.iter().all(|yes| yes.narrowing.actions.as_ref().is_none_or(|some| some.contains(action)))
        };
        let agreed = pairs(&scope.access);
        artefact.window.seconds() <= longest
            && place(&artefact.access) == place(&scope.access)
            && pairs(&artefact.access).iter().all(|pair| agreed.contains(pair) && left(&pair.0))
    }
}

/// What may be done to what.
fn pairs(access: &Access) -> BTreeSet<(String, String)> {
    let of = |action: &String, resources: &BTreeSet<String>| {
        resources.iter().map(|resource| (action.clone(), resource.clone())).collect::<Vec<_>>()
    };
    let each = access.permissions().iter();
    each.flat_map(|one| one.actions.iter().flat_map(|action| of(action, &one.resources))).collect()
}

fn place(access: &Access) -> String {
    match access {
        Access::EphemeralIamUser { .. } => "a user of its own".to_owned(),
        Access::RoleSession { role, .. } => role.to_string(),
        other => format!("{other:?}"),
    }
}

/// What waiting has led to by the record.
pub(super) fn turns(request: &AccessRequest) -> Turns {
    use stint_domain::approval::TurnKind;
    let of = |kind| request.turns().iter().filter(|turn| turn.kind == kind).map(|turn| turn.step).collect();
    Turns { escalated: of(TurnKind::Escalated), skipped: of(TurnKind::Skipped) }
}
