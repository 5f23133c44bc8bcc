//! `mayfly up` and `mayfly queue-job`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine;
use emulator_core::transport;
use http::StatusCode;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::control::Port;

/// A running `mayfly up`, with the lines up to the one that names the port for jobs.
struct Up {
    process: Child,
    ports: Vec<Value>,
    address: String,
}

/// Runs `mayfly` for a user whose files for running programs are in this folder.
fn mayfly(runtime: &Path, token: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command.env("XDG_RUNTIME_DIR", runtime).stdin(Stdio::null());
    command.envs(token.map(|token| ("MAYFLY_CONTROL_TOKEN", token)));
    command
}

impl Up {
    fn start(runtime: &Path) -> Self {
        let mut command = mayfly(runtime, None);
        command.args(["up", "--listen", "127.0.0.1:0", "--nodes", "1"]).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program of this package");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let (mut ports, mut address) = (Vec::new(), None);
        while address.is_none() {
            let line = lines.next().expect("the port for jobs").expect("a line");
            address = line.strip_prefix("queue a job: mayfly queue-job --at ").map(str::to_owned);
            ports.extend(serde_json::from_str::<Value>(&line));
        }
        // Nothing reads the rest, and a closed stdout is no error.
        Self { process, ports, address: address.expect("an address") }
    }

    fn queue_job(&self, runtime: &Path, token: Option<&str>) -> Output {
        let mut command = mayfly(runtime, token);
        command.args(["queue-job", "--job-milliseconds", "1", "--at", &self.address]);
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

/// Returns a token as an emulated identity issues it; the Batch emulator does not verify signatures.
fn bearer_of_anyone() -> String {
    let claims = r#"{"aud":"https://batch.core.windows.net/","nbf":0,"exp":9999999999}"#;
    format!("Bearer e30.{}.c2ln", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims))
}

/// Returns Batch's response to a list of its jobs.
async fn batch_status(up: &Up, authorization: &str) -> StatusCode {
    let batch = up.ports.iter().find(|ready| ready["ready"] == "batch").expect("Batch");
    let url = format!("{}/jobs?api-version=2025-06-01", batch["url"].as_str().expect("a URL"));
    let request = http::Request::get(url).header("authorization", authorization);
    let request = request.body(Vec::new().into()).expect("a request");
    transport::http()(request).await.expect("a response").status()
}

#[tokio::test]
async fn each_port_of_up_has_the_gate_and_queue_job_the_token() {
    let runtime = tempfile::tempdir().expect("a folder");
    let mut up = Up::start(runtime.path());
    assert_eq!(up.ports.len(), 5, "{:?}", up.ports);
    for ready in &up.ports {
        Port::of(ready).check(ready["ready"].as_str().expect("a name")).await;
    }
    let token = up.ports[0]["token"].as_str().expect("a token").to_owned();
    Port::at(format!("http://{}", up.address), token.clone()).check("the port for jobs").await;

    assert_eq!(batch_status(&up, &bearer_of_anyone()).await, 401);
    assert!(up.queue_job(runtime.path(), None).status.success());
    assert!(up.queue_job(Path::new("/none"), Some(&token)).status.success());
    let other = up.queue_job(runtime.path(), Some("another-token-of-anyone"));
    assert!(!other.status.success());
    let other = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(other.contains("failed to queue the job: 401 Unauthorized"), "{other}");

    up.end();
    let files = std::fs::read_dir(runtime.path().join("mayfly")).expect("the folder").count();
    assert_eq!(files, 0, "the file with the token remains");
    let ended = up.queue_job(runtime.path(), None);
    let ended = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.contains("failed to read the token of mayfly up at 127.0.0.1:"), "{ended}");
}
