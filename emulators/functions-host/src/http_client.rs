//! Sends one request over plain HTTP and collects the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::stream;
use http::header;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use emulator_core::service::{Request, Response};
use emulator_core::transport::{Transport, TransportError};

/// The largest body that the real host gets rid of though the handler does not read it, as far as was seen.
const MAX_UNREAD: usize = 2 << 20;
/// The parts in which a larger one is written.
const PART: usize = 64 << 10;
/// The system's buffer, which holds what is written and not yet read: in all less than [`MAX_UNREAD`] is under way.
const SEND_BUFFER: usize = 128 << 10;

/// An HTTP client of the host.
#[derive(Clone)]
pub(super) enum HttpClient {
    /// A client with a pool of connections; it follows no redirect, and adds nothing but a missing `Host`.
    Sockets(Box<Client<HttpConnector, UnsyncBoxBody<Bytes, Infallible>>>),
    /// A function of this process.
    Function(Transport),
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
    /// The handler answered while the host still wrote the body, which breaks the writing.
    #[error("the answer came before the end of a body of {length} bytes")]
    Early {
        /// How long the body is.
        length: usize,
    },
    /// The function that stands for connections gave none.
    #[error(transparent)]
    Function(#[from] TransportError),
}

impl HttpClient {
    /// Makes a client.
    pub(super) fn of_sockets() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_send_buffer_size(Some(SEND_BUFFER));
        Self::Sockets(Box::new(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// Takes a function, where there is one.
    pub(super) fn or_of_sockets(function: Option<&Transport>) -> Self {
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
        let (length_of_body, sent) = (request.body().len(), Arc::new(AtomicUsize::new(0)));
        let mut request = request;
        if length == Length::Known && length_of_body > MAX_UNREAD {
            request.headers_mut().insert(header::CONTENT_LENGTH, length_of_body.into());
        }
        let request = request.map(|body| match length {
            Length::Known if length_of_body > MAX_UNREAD => in_parts(body, Arc::clone(&sent)),
            Length::Known => Full::new(body).boxed_unsync(),
            Length::Chunked => {
                let frame = Ok::<_, Infallible>(Frame::data(body));
                StreamBody::new(stream::iter([frame])).boxed_unsync()
            }
        });
        let (parts, body) = client.request(request).await?.into_parts();
        if length_of_body > MAX_UNREAD && sent.load(Ordering::Relaxed) < length_of_body {
            return Err(NoAnswer::Early { length: length_of_body });
        }
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

/// Gives a body in parts, and counts the bytes that were taken.
fn in_parts(body: Bytes, sent: Arc<AtomicUsize>) -> UnsyncBoxBody<Bytes, Infallible> {
    let parts = (0..body.len()).step_by(PART).map(move |from| {
        let part = body.slice(from..body.len().min(from + PART));
        sent.fetch_add(part.len(), Ordering::Relaxed);
        Ok::<_, Infallible>(Frame::data(part))
    });
    StreamBody::new(stream::iter(parts)).boxed_unsync()
}
