//! Leases of blobs and containers, as the WebJobs SDK and the Functions host use them.

use futures::future::join_all;
use http::{HeaderMap, StatusCode};

use crate::account::{TestAccount, http_client};

const A: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const B: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
const LOCK: &str = "/azure-webjobs-hosts/locks/host/App.Timer.Listener";

/// An account with the container of the host's locks.
struct Host(TestAccount);

/// The parts of a response that the host reads.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Host {
    async fn start() -> Self {
        let host = Self(TestAccount::open().await);
        let created = host.send("PUT /azure-webjobs-hosts?restype=container", &[]).await;
        assert_eq!(created.outcome(), "201");
        host
    }

    async fn send(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        let (method, target) = target.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, "timeout=30"));
        let url = self.0.blob_url(path, &format!("{query}&{}", self.0.sas()));
        let mut request = http_client().request(method.parse().unwrap(), url);
        request = request.header("x-ms-blob-type", "BlockBlob").header("content-length", "0");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    async fn lease(&self, path: &str, action: &str, headers: &[(&str, &str)]) -> Answer {
        let restype = if path.matches('/').count() == 1 { "&restype=container" } else { "" };
        let headers = [&[("x-ms-lease-action", action)], headers].concat();
        self.send(&format!("PUT {path}?comp=lease{restype}"), &headers).await
    }

    async fn acquire(&self, path: &str, id: &str, seconds: &str) -> String {
        let headers = [("x-ms-proposed-lease-id", id), ("x-ms-lease-duration", seconds)];
        self.lease(path, "acquire", &headers).await.outcome()
    }

    /// Returns the properties of a lease: status, state and duration.
    async fn properties(&self, path: &str) -> String {
        let restype = if path.matches('/').count() == 1 { "?restype=container" } else { "" };
        let got = self.send(&format!("HEAD {path}{restype}"), &[]).await;
        ["status", "state", "duration"]
            .map(|name| got.header(&format!("x-ms-lease-{name}")))
            .join(" ")
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("-", |value| value.to_str().unwrap())
    }

    /// Returns the status, and the code of an error.
    fn outcome(&self) -> String {
        let status = self.status.as_u16();
        match self.header("x-ms-error-code") {
            "-" => status.to_string(),
            code => format!("{status} {code}"),
        }
    }
}

#[tokio::test]
async fn a_host_takes_a_lock_and_another_waits_until_it_ends() {
    let host = Host::start().await;
    assert_eq!(host.acquire(LOCK, A, "15").await, "404 BlobNotFound");
    let create = format!("PUT {LOCK}");
    assert_eq!(host.send(&create, &[("if-none-match", "*")]).await.outcome(), "201");
    assert_eq!(host.acquire(LOCK, A, "15").await, "201");
    // The lease is checked first: https://github.com/Azure/Azurite/issues/2637
    let again = host.send(&create, &[("if-none-match", "*")]).await;
    assert_eq!(again.outcome(), "412 LeaseIdMissing");
    assert_eq!(host.acquire(LOCK, B, "15").await, "409 LeaseAlreadyPresent");

    let owner = [("x-ms-meta-functioninstance", "instance-1"), ("x-ms-lease-id", A)];
    let metadata = format!("PUT {LOCK}?comp=metadata");
    assert_eq!(host.send(&metadata, &owner[..1]).await.outcome(), "412 LeaseIdMissing");
    assert_eq!(host.send(&metadata, &owner).await.outcome(), "200");
    let read = host.send(&format!("HEAD {LOCK}"), &[]).await;
    assert_eq!(read.header("x-ms-meta-functioninstance"), "instance-1");
    assert_eq!(host.properties(LOCK).await, "locked leased fixed");

    for _ in 0..3 {
        host.0.advance(10);
        let renewed = host.lease(LOCK, "renew", &[("x-ms-lease-id", A)]).await;
        assert_eq!((renewed.outcome().as_str(), renewed.header("x-ms-lease-id")), ("200", A));
        assert_eq!(host.acquire(LOCK, B, "15").await, "409 LeaseAlreadyPresent");
    }
    host.0.advance(15);
    assert_eq!(host.properties(LOCK).await, "unlocked expired -");
    assert_eq!(host.acquire(LOCK, B, "15").await, "201");
    let lost = host.lease(LOCK, "renew", &[("x-ms-lease-id", A)]).await;
    assert_eq!(lost.outcome(), "409 LeaseIdMismatchWithLeaseOperation");
    let released = host.lease(LOCK, "release", &[("x-ms-lease-id", B)]).await;
    assert_eq!((released.outcome().as_str(), released.header("x-ms-lease-id")), ("200", "-"));
    assert_eq!(host.properties(LOCK).await, "unlocked available -");
}

#[tokio::test]
async fn an_expired_lease_is_renewed_unless_the_blob_was_written() {
    let host = Host::start().await;
    for (writes, renewal) in [(false, "200"), (true, "409 LeaseIdMismatchWithLeaseOperation")] {
        assert_eq!(host.send(&format!("PUT {LOCK}"), &[]).await.outcome(), "201");
        assert_eq!(host.acquire(LOCK, A, "60").await, "201");
        host.0.advance(60);
        host.send(&format!("GET {LOCK}"), &[]).await;
        if writes {
            let written = host.send(&format!("PUT {LOCK}?comp=metadata"), &[]).await;
            assert_eq!(written.outcome(), "200");
        }
        let renewed = host.lease(LOCK, "renew", &[("x-ms-lease-id", A)]).await;
        assert_eq!(renewed.outcome(), renewal);
        host.lease(LOCK, "release", &[("x-ms-lease-id", A)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_concurrent_acquires_one_succeeds() {
    let host = Host::start().await;
    host.send(&format!("PUT {LOCK}"), &[]).await;
    for duration in ["15", "60", "-1"] {
        let ids: Vec<_> = (0..100).map(|n| format!("00000000-0000-4000-8000-{n:012}")).collect();
        let outcomes = join_all(ids.iter().map(|id| host.acquire(LOCK, id, duration))).await;
        let winners: Vec<_> = (0..100).filter(|n| outcomes[*n] == "201").collect();
        let losers = outcomes.iter().filter(|outcome| *outcome == "409 LeaseAlreadyPresent");
        assert_eq!((winners.len(), losers.count()), (1, 99));
        let release = host.lease(LOCK, "release", &[("x-ms-lease-id", &ids[winners[0]])]).await;
        assert_eq!(release.outcome(), "200");
    }
}

#[tokio::test]
async fn every_write_of_a_leased_blob_requires_its_lease() {
    let host = Host::start().await;
    let blob = "/azure-webjobs-hosts/blob";
    let block = format!("PUT {blob}?comp=block&blockid=YjE=");
    let writes = [
        (format!("PUT {blob}"), "201"),
        (format!("PUT {blob}?comp=metadata"), "200"),
        (block, "201"),
        (format!("DELETE {blob}"), "202"),
    ];
    let reads =
        [format!("GET {blob}"), format!("HEAD {blob}"), format!("GET {blob}?comp=metadata")];
    for (write, success) in &writes {
        host.send(&format!("PUT {blob}"), &[]).await;
        let with_lease = async |request: &str, id: &str| {
            host.send(request, &[("x-ms-lease-id", id)]).await.outcome()
        };
        let absent = "412 LeaseNotPresentWithBlobOperation";
        assert_eq!(with_lease(write, A).await, absent, "{write}");
        assert_eq!(host.acquire(blob, A, "-1").await, "201");
        assert_eq!(host.send(write, &[]).await.outcome(), "412 LeaseIdMissing", "{write}");
        let mismatch = "412 LeaseIdMismatchWithBlobOperation";
        assert_eq!(with_lease(write, B).await, mismatch, "{write}");
        for read in &reads {
            assert_eq!(host.send(read, &[]).await.outcome(), "200", "{read}");
            assert_eq!(with_lease(read, &A.to_uppercase()).await, "200", "{read}");
            assert_eq!(with_lease(read, B).await, mismatch, "{read}");
        }
        assert_eq!(with_lease(write, A).await, *success, "{write}");
        host.lease(blob, "break", &[]).await;
    }
    // The last write was the deletion: its lease does not survive the blob.
    host.send(&format!("PUT {blob}"), &[]).await;
    assert_eq!(host.properties(blob).await, "unlocked available -");
}

#[tokio::test]
async fn the_lease_of_a_container_protects_it_from_deletion_only() {
    let host = Host::start().await;
    let container = "/azure-webjobs-hosts";
    let delete = "DELETE /azure-webjobs-hosts?restype=container";
    let read = "HEAD /azure-webjobs-hosts?restype=container";
    let with_lease = async |request: &str, id: &str| {
        host.send(request, &[("x-ms-lease-id", id)]).await.outcome()
    };
    let absent = "412 LeaseNotPresentWithContainerOperation";
    assert_eq!(with_lease(delete, A).await, absent);
    assert_eq!(with_lease(read, A).await, absent);
    assert_eq!(host.acquire(container, A, "-1").await, "201");
    assert_eq!(host.properties(container).await, "locked leased infinite");
    assert_eq!(host.send(&format!("PUT {LOCK}"), &[]).await.outcome(), "201");
    assert_eq!(host.send(read, &[]).await.outcome(), "200");
    let refused = host.send(delete, &[]).await;
    assert_eq!(refused.outcome(), "412 LeaseIdMissing");
    assert!(refused.body.contains("a lease on the container"), "{}", refused.body);
    assert_eq!(with_lease(delete, B).await, "412 LeaseIdMismatchWithContainerOperation");
    assert_eq!(with_lease(read, B).await, "412 LeaseIdMismatchWithContainerOperation");
    assert_eq!(with_lease(delete, A).await, "202");
}

#[tokio::test]
async fn a_lease_is_listed_and_its_break_takes_its_time() {
    let host = Host::start().await;
    host.send(&format!("PUT {LOCK}"), &[]).await;
    let list = async || {
        let target = "GET /azure-webjobs-hosts?restype=container&comp=list&prefix=locks/host/";
        let body = host.send(target, &[]).await.body;
        let value = |element: &str| {
            let (_, rest) = body.split_once(&format!("<{element}>")).unwrap_or(("", "-<"));
            rest.split_once('<').unwrap().0.to_owned()
        };
        ["LeaseStatus", "LeaseState", "LeaseDuration"].map(value).join(" ")
    };
    assert_eq!(list().await, "unlocked available -");
    host.acquire(LOCK, A, "60").await;
    assert_eq!(list().await, "locked leased fixed");
    let broken = host.lease(LOCK, "break", &[("x-ms-lease-break-period", "20")]).await;
    assert_eq!((broken.outcome().as_str(), broken.header("x-ms-lease-time")), ("202", "20"));
    host.0.advance(19);
    assert_eq!(list().await, "locked breaking -");
    assert_eq!(host.acquire(LOCK, A, "60").await, "409 LeaseIsBreakingAndCannotBeAcquired");
    host.0.advance(1);
    assert_eq!(list().await, "unlocked broken -");
    let renewed = host.lease(LOCK, "renew", &[("x-ms-lease-id", A)]).await;
    assert_eq!(renewed.outcome(), "409 LeaseIsBrokenAndCannotBeRenewed");
    assert_eq!(host.acquire(LOCK, B, "-1").await, "201");
    assert_eq!(list().await, "locked leased infinite");
}

#[tokio::test]
async fn malformed_lease_headers_are_rejected() {
    let host = Host::start().await;
    host.send(&format!("PUT {LOCK}"), &[]).await;
    let (id, proposed) = ("x-ms-lease-id", "x-ms-proposed-lease-id");
    let (duration, period) = ("x-ms-lease-duration", "x-ms-lease-break-period");
    let invalid = "400 InvalidHeaderValue";
    let missing = "400 MissingRequiredHeader";
    for (action, headers, outcome) in [
        ("acquire", &[][..], missing),
        ("acquire", &[(duration, "14")], invalid),
        ("acquire", &[(duration, "61")], invalid),
        ("acquire", &[(duration, "0")], invalid),
        ("acquire", &[(duration, "soon")], invalid),
        ("acquire", &[(duration, "15"), (proposed, "invalid")], invalid),
        ("renew", &[], missing),
        ("renew", &[(id, "1")], invalid),
        ("change", &[(id, A)], missing),
        ("change", &[(id, A), (proposed, "invalid")], invalid),
        ("release", &[], missing),
        ("break", &[(period, "61")], invalid),
        ("break", &[(period, "-1")], invalid),
        ("lend", &[], invalid),
        ("", &[], missing),
    ] {
        assert_eq!(host.lease(LOCK, action, headers).await.outcome(), outcome, "{action}");
    }
    for guid in [A, &A.replace('-', ""), &format!("{{{A}}}"), &format!("({A})")] {
        assert_eq!(host.acquire(LOCK, guid, "15").await, "201", "{guid}");
    }
}

#[tokio::test]
async fn a_blob_with_uncommitted_blocks_can_be_leased() {
    let host = Host::start().await;
    let block = format!("PUT {LOCK}?comp=block&blockid=YjE=");
    assert_eq!(host.send(&block, &[]).await.outcome(), "201");
    assert_eq!(host.acquire(LOCK, A, "-1").await, "201");
    assert_eq!(host.send(&block, &[]).await.outcome(), "412 LeaseIdMissing");
    assert_eq!(host.send(&block, &[("x-ms-lease-id", A)]).await.outcome(), "201");
}
