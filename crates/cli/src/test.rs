//! The cases beside the policies: each is decided as its folder says, by exactly the policies it names; every action has
//! one of either sort, and every policy decides one.

use crate::case::{Case, files};
use crate::folder::{Folder, Unusable};
use crate::question::Decided;
use std::collections::BTreeSet;
use std::path::Path;
use stint_policy::ACTIONS;

/// `true` if all is as it should be.
pub(crate) fn run(path: &Path) -> Result<bool, Unusable> {
    let folder = Folder::read(path)?;
    let (bundle, people) = (folder.bundle()?, folder.people()?);
    let (mut cases, mut failed, mut deciding) = (0_u32, Vec::new(), BTreeSet::new());
    for (verdict, allowed) in [("ALLOW", true), ("DENY", false)] {
        let mut asked = BTreeSet::new();
        for file in files(&folder, verdict)? {
            let case = Case::read(&file)?;
            cases += 1;
            let decided = case.question(&people).and_then(|question| question.put_to(&bundle));
            if let Some(why) = complaint(&case, allowed, &decided) {
                failed.push(format!("{}: {why}", file.display()));
            }
            deciding.extend(decided.into_iter().flat_map(|decided| decided.policies));
            asked.insert(case.action);
        }
        let unasked = ACTIONS.into_iter().filter(|action| !asked.contains(*action));
        failed.extend(unasked.map(|action| format!("{verdict}: no case asks for `{action}`")));
    }
    let silent = folder.reasons().into_keys().filter(|id| !deciding.contains(id));
    failed.extend(silent.map(|id| format!("policy `{id}` decides no case")));
    failed.iter().for_each(|line| println!("FAILED {line}"));
    println!("{cases} cases, {} failed", failed.len());
    Ok(failed.is_empty())
}

fn complaint(case: &Case, allowed: bool, decided: &Result<Decided, String>) -> Option<String> {
    let decided = match decided {
        Ok(decided) => decided,
        Err(why) => return Some(why.clone()),
    };
    let as_it_should = decided.allowed == allowed && decided.policies == case.decided_by && !decided.errored;
    let was = said(decided.allowed, &decided.policies);
    let failing = if decided.errored { ", and a policy could not be evaluated" } else { "" };
    (!as_it_should).then(|| format!("{was}{failing}; expected {}", said(allowed, &case.decided_by)))
}

fn said(allowed: bool, policies: &BTreeSet<String>) -> String {
    let verdict = if allowed { "allowed" } else { "denied" };
    let policies: Vec<_> = policies.iter().map(String::as_str).collect();
    match policies.is_empty() {
        true => format!("{verdict}, as nothing permits it"),
        false => format!("{verdict} by {}", policies.join(", ")),
    }
}
