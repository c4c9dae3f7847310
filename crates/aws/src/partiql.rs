//! A small typed builder of PartiQL statements.
//!
//! Guards: values travel as parameters and are never part of a statement's text; tables are validated names and
//! attributes are literals of this crate, so nothing that comes from outside can change what a statement does. An
//! update always names a whole key. It must not know the tables' layout.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, ParameterizedStatement};
use std::fmt::Write as _;
use std::str::FromStr;
use thiserror::Error;

/// The name of an attribute: a literal, never input.
pub(crate) type Attribute = &'static str;

/// A table name in DynamoDB's own alphabet, which has no quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(String);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a table name is 3 to 255 letters, digits or one of _.-")]
pub struct InvalidTableName;

impl TableName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TableName {
    type Err = InvalidTableName;
    fn from_str(text: &str) -> Result<Self, InvalidTableName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        let valid = (3..=255).contains(&text.len()) && text.bytes().all(allowed);
        valid.then(|| Self(text.to_owned())).ok_or(InvalidTableName)
    }
}

/// A statement and its parameters, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) parameters: Vec<AttributeValue>,
}

impl Statement {
    /// As a part of a transaction.
    pub(crate) fn parameterized(&self) -> Result<ParameterizedStatement, BuildError> {
        ParameterizedStatement::builder()
            .statement(&self.text)
            .set_parameters(Some(self.parameters.clone()))
            .build()
    }
}

/// `INSERT INTO "table" VALUE {'name': ?, …}`: refused if the key exists.
pub(crate) struct Insert<'a> {
    table: &'a TableName,
    values: Vec<(Attribute, AttributeValue)>,
}

impl<'a> Insert<'a> {
    pub(crate) const fn into(table: &'a TableName) -> Self {
        Self { table, values: Vec::new() }
    }

    pub(crate) fn value(mut self, name: Attribute, value: AttributeValue) -> Self {
        self.values.push((name, value));
        self
    }

    /// The value if there is one, else no such attribute.
    pub(crate) fn maybe(self, name: Attribute, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    pub(crate) fn build(self) -> Statement {
        let names: Vec<_> = self.values.iter().map(|(name, _)| format!("'{name}': ?")).collect();
        let text = format!("INSERT INTO \"{}\" VALUE {{{}}}", self.table.as_str(), names.join(", "));
        Statement { text, parameters: self.values.into_iter().map(|(_, value)| value).collect() }
    }
}

/// `UPDATE "table" SET … REMOVE … WHERE key AND conditions`: refused if there is no such item, too.
pub(crate) struct Update<'a> {
    table: &'a TableName,
    sets: Vec<(Attribute, AttributeValue)>,
    removes: Vec<Attribute>,
    conditions: Vec<(Attribute, AttributeValue)>,
}

impl<'a> Update<'a> {
    pub(crate) fn of(table: &'a TableName, key: [(Attribute, AttributeValue); 2]) -> Self {
        Self { table, sets: Vec::new(), removes: Vec::new(), conditions: key.into() }
    }

    pub(crate) fn set(mut self, name: Attribute, value: AttributeValue) -> Self {
        self.sets.push((name, value));
        self
    }

    /// Sets the attribute, or removes it if there is no value.
    pub(crate) fn set_or_remove(mut self, name: Attribute, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => {
                self.removes.push(name);
                self
            }
        }
    }

    /// Only if the attribute has this value.
    pub(crate) fn when(mut self, name: Attribute, value: AttributeValue) -> Self {
        self.conditions.push((name, value));
        self
    }

    pub(crate) fn build(self) -> Statement {
        let mut text = format!("UPDATE \"{}\"", self.table.as_str());
        for (name, _) in &self.sets {
            let _ = write!(text, " SET \"{name}\"=?");
        }
        for name in &self.removes {
            let _ = write!(text, " REMOVE \"{name}\"");
        }
        let conditions: Vec<_> = self.conditions.iter().map(|(name, _)| format!("\"{name}\"=?")).collect();
        let _ = write!(text, " WHERE {}", conditions.join(" AND "));
        let parameters = self.sets.into_iter().chain(self.conditions).map(|(_, value)| value).collect();
        Statement { text, parameters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    #[test]
    fn parameters_are_in_the_order_of_their_marks() {
        let table = "grants".parse().unwrap();
        let insert = Insert::into(&table)
            .value("pk", text("a"))
            .maybe("doc", Some(text("b")))
            .maybe("due", None)
            .build();
        assert_eq!(insert.text, r#"INSERT INTO "grants" VALUE {'pk': ?, 'doc': ?}"#);
        assert_eq!(insert.parameters, [text("a"), text("b")]);
        let update = Update::of(&table, [("pk", text("p")), ("sk", text("s"))])
            .when("hash", text("h"))
            .set("doc", text("d"))
            .set_or_remove("due", None)
            .set_or_remove("at", Some(text("t")))
            .build();
        let expected =
            r#"UPDATE "grants" SET "doc"=? SET "at"=? REMOVE "due" WHERE "pk"=? AND "sk"=? AND "hash"=?"#;
        assert_eq!(update.text, expected);
        assert_eq!(update.parameters, [text("d"), text("t"), text("p"), text("s"), text("h")]);
    }

    #[test]
    fn no_value_ever_reaches_the_text_of_a_statement() {
        let table = "grants".parse().unwrap();
        let hostile = r#"'} ; DELETE FROM "grants" WHERE "pk"=' OR "1"="1"#;
        let tame = Insert::into(&table).value("pk", text("x")).build();
        assert_eq!(Insert::into(&table).value("pk", text(hostile)).build().text, tame.text);
        let update = |value| {
            Update::of(&table, [("pk", text(value)), ("sk", text(value))]).set("a", text(value)).build()
        };
        assert_eq!(update(hostile).text, update("x").text);
    }

    #[test]
    fn a_table_name_cannot_break_out_of_its_quotes() {
        assert!("stint-grants".parse::<TableName>().is_ok());
        for wrong in ["", "ab", "a\"b", "grants\" WHERE", "a b c", "täble", &"x".repeat(256)] {
            assert_eq!(wrong.parse::<TableName>(), Err(InvalidTableName), "{wrong}");
        }
    }
}
