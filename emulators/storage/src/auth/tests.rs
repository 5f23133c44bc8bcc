use chrono::TimeDelta;
use http::Uri;

use super::account_sas::parse_time;
use super::*;

const KEY: &str = "bWF5ZmxpZXMgbGl2ZSBmb3Igb25lIGRheQ==";

/// Created by `generate_account_sas` of azure-storage-blob 12.31.1 for the account `mayfly` and this key.
const ALL_FIELDS: &str = "st=2026-11-21T00%3A00%3A00Z&se=2026-11-22T00%3A00%3A00Z&sp=rwdlacup\
    &sip=127.0.0.1-127.0.0.9&spr=https%2Chttp&sv=2026-10-06&ss=bq&srt=sco\
    &sig=lkDpVPF/EPeDgs5X/kKKRGykCFD1wqkY/G1Q5zW84xg%3D";
/// Created by azure-storage-queue 12.18.1 with the required fields only.
const REQUIRED_FIELDS: &str = "se=2026-11-22T00%3A00%3A00Z&sp=a&sv=2026-10-06&ss=q&srt=o\
    &sig=Z1BuTGvhtxfp6CRbeCegim72GEsT6nbr5QLw2YyVzh0%3D";

const PUT_MESSAGE: RequiredPermission =
    RequiredPermission { service: 'q', resource: 'o', any_of: "a" };

fn check(sas: &str, required: RequiredPermission, client: &str) -> Result<(), &'static str> {
    let account = Account::new("mayfly", KEY).unwrap();
    let uri: Uri = format!("/mayfly/jobs?{sas}").parse().unwrap();
    let query = Query::parse(&uri);
    let now = parse_time("2026-11-21T12:00:00Z").unwrap();
    let checked = AccountSas::parse(&query).and_then(|sas| {
        verify_sas(&account, &sas, query.require("sig")?)?;
        sas.check(required, now, Some(client.parse().unwrap()))
    });
    checked.map_err(|error| error.code)
}

#[test]
fn a_sas_of_the_official_sdk_is_valid() {
    assert_eq!(check(ALL_FIELDS, PUT_MESSAGE, "127.0.0.9"), Ok(()));
    assert_eq!(check(REQUIRED_FIELDS, PUT_MESSAGE, "192.0.2.1"), Ok(()));
}

#[test]
fn a_changed_field_invalidates_the_signature() {
    for (old, new) in [
        ("T00%3A00%3A00Z&sp", "T01%3A00%3A00Z&sp"),
        ("rwdlacup", "rwdlacupx"),
        ("127.0.0.9", "127.0.0.99"),
        ("https%2Chttp", "http"),
        ("ss=bq", "ss=qb"),
        ("2026-10-06", "2019-12-12"),
        ("lkDp", "lkDq"),
    ] {
        let forged = ALL_FIELDS.replacen(old, new, 1);
        assert_ne!(forged, ALL_FIELDS);
        assert_eq!(check(&forged, PUT_MESSAGE, "127.0.0.9"), Err("AuthenticationFailed"));
    }
}

#[test]
fn the_first_mismatch_of_a_sas_determines_the_error() {
    let required = |service, resource, any_of| RequiredPermission { service, resource, any_of };
    for (required_permission, client, code) in [
        (PUT_MESSAGE, "127.0.0.10", "AuthorizationSourceIPMismatch"),
        (required('t', 'o', "a"), "127.0.0.1", "AuthorizationServiceMismatch"),
        (required('q', 'x', "a"), "127.0.0.1", "AuthorizationResourceTypeMismatch"),
        (required('q', 'o', "xy"), "127.0.0.1", "AuthorizationPermissionMismatch"),
    ] {
        assert_eq!(check(ALL_FIELDS, required_permission, client), Err(code));
    }
}

#[test]
fn the_sas_of_an_account_is_valid_for_both_services() {
    let account = Account::new("mayfly", KEY).unwrap();
    let noon = parse_time("2026-11-21T12:00:00Z").unwrap();
    for (expires, outcome) in
        [(noon + TimeDelta::hours(1), Ok(())), (noon, Err("AuthenticationFailed"))]
    {
        let sas = account.sas(expires);
        assert_eq!(check(&sas, PUT_MESSAGE, "127.0.0.1"), outcome);
        let put_blob = RequiredPermission { service: 'b', resource: 'o', any_of: "cw" };
        assert_eq!(check(&sas, put_blob, "127.0.0.1"), outcome);
    }
}
