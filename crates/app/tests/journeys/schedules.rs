//! Approvals in any order, from anybody, late, twice, with another's link or for something else: nothing is given that
//! nobody agreed to who might at that moment, and nothing to the one who agreed.
//!
//! The expectation is worked out from the acts alone, and not by asking what was built.

use crate::engine::{At, Stage, block_on, start, token_in};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use stint_app::decide_request::{DecideRequest, Verdict, decide_request};
use stint_app::open_link::open_link;
use stint_domain::ids::{GroupName, PrincipalId, RequestId};
use stint_domain::narrowing::Narrowing;
use stint_policy::PolicyBundle;

/// Ana asks; who of the others may decide changes as they join and leave. The last is nobody that the directory knows.
const CAST: [&str; 8] = ["ana", "ben", "cleo", "dora", "eva", "gita", "hugo", "stranger"];

/// What Ana asks for: one of the platform leads decides on either of the first two, two security officers on the last.
const ASKED: [(&str, &str, usize); 3] =
    [("one", "platform-leads", 1), ("another", "platform-leads", 1), ("by-two", "security-officers", 2)];

/// Nothing of it is critical, so that everybody can come by both ways.
static RULES: LazyLock<PolicyBundle> = LazyLock::new(|| {
    let entry = |(id, group, need): (&str, &str, usize)| {
        json!({
            "id": id, "title": "Thing", "description": "A thing.", "risk": "high",
            "access": { "kind": "ephemeral_iam_user", "permissions": [] },
            "max_duration": "1h", "decide_within": "8h", "requesters": ["engineers"],
            "approval": [{ "need": need, "groups": [group] }],
        })
    };
    let catalog = json!({ "entitlement": ASKED.map(entry) }).to_string();
    let cedar = [
        include_str!("../../../../policies/request.cedar"),
        include_str!("../../../../policies/auto-approve.cedar"),
        include_str!("../../../../policies/approve.cedar"),
        include_str!("../../../../policies/limits.cedar"),
    ];
    PolicyBundle::from_sources(&catalog, &cedar.concat()).unwrap()
});

#[derive(Debug, Clone, Copy)]
enum Act {
    /// By the API, naming the request.
    Decide {
        who: usize,
        which: usize,
        verdict: Verdict,
    },
    /// By some link that was mailed, whoever's and about whichever.
    Click {
        mail: usize,
        verdict: Verdict,
    },
    /// For a request, saying that the other one was shown.
    Swap {
        who: usize,
        which: usize,
    },
    /// A link that nobody was sent.
    Forge {
        guess: u128,
    },
    Cancel {
        which: usize,
    },
    Join {
        who: usize,
    },
    Leave {
        who: usize,
    },
    /// The workflow comes as far as it gets.
    Deliver {
        which: usize,
    },
    Pass {
        seconds: i64,
    },
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![4 => Just(Verdict::Approve), 1 => Just(Verdict::Deny)]
}

fn act() -> impl Strategy<Value = Act> {
    let (who, which) = (0..CAST.len(), 0..ASKED.len());
    prop_oneof![
        4 => (who.clone(), which.clone(), verdict())
            .prop_map(|(who, which, verdict)| Act::Decide { who, which, verdict }),
        4 => (0..12usize, verdict()).prop_map(|(mail, verdict)| Act::Click { mail, verdict }),
        2 => (who.clone(), which.clone()).prop_map(|(who, which)| Act::Swap { who, which }),
        1 => any::<u128>().prop_map(|guess| Act::Forge { guess }),
        1 => which.clone().prop_map(|which| Act::Cancel { which }),
        2 => who.clone().prop_map(|who| Act::Join { who }),
        2 => who.prop_map(|who| Act::Leave { who }),
        4 => which.prop_map(|which| Act::Deliver { which }),
        1 => prop_oneof![Just(60), Just(4 * 3600)].prop_map(|seconds| Act::Pass { seconds }),
    ]
}

struct Play {
    stage: Stage,
    requests: [RequestId; 3],
    at: [At; 3],
    /// Who said yes to each who might at that moment.
    agreed: [BTreeSet<&'static str>; 3],
}

impl Play {
    fn new() -> Self {
        let stage = Stage { policy: &RULES, ..Stage::new() };
        let requests = ASKED.map(|(entitlement, ..)| {
            let ask = stint_app::submit_request::SubmitRequest {
                idempotency: None,
                ..Stage::ask(entitlement, "30m")
            };
            block_on(stage.submit("ana", ask)).unwrap().scope.request_id
        });
        let mut play = Self { stage, requests, at: [start(), start(), start()], agreed: Default::default() };
        [0, 1, 2].into_iter().for_each(|which| play.deliver(which));
        play
    }

    fn deliver(&mut self, which: usize) {
        self.stage.run(self.requests[which], &mut self.at[which]);
    }

    /// As policies/approve.cedar and limits.cedar have it, told by hand: an employee of its group, and never Ana.
    fn may_decide(&self, who: &str, which: usize) -> bool {
        let id: PrincipalId = who.parse().unwrap();
        let group: GroupName = ASKED[which].1.parse().unwrap();
        let in_group = self.stage.world.state().people.get(&id).is_some_and(|p| p.groups.contains(&group));
        in_group && ["ben", "cleo", "eva", "gita", "hugo"].contains(&who)
    }

    /// Those who said yes, and still might.
    fn behind(&self, which: usize) -> usize {
        self.agreed[which].iter().filter(|who| self.may_decide(who, which)).count()
    }

    fn regroup(&self, who: usize, joins: bool) {
        let id: PrincipalId = CAST[who].parse().unwrap();
        let groups = ["platform-leads", "security-officers"].map(|name| name.parse::<GroupName>().unwrap());
        if let Some(person) = self.stage.world.state().people.get_mut(&id) {
            if joins {
                person.groups.extend(groups);
            } else {
                person.groups.retain(|group| !groups.contains(group));
            }
        }
    }

    /// Who acts on which request by the mail, if there are so many.
    fn click(&self, mail: usize, verdict: Verdict) -> Option<(&'static str, usize)> {
        let (token, to) = {
            let state = self.stage.world.state();
            let mail = state.inbox.get(mail)?;
            (token_in(&mail.text), mail.to.clone())
        };
        let opened = block_on(open_link(&self.stage.world, &self.stage.world, &token)).unwrap();
        let which = self.requests.iter().position(|id| *id == opened.link.request_id).unwrap();
        let ask = DecideRequest {
            request_id: opened.link.request_id,
            verdict,
            comment: None,
            shown: Some(opened.link.scope_hash.clone()),
            narrowing: Narrowing::default(),
        };
        let (world, caller) = (&self.stage.world, opened.caller(None, None));
        let _ =
            block_on(decide_request(world, world, (world, world), self.stage.policy, world, &caller, ask));
        let who = CAST.iter().find(|name| to == format!("{name}@example.com")).unwrap();
        Some((who, which))
    }

    fn swap(&self, who: usize, which: usize) {
        let shown = Some(self.stage.request(self.requests[(which + 1) % ASKED.len()]).scope.hash());
        let ask = DecideRequest {
            request_id: self.requests[which],
            verdict: Verdict::Approve,
            comment: None,
            shown,
            narrowing: Narrowing::default(),
        };
        let (world, caller) = (&self.stage.world, Stage::caller(CAST[who]));
        let done =
            block_on(decide_request(world, world, (world, world), self.stage.policy, world, &caller, ask));
        // Whoever has approved it already is told so, whatever they say they saw.
        assert!(done.is_err() || self.agreed[which].contains(CAST[who]), "{who} {which}");
    }

    /// Carries the act out; who could have approved which request by it.
    fn act(&mut self, act: Act) -> Option<(&'static str, usize)> {
        match act {
            Act::Decide { who, which, verdict } => {
                let _ = block_on(self.stage.decide(CAST[who], self.requests[which], verdict));
                (verdict == Verdict::Approve).then_some((CAST[who], which))
            }
            Act::Click { mail, verdict } => self.click(mail, verdict).filter(|_| verdict == Verdict::Approve),
            Act::Swap { who, which } => {
                self.swap(who, which);
                None
            }
            Act::Forge { guess } => {
                assert!(
                    block_on(open_link(&self.stage.world, &self.stage.world, &format!("{guess:043x}")))
                        .is_err()
                );
                None
            }
            Act::Cancel { which } => {
                let world = &self.stage.world;
                let ana = Stage::caller("ana");
                let _ = block_on(stint_app::withdraw::cancel_request(
                    world,
                    world,
                    world,
                    &ana,
                    self.requests[which],
                ));
                None
            }
            Act::Join { who } | Act::Leave { who } => {
                self.regroup(who, matches!(act, Act::Join { .. }));
                None
            }
            Act::Deliver { which } => {
                self.deliver(which);
                None
            }
            Act::Pass { seconds } => {
                self.stage.world.pass(seconds);
                None
            }
        }
    }

    fn states(&self) -> [(&'static str, bool); 3] {
        self.requests.map(|id| {
            (
                self.stage.request(id).state.name(),
                self.stage.world.actions(&id.to_string()).contains(&"grant.activated".to_owned()),
            )
        })
    }

    fn step(&mut self, act: Act) {
        let before = self.states();
        let could = self.act(act);
        if let Some((who, which)) = could.filter(|(who, which)| self.may_decide(who, *which)) {
            self.agreed[which].insert(who);
        }
        for (which, ((state, had), (now, has))) in before.into_iter().zip(self.states()).enumerate() {
            if state == "PENDING" && now == "APPROVED" {
                let (who, about) = could.unwrap_or_else(|| panic!("approved by {act:?}"));
                assert!(about == which && self.may_decide(who, which), "{who} approved {which} by {act:?}");
                assert!(self.agreed[which].len() >= ASKED[which].2, "{which} approved by too few: {act:?}");
            }
            if !had && has {
                assert!(self.behind(which) >= ASKED[which].2, "{which} given with {:?}", self.agreed[which]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_given_that_nobody_agreed_to_who_might(acts in prop::collection::vec(act(), 1..40)) {
        let mut play = Play::new();
        acts.into_iter().for_each(|act| play.step(act));
    }
}

/// Without it, the rule above would hold of a house that never gives anything.
#[test]
fn what_somebody_agreed_to_who_might_is_given() {
    let mut play = Play::new();
    for act in [
        Act::Leave { who: 1 },
        Act::Click { mail: 0, verdict: Verdict::Approve },
        Act::Join { who: 4 },
        Act::Swap { who: 4, which: 0 },
        Act::Decide { who: 4, which: 0, verdict: Verdict::Approve },
        Act::Deliver { which: 0 },
        Act::Decide { who: 5, which: 2, verdict: Verdict::Approve },
        Act::Decide { who: 5, which: 2, verdict: Verdict::Approve },
        Act::Deliver { which: 2 },
    ] {
        play.step(act);
    }
    assert_eq!(play.states(), [("APPROVED", true), ("PENDING", false), ("PENDING", false)]);
    for act in [Act::Decide { who: 6, which: 2, verdict: Verdict::Approve }, Act::Deliver { which: 2 }] {
        play.step(act);
    }
    assert_eq!(play.agreed, [BTreeSet::from(["eva"]), BTreeSet::new(), BTreeSet::from(["gita", "hugo"])]);
    assert_eq!(play.states(), [("APPROVED", true), ("PENDING", false), ("APPROVED", true)]);
}
