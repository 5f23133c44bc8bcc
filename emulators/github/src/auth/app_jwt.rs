//! Verification of the JWTs that authenticate Apps.
//!
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app>

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use rustls::SignatureScheme;
use rustls::crypto::ring::default_provider;
use serde::Deserialize;

use crate::model::app::App;

/// The longest lifetime of a JWT, in seconds from now.
const MAX_LIFETIME: i64 = 600;

/// The claims of an App's JWT.
#[derive(Deserialize)]
struct Claims {
    iss: Issuer,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Issuer {
    Number(u64),
    Text(String),
}

/// Finds the App that signed a JWT.
///
/// # Errors
/// GitHub's message for an invalid JWT.
pub(super) fn verify<'a>(
    jwt: &str,
    apps: &'a [App],
    now: DateTime<Utc>,
) -> Result<&'a App, String> {
    let undecodable = || "A JSON web token could not be decoded".to_owned();
    let (signed, signature) = jwt.rsplit_once('.').ok_or_else(undecodable)?;
    let (header, claims) = signed.split_once('.').ok_or_else(undecodable)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| undecodable());
    let header: serde_json::Value =
        serde_json::from_slice(&decode(header)?).map_err(|_| undecodable())?;
    if header["alg"] != "RS256" {
        return Err(undecodable());
    }
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| undecodable())?;
    let is_issuer = |app: &&App| match &claims.iss {
        Issuer::Number(id) => app.id == *id,
        Issuer::Text(id) => app.client_id == *id || app.id.to_string() == *id,
    };
    let app = apps.iter().find(is_issuer).ok_or_else(undecodable)?;
    if !is_signed_by(app, signed.as_bytes(), &decode(signature)?) {
        return Err(undecodable());
    }
    check_times(&claims, now.timestamp()).map_err(str::to_owned)?;
    Ok(app)
}

fn check_times(claims: &Claims, now: i64) -> Result<(), &'static str> {
    if claims.iat > now {
        return Err(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        );
    }
    if claims.exp <= now {
        return Err(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        );
    }
    if claims.exp > now + MAX_LIFETIME {
        return Err("'Expiration time' claim ('exp') is too far in the future");
    }
    Ok(())
}

fn is_signed_by(app: &App, message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = STANDARD.decode(&app.public_key) else { return false };
    let provided = default_provider().signature_verification_algorithms;
    let rs256 = |(scheme, _): &&(SignatureScheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256;
    let algorithms =
        provided.mapping.iter().find(rs256).map_or(&[][..], |(_, algorithms)| algorithms);
    algorithms.iter().any(|algorithm| algorithm.verify_signature(&key, message, signature).is_ok())
}
