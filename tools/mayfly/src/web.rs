//! `mayfly status --web`: the status page on loopback, whose calls are sent on with the key of the command.
//!
//! The page is that of the deployments, and its key is a token that is new in each run: [`gate`] checks it, so that
//! neither other users of the machine nor pages of other sites can use the port.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use bytes::Bytes;
use emulator_core::service::ControlToken;
use handler::status_page::StatusPage;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::client::DeploymentClient;
use crate::{end_signals, print};

mod gate;

use gate::{Gate, Target};

/// Operate accepts no more.
const MAX_BODY_BYTES: usize = 16 << 10;

/// The deployment whose page is served.
struct Web {
    client: DeploymentClient,
    gate: Gate,
}

/// Serves the page until a signal ends the command.
pub(crate) async fn serve(
    client: DeploymentClient,
    listen: SocketAddr,
) -> anyhow::Result<ExitCode> {
    ensure!(listen.ip().is_loopback(), "serve the page at {listen}: use an address of loopback");
    let mut signals = end_signals()?;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("serve the page at {listen}"))?;
    let address = listener.local_addr().context("read the port of the page")?;
    let token = ControlToken::random();
    print(format_args!(
        "open {}; Ctrl-C ends it",
        page_address(&format!("http://{address}"), token.as_str())
    ));
    let web = Arc::new(Web { client, gate: Gate { token } });
    tokio::select! {
        () = accept(listener, web) => {}
        _ = signals.next() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the address of the page of a deployment, with the key in the fragment, which no browser sends.
pub(crate) fn page_address(functions: &str, key: &str) -> String {
    let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
    format!("{functions}/api/StatusPage#code={key}")
}

async fn accept(listener: TcpListener, web: Arc<Web>) {
    loop {
        // `accept` fails when the process is out of descriptors; connections that end release theirs.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        tokio::spawn(serve_connection(stream, Arc::clone(&web)));
    }
}

async fn serve_connection(stream: TcpStream, web: Arc<Web>) {
    let respond = |request| {
        let web = Arc::clone(&web);
        async move { Ok::<_, Infallible>(web.respond(request).await) }
    };
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(respond));
    // The browser is gone.
    let _ = connection.await;
}

impl Web {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let target = match self.gate.check(&head) {
            Ok(target) => target,
            Err(rejection) => return error(rejection.status(), rejection),
        };
        match target {
            Target::Page => page(),
            Target::Status => forwarded(self.client.forward_status().await),
            Target::Operate => match Limited::new(body, MAX_BODY_BYTES).collect().await {
                Ok(body) => forwarded(self.client.forward_operation(body.to_bytes()).await),
                Err(_) => {
                    error(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or incomplete")
                }
            },
        }
    }
}

fn page() -> Response<Full<Bytes>> {
    let page = StatusPage::get();
    let mut response = response(StatusCode::OK, "text/html; charset=utf-8", page.document.clone());
    for (name, value) in page.headers() {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Returns the response of the deployment. That the deployment rejects the key of the command is no fault of the page's
/// token.
fn forwarded(result: anyhow::Result<(StatusCode, Bytes)>) -> Response<Full<Bytes>> {
    match result {
        Ok((StatusCode::UNAUTHORIZED, _)) => error(
            StatusCode::BAD_GATEWAY,
            "the deployment rejects the key of `mayfly status --web`: start it with another",
        ),
        Ok((status, body)) => response(status, "application/json", body),
        Err(err) => error(StatusCode::BAD_GATEWAY, format!("failed to {err:#}")),
    }
}

fn error(status: StatusCode, text: impl ToString) -> Response<Full<Bytes>> {
    response(status, "application/json", json!({ "error": text.to_string() }).to_string())
}

fn response(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
