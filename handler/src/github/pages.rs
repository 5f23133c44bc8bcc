//! Reads lists page by page, and asks only whether a page has changed where it is known.
//!
//! A list that changes between two pages may show an item twice, or not at all: callers bear both. An answer
//! 304 costs nothing of the hour's requests.
//! <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>

use std::any::Any;
use std::sync::Arc;

use http::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::client::{Call, Github, read};
use super::error::GithubError;
use crate::json::JsonFault;
use crate::transport::Response;

mod known;

pub(super) use known::Known;

/// A list of GitHub's.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    /// The operation, as errors name it.
    pub(super) call: &'static str,
    /// The path below the API's address.
    pub(super) path: &'a str,
    /// The query, without the paging.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// The field of the answer that holds the items; an answer without one is the list itself.
    pub(super) field: Option<&'static str>,
}

/// A page of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// Its items.
    pub(super) items: Vec<T>,
    /// Where the list goes on.
    pub(super) next: Option<Next>,
}

/// The query of a following page, as GitHub linked it: a page's number, or a cursor.
#[derive(Clone, Debug)]
pub struct Next(Vec<(String, String)>);

/// A list, as far as it was read.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether these are all.
    pub complete: bool,
}

impl Github {
    /// Reads a list, at most so many pages of 100.
    ///
    /// # Errors
    /// [`GithubError`].
    pub(super) async fn list<T>(
        &self,
        list: &List<'_>,
        most_pages: usize,
    ) -> Result<Listed<T>, GithubError>
    where
        T: Clone + DeserializeOwned + Send + Sync + 'static,
    {
        let mut items = Vec::new();
        let mut next = None;
        for _ in 0..most_pages {
            let page = self.page::<T>(list, next.as_ref()).await?;
            items.extend_from_slice(&page.items);
            next.clone_from(&page.next);
            if next.is_none() {
                return Ok(Listed { items, complete: true });
            }
        }
        Ok(Listed { items, complete: false })
    }

    /// Reads one page of a list: the first, or the one that another named as its next.
    ///
    /// # Errors
    /// [`GithubError`].
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
        self.conditional(list.call, list.path, &query, |answer| {
            let next = next_of(answer);
            let body: Value = read(list.call, answer)?;
            let items = items_of(body, list.field).map_err(|fault| GithubError::Unavailable {
                call: list.call,
                fault: fault.to_string(),
            })?;
            Ok(Page { items, next })
        })
        .await
    }

    /// Reads an object, which is remembered: as long as it does not change, reading it again is free.
    ///
    /// # Errors
    /// [`GithubError`].
    pub(super) async fn get_known<T>(
        &self,
        call: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Arc<T>, GithubError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.conditional(call, path, query, |answer| read(call, answer)).await
    }

    async fn conditional<T: Send + Sync + 'static>(
        &self,
        call: &'static str,
        path: &str,
        query: &[(&str, &str)],
        read: impl FnOnce(&Response) -> Result<T, GithubError>,
    ) -> Result<Arc<T>, GithubError> {
        let key = format!("{path}?{query:?} {:?}", self.account());
        let known = self.known().find(&key);
        let known = known.and_then(|(etag, what)| Some((etag, what.downcast::<T>().ok()?)));
        let etag = known.as_ref().map(|(etag, _)| etag.as_str());
        let request = Call { query, etag, ..Call::new(call, &Method::GET, path) };
        let answer = self.send(&request, None::<&()>).await?;
        if let Some((_, what)) = known
            && answer.status() == StatusCode::NOT_MODIFIED
        {
            return Ok(what);
        }
        let etag = text(&answer, header::ETAG).map(str::to_owned);
        let what = Arc::new(read(&answer)?);
        if let Some(etag) = etag {
            self.known().keep(key, etag, Arc::clone(&what) as Arc<dyn Any + Send + Sync>);
        }
        Ok(what)
    }
}

fn items_of<T: DeserializeOwned>(
    mut body: Value,
    field: Option<&str>,
) -> Result<Vec<T>, JsonFault> {
    let items = match field {
        Some(field) => body.get_mut(field).map(Value::take).unwrap_or_default(),
        None => body,
    };
    Ok(serde_json::from_value(items)?)
}

/// Reads the link to the next page. Its query alone is used: a payload chooses no address.
fn next_of(answer: &Response) -> Option<Next> {
    let link = next_link(text(answer, header::LINK)?)?;
    let url = Url::parse(link).ok()?;
    Some(Next(url.query_pairs().into_owned().collect()))
}

fn next_link(header: &str) -> Option<&str> {
    let next = header.split(',').find(|link| link.contains(r#"rel="next""#))?;
    next.trim().strip_prefix('<')?.split_once('>').map(|(address, _)| address)
}

fn text(answer: &Response, name: header::HeaderName) -> Option<&str> {
    answer.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_one_that_is_linked_as_such() {
        let link = r#"<https://h/a?page=1>; rel="prev", <https://h/a?page=3>; rel="next", <https://h/a?page=9>; rel="last""#;
        assert_eq!(next_link(link), Some("https://h/a?page=3"));
        assert_eq!(next_link(r#"<https://h/a?page=1>; rel="first""#), None);
    }

    #[test]
    fn items_stand_in_a_field_or_alone() {
        let field: Vec<u8> =
            items_of(serde_json::json!({"total": 2, "n": [1, 2]}), Some("n")).unwrap();
        let alone: Vec<u8> = items_of(serde_json::json!([1, 2]), None).unwrap();
        assert_eq!(field, alone);
        assert!(items_of::<u8>(serde_json::json!({"message": "no"}), Some("n")).is_err());
    }
}
