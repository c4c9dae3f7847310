//! As much of JSON Schema as the document uses. A keyword that is not known here is an error, so that nothing is
//! skipped in silence.

use crate::openapi::resolved;
use serde_json::Value;

/// What is wrong with `value` by `schema`; nothing if it is as it should be.
pub(crate) fn complaints(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolved(document, schema);
    let mut all = Vec::new();
    for (keyword, rule) in schema.as_object().expect("a schema") {
        match keyword.as_str() {
            "description" | "default" | "properties" | "additionalProperties" => {}
            "type" => check(&mut all, is_of(rule, value), at, "type", rule, value),
            "enum" => {
                let one = rule.as_array().expect("an enum").contains(value);
                check(&mut all, one, at, "enum", rule, value);
            }
            "const" => check(&mut all, rule == value, at, "const", rule, value),
            "minimum" => check(&mut all, value.as_i64() >= rule.as_i64(), at, "minimum", rule, value),
            "format" => check(&mut all, has_format(rule, value), at, "format", rule, value),
            "oneOf" => {
                let schemas = rule.as_array().expect("schemas");
                let fitting =
                    schemas.iter().filter(|one| complaints(document, one, value, at).is_empty()).count();
                check(&mut all, fitting == 1, at, &format!("oneOf ({fitting} fit)"), &Value::Null, value);
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    all.extend(complaints(document, rule, item, &format!("{at}/{index}")));
                }
            }
            "required" => {
                for name in rule.as_array().expect("names").iter().filter_map(Value::as_str) {
                    let there = !value.is_object() || value.get(name).is_some();
                    check(&mut all, there, at, "required", &Value::from(name), value);
                }
            }
            unknown => panic!("{at}: the keyword {unknown} is not checked"),
        }
    }
    all.extend(fields(document, schema, value, at));
    all
}

fn fields(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object()) else {
        return Vec::new();
    };
    assert_eq!(schema["additionalProperties"], false, "{at}: a schema that anything fits");
    let one = |(name, value): (&String, &Value)| match properties.get(name) {
        Some(schema) => complaints(document, schema, value, &format!("{at}/{name}")),
        None => vec![format!("{at}/{name} is not documented")],
    };
    fields.iter().flat_map(one).collect()
}

fn check(all: &mut Vec<String>, good: bool, at: &str, what: &str, rule: &Value, value: &Value) {
    if !good {
        all.push(format!("{at}: {what} {rule}: {value}"));
    }
}

fn is_of(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("a type") {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("the type {unknown} is not checked"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

fn has_format(format: &Value, value: &Value) -> bool {
    assert_eq!(format, "date-time", "no other format is checked");
    value.as_str().is_none_or(|text| text.parse::<jiff::Timestamp>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_does_not_fit_is_complained_of() {
        let schema = json!({ "type": "object", "additionalProperties": false, "required": ["at"], "properties": {
            "at": { "type": ["string", "null"], "format": "date-time" },
            "items": { "type": "array", "items": { "enum": ["a", "b"] } },
            "one": { "oneOf": [{ "type": "null" }, { "type": "integer", "minimum": 1 }] },
        }});
        let complaints = |value: Value| complaints(&schema, &schema, &value, "").len();
        assert_eq!(complaints(json!({ "at": "2026-11-22T10:00:00Z", "items": ["a"], "one": 1 })), 0);
        assert_eq!(complaints(json!({ "at": null, "one": null })), 0);
        for wrong in [
            json!({}),
            json!([]),
            json!({ "at": 1 }),
            json!({ "at": "soon" }),
            json!({ "at": null, "items": ["c"] }),
            json!({ "at": null, "one": 0 }),
            json!({ "at": null, "more": 1 }),
        ] {
            assert!(complaints(wrong.clone()) > 0, "{wrong}");
        }
    }
}
