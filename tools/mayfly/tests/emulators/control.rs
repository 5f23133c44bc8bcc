//! The control port of every emulator: each of its actions, with each violation of its gate.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::CommandFactory;
use emulator_core::transport::{self, Transport};
use http::{Method, StatusCode};
use mayfly::cli::Cli;
use serde_json::{Value, json};

use crate::program::Emulated;

/// A control port.
pub(crate) struct Port {
    client: Transport,
    url: String,
    token: String,
}

/// The changes to the headers of a correct request, with the status of the rejection. An empty value removes a header.
type Violation = (&'static [(&'static str, &'static str)], u16);

const VIOLATIONS: [Violation; 10] = [
    (&[("authorization", "")], 401),
    (&[("authorization", "Bearer 00000000000000000000000000000000")], 401),
    (&[("origin", "https://evil.example")], 403),
    (&[("origin", "null")], 403),
    (&[("sec-fetch-site", "cross-site")], 403),
    (&[("sec-fetch-site", "same-site")], 403),
    (&[("host", "evil.example:7171")], 421),
    (&[("host", "localhost.evil.example")], 421),
    (&[("content-type", "text/plain")], 415),
    (&[("content-type", "")], 415),
];

/// The request that a browser sends for a page without a preflight, and what it sends to ask for permission.
const PAGE: &[(&str, &str)] = &[
    ("authorization", ""),
    ("content-type", "text/plain"),
    ("host", "evil.example:7171"),
    ("origin", "https://evil.example"),
    ("sec-fetch-site", "cross-site"),
];
const PREFLIGHT: &[(&str, &str)] = &[
    ("authorization", ""),
    ("content-type", ""),
    ("origin", "https://evil.example"),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization,content-type"),
    ("access-control-request-private-network", "true"),
];

impl Port {
    pub(crate) fn of(ready: &Value) -> Self {
        let text = |name: &str| ready[name].as_str().expect(name).to_owned();
        Self::at(text("control"), text("token"))
    }

    pub(crate) fn at(url: String, token: String) -> Self {
        Self { client: transport::http(), url, token }
    }

    /// Sends a request that is correct apart from these headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        changes: &[(&str, &str)],
    ) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token);
        let correct = [("authorization", &*bearer), ("content-type", "application/json")];
        let kept = correct.iter().filter(|(name, _)| !changes.iter().any(|(it, _)| it == name));
        let changed = changes.iter().filter(|(_, value)| !value.is_empty());
        let request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request =
            kept.chain(changed).fold(request, |it, (name, value)| it.header(*name, *value));
        let body = if method == Method::GET { String::new() } else { json!({}).to_string() };
        let request = request.body(body.into()).expect("a request");
        let response = (self.client)(request).await.expect("a response");
        let permissions = response.headers().keys();
        let permissions: Vec<_> =
            permissions.filter(|name| name.as_str().starts_with("access-control-")).collect();
        assert!(permissions.is_empty(), "{method} {path}: {permissions:?}");
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        (response.status().as_u16(), body)
    }

    /// Returns the actions of the port as it lists them: method and path, with a name for each parameter.
    async fn actions(&self) -> Vec<(String, String)> {
        let (status, body) = self.send("GET", "/", &[]).await;
        assert_eq!(status, 200, "{body}");
        let lines = body["actions"].as_array().expect("a list").iter();
        let lines = lines.map(|line| line.as_str().expect("a line"));
        lines
            .map(|line| {
                let (method, path) = line.split_once(' ').expect("a method and a path");
                let segments = path.split('/').map(|it| if it.starts_with('{') { "7" } else { it });
                (method.to_owned(), segments.collect::<Vec<_>>().join("/"))
            })
            .collect()
    }

    /// Checks that each action rejects each violation, and accepts a correct request.
    pub(crate) async fn check(&self, name: &str) {
        let actions = self.actions().await;
        assert!(actions.len() >= 5, "{name}: {actions:?}");
        for (method, path) in &actions {
            for (changes, expected) in VIOLATIONS {
                if method == "GET" && expected == 415 {
                    continue;
                }
                let (status, body) = self.send(method, path, changes).await;
                assert_eq!(status, expected, "{name}: {method} {path} {changes:?}: {body}");
                assert!(body["error"].is_string(), "{name}: {method} {path} {changes:?}: {body}");
            }
            assert_eq!(self.send(method, path, PAGE).await.0, 403, "{name}: {method} {path}");
            assert_eq!(self.send("OPTIONS", path, PREFLIGHT).await.0, 403, "{name}: {path}");
            assert_eq!(self.send("OPTIONS", path, &[]).await.0, 404, "{name}: {path}");
            let (status, body) = self.send(method, path, &[]).await;
            let error = body["error"].as_str().unwrap_or_default();
            assert!(!error.contains("is not an action"), "{name}: {method} {path}: {error}");
            assert!(![401, 403, 415, 421].contains(&status), "{name}: {method} {path}: {error}");
        }
    }
}

/// The headers of a browser's requests for the pages of other sites. It sends no `Origin` with those of images and links.
const OTHER_SITES: [(&str, &str, &str); 5] = [
    ("POST", "origin", "http://evil.example:7070"),
    ("GET", "sec-fetch-site", "cross-site"),
    ("HEAD", "sec-fetch-site", "cross-site"),
    ("GET", "sec-fetch-site", "same-site"),
    ("POST", "sec-fetch-site", "cross-site"),
];

/// Returns the arguments of every emulator with a port. A new subcommand is included.
fn emulators(app: &Path) -> Vec<Vec<String>> {
    let command = Cli::command();
    let emulate = command.find_subcommand("emulate").expect("the command");
    let names = emulate.get_subcommands().map(|it| it.get_name().to_owned());
    let of = |name: String| {
        let app = ["--app".to_owned(), app.display().to_string()];
        let more = if name == "functions-host" { Vec::from(app) } else { Vec::new() };
        [vec![name], more].concat()
    };
    // The first two write a folder and end.
    names.filter(|name| !["runner", "agent", "help"].contains(&&**name)).map(of).collect()
}

/// Writes an application for the Functions host. Its handler is any program that listens on the port.
pub(crate) fn application() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let host = json!({
        "version": "2.0",
        "customHandler": { "description": { "defaultExecutablePath": "handler" } },
    });
    let function = json!({
        "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "request" },
            { "type": "http", "direction": "out", "name": "response" },
        ],
    });
    let handler = format!(
        "#!/bin/sh\nexec '{}' emulate management --listen \"127.0.0.1:$FUNCTIONS_CUSTOMHANDLER_PORT\"\n",
        env!("CARGO_BIN_EXE_mayfly")
    );
    std::fs::create_dir(folder.path().join("Function")).expect("a folder");
    for (name, text) in [
        ("host.json", host.to_string()),
        ("Function/function.json", function.to_string()),
        ("handler", handler),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("a mode");
    }
    folder
}

#[tokio::test]
async fn each_action_of_each_emulator_rejects_each_violation() {
    let app = application();
    let emulators = emulators(app.path());
    assert!(emulators.len() >= 7, "{emulators:?}");
    for arguments in emulators {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let emulated = Emulated::start(&arguments);
        Port::of(&emulated.ready).check(arguments[0]).await;
    }
}

#[tokio::test]
async fn no_emulated_service_serves_pages_of_other_sites() {
    let app = application();
    for arguments in emulators(app.path()) {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let emulated = Emulated::start(&arguments);
        for (method, header, value) in OTHER_SITES {
            let request = http::Request::builder().method(method);
            let request = request.uri(format!("{}/jobs", emulated.url())).header(header, value);
            let request = request.body(Vec::new().into()).expect("a request");
            let response = transport::http()(request).await.expect("a response");
            let (status, context) = (response.status(), format!("{arguments:?} {method} {value}"));
            assert_eq!(status, StatusCode::FORBIDDEN, "{context}");
        }
        for site in ["none", "same-origin"] {
            let request = http::Request::get(format!("{}/jobs", emulated.url()));
            let request = request.header("sec-fetch-site", site).body(Vec::new().into());
            let response = transport::http()(request.expect("a request")).await;
            let status = response.expect("a response").status();
            assert_ne!(status, StatusCode::FORBIDDEN, "{arguments:?} {site}");
        }
    }
}
