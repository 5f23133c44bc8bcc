//! Values that make no sense and are refused, with their property or parameter named.

use serde_json::{Value, json};

use super::account::Account;

const SUBNET: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/pool";

/// Adds a pool with changed properties and describes the answer.
async fn add(account: &Account, more: Value) -> String {
    let mut pool = json!({
        "id": "p",
        "vmSize": "Standard_D2s_v5",
        "virtualMachineConfiguration": machine("microsoft-dsvm ubuntu-hpc 2404", "ubuntu 24.04"),
    });
    pool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, body) = account.call("POST", "/pools", pool).await;
    if status == "201" {
        let id = more["id"].as_str().unwrap_or("p");
        account.call("DELETE", &format!("/pools/{id}"), Value::Null).await;
        account.pass(chrono::TimeDelta::minutes(30));
    }
    let about = body["values"][0]["value"].as_str().unwrap_or_default();
    format!("{status} {about}").trim().to_owned()
}

fn machine(image: &str, agent: &str) -> Value {
    let parts: Vec<_> = image.split(' ').collect();
    json!({
        "imageReference": { "publisher": parts[0], "offer": parts[1], "sku": parts[2] },
        "nodeAgentSKUId": format!("batch.node.{agent}"),
    })
}

#[tokio::test]
async fn a_pool_needs_a_vm_size_that_exists() {
    let account = Account::new();
    for size in ["Standard_D2s_v3", "STANDARD_D2S_V5", "standard_a1_v2", "Standard_NC24rs_v3"] {
        assert_eq!(add(&account, json!({ "vmSize": size })).await, "201", "{size}");
    }
    for size in ["", "nonsense", "small", "D2s_v5", "Standard_D2s_v99", "STANDARD_DS64_v3"] {
        let answer = add(&account, json!({ "vmSize": size })).await;
        assert_eq!(answer, "400 InvalidPropertyValue vmSize", "{size}");
    }
    let missing = add(&account, json!({ "vmSize": null })).await;
    assert_eq!(missing, "400 InvalidPropertyValue vmSize");
    add(&account, json!({})).await;
    account.add_pool(json!({})).await;
    let patch = account.call("PATCH", "/pools/p", json!({ "vmSize": "huge" })).await;
    assert_eq!(patch.0, "400 InvalidPropertyValue");
}

#[tokio::test]
async fn a_pool_needs_an_image_that_exists_and_its_agent() {
    let account = Account::new();
    let add = async |image: &str, agent: &str| {
        add(&account, json!({ "virtualMachineConfiguration": machine(image, agent) })).await
    };
    for (image, agent) in [
        ("canonical ubuntu-24_04-lts server", "ubuntu 24.04"),
        ("Canonical UbuntuServer 18.04-LTS", "ubuntu 18.04"),
        ("canonical 0001-com-ubuntu-server-jammy 22_04-lts-gen2", "ubuntu 22.04"),
        ("microsoft-azure-batch ubuntu-server-container 20-04-lts", "ubuntu 20.04"),
        ("MicrosoftWindowsServer WindowsServer 2022-datacenter-core-g2", "windows amd64"),
        (
            "microsoftwindowsserver windowsserver 2019-datacenter-with-containers-gs",
            "windows amd64",
        ),
        (
            "microsoftwindowsserver windowsserver datacenter-core-20h2-with-containers-smalldisk-gs",
            "windows amd64",
        ),
        ("almalinux almalinux 8_5-gen2", "el 8"),
        ("debian debian-12 12", "debian 12"),
    ] {
        assert_eq!(add(image, agent).await, "201", "{image}");
    }
    let agent = "400 InvalidPropertyValue nodeAgentSKUId";
    let unknown = "400 InvalidPropertyValue imageReference";
    for (image, node_agent, expected) in [
        ("microsoft-dsvm ubuntu-hpc 2404", "nope", agent),
        ("microsoft-dsvm ubuntu-hpc 2404", "windows amd64", agent),
        ("microsoft-dsvm ubuntu-hpc 2404", "ubuntu 22.04", agent),
        ("microsoftwindowsserver windowsserver 2022-datacenter", "ubuntu 22.04", agent),
        ("no-publisher ubuntu-hpc 2404", "ubuntu 24.04", unknown),
        ("microsoft-dsvm ubuntu 2404", "ubuntu 24.04", unknown),
        ("microsoft-dsvm ubuntu-hpc 9904", "ubuntu 24.04", unknown),
        ("microsoftwindowsserver windowsserver 2022", "windows amd64", unknown),
        ("microsoftwindowsserver windowsserver 2023-datacenter", "windows amd64", unknown),
        ("microsoftwindowsserver windowsserver 2022-home", "windows amd64", unknown),
    ] {
        assert_eq!(add(image, node_agent).await, expected, "{image}, {node_agent}");
    }
}

#[tokio::test]
async fn a_custom_image_is_named_by_a_resource_id() {
    let account = Account::new();
    let compute = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute";
    let add = async |image: Value| {
        let machine =
            json!({ "imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 22.04" });
        add(&account, json!({ "virtualMachineConfiguration": machine })).await
    };
    for path in ["images/i", "galleries/a/images/i", "galleries/a/images/i/versions/1.0.0"] {
        let id = format!("{compute}/{path}");
        assert_eq!(add(json!({ "virtualMachineImageId": id })).await, "201", "{path}");
    }
    let community = "/communityGalleries/c/images/i/versions/latest";
    assert_eq!(add(json!({ "communityGalleryImageId": community })).await, "201");
    // The id of the recording: `gallery` for `galleries`.
    for path in ["gallery/a/images/i/versions/v", "images/", "images/i/versions/1"] {
        let id = format!("{compute}/{path}");
        let answer = add(json!({ "virtualMachineImageId": id })).await;
        assert_eq!(answer, "400 InvalidPropertyValue virtualMachineImageId", "{path}");
    }
    let answer = add(json!({ "sharedGalleryImageId": "g" })).await;
    assert_eq!(answer, "400 InvalidPropertyValue sharedGalleryImageId");
    let both =
        json!({ "virtualMachineImageId": format!("{compute}/images/i"), "publisher": "canonical" });
    assert_eq!(add(both).await, "400 InvalidPropertyValue imageReference");
    assert_eq!(add(json!({})).await, "400 MissingRequiredProperty publisher");
}

#[tokio::test]
async fn ids_of_resources_have_their_form() {
    let account = Account::new();
    let subnet =
        async |id: &str| add(&account, json!({ "networkConfiguration": { "subnetId": id } })).await;
    assert_eq!(subnet(SUBNET).await, "201");
    assert_eq!(subnet(&SUBNET.to_lowercase()).await, "201");
    for wrong in [
        "",
        "not-an-id",
        &SUBNET[1..],
        &format!("{SUBNET}/more"),
        &SUBNET.replace("/pool", "/"),
        &SUBNET.replace("virtualNetworks", "networks"),
        &SUBNET.replace("Microsoft.Network", "Microsoft.Compute"),
        &format!("https://management.azure.com{SUBNET}"),
    ] {
        assert_eq!(subnet(wrong).await, "400 InvalidPropertyValue subnetId", "{wrong}");
    }
    let addresses = json!({ "publicIPAddressConfiguration": { "ipAddressIds": ["10.0.0.1"] } });
    let answer = add(&account, json!({ "networkConfiguration": addresses })).await;
    assert_eq!(answer, "400 InvalidPropertyValue ipAddressIds");
    let mut machine = machine("microsoft-dsvm ubuntu-hpc 2404", "ubuntu 24.04");
    let registry = json!({ "registryServer": "r", "identityReference": { "resourceId": "me" } });
    machine["containerConfiguration"] =
        json!({ "type": "dockerCompatible", "containerRegistries": [registry] });
    let answer = add(&account, json!({ "virtualMachineConfiguration": machine })).await;
    assert_eq!(answer, "400 InvalidPropertyValue resourceId");
}

#[tokio::test]
async fn a_filter_on_an_impossible_value_is_refused() {
    let account = Account::new();
    account.add_tasks(1).await;
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    account.pass(chrono::TimeDelta::minutes(30));
    let lists = [
        ("/jobs", "state", "active", "done"),
        ("/jobs/j/tasks", "state", "completed", "succeeded"),
        ("/jobs/j/tasks", "executionInfo/result", "success", "ok"),
        ("/pools", "state", "active", "steady"),
        ("/pools", "allocationState", "steady", "active"),
        ("/pools/p/nodes", "state", "idle", "ready"),
        ("/supportedimages", "osType", "linux", "macos"),
    ];
    for (list, property, possible, impossible) in lists {
        let filter = async |filter: &str| {
            let filter = filter.replace(' ', "%20");
            account.call("GET", &format!("{list}?$filter={filter}"), Value::Null).await
        };
        let (status, found) = filter(&format!("{property} eq '{possible}'")).await;
        assert_eq!(status, "200");
        assert!(!found["value"].as_array().unwrap().is_empty(), "{list} {property}");
        for wrong in [
            format!("{property} eq '{impossible}'"),
            format!("{property} eq 1"),
            format!("{property} gt '{possible}'"),
            format!("startswith({property}, 'a')"),
            "unknown eq 'x'".to_owned(),
            "displayName eq 'x'".to_owned(),
            format!("{property} eq"),
        ] {
            let (status, body) = filter(&wrong).await;
            assert_eq!(status, "400 InvalidQueryParameterValue", "{list} {wrong}");
            assert_eq!(body["values"][0]["value"], "$filter");
        }
    }
}

#[tokio::test]
async fn query_parameters_have_their_limits() {
    let account = Account::new();
    let invalid = "400 InvalidQueryParameterValue";
    for (query, expected) in [
        ("maxresults=1", "200"),
        ("maxresults=1000", "200"),
        ("timeout=30", "200"),
        // More than 30 seconds count as 30: recordings of azure-sdk-for-python send 45.
        ("timeout=45", "200"),
        ("timeOut=1", "200"),
        ("maxresults=0", invalid),
        ("maxresults=1001", invalid),
        ("maxresults=-1", invalid),
        ("maxresults=ten", invalid),
        ("maxresults=", invalid),
        ("timeout=0", invalid),
        ("timeout=soon", invalid),
        ("timeOut=-5", invalid),
        ("$top=5", "400 UnsupportedQueryParameter"),
        ("filter=x", "400 UnsupportedQueryParameter"),
    ] {
        let (status, body) = account.call("GET", &format!("/pools?{query}"), Value::Null).await;
        assert_eq!(status, expected, "{query}");
        if status != "200" {
            assert_eq!(body["values"][0]["key"], "QueryParameterName", "{query}");
            assert_eq!(body["values"][0]["value"], query.split('=').next().unwrap());
        }
    }
}
