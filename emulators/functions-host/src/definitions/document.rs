//! Access to the fields of a JSON document; every error names the file and the field.

use std::time::Duration;

use serde_json::Value;

/// A definition that the host rejects.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{file}: {field} {problem}")]
pub struct InvalidDefinition {
    /// The file, relative to the application's root.
    pub file: String,
    /// The field, as a path from the document's root.
    pub field: String,
    /// The problem.
    pub problem: String,
}

/// An object in a document, and its path.
#[derive(Clone, Debug)]
pub(crate) struct Section<'a> {
    file: &'a str,
    path: String,
    value: &'a Value,
}

impl<'a> Section<'a> {
    /// Returns the root of a document, which must be an object.
    pub(crate) fn root(file: &'a str, value: &'a Value) -> Result<Self, InvalidDefinition> {
        let root = Self { file, path: String::new(), value };
        if value.is_object() {
            Ok(root)
        } else {
            Err(root.error("the document", "must be an object"))
        }
    }

    /// Returns an object inside this one.
    pub(crate) fn section(&self, name: &str) -> Result<Option<Self>, InvalidDefinition> {
        self.field(name, "an object", |value| {
            value.is_object().then(|| Self { file: self.file, path: self.path_of(name), value })
        })
    }

    /// Returns the objects of an array.
    pub(crate) fn sections(&self, name: &str) -> Result<Option<Vec<Self>>, InvalidDefinition> {
        let Some(items) = self.field(name, "an array", Value::as_array)? else { return Ok(None) };
        let item_path = |index| format!("{}[{index}]", self.path_of(name));
        let sections = items.iter().enumerate().map(|(index, value)| {
            let section = Self { file: self.file, path: item_path(index), value };
            if value.is_object() {
                Ok(section)
            } else {
                Err(self.error(name, "must contain objects"))
            }
        });
        sections.collect::<Result<_, _>>().map(Some)
    }

    /// Returns a string.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, InvalidDefinition> {
        self.field(name, "a string", Value::as_str)
    }

    /// Returns an array of strings.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, InvalidDefinition> {
        self.field(name, "an array of strings", |value| {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        })
    }

    /// Returns a boolean; false if absent.
    pub(crate) fn boolean(&self, name: &str) -> Result<bool, InvalidDefinition> {
        Ok(self.field(name, "a boolean", Value::as_bool)?.unwrap_or(false))
    }

    /// Returns an integer in a range.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, InvalidDefinition> {
        let Some(number) = self.field(name, "an integer", Value::as_u64)? else {
            return Ok(None);
        };
        if range.contains(&number) {
            return Ok(Some(number));
        }
        let (low, high) = range.into_inner();
        Err(self.error(name, &format!("must be between {low} and {high}")))
    }

    /// Returns a duration in the format of .NET: `[d.]hh:mm:ss[.fffffff]`.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, InvalidDefinition> {
        self.field(name, "a time span such as 00:00:30", |value| parse_time_span(value.as_str()?))
    }

    /// Returns the value of a required field.
    pub(crate) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, InvalidDefinition> {
        value.ok_or_else(|| self.error(name, "is missing"))
    }

    /// Returns an error about a field of this object.
    pub(crate) fn error(&self, name: &str, problem: &str) -> InvalidDefinition {
        let (file, field) = (self.file.to_owned(), self.path_of(name));
        InvalidDefinition { file, field, problem: problem.to_owned() }
    }

    fn field<T>(
        &self,
        name: &str,
        kind: &str,
        convert: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, InvalidDefinition> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match convert(value) {
                Some(converted) => Ok(Some(converted)),
                None => Err(self.error(name, &format!("must be {kind}"))),
            },
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

fn parse_time_span(text: &str) -> Option<Duration> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (days, hours): (u64, u64) = (days.parse().ok()?, hours.parse().ok()?);
    let minutes: u64 = minutes.parse().ok()?;
    let seconds: f64 = seconds.parse().ok()?;
    let is_valid = hours < 24 && minutes < 60 && (0.0..60.0).contains(&seconds);
    let whole = Duration::from_secs((days * 24 + hours) * 3600 + minutes * 60);
    is_valid.then(|| whole + Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_has_the_format_of_dotnet() {
        let spans = ["00:00:30", "1.02:00:00", "00:00:00.5", "90", "00:61:00", "24:00:00"];
        let seconds = spans.map(|text| parse_time_span(text).map(|span| span.as_secs_f64()));
        assert_eq!(seconds, [Some(30.0), Some(93_600.0), Some(0.5), None, None, None]);
    }

    #[test]
    fn an_error_names_the_file_and_the_path_of_the_field() {
        let value = serde_json::json!({ "bindings": [{ "type": 7 }] });
        let root = Section::root("Claim/function.json", &value).expect("an object");
        let bindings = root.sections("bindings").expect("a list").expect("present");
        let err = bindings[0].text("type").expect_err("a number is not a string");
        assert_eq!(err.to_string(), "Claim/function.json: bindings[0].type must be a string");
    }
}
