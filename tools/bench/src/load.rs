//! A closed loop of deliveries: each connection sends the next one when the response to the last has arrived.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use crate::payload::Delivery;

/// Where deliveries are sent.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    path: Arc<str>,
}

/// When a load ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After this time; the deliveries are repeated.
    Elapsed(Duration),
    /// When each delivery was sent once.
    AllSent,
}

/// The responses to a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Responses {
    /// The duration of each exchange whose response was 2xx, in microseconds.
    pub(crate) micros: Vec<u32>,
    /// The number of other responses.
    pub(crate) errors: u64,
    /// The duration of the load.
    pub(crate) elapsed: Duration,
}

impl Target {
    /// Returns the target at a URL on this machine or elsewhere.
    pub(crate) async fn at(url: &Url) -> anyhow::Result<Self> {
        ensure!(url.scheme() == "http", "use a plain http URL instead of {url}");
        let host = url.host_str().context("use a URL with a host")?;
        let port = url.port_or_known_default().context("use a URL with a port")?;
        let mut found = tokio::net::lookup_host((host, port)).await;
        let found = found.as_mut().map(|found| found.next()).ok().flatten();
        let address = found.with_context(|| format!("find the address of {host}"))?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self { address, path: format!("{}{query}", url.path()).into() })
    }

    /// Returns the function of a handler at this address.
    pub(crate) fn handler(address: SocketAddr) -> Self {
        Self { address, path: "/api/ProvideActionsRunner".into() }
    }

    /// Sends deliveries over a number of connections.
    ///
    /// # Errors
    /// A connection breaks.
    pub(crate) async fn load(
        &self,
        deliveries: &Arc<[Delivery]>,
        connections: usize,
        until: Until,
    ) -> anyhow::Result<Responses> {
        let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (target, deliveries, next) =
                (self.clone(), Arc::clone(deliveries), Arc::clone(&next));
            tasks.spawn(async move { target.repeat(&deliveries, &next, (began, until)).await });
        }
        let mut all = Responses::default();
        while let Some(done) = tasks.join_next().await {
            let done = done.context("send deliveries")??;
            all.micros.extend(done.micros);
            all.errors += done.errors;
        }
        all.elapsed = began.elapsed();
        Ok(all)
    }

    async fn repeat(
        &self,
        deliveries: &[Delivery],
        next: &AtomicUsize,
        (began, until): (Instant, Until),
    ) -> anyhow::Result<Responses> {
        let mut sender = self.connect().await?;
        let mut responses = Responses::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let ended = match until {
                Until::Elapsed(limit) => began.elapsed() >= limit,
                Until::AllSent => number >= deliveries.len(),
            };
            if ended {
                return Ok(responses);
            }
            let sent = Instant::now();
            let status = self.send(&mut sender, &deliveries[number % deliveries.len()]).await?;
            let micros = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
            match status {
                200..300 => responses.micros.push(micros),
                _ => responses.errors += 1,
            }
        }
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await;
        let stream = stream.with_context(|| format!("connect to {}", self.address))?;
        stream.set_nodelay(true).context("configure a connection")?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.context("open a connection")?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn send(
        &self,
        sender: &mut SendRequest<Full<Bytes>>,
        delivery: &Delivery,
    ) -> anyhow::Result<u16> {
        let request = Request::post(&*self.path)
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/0000000")
            .header("x-github-delivery", "00000000-0000-0000-0000-000000000000")
            .header("x-github-event", "workflow_job")
            .header("x-hub-signature-256", &delivery.signature)
            .body(Full::new(delivery.body.clone()));
        sender.ready().await.context("wait for a connection")?;
        let response = sender.send_request(request.context("write a request")?).await;
        let response = response.context("send a delivery")?;
        let status = response.status().as_u16();
        response.into_body().collect().await.context("read a response")?;
        Ok(status)
    }
}

impl Responses {
    /// Returns the number of accepted deliveries a second.
    pub(crate) fn rate(&self) -> f64 {
        self.micros.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Returns the duration below which this part of the exchanges stayed, in milliseconds.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let micros = sorted.get((last as f64 * part).round() as usize).copied().unwrap_or_default();
        f64::from(micros) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_at_its_place() {
        let micros = (1..=101).rev().map(|millis| millis * 1000).collect();
        let responses = Responses { micros, errors: 0, elapsed: Duration::from_secs(2) };
        assert_eq!((responses.percentile(0.5), responses.percentile(0.99)), (51.0, 100.0));
        assert!((responses.rate() - 50.5).abs() < 1e-9);
        assert!(Responses::default().percentile(0.5).abs() < 1e-9);
    }
}
