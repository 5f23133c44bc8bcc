//! An application folder, a host that runs it, and what is seen of both.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

use super::handler;
use crate::http_client::{HttpClient, Length};
use crate::{FunctionsHost, Line, Options, StartError, Stream};
use emulator_core::clock::Clock;
use emulator_core::events::{Event, EventContext, EventKind};
use emulator_core::service::{Listening, Response, Service, serve};

/// Longer than anything here takes; a story that waits for something that does not come ends with it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// An application that is being made.
pub(super) struct App {
    folder: TempDir,
    host_json: Value,
    pub(super) options: Options,
    pub(super) site: EventContext,
}

/// A running host and what is seen of it.
pub(super) struct World {
    pub(super) host: Arc<FunctionsHost>,
    pub(super) service: Arc<Service<FunctionsHost>>,
    pub(super) listening: Listening,
    pub(super) site: EventContext,
    events: broadcast::Receiver<Event>,
    lines: mpsc::UnboundedReceiver<Line>,
    client: HttpClient,
    _folder: TempDir,
}

impl App {
    /// Makes an application without functions.
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let program = std::env::current_exe().expect("this program's path");
        symlink(program, folder.path().join("handler")).expect("a link to it");
        let description =
            json!({ "defaultExecutablePath": "handler", "arguments": handler::ARGUMENTS });
        let host_json = json!({
            "version": "2.0",
            "functionTimeout": "00:01:00",
            "customHandler": { "description": description, "enableForwardingHttpRequest": true },
            "extensions": { "queues": { "visibilityTimeout": "00:00:30" } },
        });
        let noon = "2026-11-21T12:00:00Z".parse().expect("a time");
        let options = Options::new(folder.path());
        Self { folder, host_json, options, site: EventContext::new(Clock::starting_at(noon)) }
    }

    /// Makes an application with an HTTP function.
    pub(super) fn with_http(name: &str, level: &str) -> Self {
        Self::new().function(
            name,
            json!([
                { "type": "httpTrigger", "direction": "in", "name": "request",
                  "authLevel": level, "methods": ["post"] },
                { "type": "http", "direction": "out", "name": "response" },
            ]),
        )
    }

    /// Adds a function.
    pub(super) fn function(self, name: &str, bindings: Value) -> Self {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        let text = json!({ "bindings": bindings }).to_string();
        std::fs::write(folder.join("function.json"), text).expect("a file");
        self
    }

    /// Changes the custom handler's section of host.json.
    pub(super) fn custom_handler(mut self, name: &str, value: Value) -> Self {
        self.host_json["customHandler"][name] = value;
        self
    }

    /// Changes how long a function may run.
    pub(super) fn function_timeout(mut self, span: &str) -> Self {
        self.host_json["functionTimeout"] = json!(span);
        self
    }

    /// Adds an application setting.
    pub(super) fn setting(mut self, name: &str, value: &str) -> Self {
        self.options.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the host, as far as it comes.
    pub(super) async fn try_start(mut self) -> Result<World, StartError> {
        let text = self.host_json.to_string();
        std::fs::write(self.folder.path().join("host.json"), text).expect("a file");
        let (log, lines) = mpsc::unbounded_channel();
        self.options.log = Arc::new(move |line| {
            // The world may end while the handler still writes.
            let _ = log.send(line.clone());
        });
        let events = self.site.subscribe();
        let host = FunctionsHost::start(self.options, self.site.clone()).await?;
        let service = Service::new(Arc::clone(&host));
        let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let listening = serve(Arc::clone(&service), any).await.expect("a free port");
        let (site, client) = (self.site, HttpClient::of_sockets());
        Ok(World { host, service, listening, site, events, lines, client, _folder: self.folder })
    }

    /// Starts the host.
    pub(super) async fn start(self) -> World {
        self.try_start().await.expect("the host starts")
    }
}

impl World {
    /// Makes a POST to the front.
    pub(super) fn post(&self, target: &str) -> http::request::Builder {
        http::Request::post(format!("{}{target}", self.listening.url))
    }

    /// Sends a request whose length is announced.
    pub(super) async fn send(&self, request: http::request::Builder, body: &[u8]) -> Response {
        self.send_with(Length::Known, request, body).await
    }

    /// Sends a request.
    pub(super) async fn send_with(
        &self,
        length: Length,
        request: http::request::Builder,
        body: &[u8],
    ) -> Response {
        let request = request.body(Bytes::copy_from_slice(body)).expect("a request");
        self.client.send(request, length).await.expect("an answer")
    }

    /// Asks the control port.
    pub(super) async fn control(&self, path: &str, body: Value) -> Response {
        let request = http::Request::post(format!("{}{path}", self.listening.control));
        self.send(request, body.to_string().as_bytes()).await
    }

    /// Waits for the next invocation of a function, and tells its status.
    pub(super) async fn invoked(&mut self, function: &str) -> u16 {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("an invocation in time");
            if let EventKind::Invoked { function: name, status } =
                event.expect("the site lives").kind
                && name == function
            {
                return status;
            }
        }
    }

    /// Waits for the next line that satisfies a look at it.
    pub(super) async fn line(&mut self, look: impl Fn(&Line) -> bool) -> Line {
        loop {
            let line = timeout(PATIENCE, self.lines.recv()).await.expect("a line in time");
            let line = line.expect("the host lives");
            if look(&line) {
                return line;
            }
        }
    }

    /// Waits until the handler says which request it was given.
    pub(super) async fn given(&mut self) -> Value {
        let told = |line: &Line| line.stream == Stream::Stdout && line.text.contains("\"target\"");
        serde_json::from_str(&self.line(told).await.text).expect("the handler writes JSON")
    }

    /// Waits until a group's next process says that it has started.
    pub(super) async fn started(&mut self, group: &str) -> String {
        self.line(|line| line.group == group && line.text.contains("\"started\"")).await.text
    }

    /// Tells the process of a group.
    pub(super) fn pid(&self, group: &str) -> u32 {
        self.host.worker_pids()[group]
    }
}
