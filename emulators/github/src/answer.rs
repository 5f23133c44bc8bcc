//! Makes the API's answers: objects, pages of lists, refusals.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};

use emulator_core::service::{Response, json_response};

use super::shapes::Base;

/// What an operation comes to.
pub(super) type Outcome = Result<Reply, Refusal>;

/// An answer to a request that was granted.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: Option<Value>,
    link: Option<String>,
}

/// Why a request was not granted.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Outcome {
        Ok(Self { status: StatusCode::OK, body: Some(body), link: None })
    }

    pub(super) fn created(body: Value) -> Outcome {
        Ok(Self { status: StatusCode::CREATED, body: Some(body), link: None })
    }

    pub(super) fn accepted() -> Outcome {
        Ok(Self { status: StatusCode::ACCEPTED, body: Some(json!({})), link: None })
    }

    pub(super) fn no_content() -> Outcome {
        Ok(Self { status: StatusCode::NO_CONTENT, body: None, link: None })
    }

    pub(super) fn linked(body: Value, link: Option<String>) -> Outcome {
        Ok(Self { status: StatusCode::OK, body: Some(body), link })
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => json_response(self.status, &body),
            None => Response::new(Bytes::new()),
        };
        *response.status_mut() = self.status;
        if let Some(link) = self.link.and_then(|link| link.parse().ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(super) fn into_response(self) -> Response {
        let body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.as_u16().to_string(),
        });
        json_response(self.status, &body)
    }
}

/// The parameters of a request's query.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query.
    pub(super) fn of(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Refuses parameters that GitHub honours and this does not: to ignore one is to answer wrongly.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let paging = ["page", "per_page"];
        let strange =
            |name: &&String| !known.contains(&name.as_str()) && !paging.contains(&name.as_str());
        match self.0.keys().find(strange) {
            None => Ok(()),
            Some(name) => Err(Refusal::new(
                StatusCode::NOT_IMPLEMENTED,
                format!("the parameter {name} is not modelled"),
            )),
        }
    }

    pub(super) fn per_page(&self) -> usize {
        self.get("per_page").and_then(|text| text.parse().ok()).unwrap_or(30).clamp(1, 100)
    }

    /// Cuts the asked page out of a list, and links the pages around it.
    pub(super) fn page<T>(
        &self,
        items: Vec<T>,
        base: &Base,
        path: &str,
    ) -> (Vec<T>, Option<String>) {
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

    /// Links the part of a list that begins at a cursor.
    pub(super) fn next_cursor(&self, cursor: u64, base: &Base, path: &str) -> String {
        let mut query = self.0.clone();
        query.insert("cursor".to_owned(), cursor.to_string());
        link(base, path, &query, "next")
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
    fn a_middle_page_links_its_four_neighbours() {
        let base = Base { api: "http://host".to_owned(), web: String::new() };
        let (items, link) =
            Query::of("per_page=2&page=2").page((1..=5).collect(), &base, "runners");
        assert_eq!(items, [3, 4]);
        insta::assert_snapshot!(link.unwrap().replace(", ", "\n"), @r#"
        <http://host/runners?page=1&per_page=2>; rel="prev"
        <http://host/runners?page=3&per_page=2>; rel="next"
        <http://host/runners?page=3&per_page=2>; rel="last"
        <http://host/runners?page=1&per_page=2>; rel="first"
        "#);
    }
}
