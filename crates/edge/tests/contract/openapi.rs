//! `docs/openapi.yaml`: its paths are the routers', and it is sound in itself.

use crate::file;
use serde_json::Value;
use std::collections::BTreeSet;
use stint_edge::api::{ROUTES, WORKLOAD_ROUTES, credentials, decisions, reviews};
use stint_edge::problem::Problem;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// The routes of the page, which the gateway lists one by one.
const PAGES: [(&str, &str); 5] = [
    ("GET", "/approvals/{token}"),
    ("HEAD", "/approvals/{token}"),
    ("POST", "/approvals/{token}"),
    ("GET", "/approvals/{token}/sign-in"),
    ("GET", "/approvals/callback"),
];

pub(crate) fn document() -> Value {
    serde_saphyr::from_str(&file("docs/openapi.yaml")).expect("docs/openapi.yaml is YAML")
}

/// Whatever `value` refers to, if it is a reference.
pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
    let pointer = reference.strip_prefix('#').expect("references stay in the document");
    resolved(document, document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere")))
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                all.push((method.to_uppercase(), path.clone(), operation));
            }
        }
    }
    all
}

/// Everything in the document, depth first.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|value| walk(value, visit)),
        Value::Array(items) => items.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

#[test]
fn the_document_lists_the_routes_and_no_others() {
    let document = document();
    let listed: BTreeSet<_> = operations(&document).into_iter().map(|(m, path, _)| (m, path)).collect();
    let routed = |(method, path): (&str, &str)| (method.to_owned(), path.to_owned());
    let pages = PAGES.map(routed);
    let expected: BTreeSet<_> = ROUTES.into_iter().chain(WORKLOAD_ROUTES).map(routed).chain(pages).collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_gateway_lets_through_the_methods_that_the_document_lists_for_the_page() {
    let template = file("infra/template.yaml");
    let keys: BTreeSet<_> = template.split("RouteKey: ").skip(1).map(route_key).collect();
    let pages = PAGES.map(|(method, path)| format!("{method} {path}"));
    let of_their_own =
        [credentials::PATH, credentials::WORKLOAD_PATH, decisions::APPROVE, decisions::DENY, reviews::PATH];
    let of_their_own = of_their_own.map(|path| format!("POST {path}"));
    let others =
        of_their_own.into_iter().chain(["ANY /v1/{proxy+}", "ANY /v1/workloads/{proxy+}"].map(str::to_owned));
    assert_eq!(keys, BTreeSet::from(pages).into_iter().chain(others).collect());
}

fn route_key(rest: &str) -> String {
    let line = rest.lines().next().unwrap_or_default();
    match line.strip_prefix('\'') {
        Some(quoted) => quoted.split('\'').next().unwrap_or_default().to_owned(),
        None => line.trim().to_owned(),
    }
}

#[test]
fn every_path_declares_its_parameters_and_every_operation_its_name_and_success() {
    let document = document();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an operationId");
        assert!(names.insert(id), "{id} is used twice");
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{method} {path}");
        let parameters = document["paths"][&path]["parameters"].as_array().into_iter().flatten();
        let in_path: BTreeSet<_> = parameters
            .map(|parameter| resolved(&document, parameter))
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
            .collect();
        let named = path.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect();
        assert_eq!(in_path, named, "{path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            resolved(&document, value);
            used.insert(reference.to_owned());
        }
    });
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&reference), "nothing refers to {reference}");
        }
    }
}

#[test]
fn only_the_page_is_open_to_whoever_has_no_token() {
    let document = document();
    assert_eq!(document["security"], serde_json::json!([{ "token": [] }]));
    for (method, path, operation) in operations(&document) {
        let open = operation.get("security") == Some(&serde_json::json!([]));
        assert_eq!(open, PAGES.contains(&(&method, &path)), "{method} {path}");
    }
}

#[test]
fn a_route_takes_tokens_of_one_issuer_and_the_document_says_of_which() {
    let document = document();
    for (method, path, operation) in
        operations(&document).into_iter().filter(|(_, path, _)| path.starts_with("/v1/"))
    {
        let of_workloads = operation.get("security") == Some(&serde_json::json!([{ "workload": [] }]));
        assert!(of_workloads || operation.get("security").is_none(), "{method} {path}");
        assert_eq!(of_workloads, path.starts_with("/v1/workloads/"), "{method} {path}");
    }
}

#[test]
fn the_kinds_of_problems_are_the_codes() {
    let document = document();
    let listed = document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].clone();
    let expected = Problem::ALL_KINDS.map(|kind| format!("urn:stint:problem:{kind}"));
    assert_eq!(listed, serde_json::json!(expected));
}
