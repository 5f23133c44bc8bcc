//! The requests of public clients: what each sends for an ordinary call, and the status that it
//! needs.
//!
//! Observed between the clients and the emulator, in the versions that the README lists. The suites
//! `batch-*` of `tests/run` drive the clients themselves.

use serde_json::{Value, json};

use super::account::Account;

const AZ: &str = "2024-02-01.19.0";
const PYTHON_15: &str = "2025-06-01";
const PYTHON_14: &str = "2024-02-01.19.0";
const PYTHON_13: &str = "2022-10-01.16.0";
const JAVASCRIPT_10: &str = "2022-10-01.16.0";
const JAVASCRIPT_8: &str = "2020-09-01.12.0";

/// The content types of bodies: msrest adds a character set.
const JSON: &str = "application/json; odata=minimalmetadata";
const MSREST: &str = "application/json; odata=minimalmetadata; charset=utf-8";
/// @azure/batch sends a content type without a body too.
const NO_BODY: &str = "application/json; charset=utf-8";

/// A request of a client, and the start of the expected answer.
struct Sent {
    client: &'static str,
    version: &'static str,
    method: &'static str,
    path: &'static str,
    kind: &'static str,
    body: Value,
    answer: &'static str,
}

fn sent(
    (client, version): (&'static str, &'static str),
    (method, path): (&'static str, &'static str),
    (kind, body): (&'static str, Value),
    answer: &'static str,
) -> Sent {
    Sent { client, version, method, path, kind, body, answer }
}

fn machine() -> Value {
    json!({
        "imageReference": { "publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server" },
        "nodeAgentSKUId": "batch.node.ubuntu 24.04",
    })
}

/// A pool with one more property.
fn pool(id: &str, name: &str, value: Value) -> Value {
    let mut pool = json!({
        "id": id, "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": machine(),
    });
    pool[name] = value;
    pool
}

/// The Azure CLI writes numbers of flags as text, and pads durations.
fn azure_cli() -> Vec<Sent> {
    let az = ("az batch", AZ);
    let properties = json!({
        "applicationPackageReferences": [], "certificateReferences": [],
        "metadata": [{ "name": "team", "value": "tests" }],
        "startTask": { "commandLine": "/bin/true" },
    });
    let settings = json!([{ "name": "NAME", "value": "az" }]);
    let task = json!({
        "id": "az", "commandLine": "/bin/sh -c 'echo hello $NAME'",
        "environmentSettings": settings, "constraints": { "maxTaskRetryCount": "1" },
    });
    let limits = json!({ "constraints": { "maxWallClockTime": "PT02H00M00S" } });
    vec![
        sent(az, ("POST", "/pools"), (JSON, pool("az", "targetDedicatedNodes", json!("1"))), "201"),
        sent(az, ("POST", "/pools"), (JSON, pool("none", "metadata", json!([]))), "201"),
        sent(az, ("POST", "/pools/none/updateproperties"), (JSON, properties), "204"),
        sent(az, ("POST", "/jobs/j/tasks"), (JSON, task), "201"),
        sent(az, ("PUT", "/jobs/j/tasks/az"), (JSON, limits), "200"),
        sent(az, ("PATCH", "/jobs/j"), (JSON, json!({ "priority": "9" })), "200"),
        sent(az, ("GET", "/pools?$select=id,state"), ("", Value::Null), "200"),
        sent(az, ("GET", "/jobschedules"), ("", Value::Null), "501 NotImplemented"),
    ]
}

/// Both versions of @azure/batch write the same bodies.
fn javascript(client: (&'static str, &'static str), id: &'static str) -> Vec<Sent> {
    let add = json!({
        "id": id, "priority": 7, "poolInfo": { "poolId": "p" }, "onAllTasksComplete": "noaction",
    });
    let properties = json!({
        "startTask": { "commandLine": "/bin/true" }, "certificateReferences": [],
        "applicationPackageReferences": [], "metadata": [],
    });
    let both = json!({ "value": [
        { "id": format!("{id}-1"), "commandLine": "/bin/true" },
        { "id": format!("{id}-2"), "commandLine": "/bin/sleep 600" },
    ] });
    vec![
        sent(client, ("HEAD", "/pools/p"), (NO_BODY, Value::Null), "200"),
        sent(client, ("HEAD", "/pools/absent"), (NO_BODY, Value::Null), "404"),
        sent(client, ("POST", "/pools/p/updateproperties"), (MSREST, properties), "204"),
        sent(client, ("POST", "/jobs"), (MSREST, add), "201"),
        sent(client, ("POST", "/jobs/j/addtaskcollection"), (MSREST, both), "200"),
        sent(client, ("GET", "/jobs/j/tasks?maxresults=2"), (NO_BODY, Value::Null), "200"),
        sent(client, ("GET", "/certificates"), (NO_BODY, Value::Null), "501 NotImplemented"),
    ]
}

/// azure-batch in three versions, of which the newest has no certificates.
fn python() -> Vec<Sent> {
    let (newest, older, oldest) = (
        ("azure-batch 15.1.0", PYTHON_15),
        ("azure-batch 14.2.0", PYTHON_14),
        ("azure-batch 13.0.0", PYTHON_13),
    );
    let size = |id| pool(id, "targetNodeCommunicationMode", json!("simplified"));
    let lists = json!({ "applicationPackageReferences": [], "metadata": [] });
    let job = |id| {
        let pool = json!({ "poolId": "p" });
        json!({ "id": id, "priority": 7, "maxParallelTasks": 5, "poolInfo": pool })
    };
    vec![
        sent(newest, ("POST", "/pools/p/updateproperties"), (JSON, lists), "204"),
        sent(newest, ("POST", "/jobs"), (JSON, job("python-15")), "201"),
        sent(newest, ("GET", "/pools?maxresults=1"), ("", Value::Null), "200"),
        sent(older, ("POST", "/pools"), (MSREST, size("python-14")), "201"),
        sent(older, ("POST", "/jobs"), (MSREST, job("python-14")), "201"),
        sent(oldest, ("POST", "/pools"), (MSREST, size("python-13")), "201"),
        sent(oldest, ("POST", "/jobs"), (MSREST, job("python-13")), "201"),
    ]
}

/// The workflow systems, each through the azure-batch that it carries.
fn workflows() -> Vec<Sent> {
    let airflow = ("Airflow", PYTHON_15);
    let (snakemake, covalent) = (("Snakemake", PYTHON_14), ("Covalent", PYTHON_13));
    let image = "/supportedimages?$filter=verificationType%20eq%20%27verified%27";
    let job = json!({
        "id": "snakejob", "maxParallelTasks": -1, "constraints": { "maxTaskRetryCount": 0 },
        "poolInfo": { "poolId": "p" },
    });
    let user = json!({ "autoUser": { "scope": "pool", "elevationLevel": "admin" } });
    let rule = json!({
        "id": "rule-3e532d9a-da45-4920-a1aa-32c0307cdbb2", "displayName": "rule",
        "commandLine": "/bin/bash -c 'echo hello'", "userIdentity": user,
        "containerSettings": { "containerRunOptions": "--rm", "imageName": "snakemake/snakemake" },
        "environmentSettings": [{ "name": "NAME", "value": "snakemake" }],
    });
    let dispatch = json!({
        "id": "covalent-batch-d-0", "commandLine": "",
        "containerSettings": { "containerRunOptions": "--rm --workdir /covalent -u 0", "imageName": "covalent" },
        "environmentSettings": [{ "name": "COVALENT_TASK_FUNC_FILENAME", "value": "func-d-0.pkl" }],
        "constraints": { "maxWallClockTime": "PT5M", "maxTaskRetryCount": 1 },
    });
    let ended = json!({ "terminateReason": "Completed" });
    vec![
        sent(
            airflow,
            ("POST", "/pools"),
            (JSON, pool("airflow", "enableAutoScale", json!(false))),
            "201",
        ),
        sent(airflow, ("GET", image), ("", Value::Null), "200"),
        sent(airflow, ("GET", "/jobs/j/tasks"), ("", Value::Null), "200"),
        sent(snakemake, ("POST", "/jobs"), (MSREST, job), "201"),
        sent(snakemake, ("POST", "/jobs/snakejob/tasks"), (MSREST, rule), "201"),
        sent(snakemake, ("GET", "/pools/p/nodes"), ("", Value::Null), "200"),
        sent(covalent, ("POST", "/jobs/j/tasks"), (MSREST, dispatch), "201"),
        sent(covalent, ("POST", "/jobs/j/terminate"), (MSREST, ended), "202"),
    ]
}

#[tokio::test]
async fn the_requests_of_public_clients_are_answered() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    account.add_tasks(0).await;
    let requests = azure_cli()
        .into_iter()
        .chain(javascript(("@azure/batch 10.2.0", JAVASCRIPT_10), "ten"))
        .chain(javascript(("@azure/batch 8.0.0", JAVASCRIPT_8), "eight"))
        .chain(python())
        .chain(workflows());
    for Sent { client, version, method, path, kind, body, answer } in requests {
        let separator = if path.contains('?') { '&' } else { '?' };
        let uri = format!("{path}{separator}api-version={version}");
        let (status, shown) = account.request(method, &uri, kind, body).await;
        assert_eq!(status, answer, "{client}: {method} {uri} {shown}");
    }
}
