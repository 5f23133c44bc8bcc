//! Conditional headers by operation and combination.

use super::*;

/// Conditional headers, and the result of each combination.
struct ConditionCase {
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    code: &'static str,
}

const fn case(
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    code: &'static str,
) -> ConditionCase {
    ConditionCase { method, target, headers, code }
}

const PAST: &str = "Sat, 21 Nov 2026 11:00:00 GMT";
const FUTURE: &str = "Sat, 21 Nov 2026 13:00:00 GMT";
const CLAIM: &str = "/state/claim";
const CONTAINER: &str = "/state?restype=container";
const LIST: &str = "/state?restype=container&comp=list";
const BLOCK: &str = "/state/claim?comp=block&blockid=YQ%3D%3D";
const NOT_SUPPORTED: &str = "400 ConditionHeadersNotSupported";
const SEVERAL: &str = "400 MultipleConditionHeadersNotSupported";
const NOT_MET: &str = "412 ConditionNotMet";
const MALFORMED: &str = "400 InvalidHeaderValue";

const CONDITIONS: &[ConditionCase] = &[
    case("PUT", "/other?restype=container", &[("if-none-match", "*")], NOT_SUPPORTED),
    case("GET", CONTAINER, &[("if-match", "*")], NOT_SUPPORTED),
    case("GET", LIST, &[("if-modified-since", PAST)], NOT_SUPPORTED),
    case("PUT", BLOCK, &[("if-match", "*")], NOT_SUPPORTED),
    case("DELETE", CONTAINER, &[("if-match", "*")], NOT_SUPPORTED),
    case("DELETE", CONTAINER, &[("if-unmodified-since", PAST)], NOT_MET),
    case("GET", CLAIM, &[("if-modified-since", "yesterday")], MALFORMED),
    case("GET", CLAIM, &[("if-modified-since", "2026-11-21T11:00:00Z")], MALFORMED),
    case("GET", CLAIM, &[("if-modified-since", PAST), ("if-modified-since", PAST)], MALFORMED),
    case("GET", CLAIM, &[("if-match", "\"0x0\""), ("if-match", "*")], NOT_MET),
    case("GET", CLAIM, &[("if-match", "\"0x0\""), ("if-none-match", "\"0x1\"")], NOT_MET),
    case("GET", CLAIM, &[("if-none-match", "\"0x0\""), ("if-modified-since", FUTURE)], "200 -"),
    case("GET", CLAIM, &[("if-modified-since", FUTURE)], "304 ConditionNotMet"),
    case("GET", CLAIM, &[("if-unmodified-since", PAST)], NOT_MET),
    case("GET", CLAIM, &[("if-unmodified-since", PAST), ("if-modified-since", FUTURE)], NOT_MET),
    case("GET", CLAIM, &[("if-none-match", "*")], "400 UnsatisfiableCondition"),
    case("DELETE", CLAIM, &[("if-match", "*"), ("if-none-match", "\"0x0\"")], SEVERAL),
    case("DELETE", CLAIM, &[("if-match", "\"0x0\""), ("if-match", "\"0x1\"")], SEVERAL),
    case("DELETE", CLAIM, &[("if-modified-since", PAST), ("if-unmodified-since", PAST)], SEVERAL),
    case("DELETE", CLAIM, &[("if-none-match", "*")], NOT_MET),
    case("DELETE", CLAIM, &[("if-match", "*"), ("if-unmodified-since", PAST)], "202 -"),
];

#[tokio::test]
async fn an_operation_accepts_only_its_conditional_headers() {
    let account = account().await;
    assert_eq!(account.blob_call(put_blob(&[BLOCK_BLOB], "")).await.code(), "201 -");
    for ConditionCase { method, target, headers, code } in CONDITIONS {
        let response = account.blob_call(RawRequest { method, target, headers, body: "" }).await;
        assert_eq!(response.code(), *code, "{method} {target} {headers:?}");
        if *code == MALFORMED {
            assert_eq!(response.element("HeaderName").as_deref(), Some("if-modified-since"));
            assert!(response.element("HeaderValue").is_some());
        }
    }
}
