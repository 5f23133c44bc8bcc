//! Repositories, and the setting that says which of them are served.

use std::collections::BTreeSet;
use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

/// A repository's full name, `owner/name`, whose characters cannot escape its place in a path.
///
/// The name comes from payloads and becomes part of request paths, so every value is validated.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Repository {
    owner: String,
    name: String,
}

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
            let mut characters = part.chars();
            !part.is_empty()
                && part.len() <= 100
                && part != "."
                && part != ".."
                && characters.all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
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

/// The repositories whose jobs are served: all, or those that a glob matches in any case.
#[derive(Clone, Debug, Default)]
pub struct AllowedRepositories {
    patterns: Vec<GlobMatcher>,
}

impl AllowedRepositories {
    /// Parses globs such as `octo/*`, separated by commas or spaces. An empty text allows all repositories.
    ///
    /// # Errors
    /// When a glob is malformed, with the reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let globs = text.split([',', ' ', '\n']).map(str::trim).filter(|glob| !glob.is_empty());
        let patterns = globs
            .map(|glob| {
                let mut builder = GlobBuilder::new(glob);
                let built = builder.case_insensitive(true).literal_separator(true).build();
                built.map(|glob| glob.compile_matcher()).map_err(|err| err.to_string())
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// Returns whether a repository's jobs are served.
    pub fn allow(&self, repository: &Repository) -> bool {
        let name = repository.to_string();
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.is_match(&name))
    }

    /// Returns whether all repositories of an owner, or with `None` all repositories, are served.
    ///
    /// Globs that cover an owner only together are not recognized.
    pub fn allow_all_of(&self, owner: Option<&str>) -> bool {
        let covers = |glob: &str| match glob.split_once('/') {
            Some(("*", "*" | "**")) => true,
            Some((name, "*" | "**")) => owner.is_some_and(|owner| owner.eq_ignore_ascii_case(name)),
            _ => glob == "**",
        };
        self.patterns.is_empty()
            || self.patterns.iter().any(|pattern| covers(pattern.glob().glob()))
    }

    /// Returns whether repositories other than those that are named in full can be served.
    pub fn is_open(&self) -> bool {
        self.patterns.is_empty() || self.texts().any(is_glob)
    }

    /// Returns the repositories that are named in full.
    pub fn named(&self) -> BTreeSet<Repository> {
        let plain = self.texts().filter(|text| !is_glob(text));
        plain.filter_map(|text| Repository::try_from(text).ok()).collect()
    }

    /// Returns the owners that are named in full, whether or not all of their repositories are served.
    pub fn owners(&self) -> BTreeSet<String> {
        let owners = self.texts().filter_map(|text| text.split_once('/'));
        owners.filter(|(owner, _)| !is_glob(owner)).map(|(owner, _)| owner.to_owned()).collect()
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(|pattern| pattern.glob().glob())
    }

    /// Returns the globs separated by commas, in the format of a runner's job-started hook.
    pub fn globs(&self) -> String {
        self.texts().collect::<Vec<_>>().join(",")
    }
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
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

    #[test]
    fn globs_match_in_any_case_and_within_one_owner() {
        let allowed = AllowedRepositories::parse("Octo/*, corp/tools-?").expect("globs");
        let allows = |name: &str| allowed.allow(&Repository::try_from(name).expect("a name"));
        assert!(allows("octo/APP") && allows("corp/tools-1"));
        assert!(!allows("octopus/app") && !allows("corp/tools-10"));
        assert_eq!(allowed.globs(), "Octo/*,corp/tools-?");
        assert!(
            AllowedRepositories::parse("")
                .expect("all")
                .allow(&Repository::try_from("a/b").expect("a name"))
        );
        assert!(AllowedRepositories::parse("octo/[").is_err());
    }

    #[test]
    fn repositories_named_in_full_need_no_listing() {
        let allowed = AllowedRepositories::parse("octo/app, corp/tools-?, */site").expect("globs");
        let named: Vec<_> = allowed.named().iter().map(Repository::to_string).collect();
        assert_eq!(named, ["octo/app"]);
        assert_eq!(Vec::from_iter(allowed.owners()), ["corp", "octo"]);
        assert!(allowed.is_open() && AllowedRepositories::default().is_open());
        assert!(!AllowedRepositories::parse("octo/app").expect("a name").is_open());
    }
}
