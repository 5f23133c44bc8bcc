//! Sends one request over plain HTTP and collects the answer.

use std::convert::Infallible;

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::github::wire::{self, Unanswered};
use crate::service::{Request, Response};

/// The way of requests out of the host.
#[derive(Clone)]
pub(super) enum Wire {
    /// A client with a pool of connections; it follows no redirect, and adds nothing but a missing `Host`.
    Sockets(Box<Client<HttpConnector, UnsyncBoxBody<Bytes, Infallible>>>),
    /// A function of this process.
    Function(wire::Wire),
}

/// How the length of a body is announced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Length {
    /// By `Content-Length`.
    Known,
    /// Not at all: the body comes in chunks.
    Chunked,
}

/// No whole answer came back.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The connection failed, or closed before the answer's head.
    #[error("the request met no answer")]
    Head(#[from] hyper_util::client::legacy::Error),
    /// The connection closed within the answer's body.
    #[error("the answer broke off")]
    Body(#[from] hyper::Error),
    /// The function that stands for connections gave none.
    #[error(transparent)]
    Function(#[from] Unanswered),
}

impl Wire {
    /// Makes a client.
    pub(super) fn of_sockets() -> Self {
        Self::Sockets(Box::new(Client::builder(TokioExecutor::new()).build_http()))
    }

    /// Takes a function, where there is one.
    pub(super) fn or_of_sockets(function: Option<&wire::Wire>) -> Self {
        function.map_or_else(Self::of_sockets, |function| Self::Function(function.clone()))
    }

    /// Sends a request, whose URI is absolute.
    pub(super) async fn send(
        &self,
        request: Request,
        length: Length,
    ) -> Result<Response, NoAnswer> {
        let client = match self {
            Self::Sockets(client) => client,
            Self::Function(send) => return Ok(send(request).await?),
        };
        let request = request.map(|body| match length {
            Length::Known => Full::new(body).boxed_unsync(),
            Length::Chunked => {
                let frame = Ok::<_, Infallible>(Frame::data(body));
                StreamBody::new(stream::iter([frame])).boxed_unsync()
            }
        });
        let (parts, body) = client.request(request).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}
