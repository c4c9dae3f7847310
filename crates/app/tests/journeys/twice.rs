//! Every event delivered twice to every function changes nothing (I8).

use crate::engine::{Stage, block_on, start};
use stint_app::activate_grant::activate_grant;
use stint_app::decide_request::Verdict;
use stint_domain::ids::RequestId;
use stint_domain::transition::EndCause;

/// The whole truth about a request, to compare before and after.
fn truth(stage: &Stage, id: RequestId) -> (Vec<(String, String)>, usize, usize, String) {
    let stream = stage.world.stream(&id.to_string());
    let state = stage.world.state();
    (stream, state.inbox.len(), state.target.len(), format!("{:?}", state.records[&id]))
}

#[test]
fn a_second_delivery_changes_nothing_at_any_step() {
    let stage = Stage::new();
    let world = &stage.world;
    let ask = || Stage::ask("payments-read", "30m");
    let id = block_on(stage.submit("ana", ask())).unwrap().scope.request_id;
    let again = |what: &str, repeat: &dyn Fn()| {
        let before = truth(&stage, id);
        repeat();
        assert_eq!(truth(&stage, id), before, "{what}, delivered again");
    };
    again("submit", &|| drop(block_on(stage.submit("ana", ask())).unwrap()));
    let mut at = start();
    stage.run(id, &mut at);
    again("notify", &|| block_on(stage.notify(id, Some(&format!("token-{id}-0")))).unwrap());
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    again("approve", &|| drop(block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap()));
    again("notify after the decision", &|| {
        block_on(stage.notify(id, Some(&format!("token-{id}-0")))).unwrap()
    });
    let ends_at = block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).unwrap();
    again("grant", &|| {
        assert_eq!(
            block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).unwrap(),
            ends_at
        )
    });
    world.pass(30 * 60);
    block_on(stage.expire(id, EndCause::WindowOver)).unwrap();
    again("expire", &|| block_on(stage.expire(id, EndCause::WindowOver)).unwrap());
    again("expire of a failed execution", &|| block_on(stage.expire(id, EndCause::WorkflowEnded)).unwrap());
    again("grant after the end", &|| {
        assert!(block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).is_err())
    });
    again("reconcile", &|| assert!(stage.sweep("once").is_some()));
    again("reconcile, overlapping", &|| assert_eq!(stage.sweep("other"), None));
}
