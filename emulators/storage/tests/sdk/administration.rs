//! The account's containers and properties, the metadata of a container, and a blob's properties and blocks.

use crate::account::{TestAccount, http_client};

/// Sends `METHOD /path?query`; returns the status and the body without its line ends.
async fn send(account: &TestAccount, target: &str, header: (&str, &str)) -> (u16, String) {
    let (method, target) = target.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, "timeout=30"));
    let url = account.blob_url(path, &format!("{query}&{}", account.sas()));
    let request = http_client().request(method.parse().unwrap(), url).body("block");
    let request = request.header("x-ms-blob-type", "BlockBlob").header(header.0, header.1);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

const NONE: (&str, &str) = ("x-ms-useragent", "test");

/// Returns the texts of all elements of a name.
fn texts(body: &str, element: &str) -> Vec<String> {
    let start = format!("<{element}>");
    let parts = body.split(&start).skip(1);
    parts.map(|part| part.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn containers_are_listed_in_pages_with_their_metadata() {
    let account = TestAccount::open().await;
    for name in ["jobs-2", "jobs-1", "other"] {
        let create = format!("PUT /{name}?restype=container");
        assert_eq!(send(&account, &create, ("x-ms-meta-of", name)).await.0, 201);
    }
    let list = async |query: &str| {
        let (status, body) = send(&account, &format!("GET /?comp=list{query}"), NONE).await;
        assert_eq!(status, 200, "{body}");
        (texts(&body, "Name"), texts(&body, "NextMarker"), texts(&body, "of"))
    };
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let all = strings(&["jobs-1", "jobs-2", "other"]);
    assert_eq!(list("").await, (all.clone(), vec![], vec![]));
    assert_eq!(list("&include=metadata").await, (all.clone(), vec![], all));
    let first = (strings(&["jobs-1"]), strings(&["jobs-2"]), vec![]);
    assert_eq!(list("&prefix=jobs&maxresults=1").await, first);
    assert_eq!(list("&prefix=jobs&marker=jobs-2").await, (strings(&["jobs-2"]), vec![], vec![]));
}

#[tokio::test]
async fn the_metadata_of_a_container_is_replaced() {
    let account = TestAccount::open().await;
    let metadata = "/state?restype=container&comp=metadata";
    let absent = send(&account, &format!("PUT {metadata}"), ("x-ms-meta-a", "1")).await;
    assert!(absent.1.contains("ContainerNotFound"), "{}", absent.1);
    send(&account, "PUT /state?restype=container", ("x-ms-meta-old", "1")).await;
    assert_eq!(send(&account, &format!("PUT {metadata}"), ("x-ms-meta-new", "2")).await.0, 200);
    let url =
        account.blob_url("/state", &format!("restype=container&comp=metadata&{}", account.sas()));
    let got = http_client().get(url).send().await.unwrap();
    assert_eq!(got.headers().get("x-ms-meta-new").unwrap(), "2");
    assert_eq!(got.headers().get("x-ms-meta-old"), None);
}

#[tokio::test]
async fn properties_that_are_not_set_together_are_cleared() {
    let account = TestAccount::open().await;
    send(&account, "PUT /state?restype=container", NONE).await;
    send(&account, "PUT /state/blob", ("x-ms-blob-content-language", "de")).await;
    let set = "PUT /state/blob?comp=properties";
    assert_eq!(send(&account, set, NONE).await.0, 200);
    let headers = async || {
        let url = account.blob_url("/state/blob", &account.sas());
        http_client().head(url).send().await.unwrap().headers().clone()
    };
    assert_eq!(headers().await.get("content-language").unwrap(), "de");
    assert_eq!(send(&account, set, ("x-ms-blob-cache-control", "no-cache")).await.0, 200);
    assert_eq!(headers().await.get("content-language"), None);
    assert_eq!(headers().await.get("cache-control").unwrap(), "no-cache");
    let absent = send(&account, "PUT /state/none?comp=properties", NONE).await;
    assert!(absent.1.contains("BlobNotFound"), "{}", absent.1);
}

#[tokio::test]
async fn the_blocks_of_a_blob_are_listed_by_kind() {
    let account = TestAccount::open().await;
    send(&account, "PUT /state?restype=container", NONE).await;
    let list = "GET /state/blob?comp=blocklist&blocklisttype=all";
    assert!(send(&account, list, NONE).await.1.contains("BlobNotFound"));
    for id in ["YTE=", "YTI="] {
        send(&account, &format!("PUT /state/blob?comp=block&blockid={id}"), NONE).await;
    }
    let (status, body) = send(&account, list, NONE).await;
    assert_eq!((status, texts(&body, "Name")), (200, vec!["YTE=".to_owned(), "YTI=".to_owned()]));
    assert_eq!(texts(&body, "Size"), ["5", "5"]);
    assert!(body.contains("<CommittedBlocks/>"), "{body}");
    let committed = send(&account, "GET /state/blob?comp=blocklist", NONE).await;
    assert!(committed.1.ends_with("<BlockList><CommittedBlocks/></BlockList>"), "{}", committed.1);
}

#[tokio::test]
async fn the_properties_of_a_service_are_those_of_a_new_account() {
    let account = TestAccount::open().await;
    let (status, body) = send(&account, "GET /?restype=service&comp=properties", NONE).await;
    assert_eq!(status, 200);
    assert!(body.contains("<Cors/><DeleteRetentionPolicy><Enabled>false</Enabled>"), "{body}");
}

#[tokio::test]
async fn properties_have_the_access_tier_and_content_has_not() {
    let account = TestAccount::open().await;
    send(&account, "PUT /state?restype=container", NONE).await;
    send(&account, "PUT /state/blob", NONE).await;
    let tier = async |method: &str| {
        let url = account.blob_url("/state/blob", &account.sas());
        let response = http_client().request(method.parse().unwrap(), url).send().await.unwrap();
        response.headers().contains_key("x-ms-access-tier")
    };
    assert!(tier("HEAD").await);
    assert!(!tier("GET").await);
}

#[tokio::test]
async fn an_account_is_of_the_second_general_kind() {
    let account = TestAccount::open().await;
    let url = account.blob_url("/", &format!("restype=account&comp=properties&{}", account.sas()));
    let response = http_client().head(url).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers().get("x-ms-account-kind").unwrap(), "StorageV2");
    assert_eq!(response.headers().get("x-ms-sku-name").unwrap(), "Standard_LRS");
}
