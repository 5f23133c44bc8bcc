//! The address of a service as the client of a request knows it.

use http::header;

use super::Request;

/// A mark in the extensions of a request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted;

/// Returns whether a request came over TLS.
pub fn is_encrypted(request: &Request) -> bool {
    request.extensions().get::<Encrypted>().is_some()
}

/// Returns scheme, host and port of a request, as in `https://localhost:7070`.
///
/// The host is that of the header, or of the URI if the request came without a socket.
pub fn origin(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    let scheme = if is_encrypted(request) { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}
