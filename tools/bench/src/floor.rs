//! The floor: the least that a receiver of durable webhooks can do. It checks the signature, and puts one message.
//!
//! It has the libraries of the handler (warp, reqwest, the same HMAC), and the allocator of the system.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use reqwest::Client;
use tokio::net::TcpListener;
use warp::Filter;

use crate::payload::is_signed;
use crate::print;

/// Receives webhooks until it is ended.
pub(crate) async fn run(queue: String) -> anyhow::Result<()> {
    let client = handler::transport::http_client(None).context("create a client")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("open a port")?;
    let address: SocketAddr = listener.local_addr().context("read the port")?;
    let receiver = Arc::new(Receiver { client, messages: format!("{queue}/messages") });
    let webhook = warp::path!("api" / "ProvideActionsRunner")
        .and(warp::post())
        .and(warp::header::headers_cloned())
        .and(warp::body::bytes())
        .then(move |headers: HeaderMap, body: Bytes| {
            let receiver = Arc::clone(&receiver);
            async move { receiver.receive(&headers, &body).await }
        });
    let ready = warp::path::end().map(|| StatusCode::OK);
    print(format_args!("ready address={address}"));
    warp::serve(webhook.or(ready)).incoming(listener).run().await;
    Ok(())
}

struct Receiver {
    client: Client,
    messages: String,
}

impl Receiver {
    async fn receive(&self, headers: &HeaderMap, body: &Bytes) -> StatusCode {
        let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
        if !signature.is_some_and(|signature| is_signed(body, signature)) {
            return StatusCode::UNAUTHORIZED;
        }
        // The length of a message of the handler.
        let text = "e".repeat(300);
        let message = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        let put =
            self.client.post(&self.messages).header("x-ms-version", "2026-04-06").body(message);
        match put.send().await {
            Ok(response) if response.status() == StatusCode::CREATED => StatusCode::ACCEPTED,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
