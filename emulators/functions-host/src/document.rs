//! Reads fields of a JSON document, so that every error names the file and the field.

use std::time::Duration;

use serde_json::Value;

/// A definition that the host cannot work with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{file}: {field} {trouble}")]
pub struct BadDefinition {
    /// The file, relative to the application's root.
    pub file: String,
    /// The field, as a path from the document's root.
    pub field: String,
    /// What is wrong with it.
    pub trouble: String,
}

/// One object within a document, and where it lies.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    file: &'a str,
    place: String,
    value: &'a Value,
}

impl<'a> Section<'a> {
    /// Takes a whole document, which must be an object.
    pub(super) fn root(file: &'a str, value: &'a Value) -> Result<Self, BadDefinition> {
        let root = Self { file, place: String::new(), value };
        if value.is_object() { Ok(root) } else { Err(root.fault("the document", "is no object")) }
    }

    /// Takes an object within this one.
    pub(super) fn section(&self, name: &str) -> Result<Option<Self>, BadDefinition> {
        self.field(name, "object", |value| {
            value.is_object().then(|| Self { file: self.file, place: self.path(name), value })
        })
    }

    /// Takes the objects of a list.
    pub(super) fn sections(&self, name: &str) -> Result<Option<Vec<Self>>, BadDefinition> {
        let Some(items) = self.field(name, "list", Value::as_array)? else { return Ok(None) };
        let place = |index| format!("{}[{index}]", self.path(name));
        let sections = items.iter().enumerate().map(|(index, value)| {
            let section = Self { file: self.file, place: place(index), value };
            if value.is_object() { Ok(section) } else { Err(self.fault(name, "holds no objects")) }
        });
        sections.collect::<Result<_, _>>().map(Some)
    }

    /// Takes a string.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, BadDefinition> {
        self.field(name, "string", Value::as_str)
    }

    /// Takes a list of strings.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, BadDefinition> {
        self.field(name, "list of strings", |value| {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        })
    }

    /// Takes a truth value.
    pub(super) fn flag(&self, name: &str) -> Result<bool, BadDefinition> {
        Ok(self.field(name, "truth value", Value::as_bool)?.unwrap_or(false))
    }

    /// Takes a whole number within bounds.
    pub(super) fn number(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, BadDefinition> {
        let Some(number) = self.field(name, "whole number", Value::as_u64)? else {
            return Ok(None);
        };
        if bounds.contains(&number) {
            return Ok(Some(number));
        }
        let (low, high) = bounds.into_inner();
        Err(self.fault(name, &format!("must lie between {low} and {high}")))
    }

    /// Takes a span of time as .NET writes it: `hh:mm:ss`, with days before and a fraction behind.
    pub(super) fn span(&self, name: &str) -> Result<Option<Duration>, BadDefinition> {
        self.field(name, "time span such as 00:00:30", |value| time_span(value.as_str()?))
    }

    /// Insists on a field.
    pub(super) fn required<T>(&self, name: &str, found: Option<T>) -> Result<T, BadDefinition> {
        found.ok_or_else(|| self.fault(name, "is missing"))
    }

    /// Makes an error about a field of this object.
    pub(super) fn fault(&self, name: &str, trouble: &str) -> BadDefinition {
        let (file, field) = (self.file.to_owned(), self.path(name));
        BadDefinition { file, field, trouble: trouble.to_owned() }
    }

    fn field<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, BadDefinition> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(self.fault(name, &format!("is no {kind}"))),
            },
        }
    }

    fn path(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }
}

fn time_span(text: &str) -> Option<Duration> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (days, hours): (u64, u64) = (days.parse().ok()?, hours.parse().ok()?);
    let minutes: u64 = minutes.parse().ok()?;
    let seconds: f64 = seconds.parse().ok()?;
    let in_bounds = hours < 24 && minutes < 60 && (0.0..60.0).contains(&seconds);
    let whole = Duration::from_secs((days * 24 + hours) * 3600 + minutes * 60);
    in_bounds.then(|| whole + Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_reads_as_dotnet_writes_it() {
        let spans = ["00:00:30", "1.02:00:00", "00:00:00.5", "90", "00:61:00", "24:00:00"];
        let seconds = spans.map(|text| time_span(text).map(|span| span.as_secs_f64()));
        assert_eq!(seconds, [Some(30.0), Some(93_600.0), Some(0.5), None, None, None]);
    }

    #[test]
    fn an_error_names_the_file_and_the_way_to_the_field() {
        let value = serde_json::json!({ "bindings": [{ "type": 7 }] });
        let root = Section::root("Claim/function.json", &value).expect("an object");
        let bindings = root.sections("bindings").expect("a list").expect("present");
        let err = bindings[0].text("type").expect_err("a number is no string");
        assert_eq!(err.to_string(), "Claim/function.json: bindings[0].type is no string");
    }
}
