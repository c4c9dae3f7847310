//! Double clicks and worse: many answers to one link at once make one decision.

use crate::open::{BEN, Open, open, stage};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;
use stint_local::browser::Browser;
use stint_local::http::Answer;

/// One crowd at a time, since it keeps the machine busy.
fn room() -> MutexGuard<'static, ()> {
    static ROOM: Mutex<()> = Mutex::new(());
    ROOM.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Posts all forms at the same moment; the answers, in the order of the forms.
fn at_once(open: &Open, forms: &[(Browser, String)]) -> Vec<Answer> {
    let _alone = room();
    let together = Barrier::new(forms.len());
    let post = |(browser, form): &(Browser, String)| {
        together.wait();
        browser.submit(&open.link, form).unwrap()
    };
    thread::scope(|scope| {
        let posts: Vec<_> = forms.iter().map(|one| scope.spawn(|| post(one))).collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    })
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

#[test]
fn a_hundred_clicks_at_once_make_one_decision() {
    let open = open();
    let (browser, form) = open.browser("approve");
    let answers = at_once(&open, &vec![(browser, form); 100]);
    assert_eq!(statuses(&answers), [200; 100]);
    assert!(answers.iter().all(|page| page.body.contains("Approved") && !page.body.contains("<form")));
    assert_eq!(open.events("request.approved").len(), 1);
    assert_eq!(open.events("request.action_refused").len(), 0, "a repetition is no attempt");
    open.session
        .post(&format!("/v1/grants/{}/return", open.id.replace("req-", "grant-")), &().into())
        .unwrap();
}

#[test]
fn of_a_yes_and_a_no_at_once_one_stands_and_the_others_are_told() {
    let open = open();
    let (yes, no) = (open.browser("approve"), open.browser("deny"));
    let forms: Vec<_> = (0..16).map(|n| if n % 2 == 0 { yes.clone() } else { no.clone() }).collect();
    let answers = at_once(&open, &forms);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)), "{:?}", statuses(&answers));
    assert_eq!(open.events("request.approved").len() + open.events("request.denied").len(), 1);
    let stands = open.state();
    for (number, answer) in answers.iter().enumerate() {
        let agrees = (number % 2 == 0) == (stands == "APPROVED");
        assert_eq!(answer.status, if agrees { 200 } else { 409 }, "{stands}, answer {number}");
    }
    // Attempts of one person that are alike to the millisecond are one event.
    let refused = open.events("request.action_refused").len();
    assert!((1..=8).contains(&refused), "{refused}: whoever came too late stands in the audit");
}

#[test]
fn of_two_approvers_the_second_is_told_who_was_first() {
    let second = format!("{}@example.com", stage().another("ben").unwrap());
    let open = open();
    let path = stage().mail(&second, &open.id).unwrap().link().unwrap().to_owned();
    let mut late = stage().browser();
    let page = late.open(&path).unwrap();
    let nonce = stint_local::browser::hidden(&page.body, "nonce").unwrap();
    stage().decide_by_mail(BEN, &open.id, "deny").unwrap();
    let told = late.submit(&path, &stint_local::browser::form(nonce, "approve", "")).unwrap();
    assert_eq!(told.status, 409);
    assert!(told.body.contains("Denied") && told.body.contains("Ben"), "{}", told.body);
    assert_eq!(open.state(), "DENIED");
}
