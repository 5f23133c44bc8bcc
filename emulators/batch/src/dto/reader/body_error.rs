//! Errors in request bodies.

use std::fmt::{self, Display, Formatter};

use serde::de::{Error, Expected, Unexpected};

use crate::error::ApiError;

/// An error in a body and the path of its property.
#[derive(Debug)]
pub(in crate::dto) struct BodyError {
    path: Option<String>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Missing(&'static str),
    Unknown(String),
    Invalid { found: Option<String>, reason: String },
}

impl BodyError {
    fn of(kind: Kind) -> Self {
        Self { path: None, kind }
    }

    /// Creates the error for text that cannot be converted.
    pub(super) fn text_is_not(text: &str, expected: &str) -> Self {
        let reason = format!("expected {expected}");
        Self::of(Kind::Invalid { found: Some(text.to_owned()), reason })
    }

    /// Adds the path of the property; the innermost path wins.
    pub(super) fn at(mut self, path: &str) -> Self {
        self.path.get_or_insert_with(|| path.to_owned());
        self
    }
}

impl From<BodyError> for ApiError {
    fn from(err: BodyError) -> Self {
        let path = err.path.unwrap_or_default();
        match err.kind {
            Kind::Missing(name) => Self::missing_property(&join(&path, name)),
            Kind::Unknown(name) => Self::unsupported_property(&join(&path, &name)),
            Kind::Invalid { reason, .. } if path.is_empty() => Self::invalid_body(&reason),
            Kind::Invalid { found, reason } => {
                Self::invalid_property(&path, found.as_deref().unwrap_or_default(), &reason)
            }
        }
    }
}

/// Returns the path of a member.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Display for BodyError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for BodyError {}

impl Error for BodyError {
    fn custom<T: Display>(reason: T) -> Self {
        Self::of(Kind::Invalid { found: None, reason: reason.to_string() })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(Kind::Invalid {
            found: None,
            reason: format!("expected {expected}, found {found}"),
        })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let text = match found {
            Unexpected::Str(text) => text.to_owned(),
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Unsigned(number) => number.to_string(),
            other => other.to_string(),
        };
        Self::of(Kind::Invalid { found: Some(text), reason: format!("expected {expected}") })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let reason = format!("expected one of {}", expected.join(", "));
        Self::of(Kind::Invalid { found: Some(variant.to_owned()), reason })
    }

    fn unknown_field(field: &str, _expected: &'static [&'static str]) -> Self {
        Self::of(Kind::Unknown(field.to_owned()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of(Kind::Missing(field))
    }
}
