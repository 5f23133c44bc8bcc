//! The front end of App Service, which stands before the host and adds the caller's address.
//!
//! The host itself takes `X-Forwarded-For` as it is. The front end appends the caller on the right, so that a value
//! of the caller stays on the left (<https://github.com/Azure/azure-functions-host/issues/11254>).

use std::net::SocketAddr;

use http::{HeaderName, HeaderValue, header};

use emulator_core::service::{Request, is_encrypted};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Adds the headers of the front end.
pub(super) fn add_headers(request: &mut Request, caller: SocketAddr) {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let host = request.headers().get(header::HOST).cloned();
    let scheme = if is_encrypted(request) { "https" } else { "http" };
    let headers = request.headers_mut();
    let mut chain: Vec<_> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let address = caller.to_string();
    chain.push(&address);
    let chain = chain.join(", ");
    for (name, value) in [
        ("x-forwarded-for", chain),
        ("client-ip", address),
        ("x-client-ip", caller.ip().to_string()),
        ("x-client-port", caller.port().to_string()),
        ("x-forwarded-proto", scheme.to_owned()),
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
