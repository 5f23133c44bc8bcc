use serde_json::{Value, json};

use super::account::Account;
use super::fake_task::ImmediateSuccess;
use super::http_client::send;
use super::world::World;
use crate::dto::Timestamp;

#[tokio::test]
async fn an_unknown_api_version_is_named_in_the_error() {
    let world = World::start(ImmediateSuccess, 1).await;
    let now = Timestamp::of(world.clock.now()).http_date();
    let error = async |path: &str| {
        let answer = send(&world.listening.url, &now, "GET", path, &[], "").await;
        (answer.status != 200).then(|| answer.error())
    };
    let reason = "The specified api version string is invalid.";
    // The version of a management API, one without its suffix, none of them known, and an empty one.
    for version in ["2021-01-01", "2024-02-01", "2025-06-01.21.0", "2099-01-01", "banana"] {
        let expected = format!(
            "400 InvalidQueryParameterValue QueryParameterName=api-version \
             QueryParameterValue={version} Reason={reason}"
        );
        assert_eq!(error(&format!("/jobs?api-version={version}")).await, Some(expected));
    }
    let missing = "400 MissingRequiredQueryParameter QueryParameterName=api-version".to_owned();
    assert_eq!(error("/jobs").await, Some(missing));
    let early = "501 NotImplemented".to_owned();
    assert_eq!(error("/jobs?api-version=2019-08-01.10.0").await, Some(early));
    for version in ["2020-09-01.12.0", "2022-10-01.16.0", "2024-07-01.20.0", "2025-06-01"] {
        assert_eq!(error(&format!("/jobs?api-version={version}")).await, None);
    }
}

#[tokio::test]
async fn a_property_exists_in_its_versions_only() {
    let account = Account::new();
    let machine = json!({
        "imageReference": { "publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server" },
        "nodeAgentSKUId": "batch.node.ubuntu 24.04",
    });
    let pool = |more: &Value| {
        let mut pool = json!({
            "id": "p", "vmSize": "Standard_D2s_v3", "targetDedicatedNodes": 0,
            "virtualMachineConfiguration": machine,
        });
        pool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        pool
    };
    let unsupported = "400 UnsupportedProperty";
    for (version, property, expected) in [
        (
            "2024-07-01.20.0",
            json!({ "taskSchedulingPolicy": { "nodeFillType": "pack", "jobDefaultOrder": "none" } }),
            unsupported,
        ),
        (
            "2025-06-01",
            json!({ "taskSchedulingPolicy": { "nodeFillType": "pack", "jobDefaultOrder": "none" } }),
            "201",
        ),
        (
            "2022-10-01.16.0",
            json!({ "networkConfiguration": { "enableAcceleratedNetworking": true } }),
            unsupported,
        ),
        (
            "2023-05-01.17.0",
            json!({ "networkConfiguration": { "enableAcceleratedNetworking": true } }),
            "201",
        ),
        ("2022-10-01.16.0", json!({ "resourceTags": {} }), unsupported),
        ("2023-11-01.18.0", json!({ "upgradePolicy": null }), unsupported),
        ("2024-02-01.19.0", json!({ "upgradePolicy": { "mode": "manual" } }), "501 NotImplemented"),
        ("2025-06-01", json!({ "certificateReferences": [] }), unsupported),
    ] {
        let (status, body) = account.call_in(version, "POST", "/pools", pool(&property)).await;
        assert_eq!(status, expected, "{version} {property} {body}");
        if status == "201" {
            account.call("DELETE", "/pools/p", Value::Null).await;
            account.pass(chrono::TimeDelta::minutes(5));
        }
    }
}

#[tokio::test]
async fn each_version_answers_with_its_properties() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    account.pass(chrono::TimeDelta::minutes(10));
    account.add_tasks(1).await;
    for (path, property, first, last) in [
        ("/pools/p/nodes/tvm-p-1", "/ipv6Address", "2025-06-01", "2025-06-01"),
        ("/pools/p/nodes/tvm-p-1", "/virtualMachineInfo", "2021-06-01.14.0", "2025-06-01"),
        ("/nodecounts", "/value/0/dedicated/upgradingOS", "2024-02-01.19.0", "2025-06-01"),
        ("/nodecounts", "/value/0/dedicated/deallocated", "2024-07-01.20.0", "2025-06-01"),
        ("/nodecounts", "/value/0/dedicated/idle", "2020-09-01.12.0", "2025-06-01"),
        ("/jobs/j", "/maxParallelTasks", "2021-06-01.14.0", "2025-06-01"),
        ("/jobs/j", "/allowTaskPreemption", "2022-01-01.15.0", "2025-06-01"),
    ] {
        for version in VERSIONS {
            let (status, body) = account.call_in(version, "GET", path, Value::Null).await;
            assert_eq!(status, "200", "{version} {path}");
            let expected = (first..=last).contains(&version);
            assert_eq!(body.pointer(property).is_some(), expected, "{version} {path} {property}");
        }
    }
}

const VERSIONS: [&str; 9] = [
    "2020-09-01.12.0",
    "2021-06-01.14.0",
    "2022-01-01.15.0",
    "2022-10-01.16.0",
    "2023-05-01.17.0",
    "2023-11-01.18.0",
    "2024-02-01.19.0",
    "2024-07-01.20.0",
    "2025-06-01",
];

#[tokio::test]
async fn a_selection_names_properties_of_its_version() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 0 })).await;
    let select = async |version, property: &str| {
        let path = format!("/pools/p/nodes?$select=id,{property}");
        account.call_in(version, "GET", &path, Value::Null).await.0
    };
    assert_eq!(select("2025-06-01", "ipv6Address").await, "200");
    assert_eq!(select("2024-07-01.20.0", "ipv6Address").await, "400 InvalidQueryParameterValue");
    assert_eq!(select("2024-07-01.20.0", "ipAddress").await, "200");
}

#[tokio::test]
async fn an_early_version_patches_few_properties_of_a_pool() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 0 })).await;
    account.pass(chrono::TimeDelta::minutes(1));
    let patch =
        async |version, body: Value| account.call_in(version, "PATCH", "/pools/p", body).await.0;
    let size = json!({ "vmSize": "Standard_D4s_v3" });
    assert_eq!(patch("2024-02-01.19.0", size.clone()).await, "400 UnsupportedProperty");
    assert_eq!(patch("2024-07-01.20.0", size).await, "200");
    assert_eq!(patch("2022-10-01.16.0", json!({ "metadata": [] })).await, "200");
}

#[tokio::test]
async fn the_communication_mode_is_of_versions_before_2025() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 0 })).await;
    let modes = async |version| {
        let (_, pool) = account.call_in(version, "GET", "/pools/p", Value::Null).await;
        [&pool["targetNodeCommunicationMode"], &pool["currentNodeCommunicationMode"]]
            .map(Value::clone)
    };
    assert_eq!(modes("2025-06-01").await, [Value::Null, Value::Null]);
    assert_eq!(modes("2022-01-01.15.0").await, [Value::Null, Value::Null]);
    assert_eq!(modes("2024-02-01.19.0").await, [json!("default"), json!("simplified")]);
    let classic = json!({ "targetNodeCommunicationMode": "classic" });
    let (status, _) = account.call_in("2022-10-01.16.0", "PATCH", "/pools/p", classic).await;
    assert_eq!(status, "200");
    assert_eq!(modes("2024-07-01.20.0").await, [json!("classic"), json!("classic")]);
}

#[tokio::test]
async fn removed_features_of_early_versions_are_not_modelled() {
    let account = Account::new();
    for (property, expected) in [
        (json!({ "certificateReferences": [] }), "201"),
        (json!({ "resourceTags": { "ipFamilies": "both" } }), "201"),
        (json!({ "certificateReferences": [{ "thumbprint": "ab" }] }), "501 NotImplemented"),
        (json!({ "cloudServiceConfiguration": { "osFamily": "6" } }), "501 NotImplemented"),
        (json!({ "applicationLicenses": ["maya"] }), "501 NotImplemented"),
        (json!({ "resourceTags": { "count": 1 } }), "400 InvalidPropertyValue"),
        (json!({ "targetNodeCommunicationMode": "radio" }), "400 InvalidPropertyValue"),
    ] {
        let mut pool = json!({
            "id": format!("p{}", property.to_string().len()),
            "vmSize": "Standard_D2s_v3",
            "targetDedicatedNodes": 0,
            "virtualMachineConfiguration": {
                "imageReference": { "publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server" },
                "nodeAgentSKUId": "batch.node.ubuntu 24.04",
            },
        });
        pool.as_object_mut().unwrap().extend(property.as_object().unwrap().clone());
        let (status, _) = account.call_in("2024-02-01.19.0", "POST", "/pools", pool).await;
        assert_eq!(status, expected, "{property}");
    }
}

#[tokio::test]
async fn the_properties_of_a_pool_are_replaced() {
    let account = Account::new();
    let start = json!({ "commandLine": "prepare" });
    let labels = json!([{ "name": "team", "value": "a" }]);
    account
        .add_pool(json!({ "targetDedicatedNodes": 1, "startTask": start, "metadata": labels }))
        .await;
    let replace = async |version, body: Value| {
        account.call_in(version, "POST", "/pools/p/updateproperties", body).await.0
    };
    let (early, now) = ("2022-10-01.16.0", "2025-06-01");
    let body = json!({ "applicationPackageReferences": [], "metadata": [] });
    assert_eq!(replace(early, body.clone()).await, "400 MissingRequiredProperty");
    assert_eq!(replace(now, json!({ "metadata": [] })).await, "400 MissingRequiredProperty");
    let certificates = json!([{ "thumbprint": "ab" }]);
    let mut secured = body.clone();
    secured["certificateReferences"] = certificates;
    assert_eq!(replace(early, secured).await, "501 NotImplemented");
    assert_eq!(replace(now, body).await, "204");
    let pool = account.get("/pools/p").await;
    assert_eq!((&pool["metadata"], &pool["startTask"]), (&json!([]), &Value::Null));
}
