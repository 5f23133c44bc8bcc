use chrono::TimeDelta;
use http::HeaderMap;
use http::header::IF_NONE_MATCH;

use super::*;

fn overwrite() -> WriteOptions {
    WriteOptions {
        conditions: Conditions::default(),
        may_overwrite: true,
        now: DateTime::UNIX_EPOCH,
    }
}

fn create_only() -> WriteOptions {
    let headers = HeaderMap::from_iter([(IF_NONE_MATCH, "*".parse().unwrap())]);
    WriteOptions { conditions: Conditions::parse(&headers).unwrap(), ..overwrite() }
}

fn content(text: &'static str) -> BlobContent {
    BlobContent { bytes: Bytes::from_static(text.as_bytes()), ..BlobContent::default() }
}

const ANYWHERE: AppendConditions = AppendConditions { position: None, max_size: None };
const EMPTY: BlobKind = BlobKind::Append { blocks: 0 };

/// Appends a block to the blob `log`; returns its offset and the number of blocks, or the code of the error.
fn append(
    store: &mut Store,
    text: &'static str,
    conditions: AppendConditions,
) -> Result<(u64, u32), &'static str> {
    let block = Bytes::from_static(text.as_bytes());
    let appended = store.append("state", "log", &block, conditions, &overwrite());
    appended.map(|appended| (appended.offset, appended.blocks)).map_err(|err| err.code)
}

fn store() -> Store {
    let mut store = Store::default();
    store.create("state", Metadata::new(), DateTime::UNIX_EPOCH).unwrap();
    store
}

fn bytes(store: &Store, name: &str) -> Bytes {
    store
        .read("state", name, &Conditions::default(), overwrite().now)
        .unwrap()
        .content
        .bytes
        .clone()
}

fn block(source: Source, id: &str) -> (Source, BlockId) {
    (source, id.to_owned())
}

#[test]
fn every_write_changes_the_version_even_if_the_clock_is_stopped() {
    let mut store = store();
    let first = store.put("state", "a", BlobKind::Block, content("1"), &overwrite()).unwrap();
    let second = store.put("state", "a", BlobKind::Block, content("1"), &overwrite()).unwrap();
    assert!(first.etag < second.etag, "{first:?} {second:?}");
    let earlier = WriteOptions { now: overwrite().now - TimeDelta::days(1), ..overwrite() };
    let third = store.put("state", "a", BlobKind::Block, content("1"), &earlier).unwrap();
    assert!(second.etag < third.etag);
}

#[test]
fn a_create_only_write_fails_if_the_blob_exists() {
    let mut store = store();
    store.put("state", "claim", BlobKind::Block, content("one"), &create_only()).unwrap();
    let put = store.put("state", "claim", BlobKind::Block, content("two"), &create_only());
    assert_eq!(put.unwrap_err().code, "BlobAlreadyExists");
    let committed = store.commit("state", "claim", &[], content(""), &create_only());
    assert_eq!(committed.unwrap_err().code, "BlobAlreadyExists");
    let described = store.set_metadata("state", "claim", Metadata::new(), &create_only());
    assert_eq!(described.unwrap_err().code, "ConditionNotMet");
    assert_eq!(bytes(&store, "claim"), "one");
}

#[test]
fn a_block_list_selects_committed_or_uncommitted_blocks() {
    let mut store = store();
    let commit = |store: &mut Store, list: &[(Source, BlockId)]| {
        store.commit("state", "log", list, content(""), &overwrite())
    };
    store.put_block("state", "log", "b1", Bytes::from_static(b"old "), &overwrite()).unwrap();
    commit(&mut store, &[block(Source::Latest, "b1")]).unwrap();
    store.put_block("state", "log", "b1", Bytes::from_static(b"new "), &overwrite()).unwrap();
    let both = [block(Source::Committed, "b1"), block(Source::Uncommitted, "b1")];
    commit(&mut store, &[both[0].clone(), both[1].clone(), block(Source::Latest, "b1")]).unwrap();
    assert_eq!(bytes(&store, "log"), "old new new ");
    // No uncommitted block remains.
    assert_eq!(commit(&mut store, &both).unwrap_err().code, "InvalidBlockList");
}

#[test]
fn put_blob_discards_uncommitted_blocks() {
    let mut store = store();
    store.put_block("state", "log", "b1", Bytes::from_static(b"block"), &overwrite()).unwrap();
    store.put("state", "log", BlobKind::Block, content("whole"), &overwrite()).unwrap();
    let committed =
        store.commit("state", "log", &[block(Source::Latest, "b1")], content(""), &overwrite());
    assert_eq!(committed.unwrap_err().code, "InvalidBlockList");
    assert_eq!(bytes(&store, "log"), "whole");
}

#[test]
fn errors_name_the_missing_container_or_blob() {
    let mut store = store();
    let put = store.put("nowhere", "a", BlobKind::Block, content(""), &overwrite());
    assert_eq!(put.unwrap_err().code, "ContainerNotFound");
    let block = store.put_block("nowhere", "a", "b1", Bytes::new(), &overwrite());
    assert_eq!(block.unwrap_err().code, "ContainerNotFound");
    let read = store.read("state", "a", &Conditions::default(), overwrite().now);
    assert_eq!(read.unwrap_err().code, "BlobNotFound");
    assert!(store.names("nowhere").is_empty());
}

#[test]
fn a_block_is_appended_where_the_conditions_allow_it() {
    let mut store = store();
    assert_eq!(append(&mut store, "one", ANYWHERE), Err("BlobNotFound"));
    store.put("state", "log", EMPTY, content(""), &create_only()).unwrap();
    let at = |position| AppendConditions { position: Some(position), ..ANYWHERE };
    let up_to = |max| AppendConditions { max_size: Some(max), ..ANYWHERE };
    assert_eq!(append(&mut store, "one", at(0)), Ok((0, 1)));
    assert_eq!(append(&mut store, "one", at(0)), Err("AppendPositionConditionNotMet"));
    assert_eq!(append(&mut store, "two", up_to(5)), Err("MaxBlobSizeConditionNotMet"));
    assert_eq!(append(&mut store, "two", up_to(6)), Ok((3, 2)));
    assert_eq!(bytes(&store, "log"), "onetwo");
}

#[test]
fn an_append_blob_has_at_most_50_000_blocks() {
    let mut store = store();
    let full = BlobKind::Append { blocks: 49_999 };
    store.put("state", "log", full, content("…"), &overwrite()).unwrap();
    assert_eq!(append(&mut store, "last", ANYWHERE), Ok((3, 50_000)));
    assert_eq!(append(&mut store, "more", ANYWHERE), Err("BlockCountExceedsLimit"));
}

#[test]
fn blocks_and_appended_blocks_do_not_mix() {
    let mut store = store();
    store.put("state", "log", BlobKind::Block, content("whole"), &overwrite()).unwrap();
    assert_eq!(append(&mut store, "more", ANYWHERE), Err("InvalidBlobType"));
    store.put("state", "appends", EMPTY, content(""), &overwrite()).unwrap();
    let put = store.put_block("state", "appends", "YQ==", Bytes::new(), &overwrite());
    assert_eq!(put.unwrap_err().code, "InvalidBlobType");
    let committed = store.commit("state", "appends", &[], content(""), &overwrite());
    assert_eq!(committed.unwrap_err().code, "InvalidBlobType");
}
