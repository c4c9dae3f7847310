//! `stint policy explain` names what decided, what is missing and who could approve.

use crate::folder::{Folder, Said, stint};

fn explained(who: &str, entitlement: &str, duration: &str, has_ticket: bool) -> Said {
    let folder = Folder::copy();
    folder.write(
        "case.toml",
        &format!(
            "who = \"{who}\"\naction = \"request\"\nentitlement = \"{entitlement}\"\ndecided_by = []\n\
             [context]\nduration = \"{duration}\"\nat = \"2026-11-23T10:00:00Z\"\nhas_ticket = {has_ticket}\n"
        ),
    );
    let case = folder.path().join("case.toml");
    let said =
        stint(&["policy", "explain", case.to_str().unwrap(), "--policies", folder.path().to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    said
}

#[test]
fn what_is_allowed_names_the_policies_their_reasons_and_who_could_approve() {
    let said = explained("ana", "payments-read", "1h", false);
    assert!(said.says("ALLOW: ana request payments-read, 1 h, with no ticket"), "{said:?}");
    assert!(said.says("by request-by-group: the entitlement's requester groups may ask for it"), "{said:?}");
    assert!(said.says("could be approved by: ben"), "{said:?}");
    let at_once = explained("ana", "build-logs-read", "1h", false);
    assert!(at_once.says("nobody would have to approve it"), "{at_once:?}");
}

#[test]
fn what_is_denied_names_the_least_that_would_be_enough() {
    let ticket = explained("dora", "build-logs-read", "1h", false);
    assert!(ticket.says("DENY") && ticket.says("by ticket-for-contractors:"), "{ticket:?}");
    assert!(ticket.says("missing: a ticket\n"), "{ticket:?}");
    let both = explained("cleo", "payments-read", "30h", false);
    assert!(both.says("missing: a duration of at most 4 h, and membership of engineers\n"), "{both:?}");
    let nothing = explained("ana", "ledger-root", "15m", true);
    assert!(nothing.says("missing: nothing that the asker could change would be enough"), "{nothing:?}");
}
