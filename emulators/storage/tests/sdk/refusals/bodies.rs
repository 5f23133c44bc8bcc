//! Bodies: their length and their XML.

use super::*;
use crate::raw::send;

#[tokio::test]
async fn a_body_needs_a_length() {
    let account = account().await;
    let chunked = [("transfer-encoding", "chunked"), BLOCK_BLOB];
    let body = "3\r\njob\r\n0\r\n\r\n";
    let block = "/state/claim?comp=block&blockid=YQ%3D%3D";
    for target in ["/state/claim", block, "/state/claim?comp=blocklist"] {
        let put = RawRequest { method: "PUT", target, headers: &chunked, body };
        assert_eq!(
            account.blob_call(put).await.code(),
            "411 MissingContentLengthHeader",
            "{target}"
        );
    }
    let chunks = format!("{:x}\r\n{MESSAGE}\r\n0\r\n\r\n", MESSAGE.len());
    let post =
        RawRequest { method: "POST", target: "/jobs/messages", headers: &chunked, body: &chunks };
    assert_eq!(account.queue_call(post).await.code(), "411 MissingContentLengthHeader");
    let target = "/jobs/messages/00000000-0000-0000-0000-000000000000?popreceipt=AAAAAAAAAAAAAAAAAAAAAA%3D%3D&visibilitytimeout=1";
    let update = RawRequest { method: "PUT", target, headers: &chunked, body: &chunks };
    assert_eq!(account.queue_call(update).await.code(), "411 MissingContentLengthHeader");

    // Neither a length nor chunks.
    let head = format!(
        "PUT /mayfly/state/claim?{} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\nx-ms-blob-type: BlockBlob\r\n\r\n",
        account.sas()
    );
    let put = send(&account.blob_port.url, head.as_bytes()).await;
    assert_eq!(put.code(), "411 MissingContentLengthHeader");
    assert!(account.blobs.emulator.names("state").is_empty());
    assert!(account.queues.emulator.messages("jobs").is_empty());
}

#[tokio::test]
async fn a_message_must_be_the_documented_xml() {
    let account = account().await;
    for (body, code) in [
        (MESSAGE, "201 -"),
        ("\u{feff}<?xml version=\"1.0\"?><QueueMessage><MessageText/></QueueMessage>", "201 -"),
        ("<QueueMessage><MessageText>a&#13;b&#x9;</MessageText></QueueMessage>", "201 -"),
        (
            "<QueueMessage><MessageText>a\u{1}b</MessageText></QueueMessage>",
            "400 InvalidXmlDocument",
        ),
        (
            "<QueueMessage><MessageText>a&#1;b</MessageText></QueueMessage>",
            "400 InvalidXmlDocument",
        ),
        (
            "<QueueMessage><MessageText>&#xFFFE;</MessageText></QueueMessage>",
            "400 InvalidXmlDocument",
        ),
        ("<Message><MessageText>job</MessageText></Message>", "400 InvalidXmlDocument"),
        ("<MessageText>job</MessageText>", "400 InvalidXmlDocument"),
        ("<QueueMessage><MessageText>job</QueueMessage>", "400 InvalidXmlDocument"),
        ("<QueueMessage/><QueueMessage/>", "400 InvalidXmlDocument"),
        ("{\"text\":\"job\"}", "400 InvalidXmlDocument"),
        ("", "400 InvalidXmlDocument"),
        ("<QueueMessage></QueueMessage>", "400 MissingRequiredXmlNode"),
        ("<QueueMessage><Text>job</Text></QueueMessage>", "400 UnsupportedXmlNode"),
        ("<QueueMessage><MessageText><b/></MessageText></QueueMessage>", "400 InvalidXmlNodeValue"),
    ] {
        assert_eq!(post(&account, "", body).await.code(), code, "{body:?}");
    }
    let texts: Vec<_> =
        account.queues.emulator.messages("jobs").into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["job", "", "a\rb\t"]);
    let peeked = get_queue(&account, "/jobs/messages?peekonly=true&numofmessages=32").await;
    assert!(peeked.text().contains("<MessageText>a&#13;b\t</MessageText>"), "{}", peeked.text());
}

#[tokio::test]
async fn a_block_list_must_be_the_documented_xml() {
    let account = account().await;
    for (body, code) in [
        ("<BlockList/>", "201 -"),
        ("<BlockList><Latest>YQ==</Latest></BlockList>", "400 InvalidBlockList"),
        ("<BlockList><Latest>not base64!</Latest></BlockList>", "400 InvalidBlockId"),
        ("<BlockList><Newest>YQ==</Newest></BlockList>", "400 UnsupportedXmlNode"),
        ("<Blocks><Latest>YQ==</Latest></Blocks>", "400 InvalidXmlDocument"),
        ("<BlockList><Latest>YQ==", "400 InvalidXmlDocument"),
        ("", "400 InvalidXmlDocument"),
    ] {
        let target = "/state/log?comp=blocklist";
        let put = RawRequest { method: "PUT", target, headers: &[], body };
        assert_eq!(account.blob_call(put).await.code(), code, "{body}");
    }
}
