use std::collections::BTreeMap;

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
    insta::assert_snapshot!(message.trim_end(), @r"
    handler::process: failed to start: 3 of the application settings must be mended:
      RunnerScope takes repository, organization or enterprise
      GithubToken is missing: set it, or GithubAppId and GithubAppPrivateKey
      MaxJobHours takes a number from 1 to 120
    ");
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
