//! `stint policy check` says what is wrong and where.

use crate::folder::Folder;

const WIDE: &str = "\n@id(\"wide\")\n@reason(\"wide\")\npermit (principal, action, resource);\n";

/// After `change` the check says `says` and fails. That it does not before is a test of its own.
fn finds(change: impl Fn(&Folder), says: &str) {
    let folder = Folder::copy();
    change(&folder);
    let said = folder.run("check");
    assert!(said.code == 1 && said.says(says), "{says}: {said:?}");
}

#[test]
fn what_is_no_cedar_or_not_after_the_schema_has_its_line_and_column() {
    finds(
        |folder| folder.write("audit.cedar", "\npermit (principal,\n  action resource);\n"),
        "audit.cedar:3:10: error:",
    );
    finds(
        |folder| folder.replace("approve.cedar", "principal.kind ==", "principal.kinds =="),
        "approve.cedar:41:8: error: for policy `services-never-approve`, attribute `kinds`",
    );
    finds(
        |folder| folder.replace("stint.cedarschema", "entity Group;", "entity Group"),
        "stint.cedarschema:",
    );
}

#[test]
fn a_policy_needs_a_name_of_its_own_and_a_reason() {
    finds(
        |folder| folder.replace("audit.cedar", "@id(\"auditors-read-and-export\")", ""),
        "lacks `@id` or `@reason`",
    );
    finds(
        |folder| folder.replace("audit.cedar", "auditors-read-and-export", "approve-by-group"),
        "audit.cedar:3:1: error: policy id `approve-by-group` is used twice, first in ",
    );
}

#[test]
fn what_is_wrong_in_the_catalog_has_its_line_and_column() {
    finds(
        |folder| folder.write("catalog.toml", "[[entitlement]]\nid = \"A B\"\n"),
        "catalog.toml:2:6: error:",
    );
    finds(|folder| folder.append("catalog.toml", "\nunknown = 1\n"), "error: unknown field `unknown`");
    finds(
        |folder| folder.replace("catalog.toml", "max_duration = \"4h\"", "max_duration = \"soon\""),
        "error: entitlement `payments-read`: ",
    );
    for (account, error) in [
        ("role = \"arn:aws:iam::1:role/x\", external_id = \"stint-ops\"", "must be the ARN of an IAM role"),
        ("role = \"arn:aws:iam::210987654321:role/x\", external_id = \"a b\"", "must be 2 to 1224 letters"),
        ("role = \"arn:aws:iam::210987654321:role/x\"", "missing field `external_id`"),
        (
            "role = \"arn:aws:iam::210987654321:role/x\", external_id = \"stint-ops\"",
            "must be the account of the role",
        ),
    ] {
        let kind = "kind = \"role_session\"\n";
        let with = format!("{kind}account = {{ {account} }}\n");
        finds(|folder| folder.replace("catalog.toml", kind, &with), error);
        finds(|folder| folder.replace("catalog.toml", kind, &with), "catalog.toml:");
    }
    let catalog = Folder::copy().text("catalog.toml");
    let repair = catalog.lines().position(|line| line == "id = \"payments-repair\"").unwrap() + 1;
    finds(
        |folder| folder.replace("catalog.toml", "review_within = \"24h\"", "review_within = \"1m\""),
        &format!("catalog.toml:{repair}:6: error: entitlement `payments-repair`: "),
    );
    finds(
        |folder| folder.replace("organisation.toml", "kind = \"employee\"", "kind = \"boss\""),
        "organisation.toml:",
    );
}

#[test]
fn what_is_wrong_in_the_directory_has_its_place_or_the_name_of_whom_it_is_about() {
    let ana = "[[person]]\nid = \"ana\"\ndisplay_name = \"Ana\"\nkind = \"employee\"\n";
    finds(
        |folder| folder.write("directory.toml", &format!("{ana}groups = \"leads\"\n")),
        "directory.toml:5:10: error:",
    );
    finds(
        |folder| folder.write("directory.toml", &format!("{ana}manager = \"iris\"\n")),
        "`ana` names `iris`, who is not there",
    );
    finds(|folder| folder.write("directory.toml", &ana.repeat(2)), "`ana` stands there twice");
    let folder = Folder::copy();
    folder.write("directory.toml", ana);
    assert_eq!(folder.run("check").code, 0);
}

#[test]
fn a_workload_is_named_in_full_stands_for_a_service_and_only_for_one() {
    let one = |subject: &str, service: &str| {
        let issuer = "https://token.actions.githubusercontent.com";
        format!("[[workload]]\nissuer = \"{issuer}\"\nsubject = \"{subject}\"\nservice = \"{service}\"\n")
    };
    let main = one("repo:acme/ledger:ref:refs/heads/main", "nightly-report");
    let write = |text: String| move |folder: &Folder| folder.write("workloads.toml", &text);
    let pattern = one("repo:acme/*", "nightly-report");
    finds(write(pattern), "workloads.toml:3:11: error: `subject` must be one whole `sub`");
    finds(
        write(main.replace("https:", "http:")),
        "workloads.toml:2:10: error: `issuer` must be an `https` URL",
    );
    finds(
        write(format!("{main}ref = \"refs/heads/main\"\n")),
        "workloads.toml:5:1: error: unknown field `ref`",
    );
    finds(
        write(main.repeat(2)),
        "workloads.toml:5:1: error: `repo:acme/ledger:ref:refs/heads/main` stands there twice",
    );
    let people = "[[person]]\nid = \"ana\"\ndisplay_name = \"Ana\"\nkind = \"employee\"\n\n\
                  [[person]]\nid = \"nightly-report\"\ndisplay_name = \"Nightly report\"\nkind = \"service\"\n";
    for nobody in ["ana", "ghost"] {
        let known = |folder: &Folder| {
            folder.write("directory.toml", people);
            folder.write("workloads.toml", &one("repo:acme/ledger:ref:refs/heads/main", nobody));
        };
        finds(known, &format!("workloads.toml:1:1: error: `{nobody}` is no service of directory.toml"));
    }
    let folder = Folder::copy();
    folder.write("workloads.toml", &main);
    assert_eq!(folder.run("check").code, 0, "whom a pool has only the pool knows");
    folder.write("directory.toml", people);
    assert_eq!(folder.run("check").code, 0);
}

#[test]
fn a_step_that_can_be_skipped_needs_nobody_and_one_that_is_escalated_has_more() {
    let officers = "need = 2\ngroups = [\"security-officers\"]\nremind_every = \"30m\"\n";
    let unreachable = "takes more different people than the organisation has";
    let three = officers.replace("need = 2", "need = 3");
    finds(|folder| folder.replace("catalog.toml", officers, &three), unreachable);
    let escalated = format!("{three}escalate = {{ after = \"1h\", groups = [\"platform-leads\"] }}\n");
    // What is critical takes two all the same.
    let last = "\n[[entitlement.approval]]\nneed = 2\ngroups = [\"platform-leads\", \"treasurers\"]\n";
    let skipped = format!("{three}skip_after = \"1h\"\n{last}");
    for good in [escalated, skipped] {
        let folder = Folder::copy();
        folder.replace("catalog.toml", officers, &good);
        let said = folder.run("check");
        assert_eq!(said.code, 0, "{good}: {said:?}");
    }
}

#[test]
fn a_permit_that_anybody_has_without_condition_is_too_broad() {
    finds(|folder| folder.append("audit.cedar", WIDE), ": error: too broad: this permits anybody");
    let folder = Folder::copy();
    let narrow = WIDE
        .replace("action, resource)", "action == Stint::Action::\"read-audit\", resource is Stint::Audit)");
    folder
        .append("audit.cedar", &narrow.replace("(principal,", "(principal in Stint::Group::\"engineers\","));
    assert_eq!(folder.run("check").code, 0);
}

#[test]
fn that_everybody_is_a_user_and_that_what_is_true_is_so_are_no_conditions() {
    let about = |principal: &str, resource: &str, when: &str| {
        format!(
            "\n@id(\"wide\")\n@reason(\"wide\")\npermit ({principal}, action == Stint::Action::\"approve\", \
             {resource}){when};\n"
        )
    };
    let (user, any) = ("principal is Stint::User", "resource is Stint::Entitlement");
    let broad = ": error: too broad: this permits anybody";
    for (principal, when) in [
        (user, ""),
        (user, " when { true }"),
        ("principal", " when { principal is Stint::User && context.duration_seconds > 0 }"),
    ] {
        let policy = about(principal, any, when);
        finds(|folder| folder.append("approve.cedar", &policy), broad);
    }
    finds(
        |folder| {
            let all = about(user, "resource", " when { true }").replace("== Stint::Action::\"approve\"", "");
            folder.remove("organisation.toml");
            folder.append("approve.cedar", &all.replace("action ,", "action,"));
        },
        broad,
    );
    let one = "resource == Stint::Entitlement::\"payments-read\"";
    let folder = Folder::copy();
    for (number, good) in [
        about(user, one, ""),
        about(user, any, " when { principal.kind == \"employee\" }"),
        about(user, any, " when { resource.risk == \"low\" }"),
    ]
    .iter()
    .enumerate()
    {
        folder.append("approve.cedar", &good.replacen("wide", &format!("narrow-{number}"), 1));
    }
    let said = folder.run("check");
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn critical_access_takes_two_people_even_if_nobody_answers_the_steps_that_are_passed_over() {
    let officers = "need = 2\ngroups = [\"security-officers\"]\nremind_every = \"30m\"\n";
    let last = "\n[[entitlement.approval]]\ngroups = [\"security-officers\"]\n";
    let too_few =
        "error: too few: without the steps that can be skipped, one person alone approves `ledger-repair`";
    let skipped = format!("groups = [\"platform-leads\"]\nskip_after = \"1h\"\n{last}");
    finds(|folder| folder.replace("catalog.toml", officers, &skipped), too_few);
    let certain = format!("groups = [\"platform-leads\"]\n{last}");
    for (risk, rule) in [("critical", certain), ("high", skipped)] {
        let folder = Folder::copy();
        folder.replace("catalog.toml", officers, &rule);
        let id = "id = \"ledger-repair\"";
        let catalog = folder.text("catalog.toml");
        let (before, after) = catalog.split_once(id).unwrap();
        let after = after.replacen("\"critical\"", &format!("\"{risk}\""), 1);
        folder.write("catalog.toml", &format!("{before}{id}{after}"));
        let said = folder.run("check");
        assert_eq!(said.code, 0, "{risk}: {said:?}");
    }
}

#[test]
fn a_permit_that_never_permits_is_shadowed_or_unreachable() {
    let sealed = "\n@id(\"sealed\")\n@reason(\"sealed\")\npermit (principal, action == Stint::Action::\"request\", \
                  resource is Stint::Entitlement) when { resource.risk == \"critical\" && resource.people_needed < 2 };\n";
    finds(
        |folder| folder.append("request.cedar", sealed),
        "error: shadowed: whatever this permits, critical-takes-two",
    );
    finds(
        |folder| folder.append("request.cedar", &sealed.replace("\"critical\"", "\"extreme\"")),
        "error: unreachable: this permits nobody",
    );
}

#[test]
fn an_entitlement_that_nobody_may_have_is_unreachable() {
    finds(
        |folder| {
            folder.append(
                "limits.cedar",
                "\n@id(\"closed\")\n@reason(\"closed\")\nforbid (principal, action == Stint::Action::\"request\", \
                 resource == Stint::Entitlement::\"payments-read\");\n",
            );
        },
        "error: unreachable: nobody of the organisation may ask for `payments-read`",
    );
    finds(
        |folder| {
            folder.append(
                "limits.cedar",
                "\n@id(\"closed\")\n@reason(\"closed\")\nforbid (principal, action == Stint::Action::\"approve\", \
                 resource == Stint::Entitlement::\"payments-read\");\n",
            );
        },
        "error: unreachable: neither policy nor anybody of the organisation approves `payments-read`",
    );
}

#[test]
fn groups_without_members_are_errors_and_groups_without_use_are_warnings() {
    finds(
        |folder| {
            folder.replace(
                "catalog.toml",
                "approvers = [\"platform-leads\"]",
                "approvers = [\"platform-leads\", \"ghosts\"]",
            )
        },
        "error: nobody of the organisation is in the group `ghosts`",
    );
    finds(
        |folder| folder.replace("audit.cedar", "Stint::Group::\"auditors\"", "Stint::Group::\"auditor\""),
        "the group `auditor`",
    );
    let owned = |by: &str| format!("id = \"payments-read\"\nowner = \"{by}\"");
    finds(
        |folder| folder.replace("catalog.toml", "id = \"payments-read\"", &owned("ghosts")),
        "error: nobody of the organisation is in the group `ghosts`",
    );
    let folder = Folder::copy();
    folder.replace("organisation.toml", "groups = [\"engineers\"]", "groups = [\"engineers\", \"choir\"]");
    let (said, catalog) = (folder.run("check"), folder.text("catalog.toml"));
    folder.replace("catalog.toml", "id = \"payments-read\"", &owned("choir"));
    assert_eq!(folder.run("check").last(), "8 policy files, 0 errors, 0 warnings");
    folder.write("catalog.toml", &catalog);
    assert!(
        said.code == 0 && said.says("warning: neither the catalog nor a policy speaks of the group `choir`"),
        "{said:?}"
    );
}

#[test]
fn an_approval_that_takes_more_people_than_there_are_is_unreachable() {
    let said = "error: unreachable: the approval takes more different people than the organisation has for `ledger-repair`";
    finds(|folder| folder.replace("catalog.toml", "need = 2", "need = 3"), said);
    // Two steps for the same two people.
    let step = "need = 2\ngroups = [\"security-officers\"]\n";
    let again = "need = 2\ngroups = [\"security-officers\"]\n\n[[entitlement.approval]]\nmanager = true\ngroups = [\"security-officers\"]\n";
    let folder = Folder::copy();
    folder.replace("catalog.toml", step, again);
    assert_eq!(folder.run("check").code, 0, "the manager makes three");
    finds(|folder| folder.replace("catalog.toml", step, &again.replace("manager = true\n", "")), said);
}

#[test]
fn a_rule_of_approval_that_cannot_be_has_its_line() {
    for (rule, error) in [
        ("need = 6", "a step needs at most 5 people"),
        ("need = 0", "expected a nonzero"),
        ("need = 2\nowner = true", "a step asks the owner, and the entitlement names none"),
        ("need = 2\nowners = true", "unknown field `owners`"),
    ] {
        finds(|folder| folder.replace("catalog.toml", "need = 2", rule), error);
        finds(|folder| folder.replace("catalog.toml", "need = 2", rule), "catalog.toml:");
    }
}
