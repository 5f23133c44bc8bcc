use chrono::TimeDelta;
use http::HeaderMap;
use http::header::IF_NONE_MATCH;

use super::*;

fn terms() -> Terms {
    Terms { conditions: Conditions::default(), may_replace: true, now: DateTime::UNIX_EPOCH }
}

fn only_new() -> Terms {
    let headers = HeaderMap::from_iter([(IF_NONE_MATCH, "*".parse().unwrap())]);
    Terms { conditions: Conditions::of(&headers).unwrap(), ..terms() }
}

fn draft(text: &'static str) -> Draft {
    Draft { content: Bytes::from_static(text.as_bytes()), ..Draft::default() }
}

fn store() -> Store {
    let mut store = Store::default();
    store.create("state", Metadata::new(), DateTime::UNIX_EPOCH).unwrap();
    store
}

fn content(store: &Store, name: &str) -> Bytes {
    store.read("state", name, &Conditions::default()).unwrap().draft.content.clone()
}

fn block(source: Source, id: &str) -> (Source, BlockId) {
    (source, id.to_owned())
}

#[test]
fn a_version_changes_with_every_write_even_if_the_clock_stands() {
    let mut store = store();
    let first = store.put("state", "a", draft("1"), &terms()).unwrap();
    let second = store.put("state", "a", draft("1"), &terms()).unwrap();
    assert!(first.etag < second.etag, "{first:?} {second:?}");
    let back = Terms { now: terms().now - TimeDelta::days(1), ..terms() };
    let third = store.put("state", "a", draft("1"), &back).unwrap();
    assert!(second.etag < third.etag);
}

#[test]
fn who_wants_to_create_meets_what_is_there() {
    let mut store = store();
    store.put("state", "claim", draft("one"), &only_new()).unwrap();
    let put = store.put("state", "claim", draft("two"), &only_new());
    assert_eq!(put.unwrap_err().code, "BlobAlreadyExists");
    let committed = store.commit("state", "claim", &[], draft(""), &only_new());
    assert_eq!(committed.unwrap_err().code, "BlobAlreadyExists");
    let described = store.set_metadata("state", "claim", Metadata::new(), &only_new());
    assert_eq!(described.unwrap_err().code, "ConditionNotMet");
    assert_eq!(content(&store, "claim"), "one");
}

#[test]
fn a_list_takes_each_block_from_where_it_says() {
    let mut store = store();
    let commit = |store: &mut Store, list: &[(Source, BlockId)]| {
        store.commit("state", "log", list, draft(""), &terms())
    };
    store.put_block("state", "log", "b1", Bytes::from_static(b"old ")).unwrap();
    commit(&mut store, &[block(Source::Latest, "b1")]).unwrap();
    store.put_block("state", "log", "b1", Bytes::from_static(b"new ")).unwrap();
    let both = [block(Source::Committed, "b1"), block(Source::Uncommitted, "b1")];
    commit(&mut store, &[both[0].clone(), both[1].clone(), block(Source::Latest, "b1")]).unwrap();
    assert_eq!(content(&store, "log"), "old new new ");
    // Nothing is left uncommitted.
    assert_eq!(commit(&mut store, &both).unwrap_err().code, "InvalidBlockList");
}

#[test]
fn a_blob_put_whole_discards_the_blocks_that_waited() {
    let mut store = store();
    store.put_block("state", "log", "b1", Bytes::from_static(b"block")).unwrap();
    store.put("state", "log", draft("whole"), &terms()).unwrap();
    let committed =
        store.commit("state", "log", &[block(Source::Latest, "b1")], draft(""), &terms());
    assert_eq!(committed.unwrap_err().code, "InvalidBlockList");
    assert_eq!(content(&store, "log"), "whole");
}

#[test]
fn what_is_not_there_is_named() {
    let mut store = store();
    let put = store.put("nowhere", "a", draft(""), &terms());
    assert_eq!(put.unwrap_err().code, "ContainerNotFound");
    let block = store.put_block("nowhere", "a", "b1", Bytes::new());
    assert_eq!(block.unwrap_err().code, "ContainerNotFound");
    let read = store.read("state", "a", &Conditions::default());
    assert_eq!(read.unwrap_err().code, "BlobNotFound");
    assert!(store.names("nowhere").is_empty());
}
