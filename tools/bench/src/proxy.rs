//! A proxy on loopback that delays each response, as a service does that is some way off.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;

type Upstream = watch::Receiver<Option<String>>;

/// A running proxy. It forwards requests as soon as it has an upstream.
pub(crate) struct Proxy {
    /// Its URL.
    pub(crate) url: String,
    upstream: watch::Sender<Option<String>>,
}

impl Proxy {
    /// Starts a proxy whose responses come this much later.
    ///
    /// # Errors
    /// There is no port.
    pub(crate) async fn start(distance: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("open a port")?;
        let address: SocketAddr = listener.local_addr().context("read the port")?;
        let (upstream, known) = watch::channel(None);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let forwarder = Arc::new(Forwarder { client, known, distance });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let forwarder = Arc::clone(&forwarder);
                let service = service_fn(move |request| Arc::clone(&forwarder).forward(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { url: format!("http://{address}"), upstream })
    }

    /// Sets the URL to which requests are forwarded.
    pub(crate) fn forward_to(&self, url: &str) {
        self.upstream.send_replace(Some(url.trim_end_matches('/').to_owned()));
    }
}

struct Forwarder {
    client: Client<HttpConnector, Full<Bytes>>,
    known: Upstream,
    distance: Duration,
}

impl Forwarder {
    /// Returns the URL to which requests are forwarded, as soon as it is known.
    async fn upstream(&self) -> anyhow::Result<String> {
        let mut known = self.known.clone();
        let upstream = known.wait_for(Option::is_some).await.context("learn the upstream")?;
        Ok(upstream.clone().unwrap_or_default())
    }

    async fn forward(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> anyhow::Result<Response<Full<Bytes>>> {
        let upstream = self.upstream().await?;
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{upstream}{path}").parse::<Uri>().context("write a URL")?;
        for hop in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING] {
            parts.headers.remove(hop);
        }
        let body = body.collect().await.context("read a request")?.to_bytes();
        let response = self.client.request(Request::from_parts(parts, Full::new(body))).await;
        let Ok(response) = response else {
            let mut failed = Response::new(Full::default());
            *failed.status_mut() = StatusCode::BAD_GATEWAY;
            return Ok(failed);
        };
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.context("read a response")?.to_bytes();
        parts.headers.remove(header::TRANSFER_ENCODING);
        tokio::time::sleep(self.distance).await;
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}
