use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::handler_under_test::{Handler, command, environment, outcome};

#[tokio::test]
async fn faulty_settings_refuse_the_start_with_one_message_that_names_each() {
    let mut faulty = environment();
    faulty.remove("GithubToken");
    faulty.extend([("RunnerScope", "planet"), ("MaxJobHours", "soon")]);
    let ended = command(&faulty).output().await.expect("the program runs");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    let (_, message) = stderr.split_once("ERROR ").expect("one error");
    insta::assert_snapshot!(message.trim_end(), @"handler::process: failed to start: 3 application settings are invalid: RunnerScope takes repository, organization or enterprise; GithubToken is missing: set it, or GithubAppId and GithubAppPrivateKey; MaxJobHours takes a number from 1 to 120");
    assert_eq!(stderr.lines().count(), 1, "the host makes a record of each line: {stderr}");
    assert!(!stderr.contains("hush"));
}

#[tokio::test]
async fn an_empty_environment_is_refused_without_a_panic() {
    let ended = command(&BTreeMap::new()).output().await.expect("the program runs");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr.contains("FUNCTIONS_CUSTOMHANDLER_PORT is missing"), "{stderr}");
    assert!(!stderr.contains("panicked"));
}

#[tokio::test]
async fn the_host_finds_the_handler_ready_and_other_paths_closed() {
    let handler = Handler::start(&environment()).await;
    assert_eq!(outcome(handler.request("GET", "/")).await, r#"200 {"ready":true}"#);
    let closed = outcome(handler.request("GET", "/api/Elsewhere")).await;
    assert_eq!(closed, r#"404 {"error":"no function has this path"}"#);
    for method in ["GET", "PUT", "DELETE", "TRACE", "OPTIONS"] {
        let answer = outcome(handler.request(method, "/api/ProvideActionsRunner")).await;
        assert_eq!(answer, r#"405 {"error":"this function takes POST"}"#, "{method}");
    }
    let posted = outcome(handler.request("POST", "/")).await;
    assert_eq!(posted, r#"405 {"error":"this function takes GET"}"#);
}

/// The host lists addresses in lower case, routes without regard to case, and forwards a path as it was typed.
#[tokio::test]
async fn every_function_is_found_whatever_the_case_of_its_path() {
    let handler = Handler::start(&environment()).await;
    let functions = [
        ("POST", "/api/ProvideActionsRunner"),
        ("POST", "/api/ClaimRunner"),
        ("GET", "/api/Status"),
        ("POST", "/api/Operate"),
        ("POST", "/SubmitRunnerTask"),
        ("POST", "/ReconcileRunners"),
        ("POST", "/RefreshFirewall"),
    ];
    for (method, path) in functions {
        let as_named = outcome(handler.request(method, path)).await;
        assert!(!as_named.starts_with("404"), "{path}: {as_named}");
        let encoded = path.replace("un", "%55n").replace("at", "%41t");
        let others = [path.to_lowercase(), path.to_uppercase(), encoded, format!("{path}/?code=x")];
        for other in others {
            assert_eq!(outcome(handler.request(method, &other)).await, as_named, "{other}");
        }
    }
}

#[tokio::test]
async fn the_handler_ends_with_its_host() {
    // A shell stands for the host; it ends without ending the handler, as a host that is killed does.
    let program = env!("CARGO_BIN_EXE_handler");
    let mut host = tokio::process::Command::new("sh");
    host.args(["-c", "\"$0\" & echo $!; read -r _", program]);
    host.env_clear().envs(environment()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut host = host.kill_on_drop(true).spawn().expect("a shell");
    let mut lines = BufReader::new(host.stdout.take().expect("a pipe")).lines();
    let handler = lines.next_line().await.expect("readable").expect("the process's id");
    let ready = lines.next_line().await.expect("readable").expect("the handler gets ready");
    assert!(ready.contains("address="), "{handler}: {ready}");
    host.start_kill().expect("it still runs");
    host.wait().await.expect("it ends");
    // The pipe closes when its last holder has ended: the handler.
    let rest = timeout(Duration::from_secs(20), lines.next_line()).await;
    assert_eq!(rest.expect("the handler ends").expect("readable"), None);
}
