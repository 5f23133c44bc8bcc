//! The binary prints its ready line, answers, and ends when it is interrupted.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use emulator_core::transport;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_azure-batch-emulator"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn the_binary_serves_until_it_is_interrupted() {
    let arguments = ["--listen", "127.0.0.1:0", "--plain-pool", "linux=2", "--simulate"];
    let mut child = command(&arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["ready"], "batch");

    let address = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /pools HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 401 "), "{response}");

    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn the_binary_serves_https_on_request() {
    let mut child = command(&["--tls", "--simulate"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let client = transport::https(Some(Path::new(ready["ca"].as_str().unwrap()))).unwrap();
    let request = http::Request::get(format!("{}/pools", ready["url"].as_str().unwrap()));
    let response = client(request.body(Vec::new().into()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 401);
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn an_invalid_pool_is_reported_and_fails_the_start() {
    let output = command(&["--pool", "linux=many"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = "error: failed to read pool \"linux=many\": write id or id=nodes";
    assert!(error.starts_with(expected), "{error}");
    assert!(!output.status.success());
}
