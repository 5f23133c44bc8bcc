//! The patterns of the setting `AllowedRepositories`.
//!
//! Matched here and not by globset: two wildcards need no more, and globset with its regular expressions was a tenth of
//! the shipped handler.

use super::{MAX_PART_LENGTH, Repository, is_plain};

/// A pattern `OWNER/NAME`, in which `*` matches any text and `?` any character.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(String);

impl Pattern {
    /// Parses a pattern. Repeated `*` mean the same as one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let error = || {
            let shown = crate::json::shortened(text);
            format!("{shown:?} is not OWNER/NAME, in which * matches any text and ? any character")
        };
        let mut single: Vec<char> = text.chars().collect();
        single.dedup_by(|one, other| *one == '*' && *other == '*');
        let single = String::from_iter(single);
        let is_valid = |part: &str| {
            let length = 1..=MAX_PART_LENGTH;
            let named = ![".", ".."].contains(&part);
            length.contains(&part.len())
                && named
                && part.chars().all(|c| is_plain(c) || "*?".contains(c))
        };
        let (owner, name) = single.split_once('/').ok_or_else(error)?;
        if is_valid(owner) && is_valid(name) { Ok(Self(single)) } else { Err(error()) }
    }

    /// Returns the text of the pattern.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Returns whether a repository of this owner may match.
    pub(super) fn admits_owner(&self, owner: &str) -> bool {
        self.0.split_once('/').is_some_and(|(pattern, _)| wildcards_match(pattern, owner))
    }

    /// Returns whether a repository matches. A wildcard matches no `/`, and case is ignored.
    pub(super) fn matches(&self, repository: &Repository) -> bool {
        self.0.split_once('/').is_some_and(|(owner, name)| {
            wildcards_match(owner, repository.owner()) && wildcards_match(name, repository.name())
        })
    }
}

/// Returns whether a pattern with `*` and `?` matches a text of ASCII characters.
///
/// After a mismatch the last `*` takes one more character: an earlier one never has to, since the last one can take
/// everything that it could.
fn wildcards_match(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut matched) = (0, 0);
    // The position after the last `*`, and the end of the text that it has taken.
    let mut last_star: Option<(usize, usize)> = None;
    while matched < text.len() {
        let next = pattern.get(at);
        if next == Some(&b'*') {
            at += 1;
            last_star = Some((at, matched));
        } else if next.is_some_and(|c| *c == b'?' || c.eq_ignore_ascii_case(&text[matched])) {
            at += 1;
            matched += 1;
        } else if let Some((after, taken)) = last_star {
            (at, matched) = (after, taken + 1);
            last_star = Some((after, matched));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_takes_as_much_as_the_rest_allows() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "app"),
            ("a*", "a"),
            ("*-app", "my-app-app"),
            ("a*b*c", "aXbbYcZc"),
            ("?pp*", "APP"),
            ("a?*", "ab"),
        ] {
            assert!(wildcards_match(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("a*b", "ab-"),
            ("a?", "a"),
            ("*ab", "aab-"),
            ("b*", "ab"),
        ] {
            assert!(!wildcards_match(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let pattern = "*a".repeat(MAX_PART_LENGTH / 2);
        assert!(!wildcards_match(&pattern, &"a".repeat(MAX_PART_LENGTH / 2 - 1)));
        assert!(wildcards_match(&pattern, &"a".repeat(MAX_PART_LENGTH)));
    }
}
