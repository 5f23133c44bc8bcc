//! Requests at the same time, and redirects, without a network.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::future::join_all;
use http::StatusCode;

use super::*;
use crate::clock::Clock;
use crate::secret::Secret;
use crate::settings::GithubCredential;
use crate::transport::Request;

fn github(transport: HttpTransport) -> Github {
    let settings = GithubSettings {
        api: "https://api.github.com".parse().expect("a URL"),
        web: "https://github.com".parse().expect("a URL"),
        credential: GithubCredential::Token(Secret::new("ghp_secret".to_owned())),
        scope: Scope::Repository,
    };
    Github::new(&settings, transport, Clock::system())
}

fn repository() -> Repository {
    Repository::try_from("octo/app").expect("a name")
}

const JOB: &str = r#"{"run_id":1,"status":"queued","runner_name":null,"labels":[]}"#;

fn response(status: u16, location: Option<&str>, body: &'static str) -> Response {
    let mut response = http::Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    if let Some(location) = location {
        response.headers_mut().insert("location", location.parse().expect("a header"));
    }
    response
}

/// Clients for jobs and for scans share the limit.
#[tokio::test]
async fn at_most_40_requests_are_under_way() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&now), Arc::clone(&most));
    let transport = HttpTransport::new(move |_: Request| {
        let (now, most) = counters.clone();
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(response(200, None, JOB))
        }
    });
    let (urgent, repository) = (github(transport), repository());
    let low_priority = urgent.low_priority();
    let clients = [&urgent, &low_priority];
    let reads = (0..200).map(|job| clients[job % 2].job(&repository, job as u64));
    let read = join_all(reads).await;
    assert!(read.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), MAX_CONCURRENT_REQUESTS);
    assert_eq!(now.load(Ordering::SeqCst), 0);
}

/// Answers each request with the next of these responses, and records method, URL, credential and body.
fn recording(responses: Vec<Response>) -> (Github, Arc<Mutex<Vec<String>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (log, responses) = (Arc::clone(&requests), Arc::new(Mutex::new(responses)));
    let transport = HttpTransport::new(move |request: Request| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let line = format!("{} {} {body}", request.method(), request.uri());
        log.lock().expect("no panic").push(line.trim_end().to_owned());
        let next = responses.lock().expect("no panic").remove(0);
        async move { Ok(next) }
    });
    (github(transport), requests)
}

#[tokio::test]
async fn a_redirect_keeps_method_and_body() {
    let moved = "https://api.github.com/repositories/7/actions/runs/1/cancel?x=1";
    for status in [301, 302, 307, 308] {
        let (github, requests) =
            recording(vec![response(status, Some(moved), ""), response(202, None, "{}")]);
        github.cancel_run(&repository(), 1).await.expect("it is followed");
        let requests = requests.lock().expect("no panic").join("\n");
        assert_eq!(
            requests,
            format!(
                "POST https://api.github.com/repos/octo/app/actions/runs/1/cancel\nPOST {moved}"
            ),
        );
        assert!(github.was_redirected(&repository()));
    }
}

#[tokio::test]
async fn a_redirect_elsewhere_or_without_end_is_an_error_that_names_it() {
    let error = async |responses: Vec<Response>| {
        let (github, requests) = recording(responses);
        let err = github.job(&repository(), 7).await.expect_err("an error");
        let sent = requests.lock().expect("no panic").len();
        format!("{sent}: {err}")
    };
    let again = "https://api.github.com/repositories/7/actions/jobs/7";
    let elsewhere = "https://evil.example/repositories/7?token=1";
    let errors = [
        error(vec![response(301, Some(elsewhere), "")]).await,
        error(vec![response(302, None, "")]).await,
        error((0..4).map(|_| response(307, Some(again), "")).collect()).await,
        error(vec![response(303, Some(again), "")]).await,
    ];
    insta::assert_snapshot!(errors.join("\n"), @r"
    1: reading a workflow job failed: the redirect to https://evil.example/repositories/7 is not followed: check setting GithubApiUrl
    1: reading a workflow job failed: the redirect to no location is not followed: check setting GithubApiUrl
    4: reading a workflow job failed: the redirect to /repositories/7/actions/jobs/7 is not followed: check setting GithubApiUrl
    1: reading a workflow job failed with 303 See Other
    ");
}
