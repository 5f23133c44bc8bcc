//! The HTTPS proxy: GitHub is called through it, Azure directly.

use std::time::Duration;

use insta::assert_snapshot;
use scenarios::TestEnvironment;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::{PROGRAM, UBUNTU};

/// The maximum wait for a call.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers one call like a proxy that cannot connect to its host, and returns the request line.
async fn next_request_line(proxy: &TcpListener) -> String {
    let call = tokio::time::timeout(WAIT_TIMEOUT, proxy.accept()).await.expect("a client connects");
    let (mut stream, _) = call.expect("a call");
    let mut line = String::new();
    BufReader::new(&mut stream).read_line(&mut line).await.expect("a line");
    let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
    line.trim().to_owned()
}

#[tokio::test]
async fn github_is_called_through_the_proxy_and_azure_directly() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", proxy.local_addr().expect("bound"));
    let env = TestEnvironment::with(PROGRAM, |options| {
        // This name cannot be resolved here; only the proxy receives it.
        let github = ("GithubApiUrl", "https://api.octo.ghe.com".to_owned());
        let certificates = ("ExtraCaCertificates", CERTIFICATE.to_owned());
        let settings = [github, ("HttpsProxy", address.clone()), certificates];
        options.settings.extend(settings.map(|(name, value)| (name.to_owned(), value)));
    })
    .await;
    let job = env.queue_job(UBUNTU);
    assert_snapshot!(next_request_line(&proxy).await, @"CONNECT api.octo.ghe.com:443 HTTP/1.1");
    let tasks = env.deployment.batch.emulator.tasks("runners-ubuntu");
    let variable = |name: &str| tasks[0].environment[name].clone();
    assert_eq!(tasks[0].id, format!("gh-{job}"));
    assert_eq!(variable("https_proxy"), address);
    assert_snapshot!(variable("no_proxy"), @"localhost,127.0.0.1,169.254.169.254,168.63.129.16,127.0.0.1");
    assert_eq!(variable("RUNNER_EXTRA_CA_CERTIFICATES"), CERTIFICATE.trim());
    env.end().await;
}

/// An unused CA certificate.
const CERTIFICATE: &str = include_str!("ca.pem");
