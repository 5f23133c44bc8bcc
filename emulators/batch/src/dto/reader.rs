//! Deserialization of request bodies that names the invalid property in its errors.
//!
//! The service reads bodies with ODataLib: an engineer's log in
//! [azure-batch-cli-extensions#119](https://github.com/Azure/azure-batch-cli-extensions/issues/119)
//! shows `Microsoft.Data.OData`. Its
//! [`ConvertStringValue`](https://github.com/OData/odata.net/blob/main/src/Microsoft.OData.Core/Json/ODataJsonReaderUtils.cs)
//! converts the text of a number or a boolean as .NET's `Int32.Parse` and `Boolean.Parse` do, and
//! its `StreamReader` skips a byte order mark. The Azure CLI sends numbers as text.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, EnumAccess, Error, IntoDeserializer, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::error::ApiError;

mod body_error;

use body_error::{BodyError, join};

/// The byte order mark of UTF-8, which PowerShell writes before text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Parses a body as JSON.
pub(crate) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    serde_json::from_slice(body).map_err(|err| ApiError::invalid_body(&err.to_string()))
}

/// Deserializes a body.
///
/// Every property must be known: how the service treats unknown ones is not documented, and a
/// misspelt property is what a client's tests should find.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    T::deserialize(Property { path: String::new(), value }).map_err(ApiError::from)
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

impl Property {
    /// Converts the text of a whole number to the number, and leaves any other value as it is.
    ///
    /// White space around the number and a sign before it are allowed, as for `Int32.Parse`.
    fn number_from_text(mut self) -> Result<Self, BodyError> {
        if let Value::String(text) = &self.value {
            let number: Option<i64> = text.trim().parse().ok();
            let number = number.ok_or_else(|| self.not(text, "a whole number"))?;
            self.value = number.into();
        }
        Ok(self)
    }

    /// Converts the text of a boolean to the boolean, and leaves any other value as it is.
    fn boolean_from_text(mut self) -> Result<Self, BodyError> {
        if let Value::String(text) = &self.value {
            let truth = text.trim().to_ascii_lowercase().parse::<bool>().ok();
            let truth = truth.ok_or_else(|| self.not(text, "true or false"))?;
            self.value = truth.into();
        }
        Ok(self)
    }

    fn not(&self, text: &str, expected: &str) -> BodyError {
        BodyError::text_is_not(text, expected).at(&self.path)
    }
}

macro_rules! whole_numbers {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BodyError> {
                self.number_from_text()?.deserialize_any(visitor)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Property {
    type Error = BodyError;

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BodyError> {
        self.boolean_from_text()?.deserialize_any(visitor)
    }

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
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
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
