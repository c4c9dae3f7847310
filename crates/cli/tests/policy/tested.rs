//! `stint policy test` goes red for whatever the cases are there to hold.

use crate::folder::Folder;
use cedar_policy::PolicySet;

#[test]
fn without_any_one_of_its_policies_the_sample_organisation_fails_a_case() {
    let folder = Folder::copy();
    let mut removed = 0;
    for name in files(&folder) {
        let whole = folder.text(&name);
        let set: PolicySet = whole.parse().unwrap();
        for policy in set.policies() {
            let text = policy.to_string();
            assert!(whole.contains(&text), "{name}");
            folder.write(&name, &whole.replacen(&text, "", 1));
            let said = folder.run("test");
            assert_eq!(said.code, 1, "{:?} decides nothing: {said:?}", policy.annotation("id"));
            assert!(said.says("FAILED "));
            removed += 1;
        }
        folder.write(&name, &whole);
        assert_eq!(folder.run("test").code, 0, "with all of them it holds");
    }
    assert!(removed >= 15, "{removed}");
}

fn files(folder: &Folder) -> Vec<String> {
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".cedar")).collect()
}

#[test]
fn an_action_without_a_case_of_either_sort_fails() {
    let folder = Folder::copy();
    folder.remove("tests/ALLOW/export-audit-auditor.json");
    let said = folder.run("test");
    assert!(said.code == 1 && said.says("ALLOW: no case asks for `export-audit`"), "{said:?}");
}

#[test]
fn a_policy_that_decides_no_case_fails() {
    let folder = Folder::copy();
    folder.append(
        "limits.cedar",
        "\n@id(\"never\")\n@reason(\"never\")\nforbid (principal, action, resource) when { false };\n",
    );
    let said = folder.run("test");
    assert!(said.code == 1 && said.says("policy `never` decides no case"), "{said:?}");
}

#[test]
fn a_case_that_is_decided_otherwise_shows_by_what_and_by_what_it_was_to_be() {
    let folder = Folder::copy();
    folder.replace(
        "tests/DENY/request-contractor-without-sponsor.json",
        "sponsor-for-contractors",
        "ticket-for-contractors",
    );
    let said = folder.run("test");
    let line = "request-contractor-without-sponsor.json: denied by sponsor-for-contractors; \
                expected denied by ticket-for-contractors";
    assert!(said.code == 1 && said.says(line), "{said:?}");
}

#[test]
fn a_case_may_be_toml_and_has_to_mean_something() {
    let folder = Folder::copy();
    let case = |who: &str| {
        format!("who = \"{who}\"\naction = \"read-audit\"\ndecided_by = [\"auditors-read-and-export\"]\n")
    };
    folder.write("tests/ALLOW/another.toml", &case("cleo"));
    assert_eq!(folder.run("test").code, 0);
    folder.write("tests/ALLOW/another.toml", &case("nobody"));
    let said = folder.run("test");
    assert!(said.code == 1 && said.says("there is nobody called `nobody`"), "{said:?}");
    folder.write("tests/ALLOW/another.toml", "who = 1\n");
    assert_eq!(folder.run("test").code, 2);
}
