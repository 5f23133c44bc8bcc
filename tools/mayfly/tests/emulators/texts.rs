//! Errors of the command line: each names the option or the file and what to write, without the words of libraries.

use std::io::Write;
use std::process::{Command, Stdio};

/// Words of libraries, which say nothing to a user.
const LIBRARY_WORDS: [&str; 6] = [
    "untagged enum",
    "builder error",
    "client error",
    "socket address syntax",
    "relative URL",
    "invalid characters",
];

/// Runs a command with this text as stdin. Returns its exit code, its output and its errors.
fn run(arguments: &[&str], stdin: &str, variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    for variable in ["MAYFLY_URL", "MAYFLY_FUNCTION_KEY", "MAYFLY_CONTROL_TOKEN"] {
        command.env_remove(variable);
    }
    command.args(arguments).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the program of this package");
    // It may end without reading.
    let _ = process.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
    let output = process.wait_with_output().expect("an end");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Checks that a command fails with an error that has these words.
fn check(arguments: &[&str], stdin: &str, expected: &str) {
    let (code, _, error) = run(arguments, stdin, &[]);
    assert_ne!(code, 0, "{arguments:?}");
    assert!(error.contains(expected), "{arguments:?}: {error}");
    for word in LIBRARY_WORDS {
        assert!(!error.contains(word), "{arguments:?}: {error}");
    }
}

#[test]
fn a_value_of_another_format_is_answered_with_an_example() {
    let address = "write an IP address and a port, such as 127.0.0.1:7171";
    let url = "write the URL of the functions, such as https://mine.azurewebsites.net/api";
    let time = "write a time such as 2026-11-23T00:00:00Z";
    let evaluate = ["autoscale", "evaluate", "--formula", "-", "--samples", "s"];
    for (arguments, expected) in [
        (&["up", "--listen", "7171"][..], address),
        (&["up", "--control-listen", "mine"], address),
        (&["queue-job", "--listen", ":7171"], address),
        (&["queue-job", "--at", "7171"], address),
        (&["cancel-job", "7", "--listen", "7171"], address),
        (&["emulate", "batch", "--listen", "7171"], address),
        (&["emulate", "github", "--listen", "127.0.0.1:99999"], address),
        (&["emulate", "queue", "--control-listen", "7171"], address),
        (&["status", "--url", "mine", "--key", "k"], url),
        (&["status", "--url", "ftp://mine/api", "--key", "k"], url),
        (&[&evaluate[..], &["--now", "now"]].concat(), time),
        (&["autoscale", "simulate", "--formula", "-", "--trace", "t", "--from", "1"], time),
        (
            &["emulate", "queue", "--key", "!"],
            "use --key of account mayflystorage: write it in base64",
        ),
        (&["emulate", "batch", "--key", "!"], "use --key of account mayfly: write it in base64"),
        (&["emulate", "batch", "--pool", "a=b"], "read pool \"a=b\": write id or id=nodes"),
    ] {
        check(arguments, "", expected);
    }
    let (code, _, error) = run(&["status", "--key", "k"], "", &[("MAYFLY_URL", "")]);
    assert!(code == 2 && error.contains(url), "{error}");
}

#[test]
fn a_file_of_another_form_is_named_with_its_fault() {
    let samples = r#"{"$PendingTasks":[["yesterday",5]]}"#;
    for (arguments, stdin, expected) in [
        (
            &["status", "--settings", "-"][..],
            r#"{"A":1}"#,
            "settings in stdin: the value of A is no text",
        ),
        (&["status", "--settings", "-"], "A=1", "settings in stdin: it is not JSON"),
        (
            &["status", "--url", "http://127.0.0.1:1/api", "--key-file", "-"],
            " \n",
            "use stdin: the file is empty",
        ),
        (&["status", "--url", "http://127.0.0.1:1/api", "--key", ""], "", "the key is empty"),
        (
            &["autoscale", "evaluate", "--formula", "/dev/null", "--samples", "-"],
            samples,
            "\"yesterday\" is no time",
        ),
        (
            &["autoscale", "evaluate", "--formula", "-", "--samples", "-"],
            "",
            "stdin can be read once only",
        ),
        (
            &["autoscale", "simulate", "--formula", "/dev/null", "--trace", "-"],
            "a,b",
            "trace in stdin: read line 1",
        ),
        (&["sim", "--scenario", "-"], "{", "scenario in stdin"),
    ] {
        check(arguments, stdin, expected);
    }
}

#[test]
fn a_pause_has_a_profile_and_a_short_reason() {
    let url = ["--url", "http://127.0.0.1:1/api", "--key", "k"];
    for (arguments, expected) in [
        (&["pause", "ubuntu", "--why", " "][..], "failed to use the options: why is empty"),
        (&["pause", "ubuntu", "--why", "a\nb"], "why has a control character"),
        (&["pause", "ubuntu", "--why", "x", "--who", ""], "who is empty"),
        (&["pause", "Ubuntu", "--why", "x"], "\"Ubuntu\" is no name of a profile"),
        (&["pause", "ubuntu"], "--why <TEXT>"),
        (&["pause", "ubuntu", "--why", "x"], "Connection refused"),
        (&["resume", "ubuntu"], "Connection refused"),
    ] {
        check(&[arguments, &url].concat(), "", expected);
    }
}

#[test]
fn a_request_that_fails_names_its_cause() {
    let refused = "Connection refused";
    check(&["status", "--url", "http://127.0.0.1:1/api", "--key", "k"], "", refused);
    check(&["replay", "poison", "--url", "http://127.0.0.1:1/api", "--key", "k"], "", refused);
    let token = ["--control-token", "0123456789abcdef"];
    for command in [&["queue-job"][..], &["cancel-job", "7"]] {
        check(&[command, &["--listen", "127.0.0.1:1"], &token].concat(), "", refused);
    }
}

#[test]
fn the_usage_of_status_and_replay_has_both_forms_of_access() {
    for arguments in [
        &["status"][..],
        &["replay", "poison"],
        &["replay", "job", "o/a", "7"],
        &["pause", "ubuntu", "--why", "x"],
        &["resume", "ubuntu"],
        &["doctor"],
        &["history", "export"],
        &["history", "cost"],
        &["logs", "gh-1"],
    ] {
        let (code, _, error) = run(arguments, "", &[]);
        assert_eq!(code, 2, "{error}");
        assert!(error.contains("--url <URL> <--key-file <FILE>|--key <KEY>>"), "{error}");
        assert!(error.contains("--settings <FILE>"), "{error}");
    }
}

#[test]
fn a_formula_is_read_from_stdin() {
    let samples = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(samples.path(), r#"{"$TargetDedicatedNodes":3}"#).expect("a file");
    let samples = samples.path().to_str().expect("a path");
    let arguments = ["autoscale", "evaluate", "--formula", "-", "--samples", samples];
    let (code, output, error) = run(&arguments, "$TargetDedicatedNodes = 2;", &[]);
    assert_eq!((code, &*error), (0, ""));
    assert!(output.starts_with("$TargetDedicatedNodes=2;"), "{output}");
}
