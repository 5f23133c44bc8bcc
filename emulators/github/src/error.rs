//! Error responses of the API and of the runner service.

use http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use emulator_core::faults::SecondaryLimit;
use emulator_core::service::{Response, json_response};

const EXCEEDED: &str =
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
const CONTENT: &str = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.";
const ABUSE: &str = "You have triggered an abuse detection mechanism. Please wait a few minutes before you try again.";

/// Reports what single sign-on keeps from a token.
pub(crate) const SSO: HeaderName = HeaderName::from_static("x-github-sso");

/// An error response of the API.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    documentation: &'static str,
    retry_after: Option<u32>,
    /// The value of `X-GitHub-SSO`.
    sso: Option<String>,
    /// Where the requested repository is now.
    location: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let documentation = "https://docs.github.com/rest";
        Self {
            status,
            message: message.into(),
            documentation,
            retry_after: None,
            sso: None,
            location: None,
        }
    }

    /// Rejects a request that GitHub would answer.
    pub(crate) fn not_modelled(what: &str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, format!("{what}: not modelled"))
    }

    /// Reports a secondary rate limit.
    ///
    /// The texts are those of <https://github.com/KnpLabs/php-github-api/pull/1072>, of
    /// <https://github.com/KnpLabs/php-github-api/pull/1126>, and of Enterprise Server
    /// (<https://github.com/jcabi/jcabi-github/issues/1325>).
    pub(crate) fn secondary_limit(form: SecondaryLimit, retry_after: Option<u32>) -> Self {
        use SecondaryLimit as Form;
        let (status, message, own) = match form {
            Form::Current => (StatusCode::FORBIDDEN, EXCEEDED, Some(60)),
            Form::NoRetryAfter => (StatusCode::FORBIDDEN, EXCEEDED, None),
            Form::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, EXCEEDED, Some(60)),
            Form::TooManyRequestsNoRetryAfter => (StatusCode::TOO_MANY_REQUESTS, EXCEEDED, None),
            Form::ContentCreation => (StatusCode::FORBIDDEN, CONTENT, None),
            Form::Abuse => (StatusCode::FORBIDDEN, ABUSE, None),
        };
        let documentation = match form {
            Form::Abuse => "https://developer.github.com/v3/#abuse-rate-limits",
            _ => {
                "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"
            }
        };
        let retry_after = retry_after.or(own);
        Self { documentation, retry_after, ..Self::new(status, message) }
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    /// Rejects a caller without a permission; `by` is what authenticates it.
    pub(crate) fn not_accessible(by: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("Resource not accessible by {by}"))
    }

    /// Rejects a token that is not authorized for the single sign-on of an organization.
    ///
    /// <https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#personal-access-tokens-and-saml-sso>
    pub(crate) fn single_sign_on(organization: &str) -> Self {
        let text = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.";
        let documentation = "https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/";
        let url =
            format!("https://github.com/orgs/{organization}/sso?authorization_request=AZSCKL");
        let sso = Some(format!("required; url={url}"));
        Self { documentation, sso, ..Self::new(StatusCode::FORBIDDEN, text) }
    }

    /// Rejects a caller whose address is not on the IP allow list of an organization.
    pub(crate) fn ip_allow_list(organization: &str) -> Self {
        let text = format!(
            "Although you appear to have the correct authorization credentials, the `{organization}` organization has an IP allow list enabled, and your IP address 203.0.113.7 is not permitted to access this resource."
        );
        Self::new(StatusCode::FORBIDDEN, text)
    }

    /// Rejects a suspended installation.
    pub(crate) fn suspended() -> Self {
        let documentation = "https://docs.github.com/rest/reference/apps#create-an-installation-access-token-for-an-app";
        let text = "This installation has been suspended";
        Self { documentation, ..Self::new(StatusCode::FORBIDDEN, text) }
    }

    /// Redirects a request for a repository that was renamed or transferred.
    ///
    /// <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>
    pub(crate) fn moved(status: StatusCode, location: String) -> Self {
        let documentation = "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects";
        let text = status.canonical_reason().unwrap_or_default();
        Self { documentation, location: Some(location), ..Self::new(status, text) }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(crate) fn into_response(self) -> Response {
        let mut body = json!({
            "message": self.message,
            "documentation_url": self.documentation,
            "status": self.status.as_u16().to_string(),
        });
        if let Some(location) = &self.location {
            body["url"] = json!(location);
        }
        let mut response = json_response(self.status, &body);
        let texts = [(header::LOCATION, self.location), (SSO, self.sso)];
        for (name, text) in texts {
            let value = text.and_then(|text| text.parse().ok());
            value.map(|value| response.headers_mut().insert(name, value));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A rejection of a request for a message: the broker's `errorKind`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RunnerError {
    /// The registration was removed.
    RunnerNotFound,
    /// The version of the runner is too old.
    RunnerVersionTooOld,
    /// The session is over; the runner may open another one.
    RunnerSessionInvalid,
    /// The runner is hosted by GitHub, and was deprovisioned.
    HostedRunnerDeprovisioned,
    /// The job was withdrawn before the runner acknowledged it.
    AcknowledgeJobNotFound,
}

impl RunnerError {
    pub(crate) fn into_response(self, message: &str) -> Response {
        let status = match self {
            Self::RunnerVersionTooOld => StatusCode::FORBIDDEN,
            Self::HostedRunnerDeprovisioned => StatusCode::GONE,
            Self::RunnerSessionInvalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RunnerNotFound | Self::AcknowledgeJobNotFound => StatusCode::NOT_FOUND,
        };
        let body = json!({
            "source": "actions-broker-listener",
            "errorKind": self,
            "statusCode": status.as_u16(),
            "errorMessage": message,
        });
        json_response(status, &body)
    }
}
