//! The way out: a proxy for what is outside of Azure, and none for what is within.

use std::time::Duration;

use insta::assert_snapshot;
use scenarios::World;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::{PROGRAM, UBUNTU};

/// Who has not called by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers one call as a proxy that cannot reach its host, and tells how it was called.
async fn called(proxy: &TcpListener) -> String {
    let call = tokio::time::timeout(PATIENCE, proxy.accept()).await.expect("somebody calls");
    let (mut stream, _) = call.expect("a call");
    let mut line = String::new();
    BufReader::new(&mut stream).read_line(&mut line).await.expect("a line");
    let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
    line.trim().to_owned()
}

#[tokio::test]
async fn github_is_reached_by_the_proxy_and_azure_without() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", proxy.local_addr().expect("bound"));
    let world = World::with(PROGRAM, |options| {
        // Nobody can resolve this name here: the proxy alone is asked for it.
        let github = ("GithubApiUrl", "https://api.octo.ghe.com".to_owned());
        let certificates = ("ExtraCaCertificates", CERTIFICATE.to_owned());
        let settings = [github, ("HttpsProxy", address.clone()), certificates];
        options.settings.extend(settings.map(|(name, value)| (name.to_owned(), value)));
    })
    .await;
    let job = world.queue_job(UBUNTU);
    assert_snapshot!(called(&proxy).await, @"CONNECT api.octo.ghe.com:443 HTTP/1.1");
    let tasks = world.cloud.batch.emulator.tasks("runners-ubuntu");
    let told = |name: &str| tasks[0].environment[name].clone();
    assert_eq!(tasks[0].id, format!("gh-{job}"));
    assert_eq!(told("https_proxy"), address);
    assert_snapshot!(told("no_proxy"), @"localhost,127.0.0.1,169.254.169.254,168.63.129.16,127.0.0.1");
    assert_eq!(told("RUNNER_EXTRA_CA_CERTIFICATES"), CERTIFICATE.trim());
    world.end().await;
}

/// A certificate of nobody's.
const CERTIFICATE: &str = include_str!("authority.pem");
