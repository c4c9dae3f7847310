//! Whether the files are what they should be: Cedar, with names, after the schema; a catalog; an organisation; a directory; workloads. Only
//! what can be read is linted.

use crate::folder::{CATALOG, DIRECTORY, Folder, ORGANISATION, SCHEMA, Unusable, WORKLOADS};
use crate::lints;
use crate::place::{Finding, Weight};
use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;
use std::collections::BTreeMap;
use std::path::Path;
use stint_policy::{DirectoryFile, files, sample};

/// `true` if there are no errors.
pub(crate) fn run(path: &Path) -> Result<bool, Unusable> {
    let folder = Folder::read(path)?;
    let mut findings = texts(&folder);
    if findings.is_empty() {
        findings = lints::all(&folder)?;
    }
    findings.iter().for_each(|finding| println!("{finding}"));
    let errors = findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    println!("{} policy files, {errors} errors, {} warnings", folder.cedar.len(), findings.len() - errors);
    Ok(errors == 0)
}

fn texts(folder: &Folder) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(fault) = files::catalog_json(&folder.catalog) {
        let at = fault.at.unwrap_or(0);
        findings.push(Finding::error(&folder.shown(CATALOG), &folder.catalog, at, fault.what));
    }
    let organisation = folder.organisation.as_deref().unwrap_or_default();
    if let Err(error) = sample::read(organisation) {
        let at = error.span().map_or(0, |at| at.start);
        findings.push(Finding::error(&folder.shown(ORGANISATION), organisation, at, error.message()));
    }
    let directory = folder.directory.as_deref().unwrap_or_default();
    let known = files::directory_json(directory);
    if let Err(fault) = &known {
        let at = fault.at.unwrap_or(0);
        findings.push(Finding::error(&folder.shown(DIRECTORY), directory, at, fault.what.as_str()));
    }
    let known = known.ok().filter(|_| folder.directory.is_some());
    let known = known.and_then(|json| DirectoryFile::from_json(&json).ok());
    let workloads = folder.workloads.as_deref().unwrap_or_default();
    if let Err(fault) = files::workloads(workloads, known.as_ref()) {
        let at = fault.at.unwrap_or(0);
        findings.push(Finding::error(&folder.shown(WORKLOADS), workloads, at, fault.what));
    }
    let schema = match Schema::from_cedarschema_str(&folder.schema) {
        Ok((schema, _)) => Some(schema),
        Err(error) => {
            findings.push(located(&folder.shown(SCHEMA), &folder.schema, &error));
            None
        }
    };
    let mut named = BTreeMap::new();
    for (name, text) in &folder.cedar {
        findings.extend(policies(&folder.shown(name), text, schema.as_ref(), &mut named));
    }
    findings
}

/// `named`: where each id was seen first.
fn policies(
    file: &str,
    text: &str,
    schema: Option<&Schema>,
    named: &mut BTreeMap<String, String>,
) -> Vec<Finding> {
    let set = match text.parse::<PolicySet>() {
        Ok(set) => set,
        Err(errors) => return errors.iter().map(|error| located(file, text, error)).collect(),
    };
    let mut findings = labels(file, text, &set, named);
    let validated =
        schema.map(|schema| Validator::new(schema.clone()).validate(&set, ValidationMode::Strict));
    for result in validated.iter() {
        findings.extend(result.validation_errors().map(|error| located(file, text, error)));
        findings.extend(result.validation_warnings().map(|warning| located(file, text, warning)));
    }
    for finding in &mut findings {
        finding.what = named_by_id(&finding.what, &set);
    }
    findings
}

fn labels(file: &str, text: &str, set: &PolicySet, named: &mut BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if set.num_of_templates() > 0 {
        findings.push(Finding::error(file, text, 0, "a template decides nothing"));
    }
    for policy in set.policies() {
        let (id, reason) = (policy.annotation("id"), policy.annotation("reason"));
        let body = policy.to_string();
        let at = text.find(&body).unwrap_or_default();
        let (Some(id), Some(_)) = (id, reason) else {
            findings.push(Finding::error(file, text, at, "a policy lacks `@id` or `@reason`"));
            continue;
        };
        if let Some(earlier) = named.insert(id.to_owned(), file.to_owned()) {
            let at = text.rfind(&format!("@id(\"{id}\")")).unwrap_or(at);
            let what = format!("policy id `{id}` is used twice, first in {earlier}");
            findings.push(Finding::error(file, text, at, what));
        }
    }
    findings
}

/// Cedar calls the policies of a text `policy0`, `policy1`, and so on.
fn named_by_id(what: &str, set: &PolicySet) -> String {
    set.policies().fold(what.to_owned(), |what, policy| {
        let id = policy.annotation("id").unwrap_or("without a name");
        what.replace(&format!("`{}`", policy.id()), &format!("`{id}`"))
    })
}

fn located(file: &str, text: &str, error: &(impl Diagnostic + ?Sized)) -> Finding {
    let label = error.labels().and_then(|mut labels| labels.next());
    let at = label.map_or(0, |label| label.offset());
    let help = error.help().map_or(String::new(), |help| format!(" ({help})"));
    Finding::error(file, text, at, format!("{error}{help}"))
}
