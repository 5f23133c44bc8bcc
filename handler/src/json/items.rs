//! Parses the items of a page.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::JsonFault;

/// Parses the items of a list, and returns the faults of those that cannot be read. GitHub sends nulls where its schema
/// has none (<https://github.com/github/rest-api-description/issues/1586>), and the lists of Azure DevOps that are read here
/// have no published schema; one such item must not hide the others.
pub(crate) fn items_of<T: DeserializeOwned>(
    body: &[u8],
    field: Option<&'static str>,
) -> Result<(Items<T>, Vec<JsonFault>), JsonFault> {
    let text = std::str::from_utf8(body).map_err(serde_json::Error::custom)?;
    match all_items(text, field) {
        Ok(items) => Ok((items, Vec::new())),
        Err(_) => each_item(body, field),
    }
}

/// Parses the items of a list like [`items_of`], in two passes: for lists that are short, and with less code for each type.
pub(crate) fn each_item<T: DeserializeOwned>(
    body: &[u8],
    field: Option<&'static str>,
) -> Result<(Items<T>, Vec<JsonFault>), JsonFault> {
    let body = std::str::from_utf8(body).map_err(serde_json::Error::custom)?;
    let Items { items, total } = all_items::<&RawValue>(body, field)?;
    let read = items.into_iter().map(|item| serde_json::from_str::<T>(item.get()));
    let (mut readable, mut faults) = (Vec::new(), Vec::new());
    for item in read {
        match item {
            Ok(item) => readable.push(item),
            Err(err) => faults.push(JsonFault::from(err)),
        }
    }
    Ok((Items { items: readable, total }, faults))
}

/// The items of a page, and the number of items of all pages, if the page names it.
#[derive(Debug, PartialEq)]
pub(crate) struct Items<T> {
    /// Those that can be read.
    pub(crate) items: Vec<T>,
    /// The number of items of all pages.
    pub(crate) total: Option<u64>,
}

/// Parses the items of a list in one pass. Fails if one of them cannot be read.
fn all_items<'de, T: Deserialize<'de>>(
    body: &'de str,
    field: Option<&'static str>,
) -> serde_json::Result<Items<T>> {
    let Some(field) = field else {
        return Ok(Items { items: serde_json::from_str(body)?, total: None });
    };
    let mut json = serde_json::Deserializer::from_str(body);
    let items = json.deserialize_map(ItemsIn { field, items: PhantomData })?;
    json.end()?;
    Ok(items)
}

/// Reads the items in a field of an object.
struct ItemsIn<T> {
    field: &'static str,
    items: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsIn<T> {
    type Value = Items<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object with {}", self.field)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items<T>, A::Error> {
        let (mut items, mut total) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            if name == self.field {
                items = Some(map.next_value()?);
            } else if name == "total_count" {
                total = map.next_value::<serde_json::Value>()?.as_u64();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let items = items.ok_or_else(|| A::Error::missing_field(self.field))?;
        Ok(Items { items, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_in_a_field_or_are_the_response_itself() {
        let items = |body: &str, field| items_of::<u8>(body.as_bytes(), field);
        let items = |body, field| items(body, field).map(|(items, _)| items);
        let of = |total| Items { items: vec![1, 2], total };
        assert_eq!(items(r#"{"total": 2, "n": [1, 2]}"#, Some("n")), Ok(of(None)));
        assert_eq!(items("[1, 2]", None), Ok(of(None)));
        let counted = r#"{"total_count": 7, "n": [1, 2]}"#;
        assert_eq!(items(counted, Some("n")), Ok(of(Some(7))));
        for other in [r#"{"message": "no"}"#, "[1, 2]", r#"{"n": [1, 2]} {}"#] {
            assert!(items(other, Some("n")).is_err(), "{other}");
        }
    }

    #[test]
    fn an_item_that_cannot_be_read_hides_no_other() {
        for (body, field) in
            [(r#"[1, null, 2, "3"]"#, None), (r#"{"n": [1, null, 2, "3"]}"#, Some("n"))]
        {
            let (items, faults) = items_of::<u8>(body.as_bytes(), field).expect("a list");
            assert_eq!((items.items, faults.len()), (vec![1, 2], 2));
        }
    }
}
