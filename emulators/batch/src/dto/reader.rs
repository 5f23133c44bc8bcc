//! Deserialization of request bodies that names the invalid property in its errors.

use std::fmt::{self, Display, Formatter};

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::error::ApiError;

/// Parses a body as JSON.
pub(crate) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|err| ApiError::invalid_body(&err.to_string()))
}

/// Deserializes a body.
///
/// Every property must be known: how the service treats unknown ones is not documented, and a
/// misspelt property is what a client's tests should find.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    T::deserialize(Property { path: String::new(), value }).map_err(ApiError::from)
}

/// An error in a body and the path of its property.
#[derive(Debug)]
pub(crate) struct BodyError {
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

    /// Adds the path of the property; the innermost path wins.
    fn at(mut self, path: &str) -> Self {
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

fn join(path: &str, name: &str) -> String {
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

/// A JSON value and the path of its property.
struct Property {
    path: String,
    value: Value,
}

impl<'de> IntoDeserializer<'de, BodyError> for Property {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Property {
    type Error = BodyError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BodyError> {
        let Self { path, value } = self;
        let read = match value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(truth),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let item = |(index, value)| Self { path: format!("{path}[{index}]"), value };
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().enumerate().map(item)))
            }
            Value::Object(members) => {
                let member = |(name, value): (String, Value)| {
                    let path = join(&path, &name);
                    (name, Self { path, value })
                };
                visitor.visit_map(MapDeserializer::new(members.into_iter().map(member)))
            }
        };
        read.map_err(|err| err.at(&path))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BodyError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BodyError> {
        let path = self.path.clone();
        visitor.visit_enum(self).map_err(|err| err.at(&path))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BodyError> {
        // Serde would accept an array as the fields in order.
        if !self.value.is_object() {
            return Err(BodyError::custom("expected an object").at(&self.path));
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Property {
    type Error = BodyError;
    type Variant = UnitVariant;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, UnitVariant), BodyError> {
        Ok((seed.deserialize(self)?, UnitVariant))
    }
}

/// A variant without content: all enums of the API are strings.
struct UnitVariant;

impl<'de> VariantAccess<'de> for UnitVariant {
    type Error = BodyError;

    fn unit_variant(self) -> Result<(), BodyError> {
        Ok(())
    }

    fn newtype_variant_seed<T: serde::de::DeserializeSeed<'de>>(
        self,
        _seed: T,
    ) -> Result<T::Value, BodyError> {
        Err(BodyError::custom("expected a string"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _v: V) -> Result<V::Value, BodyError> {
        Err(BodyError::custom("expected a string"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, BodyError> {
        Err(BodyError::custom("expected a string"))
    }
}
