//! The files of an agent, and the capabilities that its session reports.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{World, run};
use crate::Configuration;

#[tokio::test(start_paused = true)]
async fn files_are_read_without_regard_to_case_and_with_a_byte_order_mark() {
    let world = World::new();
    let mut files = world.register("az-1").await;
    let settings = files[".agent"].replace("agentId", "AgentId").replace("poolId", "POOLID");
    files.insert(".agent", format!("\u{feff}{settings}"));
    let key = &files[".credentials_rsaparams"];
    let with_today = key.replacen('{', r#"{"ContainerName":"","UseCng":false,"#, 1);
    files.insert(".credentials_rsaparams", with_today);
    assert_eq!(world.configured(&files).name(), "az-1");
}

/// .NET writes numbers of a fixed length.
#[tokio::test(start_paused = true)]
async fn numbers_of_a_key_may_begin_with_zero_bytes() {
    let world = World::new();
    let mut files = world.register("az-1").await;
    let key = &files[".credentials_rsaparams"];
    let mut key: BTreeMap<String, String> = serde_json::from_str(key).unwrap();
    for number in key.values_mut() {
        let bytes = STANDARD.decode(&number).unwrap();
        *number = STANDARD.encode([&[0], bytes.as_slice()].concat());
    }
    files.insert(".credentials_rsaparams", serde_json::to_string(&key).unwrap());
    assert_eq!(world.configured(&files).name(), "az-1");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_file_is_named() {
    let world = World::new();
    let good = world.register("az-1").await;
    let problem = |name: &'static str, text: Option<String>| {
        let mut files = good.clone();
        match text {
            Some(text) => files.insert(name, text),
            None => files.remove(name),
        };
        let file = |name: &str| files.get(name).map(String::as_str);
        match Configuration::from_files(file) {
            Ok(_) => "valid".to_owned(),
            Err(error) => format!("{}: {}", error.file, error.problem),
        }
    };
    let key = &good[".credentials_rsaparams"];
    let lines = [
        problem(".agent", None),
        problem(".agent", Some("{}".to_owned())),
        problem(".credentials", Some(good[".credentials"].replace("OAuth", "PAT"))),
        problem(".credentials_rsaparams", Some(key.replace("\"dp\"", "\"DP\""))),
        problem(".credentials_rsaparams", Some(key.replace("AQAB", "Aw=="))),
    ];
    insta::assert_snapshot!(lines.join("\n"), @"
    .agent: the file is missing
    .agent: missing field `agentid`
    .credentials: the scheme is not OAuth
    .credentials_rsaparams: missing field `dp` at line 1 column 1631
    .credentials_rsaparams: the key is invalid: TooSmall
    ");
}

#[tokio::test(start_paused = true)]
async fn a_session_shows_its_environment_to_every_reader_of_the_pool() {
    let world = World::new();
    let mut files = world.register("az-1").await;
    files.insert(".capabilities", "mayfly.profile=linux-small\ngpu=1".to_owned());
    let environment = BTreeMap::from([
        ("MAYFLY_TICKET".to_owned(), "secret".to_owned()),
        ("HIDDEN".to_owned(), "x".to_owned()),
        ("LONG".to_owned(), "x".repeat(1024)),
        ("VSO_AGENT_IGNORE".to_owned(), "HIDDEN,OTHER".to_owned()),
    ]);
    let agent = world.configured(&files).with("4.274.1", &environment);
    let demanding = super::job().with_demands(&["mayfly.profile -equals linux-small"]);
    let rejected = world.pipelines.queue_job(demanding.clone());
    assert!(matches!(rejected, azure_pipelines_emulator::Queued::Rejected { .. }));
    let script = async {
        tokio::time::sleep(super::MINUTE).await;
        let known = world.pipelines.agent("az-1").unwrap();
        world.pipelines.queue_job(demanding).request();
        known.system_capabilities
    };
    let (outcome, capabilities) = tokio::join!(run(&agent), script);
    assert_eq!(super::line(&outcome), "0: succeeded");
    let lines: Vec<_> =
        capabilities.iter().map(|(name, value)| format!("{name}={value}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Agent.Name=az-1
    Agent.OS=Linux
    Agent.OSArchitecture=X64
    Agent.Version=4.274.1
    MAYFLY_TICKET=secret
    gpu=1
    mayfly.profile=linux-small
    ");
}
