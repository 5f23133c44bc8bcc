use http::HeaderValue;
use insta::assert_snapshot;

use super::*;

/// The current version: `0x8D1`, written in the middle of the second after noon.
fn current() -> Version {
    let modified = parse_date("Sat, 21 Nov 2026 12:00:01 GMT").unwrap();
    Version { etag: "0x8D1".to_owned(), modified: modified.with_nanosecond(500_000_000).unwrap() }
}

fn headers(conditions: &[(&'static str, &'static str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &'static str)| {
        let value = match name.strip_suffix("since") {
            Some(_) => format!("Sat, 21 Nov 2026 {value} GMT"),
            None => (*value).to_owned(),
        };
        (HeaderName::from_static(name), HeaderValue::try_from(value).unwrap())
    };
    conditions.iter().map(header).collect()
}

fn outcome(result: Result<(), StorageError>) -> String {
    result.map_or_else(
        |error| format!("{} {}", error.status.as_u16(), error.code),
        |()| "ok".to_owned(),
    )
}

const SAME: (&str, &str) = ("if-match", "\"0x8D1\"");
const OTHER: (&str, &str) = ("if-match", "\"0x8D2\"");
const NOT_SAME: (&str, &str) = ("if-none-match", "0x8D1");
const NOT_OTHER: (&str, &str) = ("if-none-match", "\"0x8D2\"");
const ABSENT: (&str, &str) = ("if-none-match", "*");
const PRESENT: (&str, &str) = ("if-match", "*");
const NEWER: (&str, &str) = ("if-modified-since", "12:00:00");
const NOT_NEWER: (&str, &str) = ("if-modified-since", "12:00:01");
const OLDER: (&str, &str) = ("if-unmodified-since", "12:00:01");
const NOT_OLDER: (&str, &str) = ("if-unmodified-since", "12:00:00");
const SEVERAL: (&str, &str) = ("if-match", "\"0x8D2\", \"0x8D1\"");

const CASES: &[&[(&str, &str)]] = &[
    &[],
    &[SAME],
    &[OTHER],
    &[PRESENT],
    &[NOT_SAME],
    &[NOT_OTHER],
    &[ABSENT],
    &[NEWER],
    &[NOT_NEWER],
    &[OLDER],
    &[NOT_OLDER],
    &[SEVERAL],
    &[SAME, OLDER],
    &[SAME, NOT_OLDER],
    &[NOT_SAME, NEWER],
    &[NOT_SAME, NOT_NEWER],
    &[SAME, NOT_OTHER],
];

fn table(check: impl Fn(&Conditions, Option<&Version>) -> Result<(), StorageError>) -> String {
    let line = |case: &&[(&'static str, &'static str)]| {
        let conditions = Conditions::parse(&headers(case)).unwrap();
        let shown: Vec<_> = case.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let shown = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
        let present = outcome(check(&conditions, Some(&current())));
        let absent = outcome(check(&conditions, None));
        format!("{shown:<55} {present:<40} {absent}")
    };
    CASES.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_read_succeeds_if_all_conditions_hold_or_the_blob_changed() {
    assert_snapshot!(table(Conditions::check_read), @r#"
    none                                                    ok                                       ok
    if-match: "0x8D1"                                       ok                                       412 ConditionNotMet
    if-match: "0x8D2"                                       412 ConditionNotMet                      412 ConditionNotMet
    if-match: *                                             ok                                       412 ConditionNotMet
    if-none-match: 0x8D1                                    304 ConditionNotMet                      ok
    if-none-match: "0x8D2"                                  ok                                       ok
    if-none-match: *                                        400 UnsatisfiableCondition               400 UnsatisfiableCondition
    if-modified-since: 12:00:00                             ok                                       ok
    if-modified-since: 12:00:01                             304 ConditionNotMet                      ok
    if-unmodified-since: 12:00:01                           ok                                       ok
    if-unmodified-since: 12:00:00                           412 ConditionNotMet                      ok
    if-match: "0x8D2", "0x8D1"                              ok                                       412 ConditionNotMet
    if-match: "0x8D1", if-unmodified-since: 12:00:01        ok                                       412 ConditionNotMet
    if-match: "0x8D1", if-unmodified-since: 12:00:00        412 ConditionNotMet                      412 ConditionNotMet
    if-none-match: 0x8D1, if-modified-since: 12:00:00       ok                                       ok
    if-none-match: 0x8D1, if-modified-since: 12:00:01       304 ConditionNotMet                      ok
    if-match: "0x8D1", if-none-match: "0x8D2"               ok                                       412 ConditionNotMet
    "#);
}

#[test]
fn a_write_succeeds_only_if_its_condition_holds() {
    assert_snapshot!(table(Conditions::check_write), @r#"
    none                                                    ok                                       ok
    if-match: "0x8D1"                                       ok                                       412 ConditionNotMet
    if-match: "0x8D2"                                       412 ConditionNotMet                      412 ConditionNotMet
    if-match: *                                             ok                                       412 ConditionNotMet
    if-none-match: 0x8D1                                    412 ConditionNotMet                      ok
    if-none-match: "0x8D2"                                  ok                                       ok
    if-none-match: *                                        412 ConditionNotMet                      ok
    if-modified-since: 12:00:00                             ok                                       ok
    if-modified-since: 12:00:01                             412 ConditionNotMet                      ok
    if-unmodified-since: 12:00:01                           ok                                       ok
    if-unmodified-since: 12:00:00                           412 ConditionNotMet                      ok
    if-match: "0x8D2", "0x8D1"                              400 MultipleConditionHeadersNotSupported 400 MultipleConditionHeadersNotSupported
    if-match: "0x8D1", if-unmodified-since: 12:00:01        ok                                       412 ConditionNotMet
    if-match: "0x8D1", if-unmodified-since: 12:00:00        ok                                       412 ConditionNotMet
    if-none-match: 0x8D1, if-modified-since: 12:00:00       412 ConditionNotMet                      ok
    if-none-match: 0x8D1, if-modified-since: 12:00:01       412 ConditionNotMet                      ok
    if-match: "0x8D1", if-none-match: "0x8D2"               400 MultipleConditionHeadersNotSupported 400 MultipleConditionHeadersNotSupported
    "#);
}

#[test]
fn an_invalid_date_is_rejected() {
    let rejected = Conditions::parse(&headers(&[("if-modified-since", "yesterday")]));
    assert_eq!(rejected.unwrap_err().code, "InvalidHeaderValue");
}
