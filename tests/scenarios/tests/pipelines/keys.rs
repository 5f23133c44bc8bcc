//! Keys that the handler makes, read by the emulated agent.

use azure_pipelines_agent_emulator::Configuration;
use handler::pipelines::key::AgentKeys;

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_one_that_an_agent_reads() {
    for _ in 0..25 {
        let key = AgentKeys::system().next().await.expect("a key");
        let read = Configuration::from_files(|name| match name {
            ".agent" => Some(
                r#"{"agentId":1,"agentName":"az","poolId":1,"serverUrl":"https://dev.azure.com/contoso/"}"#,
            ),
            ".credentials" => {
                Some(r#"{"scheme":"OAuth","data":{"clientId":"c","authorizationUrl":"https://a"}}"#)
            }
            ".credentials_rsaparams" => Some(key.file.expose()),
            _ => None,
        });
        if let Err(problem) = read {
            panic!("{problem:?} {}", key.file.expose());
        }
    }
}
