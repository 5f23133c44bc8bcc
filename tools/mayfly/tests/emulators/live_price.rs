//! `mayfly autoscale plan --prices live`, with an answer of the form that Azure documents.

use std::process::Command;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Serves these bodies one after another, each in a connection of its own; returns the requested paths.
async fn answer(listener: TcpListener, bodies: Vec<String>) -> Vec<String> {
    let mut paths = Vec::new();
    for body in bodies {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.expect("a request");
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        paths.extend(text.split(' ').nth(1).map(str::to_owned));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).await.expect("an answer");
    }
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_asks_for_the_present_price() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let api = format!("http://{}", listener.local_addr().expect("an address"));
    let meter = |price: f64, sku: &str, product: &str, from: &str| {
        json!({
            "retailPrice": price, "unitOfMeasure": "1 Hour", "skuName": sku, "productName": product,
            "effectiveStartDate": format!("{from}T00:00:00Z"), "currencyCode": "USD"
        })
    };
    let first = [
        meter(9.0, "D2ds v5 Spot", "DDSv5", "2026-11-01"),
        meter(7.0, "D2ds v5", "DDSv5", "2024-01-01"),
    ];
    let second = [
        meter(2.0, "D2ds v5", "DDSv5", "2026-05-01"),
        meter(8.0, "D2ds v5", "DDSv5 Windows", "2026-05-01"),
    ];
    let bodies = [
        json!({ "Items": first, "NextPageLink": format!("{api}/api/retail/prices?page=2") }),
        json!({ "Items": second, "NextPageLink": null }),
    ];
    let served = tokio::spawn(answer(listener, bodies.iter().map(Value::to_string).collect()));
    let command = [
        "autoscale",
        "plan",
        "--trace",
        "small",
        "--json",
        "--resamples",
        "0",
        "--prices",
        "live",
        "--region",
        "westeurope",
        "--prices-api",
        &api,
    ];
    let mayfly =
        Command::new(env!("CARGO_BIN_EXE_mayfly")).args(command).output().expect("the program");
    let report: Value = serde_json::from_slice(&mayfly.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&mayfly.stderr)));
    let row = &report["rows"][1];
    let [hours, cost] = ["nodeHours", "cost"].map(|name| row[name].as_f64().expect("a number"));
    assert!((cost - 2.0 * hours).abs() < 0.2, "{cost} for {hours} hours");
    let paths = served.await.expect("the requests");
    assert!(paths[0].contains("armRegionName+eq+%27westeurope%27"), "{paths:?}");
    assert_eq!(paths[1], "/api/retail/prices?page=2");
}
