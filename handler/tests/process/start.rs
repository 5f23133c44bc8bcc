use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::handler_under_test::{Handler, command, environment, outcome};

#[tokio::test]
async fn invalid_settings_prevent_the_start_in_one_message() {
    let mut faulty = environment();
    faulty.remove("GithubToken");
    faulty.extend([("RunnerScope", "planet"), ("MaxJobHours", "soon")]);
    let ended = command(&faulty).output().await.expect("the program runs");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    let (_, message) = stderr.split_once("ERROR ").expect("one error");
    insta::assert_snapshot!(message.trim_end(), @"handler::process: failed to start: 3 application settings are invalid: RunnerScope must be repository, organization or enterprise; GithubToken is missing: set it, or GithubAppId and GithubAppPrivateKey; MaxJobHours must be a number from 1 to 120");
    assert_eq!(stderr.lines().count(), 1, "the host makes a record of each line: {stderr}");
    assert!(!stderr.contains("hush"));
}

#[tokio::test]
async fn an_empty_environment_prevents_the_start() {
    let ended = command(&BTreeMap::new()).output().await.expect("the program runs");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr.contains("FUNCTIONS_CUSTOMHANDLER_PORT is missing"), "{stderr}");
    assert!(!stderr.contains("panicked"));
}

#[tokio::test]
async fn the_readiness_probe_succeeds_and_other_paths_do_not() {
    let handler = Handler::start(&environment()).await;
    assert_eq!(outcome(handler.request("GET", "/")).await, r#"200 {"ready":true}"#);
    let closed = outcome(handler.request("GET", "/api/Elsewhere")).await;
    assert_eq!(closed, r#"404 {"error":"no function has this path"}"#);
    for method in ["GET", "PUT", "DELETE", "TRACE", "OPTIONS"] {
        let response = outcome(handler.request(method, "/api/ProvideActionsRunner")).await;
        assert_eq!(response, r#"405 {"error":"this function accepts only POST"}"#, "{method}");
    }
    let posted = outcome(handler.request("POST", "/")).await;
    assert_eq!(posted, r#"405 {"error":"this function accepts only GET"}"#);
}

/// The host lists URLs in lower case, routes without regard to case, and forwards a path as it was typed.
#[tokio::test]
async fn every_function_is_found_in_any_case_of_its_path() {
    let handler = Handler::start(&environment()).await;
    let functions = [
        ("POST", "/api/ProvideActionsRunner"),
        ("POST", "/api/ClaimRunner"),
        ("GET", "/api/Status"),
        ("GET", "/api/StatusPage"),
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
    // The shell replaces the host. It ends without ending the handler, like a host that is killed.
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
    // The pipe closes when the last process that holds it, the handler, has ended.
    let rest = timeout(Duration::from_secs(20), lines.next_line()).await;
    assert_eq!(rest.expect("the handler ends").expect("readable"), None);
}
