//! `mayfly up` and `mayfly queue-job`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator_core::token_key::TokenKey;
use emulator_core::transport;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::control::Port;

/// A running `mayfly up`, with its first lines: the ports, and how to use them.
struct Up {
    process: Child,
    ports: Vec<Value>,
    address: String,
    lines: Vec<String>,
}

/// Runs `mayfly` for a user whose files for running programs are in this folder.
fn mayfly(runtime: &Path, token: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command.env("XDG_RUNTIME_DIR", runtime).stdin(Stdio::null());
    command.envs(token.map(|token| ("MAYFLY_CONTROL_TOKEN", token)));
    command
}

impl Up {
    fn start(runtime: &Path, options: &[&str]) -> Self {
        let mut command = mayfly(runtime, None);
        command.args(["up", "--listen", "127.0.0.1:0", "--nodes", "1"]).args(options);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program");
        let mut reader = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.starts_with("show its status: ")) {
            lines.push(reader.next().expect("the last line").expect("a line"));
        }
        // Nothing reads the rest, and a closed stdout is no error.
        let ports = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let mut up = Self { process, ports, address: String::new(), lines };
        up.address = up.after("queue a job: mayfly queue-job --listen ").to_owned();
        up
    }

    /// Returns the rest of the line that begins with this text.
    fn after(&self, beginning: &str) -> &str {
        let line = self.lines.iter().find_map(|line| line.strip_prefix(beginning));
        line.expect(beginning)
    }

    /// Returns the ready line of a service with this scheme.
    fn port(&self, name: &str, scheme: &str) -> &Value {
        let mut ports = self.ports.iter();
        let found = ports.find(|ready| {
            ready["ready"] == name && ready["url"].as_str().is_some_and(|it| it.starts_with(scheme))
        });
        found.expect(name)
    }

    /// Returns the status of a GET of this path of a service with this header.
    async fn get(&self, port: (&str, &str), path: &str, header: (&str, &str)) -> (u16, String) {
        let ready = self.port(port.0, port.1);
        let ca = ready["ca"].as_str().map(Path::new);
        let client = transport::https(ca).expect("a client");
        let url = format!("{}{path}", ready["url"].as_str().expect("a URL"));
        let request = http::Request::get(url).header(header.0, header.1);
        let request = request.header("x-ms-version", "2024-11-04").header("user-agent", "test");
        let response = client(request.body(Vec::new().into()).expect("a request")).await;
        let response = response.expect("a response");
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
    }

    fn queue_job(&self, runtime: &Path, token: Option<&str>) -> Output {
        self.call(runtime, token, &["queue-job", "--job-milliseconds", "1"])
    }

    /// Runs `queue-job` or `cancel-job` at the address of this `up`.
    fn call(&self, runtime: &Path, token: Option<&str>, arguments: &[&str]) -> Output {
        let mut command = mayfly(runtime, token);
        command.args(arguments).args(["--listen", &self.address]);
        command.output().expect("the program of this package")
    }

    /// Ends it as Ctrl-C does.
    fn end(&mut self) {
        let id = self.process.id().try_into().expect("a process id");
        kill(Pid::from_raw(id), Signal::SIGINT).expect("a running process");
        assert!(self.process.wait().expect("an end").success());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns a token with these claims, which anyone can write.
fn bearer_of_anyone(audience: &str, signing_secret: Option<&str>) -> String {
    let claims = format!(r#"{{"aud":"{audience}","nbf":0,"exp":9999999999}}"#);
    let parts = format!("e30.{}", URL_SAFE_NO_PAD.encode(claims));
    let token = signing_secret.map(|secret| TokenKey::new(secret).sign(&parts));
    format!("Bearer {}", token.unwrap_or_else(|| format!("{parts}.c2ln")))
}

const BATCH: &str = "https://batch.core.windows.net/";
const BATCH_JOBS: &str = "/jobs?api-version=2025-06-01";
const STORAGE_LIST: &str = "/mayflystorage?comp=list";

#[tokio::test]
async fn a_stranger_has_no_credential_for_a_service_of_up() {
    let runtime = tempfile::tempdir().expect("a folder");
    let mut up = Up::start(runtime.path(), &["--tls"]);
    let storage = "https://storage.azure.com";
    let site = format!("{}/config/web?api-version=2024-11-01", local_deployment::FUNCTION_APP);
    let management = up.port("management", "https:")["url"].as_str().expect("a URL").to_owned();
    for (name, path, audience) in [
        ("batch", BATCH_JOBS, BATCH),
        ("queue", STORAGE_LIST, storage),
        ("blob", STORAGE_LIST, storage),
        ("management", &*site, &*management),
    ] {
        for secret in [None, Some(local_deployment::IDENTITY_HEADER), Some("")] {
            let bearer = bearer_of_anyone(audience, secret);
            let (status, body) = up.get((name, "https:"), path, ("authorization", &bearer)).await;
            assert_eq!(status, 401, "{name} {secret:?}: {body}");
        }
    }
    let account = azure_storage_emulator::Account::new(
        local_deployment::STORAGE_ACCOUNT,
        local_deployment::STORAGE_KEY,
    );
    let expires = chrono::DateTime::from_timestamp(9_999_999_999, 0).expect("a time");
    let sas = account.expect("a key").sas(expires);
    let github = format!("Bearer {}", local_deployment::GITHUB_TOKEN);
    let token = "/msi/token?api-version=2019-08-01&resource=https://batch.core.windows.net/";
    let identity = ("x-identity-header", local_deployment::IDENTITY_HEADER);
    for (port, path, header, expected) in [
        (("queue", "http:"), &*format!("{STORAGE_LIST}&{sas}"), ("accept", "*/*"), 403),
        (("blob", "https:"), &*format!("{STORAGE_LIST}&{sas}"), ("accept", "*/*"), 403),
        (("github", "http:"), "/user", ("authorization", &*github), 401),
        (("identity", "https:"), token, identity, 401),
        (("functions", "http:"), "/api/Status", ("x-functions-key", "function-key"), 401),
        (("functions", "http:"), "/admin/host/status", ("x-functions-key", "master-key"), 401),
    ] {
        let (status, body) = up.get(port, path, header).await;
        assert_eq!(status, expected, "{port:?} {path}: {body}");
    }
    up.end();
}

#[tokio::test]
async fn up_accepts_its_own_tokens_and_prints_its_secrets() {
    let runtime = tempfile::tempdir().expect("a folder");
    let mut up = Up::start(runtime.path(), &["--tls"]);
    let token = format!("/msi/token?api-version=2019-08-01&resource={BATCH}");
    let header = ("x-identity-header", up.after("use managed identities: IDENTITY_HEADER "));
    let (status, body) = up.get(("identity", "https:"), &token, header).await;
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let bearer = format!("Bearer {}", body["access_token"].as_str().expect("a token"));
    let header = ("authorization", &*bearer);
    assert_eq!(up.get(("batch", "https:"), BATCH_JOBS, header).await.0, 200);

    let github = format!("Bearer {}", up.after("use GitHub: token "));
    let header = ("authorization", &*github);
    assert_eq!(up.get(("github", "http:"), "/user", header).await.0, 200);
    let key = up.after("use storage: account mayflystorage, key ");
    let account = azure_storage_emulator::Account::new(local_deployment::STORAGE_ACCOUNT, key);
    let expires = chrono::DateTime::from_timestamp(9_999_999_999, 0).expect("a time");
    let list = format!("{STORAGE_LIST}&{}", account.expect("a key").sas(expires));
    assert_eq!(up.get(("queue", "http:"), &list, ("accept", "*/*")).await.0, 200);
    up.end();
}

#[tokio::test]
async fn each_port_of_up_has_the_gate_and_queue_job_the_token() {
    let runtime = tempfile::tempdir().expect("a folder");
    let mut up = Up::start(runtime.path(), &[]);
    assert_eq!(up.ports.len(), 5, "{:?}", up.ports);
    for ready in &up.ports {
        Port::of(ready).check(ready["ready"].as_str().expect("a name")).await;
    }
    let token = up.ports[0]["token"].as_str().expect("a token").to_owned();
    Port::at(format!("http://{}", up.address), token.clone()).check("the port for jobs").await;

    let bearer = bearer_of_anyone(BATCH, None);
    let header = ("authorization", &*bearer);
    assert_eq!(up.get(("batch", "http:"), BATCH_JOBS, header).await.0, 401);
    assert!(up.queue_job(runtime.path(), None).status.success());
    assert!(up.queue_job(Path::new("/none"), Some(&token)).status.success());
    let other = up.queue_job(runtime.path(), Some("another-token-of-anyone"));
    assert!(!other.status.success());
    let other = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(other.contains("the token is not that of this `mayfly up`"), "{other}");

    up.end();
    assert!(!runtime.path().join("mayfly").exists(), "the folder of the token remains");
    let ended = up.queue_job(runtime.path(), None);
    let ended = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.contains("failed to find a `mayfly up` of this user at 127.0.0.1:"), "{ended}");
}

#[test]
fn a_job_is_queued_and_cancelled_by_commands() {
    let runtime = tempfile::tempdir().expect("a folder");
    let mut up = Up::start(runtime.path(), &[]);
    let call = |arguments: &[&str]| {
        let output = up.call(runtime.path(), None, arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let long = ["queue-job", "--job-milliseconds", "600000"];
    let (queued, text, _) = call(&long);
    assert!(queued && text.contains("is queued; end it: mayfly cancel-job "), "{text}");
    let (_, json, _) = call(&[&long[..], &["--json"]].concat());
    let job: Value = serde_json::from_str(&json).expect("JSON");
    let job = job["job"].to_string();
    let (cancelled, text, error) = call(&["cancel-job", &job]);
    assert!(cancelled && text == format!("job {job} is cancelled\n"), "{text} {error}");
    let (cancelled, json, _) = call(&["cancel-job", "52000000001", "--json"]);
    assert!(cancelled && json == "{\"job\":52000000001}\n", "{json}");
    let (cancelled, _, error) = call(&["cancel-job", "7"]);
    assert!(!cancelled && error.contains("cancel job 7: there is no such job"), "{error}");

    let (queued, text, error) = call(&["queue-job", "--repository", "other/repo"]);
    assert!(!queued && text.contains("of other/repo is queued"), "{text}");
    assert!(error.contains("other/repo is not allowed (AllowedRepositories)"), "{error}");
    up.end();
}

#[test]
fn a_job_that_polling_finds_is_not_refused() {
    let runtime = tempfile::tempdir().expect("a folder");
    let mut up = Up::start(runtime.path(), &["--demand", "polling"]);
    let queued = up.call(runtime.path(), None, &["queue-job"]);
    assert!(queued.status.success(), "{}", String::from_utf8_lossy(&queued.stderr));
    up.end();
}
