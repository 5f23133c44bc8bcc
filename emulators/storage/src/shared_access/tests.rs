use chrono::TimeDelta;
use http::Uri;

use super::*;

const KEY: &str = "bWF5ZmxpZXMgbGl2ZSBmb3Igb25lIGRheQ==";

/// Made by `generate_account_sas` of azure-storage-blob 12.31.1 for the account `mayfly` and this key.
const WHOLE: &str = "st=2026-11-21T00%3A00%3A00Z&se=2026-11-22T00%3A00%3A00Z&sp=rwdlacup\
    &sip=127.0.0.1-127.0.0.9&spr=https%2Chttp&sv=2026-10-06&ss=bq&srt=sco\
    &sig=lkDpVPF/EPeDgs5X/kKKRGykCFD1wqkY/G1Q5zW84xg%3D";
/// The same of azure-storage-queue 12.18.1, with the fewest fields.
const SHORT: &str = "se=2026-11-22T00%3A00%3A00Z&sp=a&sv=2026-10-06&ss=q&srt=o\
    &sig=Z1BuTGvhtxfp6CRbeCegim72GEsT6nbr5QLw2YyVzh0%3D";

const PUT_MESSAGE: Need = Need { service: 'q', resource: 'o', any_of: "a" };

fn check(sas: &str, need: Need, from: &str) -> Result<(), &'static str> {
    let account = Account::new("mayfly", KEY).unwrap();
    let uri: Uri = format!("/mayfly/jobs?{sas}").parse().unwrap();
    let query = Query::of(&uri);
    let at = instant("2026-11-21T12:00:00Z").unwrap();
    let visit = Visit { at, from: Some(from.parse().unwrap()) };
    let checked = AccountSas::of(&query).and_then(|sas| {
        sas.check_signature(&account, query.require("sig")?)?;
        sas.check(need, visit)
    });
    checked.map_err(|failure| failure.code)
}

#[test]
fn a_sas_of_the_official_sdk_holds() {
    assert_eq!(check(WHOLE, PUT_MESSAGE, "127.0.0.9:80"), Ok(()));
    assert_eq!(check(SHORT, PUT_MESSAGE, "192.0.2.1:80"), Ok(()));
}

#[test]
fn no_field_can_be_changed() {
    for (old, new) in [
        ("T00%3A00%3A00Z&sp", "T01%3A00%3A00Z&sp"),
        ("rwdlacup", "rwdlacupx"),
        ("127.0.0.9", "127.0.0.99"),
        ("https%2Chttp", "http"),
        ("ss=bq", "ss=qb"),
        ("2026-10-06", "2019-12-12"),
        ("lkDp", "lkDq"),
    ] {
        let forged = WHOLE.replacen(old, new, 1);
        assert_ne!(forged, WHOLE);
        assert_eq!(check(&forged, PUT_MESSAGE, "127.0.0.9:80"), Err("AuthenticationFailed"));
    }
}

#[test]
fn a_sas_is_refused_by_the_first_thing_that_it_does_not_cover() {
    let need = |service, resource, any_of| Need { service, resource, any_of };
    for (need, from, code) in [
        (PUT_MESSAGE, "127.0.0.10:80", "AuthorizationSourceIPMismatch"),
        (need('t', 'o', "a"), "127.0.0.1:80", "AuthorizationServiceMismatch"),
        (need('q', 'x', "a"), "127.0.0.1:80", "AuthorizationResourceTypeMismatch"),
        (need('q', 'o', "xy"), "127.0.0.1:80", "AuthorizationPermissionMismatch"),
    ] {
        assert_eq!(check(WHOLE, need, from), Err(code));
    }
}

#[test]
fn our_own_sas_opens_both_services_until_it_expires() {
    let account = Account::new("mayfly", KEY).unwrap();
    let noon = instant("2026-11-21T12:00:00Z").unwrap();
    for (expires, outcome) in
        [(noon + TimeDelta::hours(1), Ok(())), (noon, Err("AuthenticationFailed"))]
    {
        let sas = account.sas(expires);
        assert_eq!(check(&sas, PUT_MESSAGE, "127.0.0.1:80"), outcome);
        let put_blob = Need { service: 'b', resource: 'o', any_of: "cw" };
        assert_eq!(check(&sas, put_blob, "127.0.0.1:80"), outcome);
    }
}
