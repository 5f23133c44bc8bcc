//! An HTTP client without TLS, which collects whole responses.

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

/// The largest body that the real host was observed to send completely although the handler does not read it.
const MAX_UNREAD_BYTES: usize = 2 << 20;
/// The size of the parts in which a larger body is sent.
const PART_BYTES: usize = 64 << 10;
/// The size of the system's send buffer; with it, less than [`MAX_UNREAD_BYTES`] can be sent but unread.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// An HTTP client of the host.
#[derive(Clone)]
pub(crate) enum HttpClient {
    /// A client with a connection pool; it follows no redirect, and adds only a missing `Host`.
    Sockets(Box<Client<HttpConnector, UnsyncBoxBody<Bytes, Infallible>>>),
    /// A function of this process.
    InProcess(Transport),
}

/// The way the length of a body is transmitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    /// As `Content-Length`.
    Known,
    /// Not in advance: the body is chunked.
    Chunked,
}

/// The reason that there is no complete response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoResponse {
    /// The connection failed, or closed before the head of the response.
    #[error("the request received no response")]
    Head(#[from] hyper_util::client::legacy::Error),
    /// The connection closed during the body of the response.
    #[error("the response is incomplete")]
    Body(#[from] hyper::Error),
    /// The handler responded while the host was still sending the body, which aborts the request.
    #[error("the response arrived before the end of a request body of {length} bytes")]
    Early {
        /// The length of the request body.
        length: usize,
    },
    /// The function that replaces connections returned an error.
    #[error(transparent)]
    InProcess(#[from] TransportError),
}

impl HttpClient {
    /// Creates a client that uses sockets.
    pub(crate) fn over_sockets() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_send_buffer_size(Some(SEND_BUFFER_BYTES));
        Self::Sockets(Box::new(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// Creates a client that uses a function, or sockets if there is none.
    pub(crate) fn new(function: Option<&Transport>) -> Self {
        function.map_or_else(Self::over_sockets, |function| Self::InProcess(function.clone()))
    }

    /// Sends a request, whose URI must be absolute.
    pub(crate) async fn send(
        &self,
        request: Request,
        length: Length,
    ) -> Result<Response, NoResponse> {
        let client = match self {
            Self::Sockets(client) => client,
            Self::InProcess(send) => return Ok(send(request).await?),
        };
        let (body_length, sent) = (request.body().len(), Arc::new(AtomicUsize::new(0)));
        let mut request = request;
        if length == Length::Known && body_length > MAX_UNREAD_BYTES {
            request.headers_mut().insert(header::CONTENT_LENGTH, body_length.into());
        }
        let request = request.map(|body| match length {
            Length::Known if body_length > MAX_UNREAD_BYTES => {
                body_in_parts(body, Arc::clone(&sent))
            }
            Length::Known => Full::new(body).boxed_unsync(),
            Length::Chunked => {
                let frame = Ok::<_, Infallible>(Frame::data(body));
                StreamBody::new(stream::iter([frame])).boxed_unsync()
            }
        });
        let (parts, body) = client.request(request).await?.into_parts();
        if body_length > MAX_UNREAD_BYTES && sent.load(Ordering::Relaxed) < body_length {
            return Err(NoResponse::Early { length: body_length });
        }
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

/// Returns a body in parts, and counts the bytes that were sent.
fn body_in_parts(body: Bytes, sent: Arc<AtomicUsize>) -> UnsyncBoxBody<Bytes, Infallible> {
    let parts = (0..body.len()).step_by(PART_BYTES).map(move |from| {
        let part = body.slice(from..body.len().min(from + PART_BYTES));
        sent.fetch_add(part.len(), Ordering::Relaxed);
        Ok::<_, Infallible>(Frame::data(part))
    });
    StreamBody::new(stream::iter(parts)).boxed_unsync()
}
