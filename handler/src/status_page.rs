//! Builds the status page: a document without data, whose script asks Status for them.
//!
//! Names of repositories, workflows and labels are chosen by those who open pull requests. The script writes them as
//! text; the policy of the document is the second protection: it allows no script, style or address but the
//! document's own, and no string that becomes markup.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

mod accept;

pub use accept::prefers_html;

/// The document, with a place for the style and one for the script.
const DOCUMENT: &str = include_str!("status_page/page.html");
const STYLE: &str = include_str!("status_page/page.css");
/// The parts of the script, in the order in which they depend on each other.
const SCRIPTS: [&str; 10] = [
    include_str!("status_page/text.js"),
    include_str!("status_page/elements.js"),
    include_str!("status_page/tables.js"),
    include_str!("status_page/api.js"),
    include_str!("status_page/actions.js"),
    include_str!("status_page/jobs.js"),
    include_str!("status_page/pools.js"),
    include_str!("status_page/charts.js"),
    include_str!("status_page/history.js"),
    include_str!("status_page/main.js"),
];

/// The status page: its document, and the policy that only this document satisfies.
#[derive(Debug)]
pub struct StatusPage {
    /// The document, in HTML.
    pub document: String,
    /// The value of `Content-Security-Policy`.
    pub policy: String,
}

impl StatusPage {
    /// Returns the page, which is the same for every request.
    pub fn get() -> &'static Self {
        static PAGE: LazyLock<StatusPage> = LazyLock::new(StatusPage::build);
        &PAGE
    }

    /// Returns the headers of a response with the page, besides its type and `Cache-Control`.
    ///
    /// <https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html>
    pub fn headers(&self) -> [(&'static str, &str); 6] {
        [
            ("content-security-policy", &self.policy),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ]
    }

    fn build() -> Self {
        let (style, script) = (compact(STYLE), compact(&SCRIPTS.concat()));
        let document =
            compact(DOCUMENT).replace("/* style */", &style).replace("/* script */", &script);
        Self { document, policy: policy(&style, &script) }
    }
}

/// Removes indentation and comments that fill lines, a quarter of the bytes.
fn compact(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let code =
        lines.filter(|line| !["//", "/**", "* ", "*/"].iter().any(|mark| line.starts_with(mark)));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// Returns the policy that allows this style and this script. The icon is part of the document.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(script),
        hash(style)
    )
}

/// Returns the source of a policy that is this text alone. <https://www.w3.org/TR/CSP3/#grammardef-hash-source>
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests;
