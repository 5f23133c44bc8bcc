//! Chooses the profile whose runners can serve a job.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

mod defaults;
mod pin;

pub use defaults::default_profiles;
pub use pin::Pin;

/// The label that asks for runners of one's own rather than GitHub's.
const SELF_HOSTED: &str = "self-hosted";

/// The release of GitHub's runner in the images of the default profiles, whose tags end with it.
///
/// A node does not pull a tag again that it has, so another release is another tag.
pub const RUNNER_VERSION: &str = "2.338.0";

/// A kind of runner: the labels it carries, and where and from which image it is started.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Profile {
    /// Names the profile, and its Batch job `runners-<name>`: `[a-z0-9-]`, at most 40 characters.
    pub name: String,
    /// What the runner registers with, whatever the job asked for.
    pub labels: Vec<String>,
    /// The Batch pool whose nodes run it.
    pub pool: String,
    /// The image, without its registry: `githubactions-runner:ubuntu-24.04-2.338.0`.
    pub image: String,
    /// The runner group; that of the setting `RunnerGroup` where there is none.
    pub group: Option<String>,
    /// The task slots that a runner takes on its node.
    #[serde(default = "one")]
    pub slots: u32,
    /// Options for the container's creation, such as `--memory=4g`; [`Profile::run_options`] adds to them.
    #[serde(default)]
    pub container_run_options: String,
    /// Who starts the container.
    #[serde(default)]
    pub launch: Launch,
    /// Labels that GitHub does not host, and that call us without `self-hosted`.
    #[serde(default)]
    pub bare: Vec<String>,
    /// Labels besides, which the runner carries where its job asks for them.
    pub pin: Option<Pin>,
}

fn one() -> u32 {
    1
}

/// Who starts a runner's container.
///
/// Batch fails a task with container settings on a pool without a container configuration, and one without
/// them on a pool that has it: the profile goes with its pool.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Launch {
    /// Batch does, on a pool with a container configuration.
    #[default]
    Container,
    /// A script on the node does, by `docker run`: for Windows, whose images with containers are gone.
    DockerRun,
}

impl Profile {
    /// Tells whether its nodes run Windows.
    pub fn is_windows(&self) -> bool {
        self.labels.iter().any(|label| label.eq_ignore_ascii_case("windows"))
    }

    /// Returns the options of the container's creation, with what a Linux container has unless its profile says otherwise.
    ///
    /// `--user 1001`: Batch's agent may start containers as root, and an image that names no user would run jobs
    /// as root by accident. A number without a group keeps the further groups of the image's user, and with them its
    /// `sudo`. `--stop-timeout 30`: an ended runner needs up to 14 s (measured with release 2.336.0) until its job is
    /// reported to GitHub, and the engine's own grace is 10 s. A Windows container has no such user, and no signal.
    pub fn run_options(&self) -> String {
        let own = self.container_run_options.trim();
        if self.is_windows() {
            return own.to_owned();
        }
        let names = |option: &str| {
            let is = |word: &str| word == option || word.starts_with(&format!("{option}="));
            own.split_whitespace().any(is)
        };
        let short = own.split_whitespace().any(|word| word.starts_with("-u"));
        let user = (!names("--user") && !short).then_some("--user 1001");
        let timeout = (!names("--stop-timeout")).then_some("--stop-timeout 30");
        let all = [user, timeout, Some(own).filter(|own| !own.is_empty())];
        all.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Tells whether a runner of this profile carries all these labels, whatever the case.
    ///
    /// GitHub gives a job only to a runner that carries every label, so a partial match would start a
    /// runner that nobody uses.
    pub fn serves(&self, labels: &[impl AsRef<str>]) -> bool {
        let pinned = self.pinned(labels);
        let is = |wanted: &str, own: &String| own.eq_ignore_ascii_case(wanted);
        let carries = |wanted: &str| self.labels.iter().chain(&pinned).any(|own| is(wanted, own));
        labels.iter().all(|label| carries(label.as_ref()))
    }

    /// Tells which of a job's labels its runner carries because the job asks for them.
    pub fn pinned(&self, labels: &[impl AsRef<str>]) -> Vec<String> {
        let Some(pin) = &self.pin else { return Vec::new() };
        let own = |label: &&str| self.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        pin.taken(labels.iter().map(AsRef::as_ref).filter(|label| !own(label)))
    }

    /// Describes a runner of this profile that carries these labels besides, and no others.
    #[must_use]
    pub fn pinned_to(&self, labels: &[impl AsRef<str>]) -> Self {
        let labels = [self.labels.clone(), self.pinned(labels)].concat();
        Self { labels, pin: None, ..self.clone() }
    }
}

/// What becomes of a job by its labels.
#[derive(Clone, Debug, PartialEq)]
pub enum Match<'a> {
    /// The first profile that carries all labels.
    Profile(&'a Profile),
    /// The job does not ask for us: it is one of GitHub's own runners'.
    GithubHosted,
    /// The job has no labels, as `runs-on: {group: …}` alone sends it.
    NoLabels,
    /// The job asks for us, but no profile carries this label together with the others.
    Unserved {
        /// The first label that no profile carries, or the first label where each has its profile.
        label: String,
    },
}

/// Chooses the profile for a job with these labels: the first that carries all of them.
pub fn match_profile<'a>(labels: &[impl AsRef<str>], profiles: &'a [Profile]) -> Match<'a> {
    if labels.is_empty() {
        return Match::NoLabels;
    }
    if !labels.iter().any(|label| calls_us(label.as_ref(), profiles)) {
        return Match::GithubHosted;
    }
    if let Some(profile) = profiles.iter().find(|profile| profile.serves(labels)) {
        return Match::Profile(profile);
    }
    let unserved = |label: &&str| !profiles.iter().any(|profile| profile.serves(&[*label]));
    let mut all = labels.iter().map(AsRef::as_ref);
    let label = all.clone().find(unserved).or_else(|| all.next()).unwrap_or_default();
    Match::Unserved { label: label.to_owned() }
}

/// An organization's webhook also delivers every job of GitHub's own runners, so a label must ask for us.
fn calls_us(label: &str, profiles: &[Profile]) -> bool {
    let mut bare = profiles.iter().flat_map(|profile| &profile.bare);
    label.eq_ignore_ascii_case(SELF_HOSTED) || bare.any(|own| own.eq_ignore_ascii_case(label))
}

/// Reads the setting `RunnerProfiles`: a JSON list of profiles.
///
/// # Errors
/// The place and kind of the fault.
pub fn parse_profiles(json: &str) -> Result<Vec<Profile>, String> {
    let profiles: Vec<Profile> = serde_json::from_str(json).map_err(|err| err.to_string())?;
    let mut names = BTreeSet::new();
    for profile in &profiles {
        check(profile)?;
        if !names.insert(&profile.name) {
            return Err(format!("names profile {:?} twice", profile.name));
        }
    }
    if profiles.is_empty() { Err("holds no profile".to_owned()) } else { Ok(profiles) }
}

fn check(profile: &Profile) -> Result<(), String> {
    let name = &profile.name;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        return Err(format!("profile {name:?}: a name is 1 to 40 of a-z, 0-9 and '-'"));
    }
    // GitHub takes 1 to 100 labels for a runner, those that are pinned included; a comma would part one label into two.
    let sound = |label: &String| !label.trim().is_empty() && !label.contains(',');
    if !(1..=90).contains(&profile.labels.len()) || !profile.labels.iter().all(sound) {
        return Err(format!(
            "profile {name:?}: takes 1 to 90 labels, none empty, none with a comma"
        ));
    }
    if profile.pool.is_empty() || profile.image.is_empty() || profile.slots == 0 {
        return Err(format!("profile {name:?}: needs a pool, an image, and at least one slot"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(labels: &[&str], expect: &str) {
        let profiles = default_profiles("ubuntu", "windows");
        let seen = match match_profile(labels, &profiles) {
            Match::Profile(profile) => profile.name.clone(),
            Match::GithubHosted => "github-hosted".to_owned(),
            Match::NoLabels => "no labels".to_owned(),
            Match::Unserved { label } => format!("nobody serves {label}"),
        };
        assert_eq!(seen, expect, "{labels:?}");
    }

    #[test]
    fn a_job_gets_the_first_profile_that_carries_all_its_labels() {
        check(&["self-hosted", "ubuntu-latest"], "ubuntu");
        check(&["Self-Hosted", "UBUNTU-24.04", "X64"], "ubuntu");
        check(&["self-hosted", "ubuntu-22.04"], "ubuntu-2204");
        check(&["self-hosted", "windows-latest"], "windows");
        check(&["self-hosted", "windows-2019"], "windows-2019");
        check(&["self-hosted"], "ubuntu");
    }

    #[test]
    fn a_job_that_does_not_ask_for_us_is_left_to_github() {
        check(&["ubuntu-latest"], "github-hosted");
        check(&[], "no labels");
    }

    #[test]
    fn an_unserved_label_is_named() {
        check(&["self-hosted", "gpu"], "nobody serves gpu");
        check(&["self-hosted", "ubuntu-20.04"], "nobody serves ubuntu-20.04");
        check(&["self-hosted", "windows-2022", "ubuntu-24.04"], "nobody serves self-hosted");
    }

    #[test]
    fn a_bare_label_calls_us_without_self_hosted() {
        let json = r#"[{"name":"gpu","labels":["gpu","self-hosted"],"bare":["gpu"],"pool":"gpu","image":"r:1"}]"#;
        let profiles = parse_profiles(json).expect("a profile");
        assert_eq!(match_profile(&["GPU"], &profiles), Match::Profile(&profiles[0]));
    }

    #[test]
    fn a_label_that_a_job_made_up_is_carried_by_its_runner_alone() {
        let json = r#"[{"name":"big","labels":["self-hosted","big"],"pin":"run-*","pool":"p","image":"r:1"}]"#;
        let profile = &parse_profiles(json).expect("a profile")[0];
        let asked = ["self-hosted", "big", "Run-5"];
        assert!(profile.serves(&asked) && !profile.serves(&["self-hosted", "walk-5"]));
        let runner = profile.pinned_to(&profile.pinned(&asked));
        assert_eq!(runner.labels, ["self-hosted", "big", "Run-5"]);
        assert!(runner.serves(&["run-5"]) && runner.serves(&["big"]) && !runner.serves(&["run-6"]));
        assert!(!profile.pinned_to(&["big"]).serves(&asked));
    }

    #[test]
    fn a_linux_container_has_a_user_and_a_grace_unless_its_profile_says_otherwise() {
        let options = |labels: &str, own: &str| {
            let json = format!(
                r#"[{{"name":"a","labels":["{labels}"],"pool":"p","image":"i:1","containerRunOptions":"{own}"}}]"#
            );
            parse_profiles(&json).expect("a profile")[0].run_options()
        };
        assert_eq!(options("linux", ""), "--user 1001 --stop-timeout 30");
        assert_eq!(options("linux", "--gpus all"), "--user 1001 --stop-timeout 30 --gpus all");
        assert_eq!(options("linux", "--user 0:0"), "--stop-timeout 30 --user 0:0");
        assert_eq!(options("linux", "--user=ci --stop-timeout=5"), "--user=ci --stop-timeout=5");
        assert_eq!(options("linux", "-u root"), "--stop-timeout 30 -u root");
        assert_eq!(
            options("linux", "--userns=host"),
            "--user 1001 --stop-timeout 30 --userns=host"
        );
        assert_eq!(options("Windows", "--memory=4g"), "--memory=4g");
        assert_eq!(options("windows", ""), "");
    }

    #[test]
    fn a_faulty_profile_is_named() {
        let profile = |name: &str, rest: &str| {
            format!(r#"{{"name":"{name}","pool":"p","image":"i:1",{rest}}}"#)
        };
        let fault = |json: &str| parse_profiles(json).expect_err("a fault");
        assert!(fault("[]").contains("no profile"));
        assert!(
            fault(&format!("[{}]", profile("Bad Name", r#""labels":["a"]"#))).contains("Bad Name")
        );
        assert!(fault(&format!("[{}]", profile("a", r#""labels":[]"#))).contains("1 to 90 labels"));
        assert!(
            fault(&format!("[{}]", profile("a", r#""labels":["a"],"colour":"red""#)))
                .contains("colour")
        );
        let launched = profile("a", r#""labels":["a"],"launch":"podman""#);
        let refused = fault(&format!("[{launched}]"));
        assert!(refused.contains("unknown variant `podman`, expected `container` or `docker-run`"));
        let twice = profile("a", r#""labels":["a"]"#);
        assert!(fault(&format!("[{twice},{twice}]")).contains("twice"));
    }
}
