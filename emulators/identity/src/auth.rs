//! Authentication at the endpoint of managed identities: the header `X-IDENTITY-HEADER`, which only the app's own processes can know.

use http::StatusCode;
use subtle::ConstantTimeEq;

use emulator_core::service::Request;

use crate::error::IdentityError;

/// Checks that a request has the value of `IDENTITY_HEADER`. The comparison takes constant time.
pub(crate) fn authorize(request: &Request, expected: &str) -> Result<(), IdentityError> {
    let header = request.headers().get("x-identity-header").map(|value| value.as_bytes());
    if header.is_some_and(|header| bool::from(header.ct_eq(expected.as_bytes()))) {
        return Ok(());
    }
    let message = "X-IDENTITY-HEADER does not match IDENTITY_HEADER";
    Err(IdentityError::new(StatusCode::UNAUTHORIZED, message))
}
