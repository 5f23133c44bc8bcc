//! The handlers of the operations.

use http::{HeaderValue, StatusCode, header};
use url::form_urlencoded;

use emulator_core::service::{Request, Response};

use crate::auth;
use crate::dto::{configuration, parse_properties};
use crate::error::ManagementError;
use crate::management::Management;
use crate::routes::{CONFIGURATION, Operation};

/// The emulated version of the API.
const API_VERSION: &str = "2024-11-01";

impl Management {
    pub(crate) fn handle(
        &self,
        operation: Operation,
        request: &Request,
    ) -> Result<Response, ManagementError> {
        auth::authorize(request, &self.options, self.clock.now())?;
        check_api_version(request)?;
        self.check_app(request)?;
        match operation {
            Operation::GetConfiguration => Ok(self.get_configuration()),
            Operation::UpdateConfiguration => self.update_configuration(request),
        }
    }

    fn check_app(&self, request: &Request) -> Result<(), ManagementError> {
        let path = request.uri().path();
        let path = &path[..path.len() - CONFIGURATION.len()];
        let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        if decoded.eq_ignore_ascii_case(&self.options.app) {
            return Ok(());
        }
        let message = format!("The Resource '{decoded}' was not found.");
        Err(ManagementError::new(StatusCode::NOT_FOUND, message))
    }

    fn get_configuration(&self) -> Response {
        let id = format!("{}{CONFIGURATION}", self.options.app);
        let state = self.state();
        configuration(&self.options.app, &id, "Microsoft.Web/sites/config", &state.restrictions)
    }

    fn update_configuration(&self, request: &Request) -> Result<Response, ManagementError> {
        let app = &self.options.app;
        let mut state = self.state();
        state.restrictions.change(&parse_properties(request.body())?)?;
        state.writes += 1;
        // The response to a write describes the app itself, and only it has an entity tag. No request can
        // use the tag.
        let mut response = configuration(app, app, "Microsoft.Web/sites", &state.restrictions);
        let etag = HeaderValue::from_str(&format!("\"{:015X}\"", state.writes));
        response.headers_mut().insert(header::ETAG, etag.expect("hexadecimal digits"));
        Ok(response)
    }
}

fn check_api_version(request: &Request) -> Result<(), ManagementError> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    match pairs.find(|(name, _)| name.eq_ignore_ascii_case("api-version")) {
        Some((_, version)) if version == API_VERSION => Ok(()),
        Some((_, version)) => {
            let message = format!("the api-version {version} is not modelled");
            Err(ManagementError::new(StatusCode::NOT_IMPLEMENTED, message))
        }
        None => {
            let message =
                "The api-version query parameter (?api-version=) is required for all requests.";
            let code = "MissingApiVersionParameter";
            Err(ManagementError::with_code(StatusCode::BAD_REQUEST, code, message))
        }
    }
}
