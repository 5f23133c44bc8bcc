//! Reads objects and lists page by page, with conditional requests for cached responses.
//!
//! If a list changes between two pages, an item may be repeated or missing; callers must handle both. A 304 response
//! does not count against the hourly limit.
//! <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>

use std::any::Any;
use std::sync::Arc;

use http::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use tracing::warn;
use url::Url;

use super::call::Call;
use super::client::Github;
use super::error::GithubError;
use super::response::parse;
use crate::json::items::{Items, items_of};
use crate::transport::Response;

/// A list of the API.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    /// The name of the operation in errors.
    pub(super) call: &'static str,
    /// The path below the URL of the API.
    pub(super) path: &'a str,
    /// The query, without the paging.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// The field of the response that contains the items; `None` if the response itself is the list.
    pub(super) field: Option<&'static str>,
}

/// A page of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// Its items.
    pub(super) items: Vec<T>,
    /// The link to the next page.
    pub(super) next: Option<Next>,
    /// The number of items of all pages, if the response names it.
    pub(super) total: Option<u64>,
    /// The number of items that cannot be read, which are left out.
    pub(super) unreadable: usize,
    /// Whether single sign-on hides items.
    pub(super) partial: bool,
}

/// The query of the next page, from GitHub's link: a page number, or a cursor.
#[derive(Clone, Debug)]
pub struct Next(Vec<(String, String)>);

/// A list that may be incomplete.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether all pages were read.
    pub complete: bool,
    /// The number of items that cannot be read, which are left out.
    pub unreadable: usize,
    /// Whether single sign-on hides items.
    pub partial: bool,
}

impl Github {
    /// Reads a list, at most `max_pages` pages of 100 items.
    pub(super) async fn list<T>(
        &self,
        list: &List<'_>,
        max_pages: usize,
    ) -> Result<Listed<T>, GithubError>
    where
        T: Clone + DeserializeOwned + Send + Sync + 'static,
    {
        let mut all = Listed { items: Vec::new(), complete: false, unreadable: 0, partial: false };
        let mut next = None;
        for _ in 0..max_pages {
            let page = self.page::<T>(list, next.as_ref()).await?;
            all.items.extend_from_slice(&page.items);
            all.unreadable += page.unreadable;
            all.partial |= page.partial;
            next.clone_from(&page.next);
            if next.is_none() {
                all.complete = true;
                break;
            }
        }
        Ok(all)
    }

    /// Reads one page of a list: the first, or the next of another page.
    pub(super) async fn page<T>(
        &self,
        list: &List<'_>,
        next: Option<&Next>,
    ) -> Result<Arc<Page<T>>, GithubError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let first: Vec<(&str, &str)> = [list.query, &[("per_page", "100")]].concat();
        let following: Option<Vec<(&str, &str)>> =
            next.map(|Next(query)| query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect());
        let query = following.unwrap_or(first);
        self.conditional(list.call, list.path, &query, |response| {
            let next = next_of(response);
            let read = items_of(response.body(), list.field);
            let (Items { items, total }, faults) = read.map_err(|fault| {
                GithubError::Unavailable { call: list.call, fault: fault.to_string() }
            })?;
            if let Some(fault) = faults.first() {
                warn!("continuing without {} items while {}: {fault}", faults.len(), list.call);
            }
            let sso = response.headers().get("x-github-sso").and_then(|sso| sso.to_str().ok());
            let partial = sso.is_some_and(|sso| sso.starts_with("partial-results"));
            Ok(Page { items, next, total, unreadable: faults.len(), partial })
        })
        .await
    }

    /// Reads an object with a conditional request: as long as it does not change, this costs nothing of the limit.
    pub(super) async fn get_cached<T>(
        &self,
        call: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Arc<T>, GithubError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.conditional(call, path, query, |response| parse(call, response)).await
    }

    async fn conditional<T: Send + Sync + 'static>(
        &self,
        call: &'static str,
        path: &str,
        query: &[(&str, &str)],
        parse: impl FnOnce(&Response) -> Result<T, GithubError>,
    ) -> Result<Arc<T>, GithubError> {
        let key = format!("{path}?{query:?} {:?}", self.account());
        let cached = self.responses().get(&key);
        let cached = cached.and_then(|(etag, body)| Some((etag, body.downcast::<T>().ok()?)));
        let etag = cached.as_ref().map(|(etag, _)| etag.as_str());
        let request = Call { query, etag, ..Call::new(call, &Method::GET, path) };
        let response = self.send(&request, None::<&()>).await?;
        if let Some((_, body)) = cached
            && response.status() == StatusCode::NOT_MODIFIED
        {
            return Ok(body);
        }
        let etag = text(&response, header::ETAG).map(str::to_owned);
        let body = Arc::new(parse(&response)?);
        if let Some(etag) = etag {
            self.responses().insert(key, etag, Arc::clone(&body) as Arc<dyn Any + Send + Sync>);
        }
        Ok(body)
    }
}

/// Parses the link to the next page. Only its query is used: a response must not choose the host of a request.
fn next_of(response: &Response) -> Option<Next> {
    let link = next_link(text(response, header::LINK)?)?;
    let url = Url::parse(link).ok()?;
    Some(Next(url.query_pairs().into_owned().collect()))
}

fn next_link(header: &str) -> Option<&str> {
    let next = header.split(',').find(|link| link.contains(r#"rel="next""#))?;
    next.trim().strip_prefix('<')?.split_once('>').map(|(url, _)| url)
}

fn text(response: &Response, name: header::HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_one_with_that_relation() {
        let link = r#"<https://h/a?page=1>; rel="prev", <https://h/a?page=3>; rel="next", <https://h/a?page=9>; rel="last""#;
        assert_eq!(next_link(link), Some("https://h/a?page=3"));
        assert_eq!(next_link(r#"<https://h/a?page=1>; rel="first""#), None);
    }
}
