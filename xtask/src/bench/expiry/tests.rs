use super::*;

fn report(grants: u64, over: u64, concurrency: usize) -> Report {
    let policy = PolicyBundle::embedded().unwrap();
    simulate(Play { grants, over, concurrency, ephemeral: false }, &policy).unwrap()
}

#[test]
fn a_hundred_grants_that_end_in_one_minute_are_denied_at_their_second_and_gone_seconds_later() {
    for concurrency in [ACCOUNT, NEW_ACCOUNT] {
        let report = report(100, 60, concurrency);
        assert_eq!(report.failures(), Vec::<String>::new());
        assert_eq!((report.denied, report.left, report.throttled), (100, 0, 0));
        assert_eq!((report.calls, report.invoked, report.commits), (200, 100, 200));
    }
}

#[test]
fn a_hundred_grants_that_end_in_one_second_take_what_iams_rate_makes_them_take() {
    for concurrency in [ACCOUNT, NEW_ACCOUNT] {
        let report = report(100, 1, concurrency);
        assert_eq!(report.failures(), Vec::<String>::new());
        assert_eq!((report.denied, report.left, report.calls), (100, 0, 200));
        assert!(report.throttled > 0, "IAM's rate was not met");
    }
}

/// What Lambda turns away comes again soon enough to leave IAM no idle second; what IAM has let go is not taken again.
#[test]
fn six_hundred_grants_that_end_in_one_second_leave_iam_idle_for_hardly_a_second() {
    for concurrency in [ACCOUNT, NEW_ACCOUNT] {
        assert_eq!(report(600, 1, concurrency).failures(), Vec::<String>::new());
    }
}

#[test]
fn the_same_simulation_shows_the_same() {
    assert_eq!(report(100, 1, NEW_ACCOUNT).line(""), report(100, 1, NEW_ACCOUNT).line(""));
}
