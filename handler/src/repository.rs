//! Repositories, and the setting that says which of them are served.

use std::fmt;

use serde::{Deserialize, Serialize};

mod allowed;

pub use allowed::AllowedRepositories;

/// A repository's full name, `owner/name`, whose characters cannot escape its place in a path.
///
/// The name comes from payloads and becomes part of request paths, so every value is validated.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Repository {
    owner: String,
    name: String,
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
        &self.owner
    }

    /// Returns the name without the owner.
    pub fn name(&self) -> &str {
        &self.name
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
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
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

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// Returns whether a name of an owner or a repository may contain a character.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

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
