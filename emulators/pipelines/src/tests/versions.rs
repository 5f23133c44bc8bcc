//! API versions and the look-up of locations.

use bytes::Bytes;
use http::{Method, header};
use serde_json::Value;

use super::{TOKEN, World, basic};

async fn line(world: &World, method: Method, path: &str, accept: &str) -> String {
    let request = http::Request::builder()
        .method(method.clone())
        .uri(format!("http://devops.test/contoso/_apis/distributedtask/pools/{path}"))
        .header(header::AUTHORIZATION, basic(TOKEN))
        .header(header::ACCEPT, accept)
        .body(Bytes::from_static(b"{}"));
    let (status, body) = world.call(request.unwrap()).await;
    let key = body["typeKey"].as_str().unwrap_or_default();
    format!("{method} {path} {accept}: {status} {key}").trim_end().to_owned()
}

#[tokio::test]
async fn a_request_names_a_version_that_the_resource_has() {
    let world = World::new();
    let mut lines = Vec::new();
    for (method, path, accept) in [
        (Method::GET, "1", "*/*"),
        (Method::PATCH, "1", "*/*"),
        (Method::PATCH, "1?api-version=7.1", "*/*"),
        (Method::PATCH, "1", "application/json;api-version=7.2-preview.1"),
        (Method::PATCH, "1?api-version=7.2", "*/*"),
        (Method::GET, "1?api-version=7.2-preview.9", "*/*"),
        (Method::GET, "1?api-version=8.0", "*/*"),
        (Method::GET, "1/jobrequests?completedRequestCount=0", "*/*"),
        (Method::GET, "1/jobrequests?api-version=7.1", "*/*"),
        (Method::GET, "1/jobrequests?api-version=7.1-preview", "*/*"),
    ] {
        lines.push(line(&world, method, path, accept).await);
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    GET 1 */*: 200
    PATCH 1 */*: 400 VssVersionNotSpecifiedException
    PATCH 1?api-version=7.1 */*: 200
    PATCH 1 application/json;api-version=7.2-preview.1: 200
    PATCH 1?api-version=7.2 */*: 400 VssInvalidPreviewVersionException
    GET 1?api-version=7.2-preview.9 */*: 400 VssResourceVersionOutOfRangeException
    GET 1?api-version=8.0 */*: 400 VssVersionOutOfRangeException
    GET 1/jobrequests?completedRequestCount=0 */*: 200
    GET 1/jobrequests?api-version=7.1 */*: 400 VssInvalidPreviewVersionException
    GET 1/jobrequests?api-version=7.1-preview */*: 200
    ");
}

#[tokio::test]
async fn locations_are_offered_for_all_areas_and_for_one() {
    let world = World::new();
    let options = async |path: &str| {
        let request = http::Request::options(format!("http://devops.test/contoso/_apis{path}"));
        world.call(request.body(Bytes::new()).unwrap()).await.1
    };
    let all = options("").await;
    let task = options("/distributedTask").await;
    let hooks = options("/hooks").await;
    assert_eq!((&all["count"], &hooks["count"]), (&16.into(), &2.into()));
    let pools = |known: &&Value| known["id"] == "a8c47e17-4d56-4a56-92bb-de7ea7dc65be";
    let pools = task["value"].as_array().unwrap().iter().find(pools).unwrap();
    assert_eq!(pools["routeTemplate"], "_apis/{area}/{resource}/{poolId}");
}

#[tokio::test]
async fn what_is_not_modelled_is_501_with_its_name() {
    let world = World::new();
    for path in ["wit/workitems/7", "distributedtask/pools/1/jobrequests?owner=7"] {
        let (status, body) = world.api(Method::GET, path, Value::Null).await;
        assert_eq!(status, 501, "{path}: {body}");
        assert!(body["message"].as_str().unwrap().contains("is not modelled"));
    }
}
