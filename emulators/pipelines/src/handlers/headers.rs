//! Headers of responses.
//!
//! <https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits#api-client-experience>

use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue};

use emulator_core::service::{Request, Response};

use crate::state::usage::{LIMIT, Quota};

/// Adds the headers of every response: the id of the activity, and the client's session.
pub(super) fn add(request: &Request, activity: &str, response: &mut Response) {
    let session = request.headers().get("x-tfs-session").cloned();
    insert(response, "activityid", activity);
    insert(response, "x-vss-e2eid", activity);
    insert(response, "cache-control", "no-cache, no-store, must-revalidate");
    if let Some(session) = session {
        response.headers_mut().insert(HeaderName::from_static("x-tfs-session"), session);
    }
}

/// Adds the headers of an identity that is near its limit, delayed, or rejected.
pub(super) fn add_quota(quota: &Quota, now: DateTime<Utc>, response: &mut Response) {
    let remaining = (LIMIT - quota.used).max(0.0);
    insert(response, "x-ratelimit-resource", "TSTU");
    insert(response, "x-ratelimit-limit", &LIMIT.to_string());
    insert(response, "x-ratelimit-remaining", &format!("{remaining:.0}"));
    insert(response, "x-ratelimit-reset", &quota.reset.timestamp().to_string());
    if quota.delay > 0.0 {
        insert(response, "x-ratelimit-delay", &format!("{:.3}", quota.delay));
        let seconds = (quota.reset - now).num_seconds().max(1);
        insert(response, "retry-after", &seconds.to_string());
    }
}

fn insert(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
