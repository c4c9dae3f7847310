//! Numbers that the template and the code share.

use crate::file;
use stint_domain::custody::sets::{SET_SECONDS, SET_SETTLE_SECONDS};
use stint_domain::grant::SETTLE_SECONDS;

/// The timeout of a function, in seconds.
fn timeout(function: &str) -> i64 {
    let template = file("infra/template.yaml");
    let (_, after) = template.split_once(&format!("FunctionName: {function}\n")).expect("the function");
    let line = after.lines().find_map(|line| line.trim().strip_prefix("Timeout: ")).expect("a timeout");
    line.parse().unwrap()
}

#[test]
fn no_attempt_to_activate_outlives_the_time_after_which_a_removal_is_closed() {
    assert!(timeout("stint-grant") < SETTLE_SECONDS);
}

#[test]
fn no_set_of_a_credential_outlives_the_time_that_the_next_rotation_waits_for_it() {
    assert!(timeout("stint-rotate-credential") <= SET_SECONDS);
    const { assert!(SET_SECONDS < SET_SETTLE_SECONDS) };
}

#[test]
fn a_mail_is_reserved_for_at_least_as_long_as_the_function_that_sends_it_may_run() {
    assert!(timeout("stint-notify") <= 30, "stint-app reserves a mail for 30 seconds");
}

#[test]
fn a_route_of_workloads_has_their_authorizer_and_no_other_route_has_it() {
    let template = file("infra/template.yaml");
    let routes = template.split("RouteKey: ").skip(1);
    let routes = routes.filter_map(|route| {
        let key = route.lines().next()?;
        let properties = route.lines().take_while(|line| !line.ends_with("::Route"));
        let authorizer =
            properties.filter_map(|line| line.trim().strip_prefix("AuthorizerId: !Ref ")).next()?;
        Some((key.contains("/v1/workloads/"), authorizer))
    });
    let routes: Vec<_> = routes.collect();
    let both = [(false, "ApiAuthorizer"), (true, "WorkloadAuthorizer")];
    assert!(routes.iter().all(|route| both.contains(route)), "{routes:?}");
    assert!(both.iter().all(|one| routes.contains(one)), "{routes:?}");
}

#[test]
fn nobody_writes_what_stint_reads_of_them_in_the_user_pool() {
    let template = file("infra/template.yaml");
    let written: Vec<_> =
        template.lines().filter_map(|line| line.trim().strip_prefix("WriteAttributes: ")).collect();
    // One for each client. Left out or empty, everything that is standard could be written.
    assert_eq!(template.matches("AWS::Cognito::UserPoolClient\n").count(), written.len());
    assert!(written.iter().all(|attributes| *attributes == "[locale]"), "{written:?}");
    let directory = file("crates/aws/src/directory.rs");
    assert!(directory.contains("attribute(\"name\")") && !directory.contains("\"locale\""));
}

#[test]
fn a_sweep_ends_before_the_next_one_begins() {
    assert!(timeout("stint-reconcile") < 60);
}
