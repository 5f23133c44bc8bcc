//! The caches of the client: responses with their entity tags for conditional requests, and runner groups.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lru::LruCache;

use crate::runner_group::RunnerGroup;

/// Maximum number of cached responses, a few kilobytes each: several times as many as a run of reconciliation requests.
/// If a run needs more, the next run finds none of them.
const MAX_RESPONSES: NonZero<usize> = NonZero::new(2000).expect("2000 is not 0");

/// Runner groups by level and name, each with the time when it was read.
pub(super) type GroupCache = BTreeMap<String, (DateTime<Utc>, Arc<RunnerGroup>)>;

type AnyBody = Arc<dyn Any + Send + Sync>;

/// GitHub's responses by path and query: the most recently used ones.
#[derive(Debug)]
pub(super) struct ResponseCache(LruCache<String, (String, AnyBody)>);

impl Default for ResponseCache {
    fn default() -> Self {
        Self(LruCache::new(MAX_RESPONSES))
    }
}

impl ResponseCache {
    /// Returns the entity tag and the parsed body of a response.
    pub(super) fn get(&mut self, key: &str) -> Option<(String, AnyBody)> {
        self.0.get(key).cloned()
    }

    /// Adds a response.
    pub(super) fn insert(&mut self, key: String, etag: String, body: AnyBody) {
        self.0.put(key, (etag, body));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_response_is_evicted() {
        let mut cache = ResponseCache::default();
        let insert = |cache: &mut ResponseCache, n: usize| {
            cache.insert(n.to_string(), format!("tag-{n}"), Arc::new(n));
        };
        let max = MAX_RESPONSES.get();
        (0..max).for_each(|n| insert(&mut cache, n));
        assert!(cache.get("0").is_some());
        insert(&mut cache, max);
        assert!(cache.get("1").is_none());
        let (etag, body) = cache.get("0").expect("used recently");
        assert_eq!((etag.as_str(), body.downcast_ref::<usize>()), ("tag-0", Some(&0)));
    }
}
