use super::*;

#[track_caller]
fn check(labels: &[&str], expect: &str) {
    let profiles = default_profiles("ubuntu", "windows");
    let result = match match_profile(labels, &profiles) {
        Match::Profile(profile) => profile.name.clone(),
        Match::GithubHosted => "github-hosted".to_owned(),
        Match::OtherLabels => "other labels".to_owned(),
        Match::NoLabels => "no labels".to_owned(),
        Match::NoProfile { label } => format!("unserved: {label}"),
    };
    assert_eq!(result, expect, "{labels:?}");
}

#[test]
fn a_job_gets_the_first_profile_with_all_its_labels() {
    check(&["self-hosted", "ubuntu-latest"], "ubuntu");
    check(&["Self-Hosted", "UBUNTU-24.04", "X64"], "ubuntu");
    check(&["self-hosted", "ubuntu-22.04"], "ubuntu-2204");
    check(&["self-hosted", "windows-latest"], "windows");
    check(&["self-hosted", "windows-2019"], "windows-2019");
    check(&["self-hosted"], "ubuntu");
}

#[test]
fn a_job_without_our_labels_is_left_to_github() {
    check(&["ubuntu-latest"], "github-hosted");
    for other in [&["linux", "x64"][..], &["gpu"], &["ubuntu-latest", "gpu"]] {
        check(other, "other labels");
    }
    check(&[], "no labels");
}

#[test]
fn an_unserved_label_is_named() {
    check(&["self-hosted", "gpu"], "unserved: gpu");
    check(&["self-hosted", "ubuntu-20.04"], "unserved: ubuntu-20.04");
    check(&["self-hosted, linux"], "unserved: self-hosted, linux");
    check(&["self-hosted", "windows-2022", "ubuntu-24.04"], "unserved: self-hosted");
}

#[test]
fn a_bare_label_selects_us_without_self_hosted() {
    let json = r#"[{"name":"gpu","labels":["gpu","self-hosted"],"bare":["gpu"],"pool":"gpu","image":"r:1"}]"#;
    let profiles = parse_profiles(json).expect("a profile");
    assert_eq!(match_profile(&["GPU"], &profiles), Match::Profile(&profiles[0]));
}

#[test]
fn a_pinned_label_is_only_on_the_runner_of_its_job() {
    let json =
        r#"[{"name":"big","labels":["self-hosted","big"],"pin":"run-*","pool":"p","image":"r:1"}]"#;
    let profile = &parse_profiles(json).expect("a profile")[0];
    let labels = ["self-hosted", "big", "Run-5"];
    assert!(profile.serves(&labels) && !profile.serves(&["self-hosted", "rerun-5"]));
    let runner = profile.pinned_to(&profile.pinned(&labels));
    assert_eq!(runner.labels, ["self-hosted", "big", "Run-5"]);
    assert!(runner.serves(&["run-5"]) && runner.serves(&["big"]) && !runner.serves(&["run-6"]));
    assert!(!profile.pinned_to(&["big"]).serves(&labels));
}

#[test]
fn a_linux_container_has_default_options_unless_overridden() {
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
    assert_eq!(options("linux", "--userns=host"), "--user 1001 --stop-timeout 30 --userns=host");
    assert_eq!(options("Windows", "--memory=4g"), "--memory=4g");
    assert_eq!(options("windows", ""), "");
}

#[test]
fn docker_starts_a_privileged_container_that_is_removed() {
    let options = |own: &str| {
        let json = format!(
            r#"[{{"name":"a","labels":["linux"],"pool":"p","image":"i:1","docker":true,"containerRunOptions":"{own}"}}]"#
        );
        parse_profiles(&json).map(|profiles| profiles[0].run_options())
    };
    assert_eq!(options("").as_deref(), Ok("--privileged --rm --user 0:0 --stop-timeout 30"));
    assert_eq!(
        options("--stop-timeout=60 --cpus 2").as_deref(),
        Ok("--privileged --rm --user 0:0 --stop-timeout=60 --cpus 2")
    );
    for own in ["--user 1001", "--user=1001", "-u 1001", "-u1001"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(options(own).expect_err("a fault"), @r#"profile "a": with docker, the container starts as root and the job as the image's user: remove the user from containerRunOptions"#);
        }
    }
}

#[test]
fn docker_is_for_linux_and_for_a_pool_of_its_own() {
    let profile = |name: &str, label: &str, pool: &str, docker: bool| {
        format!(
            r#"{{"name":"{name}","labels":["{label}"],"pool":"{pool}","image":"i:1","docker":{docker}}}"#
        )
    };
    let parse = |all: &[String]| parse_profiles(&format!("[{}]", all.join(",")));
    let first = profile("a", "linux", "p", true);
    assert!(parse(&[first.clone(), profile("b", "other", "P", true)]).is_ok());
    assert!(parse(&[first.clone(), profile("b", "other", "q", false)]).is_ok());
    let windows = parse(&[profile("a", "Windows", "p", true)]).expect_err("a fault");
    insta::assert_snapshot!(windows, @r#"profile "a": docker is not possible on Windows: GitHub's runner has no container jobs there"#);
    let shared = parse(&[profile("b", "other", "P", false), first]).expect_err("a fault");
    insta::assert_snapshot!(shared, @r#"profile "a" has docker, and "b" on the same pool "P" has not: jobs of the first can control the nodes; give each its own pool"#);
}

#[test]
fn a_faulty_profile_is_named() {
    let profile =
        |name: &str, rest: &str| format!(r#"{{"name":"{name}","pool":"p","image":"i:1",{rest}}}"#);
    let fault = |json: &str| parse_profiles(json).expect_err("a fault");
    assert!(fault("[]").contains("no profile"));
    assert!(fault(&format!("[{}]", profile("Bad Name", r#""labels":["a"]"#))).contains("Bad Name"));
    assert!(fault(&format!("[{}]", profile("a", r#""labels":[]"#))).contains("1 to 90 labels"));
    assert!(
        fault(&format!("[{}]", profile("a", r#""labels":["a"],"colour":"red""#)))
            .contains("colour")
    );
    let launched = profile("a", r#""labels":["a"],"launch":"podman""#);
    let unknown = fault(&format!("[{launched}]"));
    assert!(unknown.contains("unknown variant `podman`, expected `container` or `docker-run`"));
    let twice = profile("a", r#""labels":["a"]"#);
    assert!(fault(&format!("[{twice},{twice}]")).contains("twice"));
}

#[test]
fn all_profiles_of_a_pool_have_a_node_per_job_or_none() {
    let profile = |name: &str, pool: &str, more: &str| {
        format!(r#"{{"name":"{name}","labels":["{name}"],"pool":"{pool}","image":"i:1"{more}}}"#)
    };
    let parse = |one: String, other: String| parse_profiles(&format!("[{one},{other}]"));
    let isolated = r#","nodePerJob":true"#;
    let both = parse(profile("a", "p", isolated), profile("b", "P", isolated)).expect("profiles");
    assert!(both.iter().all(|profile| profile.node_per_job));
    let other = parse(profile("a", "p", isolated), profile("b", "q", "")).expect("profiles");
    assert_eq!(other.iter().filter(|profile| profile.node_per_job).count(), 1);
    let fault = parse(profile("a", "p", ""), profile("b", "P", isolated)).expect_err("a fault");
    insta::assert_snapshot!(fault, @r#"profile "b" has nodePerJob, and "a" on the same pool "p" has not: its jobs would run on the same nodes; give both the option, or each its own pool"#);
    let slots = profile("a", "p", r#","nodePerJob":true,"slots":2"#);
    insta::assert_snapshot!(parse_profiles(&format!("[{slots}]")).expect_err("a fault"), @r#"profile "a": nodePerJob needs a pool with one task slot a node: remove "slots": 2"#);
}
