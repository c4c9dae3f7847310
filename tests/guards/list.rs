//! The guards, and what goes red without them.

/// A piece of code that guards something, and how it looks when it does not.
pub(crate) struct Guard {
    pub(crate) what: &'static str,
    pub(crate) file: &'static str,
    /// In the file exactly once.
    pub(crate) is: &'static str,
    pub(crate) becomes: &'static str,
    pub(crate) suite: &'static str,
    /// Which of the suite's tests are run; nothing for all.
    pub(crate) tests: &'static str,
}

const FAULTS: (&str, &str) = ("journeys", "faults::");
const MODEL: (&str, &str) = ("model", "no_order");

const fn guard(
    what: &'static str,
    file: &'static str,
    is: &'static str,
    becomes: &'static str,
    (suite, tests): (&'static str, &'static str),
) -> Guard {
    Guard { what, file, is, becomes, suite, tests }
}

pub(crate) const GUARDS: [Guard; 32] = [
    guard(
        "a removal is not closed while an activation may be on its way",
        "crates/domain/src/grant/decide.rs",
        "(Self::Deactivating { removal }, evidence) if evidence.seen_at() < removal.settles_at => {",
        "(Self::Deactivating { removal }, evidence) if false && evidence.seen_at() < removal.settles_at => {",
        MODEL,
    ),
    guard(
        "what was seen before all had settled proves nothing",
        "crates/domain/src/grant.rs",
        "Self::Gone(receipt) | Self::Blocked { receipt, .. } => receipt.at,",
        "Self::Gone(_) | Self::Blocked { .. } => Timestamp::MAX,",
        MODEL,
    ),
    guard(
        "what was removed is read back",
        "crates/app/src/end_access.rs",
        "Err(NotRemoved { error: format!(\"still there: {looked_at}\"), taken: false })",
        "Ok(Seen::Over(Evidence::Gone(stint_domain::grant::Receipt { looked_at, answered: String::new(), at: surroundings.now() })))",
        ("journeys", "mended::"),
    ),
    guard(
        "a removal that failed is taken up again",
        "crates/domain/src/grant/decide.rs",
        "Self::RemovalFailed { .. } => Ok(GrantStep::Do(GrantEvent::RemovalRetried)),",
        "Self::RemovalFailed { .. } => Ok(GrantStep::Already),",
        FAULTS,
    ),
    guard(
        "a removal does not wait for its record",
        "crates/app/src/end_access.rs",
        "Err(error) => Ok(Intent::Unrecorded(error)),",
        "Err(error) => Err(error.into()),",
        ("journeys", "mended::"),
    ),
    guard(
        "a block is lifted when it has done its work",
        "crates/domain/src/due.rs",
        "Proof::Blocked { until, .. } => (*until, GRACE_SECONDS),",
        "Proof::Blocked { .. } => return None,",
        FAULTS,
    ),
    guard(
        "sessions that are cut are not called gone",
        "crates/domain/src/grant/decide.rs",
        "Evidence::Blocked { receipt, until } => (receipt, Some(until)),",
        "Evidence::Blocked { receipt, .. } => (receipt, None),",
        FAULTS,
    ),
    guard(
        "a removal that hangs is due again",
        "crates/domain/src/due.rs",
        "GrantState::Deactivating { removal } => (removal.began_at.max(removal.settles_at), GRACE_SECONDS),",
        "GrantState::Deactivating { .. } => return None,",
        ("journeys", "mended::"),
    ),
    guard(
        "an activation that hangs is due again",
        "crates/domain/src/due.rs",
        "GrantState::Activating { last_attempt_at, .. } => (*last_attempt_at, GRACE_SECONDS),",
        "GrantState::Activating { .. } => return None,",
        ("journeys", "mended::"),
    ),
    guard(
        "a window that is over is due again",
        "crates/domain/src/due.rs",
        "GrantState::Active { window, .. } => (window.ends_at(), GRACE_SECONDS),",
        "GrantState::Active { .. } => return None,",
        ("journeys", "mended::"),
    ),
    guard(
        "a workflow that was never started is started",
        "crates/app/src/reconcile/due.rs",
        "RequestState::Pending(_) => ended_workflow(restarted(workflow, &request).await?),",
        "RequestState::Pending(_) => None,",
        ("journeys", "mended::"),
    ),
    guard(
        "only what was approved is activated",
        "crates/domain/src/request/decide.rs",
        "if self.approvals().any(|approval| approval.scope_hash != hash) {",
        "if false && self.approvals().any(|approval| approval.scope_hash != hash) {",
        ("rules", ""),
    ),
    guard(
        "nobody decides on their own request",
        "crates/domain/src/request/decide.rs",
        "if by.is(&self.scope.requester) {",
        "if false && by.is(&self.scope.requester) {",
        ("rules", ""),
    ),
    guard(
        "who is not eligible at the start gets nothing",
        "crates/app/src/activate_grant.rs",
        "if lost.is_none() && matches!(request.grant(), Some(GrantState::Scheduled)) {",
        "if false && matches!(request.grant(), Some(GrantState::Scheduled)) {",
        ("journeys", "known_failures::"),
    ),
    guard(
        "a credential is for its holder",
        "crates/app/src/withdraw.rs",
        "if recorded.request.scope.requester == caller.principal {",
        "if true {",
        ("journeys", "kinds::"),
    ),
    guard(
        "a timer does not end access early",
        "crates/domain/src/grant/decide.rs",
        "Self::Active { window, .. } if cause.waits_for_the_window() && !window.is_over(now) => {",
        "Self::Active { window, .. } if false && !window.is_over(now) => {",
        ("journeys", "endings::"),
    ),
    guard(
        "what belongs to no grant is taken away",
        "crates/app/src/reconcile/strays.rs",
        "Some(recorded) if recorded.request.grant().is_some_and(GrantState::may_be_at_target) => {",
        "Some(recorded) if true || recorded.request.grant().is_some() => {",
        ("journeys", "sweeps::"),
    ),
    guard(
        "an extension counts once",
        "crates/app/src/extend_grant.rs",
        "match ledger.commit_both([&handed, &moved]).await {",
        "match ledger.commit(&moved, None).await.and(ledger.commit(&handed, None).await) {",
        FAULTS,
    ),
    guard(
        "a removal waits for a later date that may be on its way",
        "crates/domain/src/grant/apply.rs",
        "active(window, settled(at), dating, altered)",
        "active(window, settles_at, dating, altered)",
        ("rules", "extensions::"),
    ),
    guard(
        "an extension is of one's own",
        "crates/app/src/submit_request.rs",
        "let same = earlier.scope.requester == scope.requester",
        "let same = true",
        ("journeys", "extensions::"),
    ),
    guard(
        "a credential is not free before it has been rotated",
        "crates/domain/src/custody.rs",
        "GrantState::Deactivating { .. },\n                GrantState::Ended { .. } | GrantState::ActivationFailed { .. },",
        "_,\n                GrantState::Deactivating { .. },",
        ("journeys", "checkouts::"),
    ),
    guard(
        "a credential has one holder",
        "crates/domain/src/custody.rs",
        "(Some(holder), _) => return Err(Occupied::Held { by: holder }),",
        "(Some(_), _) => {}",
        ("journeys", "checkouts::"),
    ),
    guard(
        "nothing rotates in somebody's hands",
        "crates/app/src/rotate_credential.rs",
        "        self.in_nobodys_hands().await?;",
        "",
        ("journeys", "checkouts::nothing_rotates"),
    ),
    guard(
        "one person counts once",
        "crates/domain/src/request/decide.rs",
        "if self.approvals().any(|earlier| earlier.by.is_same(&approval.by)) {",
        "if self.approvals().any(|earlier| earlier.by == approval.by) {",
        ("journeys", "schedules::"),
    ),
    guard(
        "a step is for those whom it names",
        "crates/domain/src/request/decide.rs",
        "if !open.counts(standing) {",
        "if false && !open.counts(standing) {",
        ("journeys", "approvals::"),
    ),
    guard(
        "everybody who approved has to count still",
        "crates/app/src/eligibility/approval.rs",
        "if request.counts_in(step, &approver.standing) {",
        "if true {",
        ("journeys", "approvals::"),
    ),
    guard(
        "nobody approves more than was asked",
        "crates/domain/src/request/decide.rs",
        "self.can_be_narrowed(&approval.narrowing)?;",
        "",
        ("rules", "narrowing::"),
    ),
    guard(
        "a step is passed over where its rule says so",
        "crates/domain/src/approval/consultation.rs",
        "step.skip_after.is_some() && turns.iter().any(skipped)",
        "turns.iter().any(skipped)",
        ("rules", "waiting::"),
    ),
    guard(
        "nothing comes of waiting before its time",
        "crates/domain/src/request/waiting.rs",
        "Some(turn) if turn.at <= now && now < self.decide_by => {",
        "Some(turn) => {",
        ("rules", "waiting::"),
    ),
    guard(
        "a reminder is a mail of its own",
        "crates/app/src/notify_approvers.rs",
        "RequestState::Pending(consultation) if consultation.notified.contains(approver) => {",
        "RequestState::Pending(consultation) if false && consultation.notified.contains(approver) => {",
        ("journeys", "waiting::"),
    ),
    guard(
        "a person's approval is sealed",
        "crates/app/src/eligibility/approval.rs",
        "Some(seal) if seals.is_of(seal, &statement).await? => Ok(()),",
        "_ if true => Ok(()),",
        ("journeys", "forged::"),
    ),
    guard(
        "a seal is of the rule, too",
        "crates/domain/src/seal.rs",
        "            rule: &self.rule,",
        "            rule: &ApprovalRule::default(),",
        ("journeys", "forged::"),
    ),
];
