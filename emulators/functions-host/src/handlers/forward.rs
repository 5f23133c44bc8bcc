//! The request that the handler receives for a caller's request, and the response to the caller.
//!
//! Two components change a request: App Service's front end, which adds the caller's address, and the host,
//! which either creates a new request (`enableForwardingHttpRequest`) or passes it through its reverse proxy
//! (`enableProxyingHttpRequest`). For a handler, the differences are:
//!
//! | | forwarded | proxied |
//! |---|---|---|
//! | `X-Forwarded-For` | from the front end, the caller on the right | replaced by the caller's address without port |
//! | a body without `Content-Length` | the invocation fails | the handler receives it |
//! | query | decoded and encoded again, values of a repeated name joined by commas | unchanged |
//! | `Host` | the caller's | the handler's |
//!
//! The proxy considers the peer of the host's own socket as the caller. On Linux plans that can be an internal
//! address of the platform. A handler that needs the caller's address must therefore use forwarding, or read
//! `client-ip`, which the front end overwrites. Bodies are identical byte for byte either way.

use std::net::SocketAddr;

use http::uri::{InvalidUri, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use emulator_core::service::{Request, Response};

/// The version of the host in its headers.
pub(crate) const HOST_VERSION: &str = "4.1037.0.0";

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Headers that apply to one connection only.
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
    #[error("the body has no Content-Length, which the host does not forward")]
    Chunked,
    /// The target is not a valid URL.
    #[error("the target is not a valid URL")]
    Target(#[from] InvalidUri),
}

/// Adds the headers of App Service's front end; the caller's own `X-Forwarded-For` stays on the left.
pub(crate) fn add_front_end_headers(request: &mut Request, peer: SocketAddr) {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let host = request.headers().get(header::HOST).cloned();
    let headers = request.headers_mut();
    let mut chain: Vec<_> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let caller = peer.to_string();
    chain.push(&caller);
    let chain = chain.join(", ");
    for (name, value) in [
        ("x-forwarded-for", chain),
        ("client-ip", caller),
        ("x-client-ip", peer.ip().to_string()),
        ("x-client-port", peer.port().to_string()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-original-url", target.clone()),
        ("x-waws-unencoded-url", target),
    ] {
        let value =
            HeaderValue::from_str(&value).expect("visible ASCII, from headers and addresses");
        headers.insert(HeaderName::from_static(name), value);
    }
    if let Some(host) = host {
        headers.insert("disguised-host", host);
    }
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
    let mut path = request.uri().path().to_owned();
    if let Some(query) = request.uri().query() {
        path.push_str(&encode_again(query));
    }
    let mut copy = copy_to(request, port, &path)?;
    let agent = format!("Azure-Functions-Host/{HOST_VERSION}");
    let agent = match request.headers().get(header::USER_AGENT).map(HeaderValue::to_str) {
        Some(Ok(own)) => format!("{own} {agent}"),
        _ => agent,
    };
    let agent = HeaderValue::from_str(&agent).expect("two header values form a header value");
    copy.headers_mut().insert(header::USER_AGENT, agent);
    set_invocation_headers(copy.headers_mut(), invocation);
    Ok(copy)
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
    headers.insert("x-azure-functions-invocationid", id);
    headers.insert("x-azure-functions-hostversion", HeaderValue::from_static(HOST_VERSION));
}

fn copy_to(request: &Request, port: u16, target: &str) -> Result<Request, InvalidUri> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = format!("http://127.0.0.1:{port}{target}").parse::<Uri>()?;
    *copy.headers_mut() = request.headers().clone();
    for name in &HOP_BY_HOP {
        copy.headers_mut().remove(name);
    }
    Ok(copy)
}

fn encode_again(query: &str) -> String {
    let mut values: Vec<(String, String)> = Vec::new();
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = encode(&value);
        match values.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, joined)) => *joined = format!("{joined},{value}"),
            None => values.push((name.into_owned(), value)),
        }
    }
    let pairs = values.iter().map(|(name, value)| format!("{}={value}", encode(name)));
    let query = pairs.collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        add_front_end_headers(&mut request, PEER.parse().expect("an address"));
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
