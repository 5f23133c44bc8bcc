//! Signs requests to Batch in the same way as the handler, for a comparison with another signer.
//!
//! ```sh
//! sign_batch_requests ACCOUNT KEY    # the key in base64
//! ```
//!
//! Each line of stdin is a request, `{"method":"GET","url":"https://…","headers":{"ocp-date":"…"},"body":""}`;
//! each line of stdout is its `Authorization` header.

use std::collections::BTreeMap;
use std::io::{BufRead, Write, stdin, stdout};

use anyhow::Context;
use azure_core::http::headers::HeaderName;
use azure_core::http::{Method, Request};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use handler::batch::authorization;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [account, key] = &arguments[..] else {
        anyhow::bail!("usage: sign_batch_requests ACCOUNT KEY")
    };
    let key = BASE64_STANDARD.decode(key).context("read the key")?;
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?).context("read a request")?;
        writeln!(out, "{}", authorization(account, &key, &request(line)?))?;
    }
    Ok(())
}

fn request(line: Line) -> anyhow::Result<Request> {
    let method: Method = line.method.parse().context("read a method")?;
    let url = line.url.parse().context("read a URL")?;
    let mut request = Request::new(url, method);
    for (name, value) in line.headers {
        request.insert_header(HeaderName::from(name.to_ascii_lowercase()), value);
    }
    request.set_body(line.body.into_bytes());
    Ok(request)
}
