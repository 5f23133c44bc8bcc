//! API requests as handlers see them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::response::{ApiResponse, ApiResult};
use crate::auth::Caller;
use crate::dto::Base;
use crate::error::ApiError;
use crate::model::repository::Repository;
use crate::model::scope::Scope;
use crate::state::State;

/// A request to the API.
pub(crate) struct ApiRequest<'a> {
    pub(crate) scope: Option<&'a Scope>,
    pub(crate) params: &'a Params,
    pub(crate) query: Query,
    pub(crate) body: &'a [u8],
    pub(crate) base: Base,
    /// The path within the API, without the leading slash.
    pub(crate) path: &'a str,
    pub(crate) caller: Caller,
    pub(crate) now: DateTime<Utc>,
}

/// The parameters of a request's path, by their names in the template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(pub(crate) BTreeMap<&'static str, String>);

/// The parameters of a request's query.
#[derive(Debug)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Params {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Returns an id; 0, the id of nothing, if it is not a number.
    pub(crate) fn id(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }
}

impl ApiRequest<'_> {
    /// Finds the scope in the path.
    pub(crate) fn scope(&self, state: &State) -> Result<Scope, ApiError> {
        self.scope.and_then(|scope| state.find_scope(scope)).ok_or_else(ApiError::not_found)
    }

    /// Finds the repository in the path.
    pub(crate) fn repository<'s>(&self, state: &'s State) -> Result<&'s Repository, ApiError> {
        match self.scope {
            Some(Scope::Repository(name)) => state.repository(name).ok_or_else(ApiError::not_found),
            _ => Err(ApiError::not_found()),
        }
    }

    /// Responds with a page of a list as an array.
    pub(crate) fn array<T>(&self, items: Vec<T>, write: impl Fn(T) -> Value) -> ApiResult {
        let (items, link) = self.page(items);
        ApiResponse::linked(items.into_iter().map(write).collect(), link)
    }

    /// Responds with a page of a list in an object: `total_count`, and the items under `name`.
    pub(crate) fn list<T>(
        &self,
        name: &str,
        items: Vec<T>,
        write: impl Fn(T) -> Value,
    ) -> ApiResult {
        let total = items.len();
        self.shown(name, items, total, write)
    }

    /// Responds with a page of a list of which no more than `max` items are shown; `total_count` has all.
    pub(crate) fn list_up_to<T>(
        &self,
        max: usize,
        name: &str,
        mut items: Vec<T>,
        write: impl Fn(T) -> Value,
    ) -> ApiResult {
        let total = items.len();
        items.truncate(max);
        self.shown(name, items, total, write)
    }

    fn shown<T>(
        &self,
        name: &str,
        items: Vec<T>,
        total: usize,
        write: impl Fn(T) -> Value,
    ) -> ApiResult {
        let (items, link) = self.page(items);
        let items: Value = items.into_iter().map(write).collect();
        ApiResponse::linked(json!({ "total_count": total, name: items }), link)
    }

    /// Writes the `Link` header of the part of a list that begins at a cursor.
    pub(crate) fn next_cursor_link(&self, cursor: u64) -> String {
        let mut query = self.query.0.clone();
        query.insert("cursor".to_owned(), cursor.to_string());
        link(&self.base, self.path, &query, "next")
    }

    fn page<T>(&self, items: Vec<T>) -> (Vec<T>, Option<String>) {
        self.query.page(items, &self.base, self.path)
    }
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// Writes the query with its question mark; an empty text without parameters.
    pub(crate) fn text(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        format!("?{}", pairs.extend_pairs(&self.0).finish())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Rejects parameters that GitHub supports but this emulator does not: ignoring one would give a wrong
    /// response.
    pub(crate) fn allow_only(&self, known: &[&str]) -> Result<(), ApiError> {
        let paging = ["page", "per_page"];
        let unknown =
            |name: &&String| !known.contains(&name.as_str()) && !paging.contains(&name.as_str());
        match self.0.keys().find(unknown) {
            None => Ok(()),
            Some(name) => Err(ApiError::new(
                StatusCode::NOT_IMPLEMENTED,
                format!("the parameter {name} is not modelled"),
            )),
        }
    }

    pub(crate) fn per_page(&self) -> usize {
        self.get("per_page").and_then(|text| text.parse().ok()).unwrap_or(30).clamp(1, 100)
    }

    /// Returns the requested page of a list, and the `Link` header of the pages around it.
    fn page<T>(&self, items: Vec<T>, base: &Base, path: &str) -> (Vec<T>, Option<String>) {
        let size = self.per_page();
        let page = self.get("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
        let last = items.len().div_ceil(size).max(1);
        let to = |page: usize, rel: &str| {
            let mut query = self.0.clone();
            query.insert("page".to_owned(), page.to_string());
            link(base, path, &query, rel)
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(to(page - 1, "prev"));
        }
        if page < last {
            links.push(to(page + 1, "next"));
            links.push(to(last, "last"));
        }
        if page > 1 {
            links.push(to(1, "first"));
        }
        let items = items.into_iter().skip((page - 1) * size).take(size).collect();
        (items, (!links.is_empty()).then(|| links.join(", ")))
    }
}

fn link(base: &Base, path: &str, query: &BTreeMap<String, String>, rel: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("<{}/{path}?{query}>; rel=\"{rel}\"", base.api)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_middle_page_links_to_its_four_neighbours() {
        let base = Base { api: "http://host".to_owned(), web: String::new() };
        let (items, link) =
            Query::parse("per_page=2&page=2").page((1..=5).collect(), &base, "runners");
        assert_eq!(items, [3, 4]);
        insta::assert_snapshot!(link.unwrap().replace(", ", "\n"), @r#"
        <http://host/runners?page=1&per_page=2>; rel="prev"
        <http://host/runners?page=3&per_page=2>; rel="next"
        <http://host/runners?page=3&per_page=2>; rel="last"
        <http://host/runners?page=1&per_page=2>; rel="first"
        "#);
    }
}
