//! Repositories, and the setting that says which of them are served.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

mod allowed;
mod pattern;

pub use allowed::AllowedRepositories;

/// A repository's full name, `owner/name`, whose characters cannot escape its place in a path.
///
/// GitHub ignores case in names, and so do comparisons.
///
/// The name comes from payloads and becomes part of request paths, so every value is validated.
#[derive(Clone, Deserialize, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Repository {
    /// The full name, which copies share: thousands of tasks and jobs are of the same few repositories.
    full_name: Arc<str>,
    owner_length: usize,
}

/// Maximum length of an owner's and of a repository's name.
const MAX_PART_LENGTH: usize = 100;

/// A text that is not the name of a repository.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a repository name is owner/name, in letters, digits, '-', '_' and '.'")]
pub struct NotARepository;

impl Repository {
    /// Returns the user or organization that owns the repository.
    pub fn owner(&self) -> &str {
        &self.full_name[..self.owner_length]
    }

    /// Returns the name without the owner.
    pub fn name(&self) -> &str {
        &self.full_name[self.owner_length + 1..]
    }

    /// Returns the bytes by which names are compared.
    fn folded(&self) -> impl Iterator<Item = u8> {
        self.full_name.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for Repository {
    fn eq(&self, other: &Self) -> bool {
        self.full_name.eq_ignore_ascii_case(&other.full_name)
    }
}

impl Eq for Repository {}

impl PartialOrd for Repository {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Repository {
    fn cmp(&self, other: &Self) -> Ordering {
        match Arc::ptr_eq(&self.full_name, &other.full_name) {
            true => Ordering::Equal,
            false => self.folded().cmp(other.folded()),
        }
    }
}

impl Hash for Repository {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
        state.write_u8(0xff);
    }
}

impl TryFrom<&str> for Repository {
    type Error = NotARepository;

    fn try_from(text: &str) -> Result<Self, NotARepository> {
        let (owner, name) = text.split_once('/').ok_or(NotARepository)?;
        let plain = |part: &str| {
            let length = 1..=MAX_PART_LENGTH;
            length.contains(&part.len())
                && ![".", ".."].contains(&part)
                && part.chars().all(is_plain)
        };
        if !plain(owner) || !plain(name) {
            return Err(NotARepository);
        }
        Ok(Self { full_name: text.into(), owner_length: owner.len() })
    }
}

impl TryFrom<String> for Repository {
    type Error = NotARepository;

    fn try_from(text: String) -> Result<Self, NotARepository> {
        Self::try_from(text.as_str())
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Repository").field(&self.full_name).finish()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full_name)
    }
}

/// Returns whether a name of an owner or a repository may contain a character.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    #[test]
    fn names_that_differ_in_case_are_of_one_repository() {
        let names = ["octo/app", "Octo/APP", "octo/app-2"];
        let names = names.map(|name| Repository::try_from(name).expect("a name"));
        assert_eq!(names[0], names[1]);
        assert_eq!(HashSet::from(names.clone()).len(), 2);
        let ordered = BTreeSet::from(names);
        assert_eq!(ordered.len(), 2);
        assert_eq!(ordered.last().map(Repository::name), Some("app-2"));
    }

    #[test]
    fn a_repository_name_cannot_escape_its_place_in_a_path() {
        for valid in ["octo/app", "octo_corp/My.App-2", "o/.github"] {
            assert_eq!(Repository::try_from(valid).expect("a name").to_string(), valid);
        }
        for invalid in [
            "octo",
            "octo/",
            "/app",
            "octo/app/x",
            "../app",
            "octo/..",
            "octo/a b",
            "octo/a?b",
            "öcto/app",
        ] {
            assert_eq!(Repository::try_from(invalid), Err(NotARepository), "{invalid}");
        }
    }
}
