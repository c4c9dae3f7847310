//! What the audit keeps of a question is enough to ask it again, and nothing less counts as enough.

use crate::common::person;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stint_domain::audit::Authorization;
use stint_domain::principal::{Origin, Person};
use stint_policy::{Answer, Ask, PolicyBundle, Way, Weighed, sample};

fn asks() -> impl Iterator<Item = Ask> {
    let hours = ["2026-11-23T10:00:00.123Z", "2026-11-28T23:59:59Z"];
    let origins = [("198.51.100.7", true), ("2001:db8::7", false)];
    let both = hours.into_iter().flat_map(move |at| origins.map(|origin| (at, origin)));
    both.flat_map(|(at, (address, mfa))| {
        [("15m", true), ("1h", false), ("30h", true)].map(|(duration, has_ticket)| Ask {
            duration: duration.parse().unwrap(),
            at: at.parse().unwrap(),
            has_ticket,
            justification_characters: 17,
            origin: Some(Origin { address: address.parse().unwrap(), mfa }),
            people: None,
        })
    })
}

fn everybody() -> Vec<Person> {
    sample::organisation().iter().map(|one| one.person(one.username.parse().unwrap())).collect()
}

#[test]
fn a_decision_made_again_from_its_record_is_the_same_by_the_same_policies() {
    let bundle = PolicyBundle::embedded().unwrap();
    let mut answers = BTreeSet::new();
    for (person, entitlement) in
        everybody().iter().flat_map(|person| bundle.entitlements().map(move |e| (person, e)))
    {
        for (ask, way) in asks().flat_map(|ask| [(ask, Way::Usual), (ask, Way::BreakGlass)]) {
            let verdict = bundle.weigh(person, entitlement, &ask, way);
            let record = verdict.on_record(person, &ask, way);
            let (again, ask_again) = Weighed::of(&record).unwrap().question(person.id.clone(), ask.at);
            let once_more = bundle.weigh(&again, entitlement, &ask_again, way);
            assert_eq!(
                once_more.on_record(&again, &ask_again, way),
                record,
                "{} {}",
                person.id,
                entitlement.id
            );
            answers.insert((verdict.answer(), way == Way::BreakGlass));
        }
    }
    assert_eq!(answers.len(), 5, "each answer is among them, and those of an emergency: {answers:?}");
}

#[test]
fn the_verdict_is_what_the_policies_say_one_by_one() {
    let bundle = PolicyBundle::embedded().unwrap();
    for (who, entitlement, answer) in [
        ("ana", "build-logs-read", Answer::ApprovedAtOnce),
        ("ana", "payments-read", Answer::NeedsPeople),
        ("ana", "ledger-root", Answer::Refused),
    ] {
        let (who, entitlement) = (person(who), bundle.entitlement(&entitlement.parse().unwrap()).unwrap());
        let ask = asks().next().unwrap();
        let verdict = bundle.weigh(&who, entitlement, &ask, Way::Usual);
        assert_eq!(verdict.answer(), answer);
        assert_eq!(bundle.may_request(&who, entitlement, &ask).is_ok(), answer != Answer::Refused);
        assert_eq!(verdict.permitted().is_ok(), answer != Answer::Refused);
        let at_once = verdict.permitted().is_ok_and(|permitted| permitted.at_once.is_some());
        assert_eq!(at_once, answer == Answer::ApprovedAtOnce);
    }
}

#[test]
fn the_record_has_these_words_and_one_with_more_or_fewer_is_not_taken_for_it() {
    let bundle = PolicyBundle::embedded().unwrap();
    let (dora, ask) = (person("dora"), asks().next().unwrap());
    let logs = bundle.entitlement(&"build-logs-read".parse().unwrap()).unwrap();
    let record = bundle.weigh(&dora, logs, &ask, Way::Usual).on_record(&dora, &ask, Way::Usual);
    let weighed = *record.weighed.clone().unwrap();
    let contract = dora.engagement.contract().unwrap();
    assert_eq!(
        weighed,
        json!({
            "way": "usual", "answer": "needs_people", "kind": "contractor", "groups": dora.groups, "duration": 900, "has_ticket": true,
            "justification_characters": 17, "origin": { "address": "198.51.100.7", "mfa": true },
            "contract": { "sponsor": contract.sponsor, "ends_at": contract.ends_at },
        })
    );
    let with = |weighed: Option<Value>| {
        Weighed::of(&Authorization { weighed: weighed.map(Box::new), ..record.clone() })
    };
    assert!(with(Some(weighed.clone())).is_some());
    assert!(with(None).is_none());
    for field in
        ["way", "answer", "kind", "groups", "duration", "has_ticket", "justification_characters", "origin"]
    {
        let mut less = weighed.clone();
        less.as_object_mut().unwrap().remove(field).unwrap();
        assert!(with(Some(less)).is_none(), "without {field}");
    }
    let mut more = weighed;
    more["shoe_size"] = json!(44);
    assert!(with(Some(more)).is_none(), "policies of another day may have been told more");
}
