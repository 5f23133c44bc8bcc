//! Arbitrary responses of Batch and GitHub.

use bytes::Bytes;
use chrono::DateTime;
use handler::batch::Batch;
use handler::batch_job::BatchJobId;
use handler::clock::Clock;
use handler::github::{Github, RunnerToRegister};
use handler::repository::Repository;
use handler::scope::{Level, Scope};
use handler::secret::Secret;
use handler::settings::{BatchSettings, GithubCredential, GithubSettings};
use handler::transport::{HttpTransport, Request, Response};
use tokio::runtime::Runtime;
use url::Url;

/// The credential, which no error may contain.
pub(crate) const CREDENTIAL: &str = "c2VjcmV0LW9mLXRoaXMtYWNjb3VudA==";

/// Checks the errors of the Batch client.
///
/// The first byte of the input selects the call, the next two the status and a header; the rest is the body.
///
/// # Panics
/// Panics if an error contains the credential or is too long.
pub fn batch_response(input: &[u8]) {
    let Some((choice, transport)) = responding(input) else { return };
    let settings = BatchSettings {
        url: Url::parse("https://mayfly.westeurope.batch.azure.com").expect("an address"),
        account: "mayfly".to_owned(),
        key: Some(Secret::new(CREDENTIAL)),
    };
    let batch = Batch::new(&settings, None, &transport, clock());
    let batch_job = BatchJobId::new("ubuntu", 1);
    let result = block_on(async {
        match choice % 7 {
            0 => batch.task(&batch_job, "gh-1").await.map(drop),
            1 => batch.jobs().await.map(drop),
            2 => batch.tasks(&batch_job).await.map(drop),
            3 => batch.pools().await.map(drop),
            4 => batch.add_job(&batch_job, "ubuntu").await,
            5 => batch.terminate(&batch_job, "gh-1").await,
            _ => batch.delete_task(&batch_job, "gh-1").await,
        }
    });
    if let Err(err) = result {
        check_error(&err);
    }
}

/// Checks the errors of the GitHub client. The input is that of [`batch_response`].
///
/// # Panics
/// Panics if an error contains the credential or is too long.
pub fn github_response(input: &[u8]) {
    let Some((choice, transport)) = responding(input) else { return };
    let settings = GithubSettings {
        api: Url::parse("https://api.github.com").expect("an address"),
        web: Url::parse("https://github.com").expect("an address"),
        credential: GithubCredential::Token(Secret::new(CREDENTIAL)),
        scope: if choice & 16 == 0 { Scope::Repository } else { Scope::Organization },
    };
    let github = Github::new(&settings, transport, clock());
    let octo = Repository::try_from("octo/app").expect("a name");
    let labels = ["linux".to_owned()];
    let runner = RunnerToRegister { name: "gh-1", labels: &labels, group: 1 };
    let result = block_on(async {
        match choice % 14 {
            0 => github.job(&octo, 1).await.map(drop),
            1 => github.jobs_of_run(&octo, 1).await.map(drop),
            2 => github.runs(&octo, "queued").await.map(drop),
            3 => github.runners(&octo).await.map(drop),
            4 => github.deliveries("orgs/octo/hooks/1", true, None).await.map(drop),
            5 => github.webhooks("orgs/octo", Some("mayfly.test")).await.map(drop),
            6 => github.register(&octo, &runner).await.map(drop),
            7 => github.registration_token(&octo).await.map(drop),
            8 => github.runner_group(&octo, "Default").await.map(drop),
            9 => github.own_repositories().await.map(drop),
            10 => github.runner_releases().await.map(drop),
            11 => github.hook_ranges(None).await.map(drop),
            12 => github.presence(&Level::of(&settings.scope, &octo), "gh-1").await.map(drop),
            _ => github.remove_runner(&octo, 1).await.map(drop),
        }
    });
    if let Err(err) = result {
        check_error(&err);
    }
}

/// Waits for a call. Its delays take no time.
pub(crate) fn block_on<T>(call: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without sockets uses no system resource");
    }
    RUNTIME.with(|runtime| runtime.block_on(call))
}

pub(crate) fn check_error(err: &(dyn std::error::Error + 'static)) {
    let text = handler::error_chain::ErrorChain(err).to_string();
    assert!(!text.contains(CREDENTIAL), "the error contains the credential: {text}");
    assert!(text.len() <= 4_000, "{} bytes: {text}", text.len());
}

/// Returns a clock that stands still.
pub(crate) fn clock() -> Clock {
    Clock::from_fn(|| DateTime::UNIX_EPOCH)
}

/// Returns the selected call, and a transport that gives the same response to every request.
pub(crate) fn responding(input: &[u8]) -> Option<(u8, HttpTransport)> {
    let [choice, status, header, body @ ..] = input else { return None };
    let mut response =
        http::Response::builder().status(STATUS[usize::from(*status) % STATUS.len()]);
    if let Some((name, value)) = HEADERS.get(usize::from(*header)) {
        response = response.header(*name, *value);
    }
    let body = Bytes::copy_from_slice(body);
    let response = response.body(body).expect("known headers");
    let transport = HttpTransport::new(move |_: Request| {
        let response: Response = response.clone();
        async move { Ok(response) }
    });
    Some((*choice, transport))
}

const STATUS: [u16; 16] =
    [200, 200, 200, 200, 201, 204, 304, 400, 401, 403, 404, 409, 422, 429, 500, 503];
const HEADERS: [(&str, &str); 12] = [
    ("retry-after", "60"),
    ("retry-after", "-1"),
    ("retry-after", "99999999999999999999"),
    ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"),
    ("x-ratelimit-remaining", "0"),
    ("x-ratelimit-reset", "9223372036854775807"),
    ("x-ratelimit-reset", "x"),
    ("etag", "W/\"1\""),
    ("link", "<https://api.github.com/x?page=2>; rel=\"next\""),
    ("link", "<https://other.test/x?page=2>; rel=\"next\""),
    ("link", ";;;<>"),
    ("x-ms-error-code", "TaskExists"),
];
