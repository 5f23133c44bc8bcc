//! The process of a handler with complete settings, and its log.

use std::collections::BTreeMap;
use std::process::Stdio;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, RequestBuilder};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

pub(crate) const WEBHOOK_SECRET: &str = "hush-webhook-secret";
/// An address in GitHub's published ranges, in the format of Azure's front end.
pub(crate) const GITHUB: &str = "140.82.115.7:43210";

/// Complete settings. Nothing listens at the URLs, and no request goes to GitHub.
pub(crate) fn environment() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "0"),
        ("BatchAccountUrl", "http://127.0.0.1:9"),
        ("BatchAccountName", "mine"),
        ("BatchAccountKey", "aHVzaC1iYXRjaC1rZXktb2YtdGVzdHM="),
        ("ContainerRegistryServer", "mine.azurecr.io"),
        ("GithubToken", "hush-token"),
        ("GithubWebhookSecret", WEBHOOK_SECRET),
        ("TicketKey", "hush-ticket-key-of-tests"),
        ("RunnerQueueUrl", "http://127.0.0.1:9/mine/runner-requests?sig=hush-queue"),
        ("StateContainerUrl", "http://127.0.0.1:9/mine/mayfly-state?sig=hush-state"),
        ("ClaimUrl", "http://127.0.0.1:9/api/ClaimRunner"),
        ("AllowedRepositories", "octo/*"),
    ])
}

/// A running handler.
pub(crate) struct Handler {
    process: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    log: String,
    url: String,
    client: Client,
}

impl Handler {
    /// Starts the handler, and waits for the log line with its address.
    pub(crate) async fn start(environment: &BTreeMap<&str, &str>) -> Self {
        let mut process = command(environment).spawn().expect("the handler's program starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let line = stdout.next_line().await.expect("readable").expect("the handler gets ready");
        let (_, address) = line.split_once("address=").expect("the line names the address");
        let url = format!("http://{address}");
        let client = handler::transport::http_client(None).expect("a client");
        Self { process, stdout, log: line, url, client }
    }

    /// Starts a POST request to a path.
    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    /// Starts a request with any method.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Starts a signed delivery from GitHub's address.
    pub(crate) fn deliver(&self, event: &str, body: &str) -> RequestBuilder {
        self.post("/api/ProvideActionsRunner?code=key")
            .header("X-Forwarded-For", GITHUB)
            .header("X-GitHub-Event", event)
            .header("X-Hub-Signature-256", sign(WEBHOOK_SECRET, body))
            .header("Content-Type", "application/json")
            .body(body.to_owned())
    }

    /// Writes a whole POST request before reading, as the host does. Returns the first line of the response.
    pub(crate) async fn write_whole(&self, path: &str, source: &str, length: usize) -> String {
        let address = self.url.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.expect("the handler listens");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nX-Forwarded-For: {source}\r\nContent-Length: {length}\r\n\r\n"
        );
        let written = async {
            connection.write_all(head.as_bytes()).await?;
            connection.write_all(&vec![b'x'; length]).await
        };
        if let Err(err) = written.await {
            return format!("the write failed: {}", err.kind());
        }
        let mut lines = BufReader::new(connection).lines();
        lines.next_line().await.expect("readable").expect("a response")
    }

    /// Sends a request byte for byte. Returns the status and body of the response.
    pub(crate) async fn exchange(&self, request: &[u8]) -> String {
        let address = self.url.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.expect("the handler listens");
        connection.write_all(request).await.expect("it is read");
        let mut response = BufReader::new(connection);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(response.read_line(&mut head).await.expect("readable"), 0, "{head}");
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.expect("every response has a length").parse().expect("a number");
        let mut body = vec![0; length];
        response.read_exact(&mut body).await.expect("a whole response");
        format!("{} {}", &head["HTTP/1.1 ".len()..][..3], String::from_utf8_lossy(&body))
    }

    /// Kills the handler as the host does, and returns its log.
    pub(crate) async fn end(mut self) -> String {
        self.process.start_kill().expect("it still runs");
        while let Some(line) = self.stdout.next_line().await.expect("readable") {
            self.log += &format!("\n{line}");
        }
        self.log.push('\n');
        let mut stderr = self.process.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut self.log).await.expect("readable");
        self.log
    }
}

/// Prepares the handler's program with this environment only.
pub(crate) fn command(environment: &BTreeMap<&str, &str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handler"));
    command.env_clear().envs(environment).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Signs a body as GitHub does.
pub(crate) fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body.as_bytes());
    let tag = mac.finalize().into_bytes();
    let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// Sends a request, and returns the status and body in one line.
pub(crate) async fn outcome(request: RequestBuilder) -> String {
    let response = request.send().await.expect("the handler responds");
    let status = response.status().as_u16();
    let body = response.text().await.expect("a text");
    format!("{status} {body}")
}
