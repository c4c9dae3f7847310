//! What comes of it that somebody asks for access, and what policies were told of them, as the audit keeps it.
//!
//! Guards: the audit has all that policies were told but the moment, which is the event's own; so a decision can be made
//! again from its event, and whatever it lacks is refused and not made up. Both ways name every field of what they take
//! apart, so that nothing new is told to policies and forgotten here. It must not know where events lie.

use crate::bundle::PolicyBundle;
use crate::decision::{Ask, Authorized, AutoApprove, BreakGlass, Denied, Request};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use stint_domain::audit::Authorization;
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::Entitlement;
use stint_domain::hours::WorkingHours;
use stint_domain::ids::{GroupName, PrincipalId};
use stint_domain::principal::{Contract, Engagement, Kind, Origin, Person};

/// In which way somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Usual,
    /// In an emergency, without asking anybody.
    BreakGlass,
}

/// What policy says to a request, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Refused,
    /// Somebody has to decide.
    NeedsPeople,
    ApprovedAtOnce,
}

/// What policy says to a request, with the proofs.
#[derive(Debug)]
pub enum Verdict {
    Refused(Denied),
    NeedsPeople(Authorized<Request>),
    ApprovedAtOnce(Authorized<Request>, Authorized<AutoApprove>),
    /// At once as well, and to be reviewed.
    Emergency(Authorized<BreakGlass>),
}

/// That a request may be made, and whether anybody has to decide about it.
#[derive(Debug, Clone, Copy)]
pub struct Permitted<'a> {
    pub allowed: &'a Authorization,
    /// `None`: somebody has to.
    pub at_once: Option<&'a Authorization>,
}

/// What policies were told when somebody asked, and what they said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    pub way: Way,
    pub answer: Answer,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contract: Option<Contract>,
    groups: BTreeSet<GroupName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    department: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manager: Option<PrincipalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    working_hours: Option<WorkingHours>,
    duration: AccessDuration,
    has_ticket: bool,
    justification_characters: u32,
    origin: Origin,
}

impl PolicyBundle {
    /// May `person` ask for this in this way, and does it need anybody's decision?
    #[must_use]
    pub fn weigh(&self, person: &Person, entitlement: &Entitlement, ask: &Ask, way: Way) -> Verdict {
        match way {
            Way::Usual => self.weigh_usual(person, entitlement, ask),
            Way::BreakGlass => match self.may_break_glass(person, entitlement, ask) {
                Err(denied) => Verdict::Refused(denied),
                Ok(allowed) => Verdict::Emergency(allowed),
            },
        }
    }

    fn weigh_usual(&self, person: &Person, entitlement: &Entitlement, ask: &Ask) -> Verdict {
        match self.may_request(person, entitlement, ask) {
            Err(denied) => Verdict::Refused(denied),
            Ok(allowed) => match self.auto_approves(person, entitlement, ask) {
                Ok(at_once) => Verdict::ApprovedAtOnce(allowed, at_once),
                Err(_) => Verdict::NeedsPeople(allowed),
            },
        }
    }
}

impl Verdict {
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match self {
            Self::Refused(_) => Answer::Refused,
            Self::NeedsPeople(_) => Answer::NeedsPeople,
            Self::ApprovedAtOnce(..) | Self::Emergency(_) => Answer::ApprovedAtOnce,
        }
    }

    /// # Errors
    /// [`Denied`] for what is refused.
    pub const fn permitted(&self) -> Result<Permitted<'_>, &Denied> {
        match self {
            Self::Refused(denied) => Err(denied),
            Self::NeedsPeople(allowed) => Ok(Permitted { allowed: allowed.authorization(), at_once: None }),
            Self::ApprovedAtOnce(allowed, at_once) => {
                Ok(Permitted { allowed: allowed.authorization(), at_once: Some(at_once.authorization()) })
            }
            Self::Emergency(allowed) => {
                Ok(Permitted { allowed: allowed.authorization(), at_once: Some(allowed.authorization()) })
            }
        }
    }

    /// The version of the policies, and all of them that decided.
    #[must_use]
    pub fn authorization(&self) -> Authorization {
        match self.permitted() {
            Err(denied) => denied.authorization.clone(),
            Ok(Permitted { allowed, at_once }) => {
                let mut both = allowed.clone();
                let more = at_once.into_iter().flat_map(|at_once| &at_once.policies);
                both.policies.extend(more.cloned());
                both
            }
        }
    }

    /// The same with what they were told, for the audit.
    #[must_use]
    pub fn on_record(&self, person: &Person, ask: &Ask, way: Way) -> Authorization {
        let weighed = Weighed::new(way, self.answer(), person, ask);
        let weighed = weighed.and_then(|weighed| serde_json::to_value(weighed).ok()).map(Box::new);
        Authorization { weighed, ..self.authorization() }
    }
}

impl Weighed {
    /// `None` of what nobody has asked yet.
    fn new(way: Way, answer: Answer, person: &Person, ask: &Ask) -> Option<Self> {
        let Person {
            id: _,
            display_name: _,
            email: _,
            engagement,
            groups,
            department,
            manager,
            working_hours,
            iam_user: _,
        } = person;
        // Nobody's rule but the catalog's holds for what is asked now.
        let Ask { duration, at: _, has_ticket, justification_characters, origin, people: _ } = *ask;
        Some(Self {
            way,
            answer,
            kind: engagement.kind(),
            contract: engagement.contract().cloned(),
            groups: groups.clone(),
            department: department.clone(),
            manager: manager.clone(),
            working_hours: working_hours.clone(),
            duration,
            has_ticket,
            justification_characters,
            origin: origin?,
        })
    }

    /// What an event has of it; `None` if that is not all that policies are told today.
    #[must_use]
    pub fn of(authorization: &Authorization) -> Option<Self> {
        Self::deserialize(authorization.weighed.as_deref()?).ok()
    }

    /// The question once more: who asked, as far as policies are told, and for what.
    #[must_use]
    pub fn question(self, id: PrincipalId, at: Timestamp) -> (Person, Ask) {
        let Self {
            way: _,
            answer: _,
            kind,
            contract,
            groups,
            department,
            manager,
            working_hours,
            duration,
            has_ticket,
            justification_characters,
            origin,
        } = self;
        let display_name = id.to_string();
        let engagement = Engagement::new(kind, contract);
        let person = Person {
            id,
            display_name,
            email: None,
            engagement,
            groups,
            department,
            manager,
            working_hours,
            iam_user: None,
        };
        (
            person,
            Ask { duration, at, has_ticket, justification_characters, origin: Some(origin), people: None },
        )
    }
}
