//! `$filter`: comparisons of a resource's properties, joined by `and` and `or`.
//!
//! The properties of each list and their operators are those of
//! [OData filters in Azure Batch](https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch).
//!
//! Rejected: the `odata-params` crate. It calls itself work in progress, drops the reason of an
//! error, and parses only the literals of OData v4, where Batch uses v3's `DateTime'…'`.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use crate::dto::Timestamp;

mod field;
mod token;
mod parser;

pub(crate) use field::Field;
use parser::Parser;

/// The value of a property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand<'a> {
    /// The property is not set; it equals no value.
    Absent,
    Text(Cow<'a, str>),
    Number(i64),
    Time(DateTime<Utc>),
    Flag(bool),
}

impl From<bool> for Operand<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'a> From<&'a str> for Operand<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<i32> for Operand<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<Timestamp> for Operand<'_> {
    fn from(stamp: Timestamp) -> Self {
        Self::Time(stamp.to_utc())
    }
}

impl<'a, T: Into<Operand<'a>>> From<Option<T>> for Operand<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Operand::Absent, Into::into)
    }
}

/// A filter. The default matches everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter(Option<Term>);

#[derive(Clone, Debug)]
enum Term {
    All(Vec<Term>),
    Any(Vec<Term>),
    Compare { property: &'static str, comparison: Comparison, with: Operand<'static> },
    StartsWith { property: &'static str, prefix: String },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Filter {
    /// Parses a filter on the given properties.
    pub(crate) fn parse(
        text: &str,
        fields: &'static [(&'static str, Field)],
    ) -> Result<Self, String> {
        Ok(Self(Some(Parser::read(text, fields)?)))
    }

    /// Returns whether a resource with these properties matches.
    pub(crate) fn matches<'a>(&self, property: impl Fn(&str) -> Operand<'a>) -> bool {
        self.0.as_ref().is_none_or(|term| term.matches(&property))
    }
}

impl Term {
    fn matches<'a>(&self, value_of: &impl Fn(&str) -> Operand<'a>) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.matches(value_of)),
            Self::Any(terms) => terms.iter().any(|term| term.matches(value_of)),
            Self::Compare { property, comparison, with } => {
                comparison.matches(order(&value_of(property), with))
            }
            Self::StartsWith { property, prefix } => match value_of(property) {
                Operand::Text(text) => text.starts_with(prefix),
                _ => false,
            },
        }
    }
}

fn order(left: &Operand<'_>, right: &Operand<'_>) -> Option<Ordering> {
    match (left, right) {
        (Operand::Text(left), Operand::Text(right)) => Some(left.cmp(right)),
        (Operand::Number(left), Operand::Number(right)) => Some(left.cmp(right)),
        (Operand::Time(left), Operand::Time(right)) => Some(left.cmp(right)),
        (Operand::Flag(left), Operand::Flag(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

impl Comparison {
    fn of(word: &str) -> Option<Self> {
        let all = [
            ("eq", Self::Eq),
            ("ne", Self::Ne),
            ("gt", Self::Gt),
            ("ge", Self::Ge),
            ("lt", Self::Lt),
            ("le", Self::Le),
        ];
        all.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, op)| op)
    }

    fn matches(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Eq => order == Some(Ordering::Equal),
            Self::Ne => order != Some(Ordering::Equal),
            Self::Gt => order == Some(Ordering::Greater),
            Self::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Lt => order == Some(Ordering::Less),
            Self::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[(&str, Field)] = &[
        ("id", Field::Text),
        ("state", Field::Word(&["active", "running"])),
        ("allocationState", Field::OneOf(&["steady", "resizing"])),
        ("vmSize", Field::Name),
        ("poolId", Field::Id),
        ("name", Field::Prefix),
        ("enableAutoScale", Field::Flag),
        ("executionInfo/exitCode", Field::Number),
        ("creationTime", Field::Time),
    ];

    #[track_caller]
    fn check(filter: &str, expected: Result<bool, &str>) {
        let created: DateTime<Utc> = "2026-11-21T10:00:00.5Z".parse().unwrap();
        let property = |name: &str| match name {
            "id" => Operand::from("gh-1"),
            "state" => Operand::from("active"),
            "enableAutoScale" => Operand::from(true),
            "name" => Operand::from("wd/a"),
            "creationTime" => Operand::Time(created),
            _ => Operand::Absent,
        };
        let matches = Filter::parse(filter, FIELDS).map(|filter| filter.matches(property));
        assert_eq!(matches.as_ref().map_err(String::as_str), expected.as_ref().map_err(|s| *s));
    }

    #[test]
    fn filters_compare_and_join() {
        check("state eq 'active'", Ok(true));
        check("state ne 'active' or startswith(id, 'gh-')", Ok(true));
        check("state eq 'running' or state eq 'active' and id eq 'gh-2'", Ok(false));
        check("(state eq 'running' OR state eq 'active') AND id lt 'gh-2'", Ok(true));
        check("executionInfo/exitCode ne 0", Ok(true));
        check("executionInfo/exitCode ge -1", Ok(false));
        check("creationTime ge DateTime'2026-11-21T10:00:00Z'", Ok(true));
        check("creationTime lt 2026-11-21T10:00:00Z", Ok(false));
        check("creationTime ge DateTime'2026-11-21'", Ok(true));
        check("creationTime lt datetime'2026-11-21T10:00Z'", Ok(false));
        check("state eq 'Active'", Ok(true));
        check("enableAutoScale eq true and enableAutoScale ne false", Ok(true));
        check("startswith(name, 'wd/')", Ok(true));
    }

    #[test]
    fn an_invalid_filter_is_rejected_with_a_reason() {
        check("state gt 'active'", Err("that operator does not apply to state"));
        check("commandLine eq 'x'", Err("commandLine cannot be filtered by"));
        check("state eq 1", Err("state cannot be compared with 1"));
        check("state eq 'active", Err("missing closing quote"));
        check("state eq 'it''s'", Err("state is never 'it's'"));
        check("id eq 'it''s'", Ok(false));
        check("state eq 'done'", Err("state is never 'done'"));
        check("state ne ''", Err("state is never ''"));
        check(
            "allocationState ne 'steady'",
            Err("that operator does not apply to allocationState"),
        );
        check("vmSize gt 'a'", Err("that operator does not apply to vmSize"));
        check("poolId ne 'a'", Err("that operator does not apply to poolId"));
        check("name eq 'a'", Err("that operator does not apply to name"));
        check("startswith(vmSize, 'a')", Err("startswith does not apply to vmSize"));
        check("enableAutoScale eq 'true'", Err("enableAutoScale cannot be compared with 'true'"));
        check("enableAutoScale eq 1", Err("enableAutoScale cannot be compared with 1"));
        check(
            "executionInfo/exitCode eq 1.5",
            Err("executionInfo/exitCode cannot be compared with 1.5"),
        );
        check(
            "executionInfo/exitCode eq '1'",
            Err("executionInfo/exitCode cannot be compared with '1'"),
        );
        check(
            "creationTime ge 'yesterday'",
            Err("creationTime cannot be compared with 'yesterday'"),
        );
        check("creationTime ge DateTime'2026-13-01'", Err("unexpected DateTime before a quote"));
        check("state eq 'active' state", Err("unexpected state"));
        check("state eq", Err("the filter ends too early"));
        check(&"(".repeat(100), Err("too many parentheses are open"));
    }
}
