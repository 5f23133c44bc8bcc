use std::fmt::Write as _;

use super::*;

fn parse(text: &str) -> Result<Connection, InvalidConnection> {
    let settings = BTreeMap::from([("AzureWebJobsStorage".to_owned(), text.to_owned())]);
    Connection::from_settings(&settings, "AzureWebJobsStorage")
}

#[test]
fn each_published_form_has_an_endpoint_and_a_credential() {
    let texts = [
        "UseDevelopmentStorage=true",
        "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite",
        "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=aHVzaA==;EndpointSuffix=core.windows.net",
        "AccountName=acct;AccountKey=aHVzaA==",
        "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=aHVzaA==;EndpointSuffix=core.chinacloudapi.cn;",
        "defaultendpointsprotocol=HTTP;accountname=acct;accountkey=aHVzaA==; queueendpoint = http://127.0.0.1:10001/acct/ ",
        "BlobEndpoint=https://acct.blob.core.windows.net/;AccountName=acct;AccountKey=aHVzaA==",
        "BlobEndpoint=http://b.test;QueueEndpoint=https://q.test/;SharedAccessSignature=?sv=1&sig=x%3D",
        "AccountName=acct;SharedAccessSignature=sv=1&sig=x%3D",
    ];
    let mut found = String::new();
    for text in texts {
        let Connection { endpoint, credential } =
            parse(text).map_err(|err| err.to_string()).unwrap();
        let credential = match credential {
            Credential::Signature(signature) => signature,
            Credential::Key(key) => format!("key of {}", key.account()),
        };
        writeln!(found, "{endpoint} {credential}").unwrap();
    }
    insta::assert_snapshot!(found, @r"
    http://127.0.0.1:10001/devstoreaccount1 key of devstoreaccount1
    http://azurite:10001/devstoreaccount1 key of devstoreaccount1
    https://acct.queue.core.windows.net key of acct
    https://acct.queue.core.windows.net key of acct
    http://acct.queue.core.chinacloudapi.cn key of acct
    http://127.0.0.1:10001/acct key of acct
    https://acct.queue.core.windows.net key of acct
    https://q.test sv=1&sig=x%3D
    https://acct.queue.core.windows.net sv=1&sig=x%3D
    ");
}

#[test]
fn an_error_names_the_setting_and_the_field_without_a_value() {
    let texts = [
        "",
        " ; ",
        "hush",
        "AccountName=acct;hush",
        "AccountName=acct;AcountKey=hush",
        "AccountName=acct;AccountName=acct",
        "AccountName=;AccountKey=aHVzaA==",
        "AccountName=acct",
        "AccountKey=aHVzaA==",
        "AccountName=acct;AccountKey=hush!",
        "AccountName=acct;AccountKey=aHVzaA==;SharedAccessSignature=sig=hush",
        "SharedAccessSignature=sig=hush",
        "BlobEndpoint=http://b.test;SharedAccessSignature=sig=hush",
        "QueueEndpoint=http://127.0.0.1:1/a",
        "QueueEndpoint=127.0.0.1:1;SharedAccessSignature=sig=hush",
        "QueueEndpoint=ftp://q.test;SharedAccessSignature=sig=hush",
        "QueueEndpoint=https://q.test?sig=hush;SharedAccessSignature=sig=hush",
        "AccountName=acct;AccountKey=aHVzaA==;DefaultEndpointsProtocol=ftp",
        "AccountName=a/b;AccountKey=aHVzaA==",
        "AccountName=acct;AccountKey=aHVzaA==;EndpointSuffix=a.test/b",
        "UseDevelopmentStorage=false",
        "UseDevelopmentStorage=true;AccountKey=aHVzaA==",
        "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=azurite",
    ];
    let mut errors = String::new();
    for text in texts {
        let Err(err) = parse(text) else { panic!("{text} is not usable") };
        let error = err.to_string();
        assert!(!error.contains("hush") && !error.contains("aHVzaA"), "{error}");
        writeln!(errors, "{}", error.trim_start_matches("setting AzureWebJobsStorage ")).unwrap();
    }
    insta::assert_snapshot!(errors, @r"
    is empty
    is empty
    has a field without '=': number 1
    has a field without '=': number 2
    has a field that no connection string has: number 2
    has AccountName twice
    has an empty AccountName
    has neither AccountKey nor SharedAccessSignature
    has AccountKey, but no AccountName
    has an AccountKey that is not base64
    has SharedAccessSignature and AccountKey, which exclude each other
    has neither QueueEndpoint nor AccountName
    has neither QueueEndpoint nor AccountName
    has neither AccountKey nor SharedAccessSignature
    has a QueueEndpoint that is no URL with http:// or https://
    has a QueueEndpoint that is no URL with http:// or https://
    has a QueueEndpoint with a query; a signature belongs to SharedAccessSignature
    has a DefaultEndpointsProtocol that is neither http nor https
    has an AccountName or EndpointSuffix that is no part of a host name
    has an AccountName or EndpointSuffix that is no part of a host name
    has a UseDevelopmentStorage that is not true
    has UseDevelopmentStorage and AccountKey, which exclude each other
    has a DevelopmentStorageProxyUri that is no URL with http:// or https://
    ");
}

#[test]
fn a_missing_setting_and_an_identity_are_named() {
    let error = |setting: &str| {
        let settings = BTreeMap::from([(setting.to_owned(), "mayfly".to_owned())]);
        let Err(err) = Connection::from_settings(&settings, "AzureWebJobsStorage") else {
            panic!("{setting} is not usable")
        };
        err.to_string()
    };
    insta::assert_snapshot!(error("Other"), @"setting AzureWebJobsStorage is missing");
    insta::assert_snapshot!(error("AzureWebJobsStorage__accountName"), @"setting AzureWebJobsStorage is an identity-based connection, which is not modelled");
}
