use super::report::{Cost, Report};

fn report(change: impl Fn(&mut Cost)) -> Report {
    let mut costs: Vec<_> = [10, 100, 1_000, 10_000]
        .map(|entitlements| Cost { entitlements, ready: 1_000 * entitlements, decision: 100_000, bare: 1 })
        .into();
    costs.iter_mut().for_each(change);
    Report(costs)
}

#[test]
fn what_is_within_the_budgets_and_grows_with_the_catalog_alone_is_sound() {
    report(|_| {}).is_sound().unwrap();
    assert_eq!(report(|_| {}).lines().len(), 5);
}

#[test]
fn what_is_over_a_budget_or_grows_has_failed_and_says_which() {
    let fails = |change: fn(&mut Cost), says: &str| {
        let error = report(change).is_sound().unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains(';'), "{error}");
    };
    fails(|cost| cost.ready *= 1 + u64::from(cost.entitlements == 1_000) * 2, "ready with 1,000");
    fails(|cost| cost.decision *= 7, "more than 0.6 ms");
    fails(|cost| cost.decision += cost.entitlements * 6, "does not concern");
    fails(|cost| cost.ready *= 1 + cost.entitlements / 5_000, "faster than the catalog");
    assert!(Report::read("no json").is_err() && Report::read("").unwrap().is_sound().is_err());
}
