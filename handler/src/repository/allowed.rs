//! The setting `AllowedRepositories`: which repositories are served.
//!
//! There is one format for this setting, for the hook in each runner (`images/*/job-started.*`) and for the form of the
//! portal: patterns `OWNER/NAME`, in which `*` matches any text and `?` any character, separated by commas or white
//! space. `tests/images/cases/allowed.json` has the cases that all of them pass. Anything else (a negation, a URL, a
//! character class) is an error, because it would match nothing, or in one place only.

use crate::ordered::InsertEach;
use std::collections::BTreeSet;

use super::Repository;
use super::pattern::Pattern;

/// The repositories whose jobs are served: those that a pattern matches in any case. The default serves none.
#[derive(Clone, Debug, Default)]
pub struct AllowedRepositories {
    patterns: Vec<Pattern>,
}

impl AllowedRepositories {
    /// Parses patterns such as `octo/*`, separated by commas or white space.
    ///
    /// # Errors
    /// When a pattern is not `OWNER/NAME`, or there is none, with the reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(|c: char| c == ',' || c.is_whitespace());
        let parts = parts.filter(|part| !part.is_empty());
        let patterns = parts.map(Pattern::parse).collect::<Result<Vec<_>, _>>()?;
        if patterns.is_empty() {
            return Err("contains no pattern such as octo/*".to_owned());
        }
        Ok(Self { patterns })
    }

    /// Returns whether a repository's jobs are served.
    pub fn allow(&self, repository: &Repository) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(repository))
    }

    /// Returns whether all repositories of an owner, or with `None` all repositories, are served.
    ///
    /// Patterns that cover an owner only together are not recognized.
    pub fn allow_all_of(&self, owner: Option<&str>) -> bool {
        let covers = |pattern: &str| match pattern.split_once('/') {
            Some(("*", "*")) => true,
            Some((name, "*")) => owner.is_some_and(|owner| owner.eq_ignore_ascii_case(name)),
            _ => false,
        };
        self.texts().any(covers)
    }

    /// Returns whether repositories other than those that are named in full can be served.
    pub fn is_open(&self) -> bool {
        self.texts().any(is_glob)
    }

    /// Returns whether a repository of this owner may be served.
    pub fn may_allow_of(&self, owner: &str) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.admits_owner(owner))
    }

    /// Returns the first pattern whose owner is not named in full: any person can create an account that it matches.
    pub fn open_owner(&self) -> Option<&str> {
        self.texts().find(|text| text.split_once('/').is_some_and(|(owner, _)| is_glob(owner)))
    }

    /// Returns the repositories that are named in full.
    pub fn named(&self) -> BTreeSet<Repository> {
        let plain = self.texts().filter(|text| !is_glob(text));
        plain.filter_map(|text| Repository::try_from(text).ok()).collect()
    }

    /// Returns the owners that are named in full, whether or not all of their repositories are served.
    pub fn owners(&self) -> BTreeSet<String> {
        let owners = self.texts().filter_map(|text| text.split_once('/'));
        owners.filter(|(owner, _)| !is_glob(owner)).map(|(owner, _)| owner.to_owned()).insert_each()
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(Pattern::text)
    }

    /// Returns the patterns separated by commas, in the format of a runner's job-started hook.
    pub fn globs(&self) -> String {
        self.texts().collect::<Vec<_>>().join(",")
    }
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Cases {
        cases: Vec<Case>,
    }

    /// A case that the hooks of the images pass, too: `code` 0 if the job is allowed, `setting` if it is invalid.
    #[derive(Deserialize)]
    struct Case {
        name: String,
        environment: Environment,
        repository: String,
        code: i32,
        setting: Option<String>,
    }

    #[derive(Deserialize)]
    struct Environment {
        #[serde(rename = "RUNNER_ALLOWED_REPOSITORIES")]
        patterns: Option<String>,
    }

    fn allowed(patterns: &str) -> AllowedRepositories {
        AllowedRepositories::parse(patterns).expect("patterns")
    }

    /// Returns the outcome of a case for this setting; a repository whose name GitHub does not allow is not allowed.
    fn outcome(case: &Case, patterns: &str) -> (bool, Option<&'static str>) {
        match AllowedRepositories::parse(patterns) {
            Ok(allowed) => {
                let repository = Repository::try_from(case.repository.as_str());
                (repository.is_ok_and(|repository| allowed.allow(&repository)), None)
            }
            Err(_) => (false, Some("error")),
        }
    }

    #[test]
    fn the_setting_and_the_hooks_of_the_images_agree() {
        let cases = include_str!("../../../tests/images/cases/allowed.json");
        let cases: Cases = serde_json::from_str(cases).expect("a table of cases");
        let mut compared = 0;
        for case in &cases.cases {
            // A hook without a list allows all; the setting is required.
            let Some(patterns) =
                case.environment.patterns.as_deref().filter(|text| !text.is_empty())
            else {
                continue;
            };
            let expected = (case.code == 0, case.setting.as_deref());
            assert_eq!(outcome(case, patterns), expected, "{}", case.name);
            compared += 1;
        }
        assert!(compared > 60);
    }

    #[test]
    fn repositories_named_in_full_need_no_listing() {
        let patterns = allowed("octo/app, corp/tools-?, */site");
        let named: Vec<_> = patterns.named().iter().map(Repository::to_string).collect();
        assert_eq!(named, ["octo/app"]);
        assert_eq!(Vec::from_iter(patterns.owners()), ["corp", "octo"]);
        assert_eq!(patterns.globs(), "octo/app,corp/tools-?,*/site");
        assert!(patterns.is_open() && !allowed("octo/app").is_open());
    }

    #[test]
    fn an_owner_that_new_accounts_can_match_is_found() {
        assert_eq!(allowed("octo/*, octo-*/app").open_owner(), Some("octo-*/app"));
        assert_eq!(allowed("*/*").open_owner(), Some("*/*"));
        assert_eq!(allowed("octo/*,octo/a?").open_owner(), None);
        assert!(
            allowed("octo/**").allow_all_of(Some("Octo")) && !allowed("octo/**").allow_all_of(None)
        );
    }
}
