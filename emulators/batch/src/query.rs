//! Query parameters of requests: version, filter, selection, page.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use super::error::ApiError;
use super::versions::{self, Version};
use emulator_core::service::Request;

mod filter;

pub(crate) use filter::{Field, Filter, Operand};

/// The maximum size of a page.
const MAX_PAGE_SIZE: usize = 1_000;

/// The query parameters of a request.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    parameters: BTreeMap<String, String>,
    version: Version,
}

impl Query {
    /// Parses the query of a request in this version. Every parameter must be allowed.
    pub(crate) fn read(
        request: &Request,
        version: Version,
        allowed: &[&str],
    ) -> Result<Self, ApiError> {
        let text = request.uri().query().unwrap_or_default();
        let all: BTreeMap<_, _> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let known = |name: &str| [versions::PARAMETER, "timeOut", "timeout"].contains(&name);
        match all.keys().find(|name| !known(name) && !allowed.contains(&name.as_str())) {
            Some(name) if name == "$expand" => Err(ApiError::not_modelled("the parameter $expand")),
            Some(name) => Err(ApiError::unsupported_parameter(name)),
            None => Self { parameters: all, version }.with_valid_timeout(),
        }
    }

    /// Checks the timeout: seconds, of which more than 30 count as 30.
    fn with_valid_timeout(self) -> Result<Self, ApiError> {
        for name in ["timeOut", "timeout"] {
            if let Some(value) = self.get(name)
                && !value.parse::<u32>().is_ok_and(|seconds| seconds > 0)
            {
                let reason = "must be a positive number of seconds";
                return Err(ApiError::invalid_parameter(name, value, reason));
            }
        }
        Ok(self)
    }

    /// Returns a parameter's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns whether a parameter is `true`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(ApiError::invalid_parameter(name, value, "must be true or false")),
        }
    }

    /// Returns whether `$expand` requests statistics, the only supported expansion.
    pub(crate) fn wants_statistics(&self) -> Result<bool, ApiError> {
        match self.get("$expand") {
            None => Ok(false),
            Some("stats") => Ok(true),
            Some(other) => Err(ApiError::invalid_parameter("$expand", other, "must be stats")),
        }
    }

    /// Parses `$select`.
    pub(crate) fn selection(
        &self,
        properties: &'static [&'static str],
    ) -> Result<Select, ApiError> {
        let Some(text) = self.get("$select") else { return Ok(Select(None)) };
        let wanted: Vec<_> = text.split(',').map(str::trim).map(str::to_owned).collect();
        let known = |name: &str| properties.contains(&name) && self.version.has(name);
        match wanted.iter().find(|name| !known(name)) {
            Some(name) => {
                let reason = format!("{name} is not a property of the resource");
                Err(ApiError::invalid_parameter("$select", text, &reason))
            }
            None => Ok(Select(Some(wanted))),
        }
    }

    /// Parses `$filter`.
    pub(crate) fn filter(
        &self,
        fields: &'static [(&'static str, Field)],
    ) -> Result<Filter, ApiError> {
        let Some(text) = self.get("$filter") else { return Ok(Filter::default()) };
        Filter::parse(text, fields)
            .map_err(|reason| ApiError::invalid_parameter("$filter", text, &reason))
    }

    /// Parses `maxresults` and `$skiptoken`.
    pub(crate) fn page(&self) -> Result<Page<'_>, ApiError> {
        let size = match self.get("maxresults") {
            None => MAX_PAGE_SIZE,
            Some(text) => match text.parse() {
                Ok(size) if (1..=MAX_PAGE_SIZE).contains(&size) => size,
                _ => {
                    let reason = "must be between 1 and 1000";
                    return Err(ApiError::invalid_parameter("maxresults", text, reason));
                }
            },
        };
        Ok(Page { after: self.get("$skiptoken"), size })
    }

    /// Returns the link to the page after the one that ends with this key.
    pub(crate) fn next_link(&self, base: &str, path: &str, last: &str) -> String {
        let mut link = form_urlencoded::Serializer::new(String::new());
        let kept = self.parameters.iter().filter(|(name, _)| *name != "$skiptoken");
        link.extend_pairs(kept).append_pair("$skiptoken", last);
        // The Python SDK's signer decodes a plus as a space, others as a plus; `%20` is
        // unambiguous.
        format!("{base}{path}?{}", link.finish().replace('+', "%20"))
    }
}

/// The requested page of a list: the items after a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    pub(crate) after: Option<&'a str>,
    pub(crate) size: usize,
}

impl Page<'_> {
    /// Returns the page's items, and its last key if there are more. `items` are the matching items
    /// after the page's key, in key order.
    pub(crate) fn cut<K: ToString, V>(
        self,
        mut items: impl Iterator<Item = (K, V)>,
    ) -> (Vec<V>, Option<String>) {
        let mut last = None;
        let mut page = Vec::new();
        for (key, item) in items.by_ref().take(self.size) {
            last = Some(key);
            page.push(item);
        }
        let more = page.len() == self.size && items.next().is_some();
        (page, last.filter(|_| more).map(|key| key.to_string()))
    }
}

/// The selected properties of a response.
#[derive(Clone, Debug)]
pub(crate) struct Select(Option<Vec<String>>);

impl Select {
    /// Serializes a view with the selected properties only.
    pub(crate) fn write(&self, view: &impl Serialize) -> Value {
        let mut value = serde_json::to_value(view).expect("views have text for keys");
        if let (Some(wanted), Some(members)) = (&self.0, value.as_object_mut()) {
            members.retain(|name, _| wanted.contains(name));
        }
        value
    }
}
