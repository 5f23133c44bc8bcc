//! The profiles of a deployment without setting `RunnerProfiles`.

use super::{Launch, Profile, RUNNER_VERSION};

/// The published images of this release, a digest and a tag per line. Empty in a build that is not a release.
const DIGESTS: &str = include_str!("../../../images/digests");

/// Returns the profiles that serve GitHub's own label names, for a pool of each operating system.
pub fn default_profiles(ubuntu_pool: &str, windows_pool: &str) -> Vec<Profile> {
    // Unit tests use the same images in a release and in other builds.
    profiles(ubuntu_pool, windows_pool, if cfg!(test) { "" } else { DIGESTS })
}

fn profiles(ubuntu_pool: &str, windows_pool: &str, digests: &str) -> Vec<Profile> {
    let profile = |name: &str, pool: &str, image: &str, labels: &[&str]| Profile {
        name: name.to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        pool: pool.to_owned(),
        image: reference(&format!("{image}-{RUNNER_VERSION}"), digests),
        group: None,
        slots: 1,
        container_run_options: String::new(),
        launch: if labels.contains(&"windows") { Launch::DockerRun } else { Launch::Container },
        docker: false,
        bare: Vec::new(),
        pin: None,
        node_per_job: false,
    };
    let linux = |label| ["self-hosted", "linux", "x64", label];
    let windows = |label| ["self-hosted", "windows", "x64", label];
    let [latest_ubuntu, latest_windows] = ["ubuntu-latest", "windows-latest"];
    let ubuntu = [&linux("ubuntu-24.04")[..], &[latest_ubuntu]].concat();
    let windows_2022 = [&windows("windows-2022")[..], &[latest_windows]].concat();
    vec![
        profile("ubuntu", ubuntu_pool, "ubuntu-24.04", &ubuntu),
        profile("ubuntu-2204", ubuntu_pool, "ubuntu-22.04", &linux("ubuntu-22.04")),
        profile("windows", windows_pool, "windows-ltsc2022", &windows_2022),
        profile("windows-2019", windows_pool, "windows-ltsc2019", &windows("windows-2019")),
    ]
}

/// Returns an image's reference by digest, which always denotes the same image, or else by tag.
fn reference(tag: &str, digests: &str) -> String {
    let mut published = digests.lines().filter_map(|line| line.split_once("  "));
    match published.find(|&(_, named)| named == tag) {
        Some((digest, _)) => format!("githubactions-runner@{digest}"),
        None => format!("githubactions-runner:{tag}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_images_are_of_one_release() {
        let profiles = profiles("linux-pool", "windows-pool", "");
        let line = |profile: &Profile| {
            let Profile { name, pool, image, launch, .. } = profile;
            format!("{name} on {pool}: {launch:?} {image}")
        };
        let lines: Vec<String> = profiles.iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        ubuntu on linux-pool: Container githubactions-runner:ubuntu-24.04-2.338.0
        ubuntu-2204 on linux-pool: Container githubactions-runner:ubuntu-22.04-2.338.0
        windows on windows-pool: DockerRun githubactions-runner:windows-ltsc2022-2.338.0
        windows-2019 on windows-pool: DockerRun githubactions-runner:windows-ltsc2019-2.338.0
        ");
    }

    #[test]
    fn a_published_image_is_named_by_digest_any_other_by_tag() {
        let digest = format!("sha256:{:064x}", 7);
        let digests = format!("# a comment  ubuntu\n{digest}  ubuntu-22.04-{RUNNER_VERSION}\n");
        let images: Vec<String> =
            profiles("u", "w", &digests).into_iter().map(|profile| profile.image).collect();
        assert_eq!(images[1], format!("githubactions-runner@{digest}"));
        assert_eq!(images[0], format!("githubactions-runner:ubuntu-24.04-{RUNNER_VERSION}"));
    }

    #[test]
    fn the_digests_of_this_build_are_of_its_runner() {
        for line in DIGESTS.lines().filter(|line| !line.starts_with('#')) {
            let (digest, tag) = line.split_once("  ").expect("a digest and a tag");
            assert!(digest.len() == 71 && digest.starts_with("sha256:"), "{line}");
            assert!(tag.ends_with(RUNNER_VERSION), "{line}");
        }
    }

    #[test]
    fn the_runner_version_is_the_one_of_the_images() {
        let release = include_str!("../../../images/runner-version").lines().next();
        assert_eq!(release, Some(RUNNER_VERSION));
    }
}
