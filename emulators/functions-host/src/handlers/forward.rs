//! The request that the handler receives for a caller's request, and the response to the caller.
//!
//! The host either creates a new request (`enableForwardingHttpRequest`) or passes it through its reverse proxy
//! (`enableProxyingHttpRequest`). For a handler, the differences are:
//!
//! | | forwarded | proxied |
//! |---|---|---|
//! | `X-Forwarded-For` | as received | replaced by the caller's address without port |
//! | a body without `Content-Length` | the invocation fails | the handler receives it |
//! | path and query | decoded and escaped again, values of a repeated name joined by commas | unchanged |
//! | `Content-Encoding`, `Content-MD5` and similar | dropped | unchanged |
//! | `TE`, `Connection`, `Keep-Alive`, `Upgrade` | unchanged | dropped |
//! | `Host` | the caller's | the handler's |
//!
//! Seen with the real host 4.1037: `tests/host-envelopes`. The proxy considers the peer of the host's own socket as
//! the caller. On Linux plans that can be an internal address of the platform. A handler that needs the caller's
//! address must therefore use forwarding, or read `client-ip`, which the front end overwrites. Bodies are identical
//! byte for byte either way.

use std::net::SocketAddr;

use http::uri::{InvalidUri, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use uuid::Uuid;

use emulator_core::service::{Request, Response};

mod headers;
mod target;

/// The version of the host in its headers.
pub(crate) const HOST_VERSION: &str = "4.1037.0.0";

const INVOCATION_ID: HeaderName = HeaderName::from_static("x-azure-functions-invocationid");
const VERSION: HeaderName = HeaderName::from_static("x-azure-functions-hostversion");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Headers that apply to one connection only. The proxy drops them, and the host drops those of a response.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
];

/// The reason that the host cannot forward a request; the invocation fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotForwarded {
    /// .NET's client sends no chunked header without a body, and the host copies the header without the body.
    #[error(
        "'Transfer-Encoding: chunked' header can not be used when content object is not specified."
    )]
    Chunked,
    /// .NET's client cannot parse the type of the body.
    #[error("The format of value '{0}' is invalid.")]
    ContentType(String),
    /// The target is not a valid URL.
    #[error("the target is not a valid URL")]
    Target(#[from] InvalidUri),
}

/// Creates a new request, as `enableForwardingHttpRequest` does.
pub(crate) fn forwarded_request(
    request: &Request,
    port: u16,
    invocation: Uuid,
) -> Result<Request, NotForwarded> {
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Err(NotForwarded::Chunked);
    }
    let body = request.body().clone();
    let content_type = if body.is_empty() { None } else { content_type(request)? };
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = local_uri(port, &target::rebuilt(request.uri()))?;
    let mut copied = headers::copied(request.headers());
    if let Some(content_type) = content_type {
        copied.insert(header::CONTENT_TYPE, content_type);
    }
    append(&mut copied, header::USER_AGENT, " ", &format!("Azure-Functions-Host/{HOST_VERSION}"));
    append(&mut copied, INVOCATION_ID, ", ", &invocation.to_string());
    append(&mut copied, VERSION, ", ", HOST_VERSION);
    *copy.headers_mut() = copied;
    Ok(copy)
}

fn content_type(request: &Request) -> Result<Option<HeaderValue>, NotForwarded> {
    headers::content_type(request.headers()).map_err(NotForwarded::ContentType)
}

/// Adds a value to a header. The host adds its own to those of the caller, and replaces none.
fn append(headers: &mut HeaderMap, name: HeaderName, separator: &str, value: &str) {
    let own = value.as_bytes();
    let joined = match headers.get(&name) {
        Some(callers) => [callers.as_bytes(), own].join(separator.as_bytes()),
        None => own.to_vec(),
    };
    let joined = HeaderValue::from_bytes(&joined).expect("two header values form a header value");
    headers.insert(name, joined);
}

/// Returns the request that the proxy of `enableProxyingHttpRequest` sends.
pub(crate) fn proxied_request(
    request: &Request,
    port: u16,
    invocation: Uuid,
    peer: SocketAddr,
) -> Result<Request, NotForwarded> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut copy = copy_to(request, port, target)?;
    let headers = copy.headers_mut();
    let caller = HeaderValue::from_str(&peer.ip().to_string()).expect("an address is ASCII");
    headers.insert(FORWARDED_FOR, caller);
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    match headers.remove(header::HOST) {
        Some(host) => headers.insert(FORWARDED_HOST, host),
        None => headers.remove(FORWARDED_HOST),
    };
    headers.remove(header::FORWARDED);
    let correlation = HeaderValue::from_str(&invocation.to_string()).expect("a UUID is ASCII");
    headers.entry("x-ms-invocation-id").or_insert(correlation);
    set_invocation_headers(headers, invocation);
    Ok(copy)
}

/// Returns the response to the caller. Status, headers and body are unchanged.
pub(crate) fn returned_response(mut response: Response) -> Response {
    for name in &HOP_BY_HOP {
        response.headers_mut().remove(name);
    }
    response
}

/// Sets the invocation headers of a request, and replaces the ones of the caller.
pub(crate) fn set_invocation_headers(headers: &mut HeaderMap, invocation: Uuid) {
    let id = HeaderValue::from_str(&invocation.to_string()).expect("a UUID is ASCII");
    headers.insert(INVOCATION_ID, id);
    headers.insert(VERSION, HeaderValue::from_static(HOST_VERSION));
}

fn local_uri(port: u16, target: &str) -> Result<Uri, InvalidUri> {
    format!("http://127.0.0.1:{port}{target}").parse()
}

fn copy_to(request: &Request, port: u16, target: &str) -> Result<Request, InvalidUri> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = local_uri(port, target)?;
    *copy.headers_mut() = request.headers().clone();
    for name in &HOP_BY_HOP {
        copy.headers_mut().remove(name);
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handlers::front_end;
    use bytes::Bytes;

    const PEER: &str = "140.82.115.7:443";

    fn request_from_front_end() -> Request {
        let mut request = http::Request::post("/api/Hook?code=a%2Fb&x=1&x=2")
            .header("host", "mayfly.test")
            .header("user-agent", "GitHub-Hookshot/1")
            .header("x-forwarded-for", "192.30.252.9")
            .header("x-hub-signature-256", "sha256=00")
            .body(Bytes::from_static(b"{}"))
            .expect("a request");
        front_end::add_headers(&mut request, PEER.parse().expect("an address"));
        request
    }

    fn describe(request: &Request) -> String {
        let mut lines: Vec<_> =
            request.headers().iter().map(|(k, v)| format!("{k}: {v:?}")).collect();
        lines.sort();
        format!("{} {}\n{}", request.method(), request.uri(), lines.join("\n"))
    }

    #[test]
    fn a_forwarded_request_keeps_forwarded_for_and_host() {
        let copy = forwarded_request(&request_from_front_end(), 7071, Uuid::nil())
            .expect("a body of known length");
        insta::assert_snapshot!(describe(&copy), @r#"
        POST http://127.0.0.1:7071/api/Hook?code=a%2Fb&x=1,2
        client-ip: "140.82.115.7:443"
        disguised-host: "mayfly.test"
        host: "mayfly.test"
        user-agent: "GitHub-Hookshot/1 Azure-Functions-Host/4.1037.0.0"
        x-azure-functions-hostversion: "4.1037.0.0"
        x-azure-functions-invocationid: "00000000-0000-0000-0000-000000000000"
        x-client-ip: "140.82.115.7"
        x-client-port: "443"
        x-forwarded-for: "192.30.252.9, 140.82.115.7:443"
        x-forwarded-proto: "http"
        x-hub-signature-256: "sha256=00"
        x-original-url: "/api/Hook?code=a%2Fb&x=1&x=2"
        x-waws-unencoded-url: "/api/Hook?code=a%2Fb&x=1&x=2"
        "#);
    }

    #[test]
    fn a_proxied_request_has_only_the_callers_address() {
        let peer = PEER.parse().expect("an address");
        let copy = proxied_request(&request_from_front_end(), 7071, Uuid::nil(), peer)
            .expect("a valid target");
        insta::assert_snapshot!(describe(&copy), @r#"
        POST http://127.0.0.1:7071/api/Hook?code=a%2Fb&x=1&x=2
        client-ip: "140.82.115.7:443"
        disguised-host: "mayfly.test"
        user-agent: "GitHub-Hookshot/1"
        x-azure-functions-hostversion: "4.1037.0.0"
        x-azure-functions-invocationid: "00000000-0000-0000-0000-000000000000"
        x-client-ip: "140.82.115.7"
        x-client-port: "443"
        x-forwarded-for: "140.82.115.7"
        x-forwarded-host: "mayfly.test"
        x-forwarded-proto: "http"
        x-hub-signature-256: "sha256=00"
        x-ms-invocation-id: "00000000-0000-0000-0000-000000000000"
        x-original-url: "/api/Hook?code=a%2Fb&x=1&x=2"
        x-waws-unencoded-url: "/api/Hook?code=a%2Fb&x=1&x=2"
        "#);
    }

    #[test]
    fn the_callers_invocation_headers_stay_on_the_left() {
        let mut request = request_from_front_end();
        let (spoofed, agent) =
            (HeaderValue::from_static("spoofed"), HeaderValue::from_static("b/2"));
        request.headers_mut().insert(INVOCATION_ID, spoofed);
        request.headers_mut().append(header::USER_AGENT, agent);
        let copy = forwarded_request(&request, 7071, Uuid::nil()).expect("a valid target");
        let expected = format!("spoofed, {}", Uuid::nil());
        assert_eq!(copy.headers()[INVOCATION_ID], expected);
        let agents = format!("GitHub-Hookshot/1 b/2 Azure-Functions-Host/{HOST_VERSION}");
        assert_eq!(copy.headers()[header::USER_AGENT], agents);
    }

    #[test]
    fn a_chunked_body_is_not_forwarded() {
        let mut request = request_from_front_end();
        request
            .headers_mut()
            .insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        assert!(matches!(
            forwarded_request(&request, 7071, Uuid::nil()),
            Err(NotForwarded::Chunked)
        ));
    }
}
