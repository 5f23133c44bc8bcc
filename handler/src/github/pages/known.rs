//! Remembers what GitHub answered, with the tag that tells whether it has changed since.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most answers that are remembered, a few kilobytes each: as many as a run of reconciliation asks for
/// several times over. Where a round of requests is longer than this, none of them is remembered in the next.
const MOST: usize = 2000;

type Anything = Arc<dyn Any + Send + Sync>;

/// What GitHub answered, by path and query. Where there is too much, what was unused the longest goes.
#[derive(Debug, Default)]
pub(in crate::github) struct Known {
    answers: BTreeMap<String, Answer>,
    uses: u64,
}

#[derive(Debug)]
struct Answer {
    etag: String,
    what: Anything,
    used: u64,
}

impl Known {
    pub(super) fn find(&mut self, key: &str) -> Option<(String, Anything)> {
        self.uses += 1;
        let answer = self.answers.get_mut(key)?;
        answer.used = self.uses;
        Some((answer.etag.clone(), Arc::clone(&answer.what)))
    }

    pub(super) fn keep(&mut self, key: String, etag: String, what: Anything) {
        self.uses += 1;
        self.answers.insert(key, Answer { etag, what, used: self.uses });
        if self.answers.len() > MOST {
            let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.used);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.answers.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_unused_the_longest_is_forgotten() {
        let mut known = Known::default();
        let keep = |known: &mut Known, n: usize| {
            known.keep(n.to_string(), format!("tag-{n}"), Arc::new(n));
        };
        (0..MOST).for_each(|n| keep(&mut known, n));
        assert!(known.find("0").is_some());
        keep(&mut known, MOST);
        assert!(known.find("1").is_none());
        let (etag, what) = known.find("0").expect("used since");
        assert_eq!((etag.as_str(), what.downcast_ref::<usize>()), ("tag-0", Some(&0)));
    }
}
