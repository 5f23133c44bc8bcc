//! The XML of requests: well-formed XML 1.0 in UTF-8, without a document type.
//!
//! Rejected: deserialization by serde, which accepts any root element, a second root, and characters that XML
//! forbids, literally or as a reference.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// An element of a request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Element {
    /// The name.
    pub(crate) name: String,
    /// The text, without that of the children.
    pub(crate) text: String,
    /// The elements in it.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Parses a body; returns `None` if it is not well-formed.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let text = str::from_utf8(body).ok()?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !text.chars().all(is_allowed) {
            return None;
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let (mut open, mut root) = (Vec::<Self>::new(), None);
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) if root.is_none() => open.push(Self::start(&start)?),
                Event::End(_) => {
                    let closed = open.pop()?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => root = Some(closed),
                    }
                }
                Event::Text(text) => push(&mut open, &text.xml10_content().ok()?)?,
                Event::CData(data) => push(&mut open, &data.xml10_content().ok()?)?,
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref().ok()? {
                        Some(character) if is_allowed(character) => character.to_string(),
                        Some(_) => return None,
                        None => resolve_predefined_entity(&reference.decode().ok()?)?.to_owned(),
                    };
                    open.last_mut()?.text.push_str(&character);
                }
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
                Event::Start(_) | Event::Empty(_) | Event::DocType(_) => return None,
            }
        }
        root.filter(|_| open.is_empty())
    }

    fn start(start: &BytesStart<'_>) -> Option<Self> {
        for attribute in start.attributes() {
            attribute.ok()?;
        }
        let name = str::from_utf8(start.local_name().as_ref()).ok()?.to_owned();
        Some(Self { name, ..Self::default() })
    }
}

/// Adds text to the open element. Outside the root only white space is allowed.
fn push(open: &mut [Element], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

/// Returns whether XML 1.0 allows a character: <https://www.w3.org/TR/xml/#charsets>.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(body: &str) -> Option<String> {
        Element::parse(body.as_bytes()).map(|root| root.text)
    }

    #[test]
    fn text_is_unescaped_and_line_ends_are_normalized() {
        for (body, text) in [
            ("<a>&lt;b&gt; &amp; &quot;&apos;&#65;&#x42;</a>", "<b> & \"'AB"),
            ("<a><![CDATA[<b>]]> &#13;\r\nc\t</a>", "<b> \r\nc\t"),
            ("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- c --><a x=\"1\"/>\n", ""),
            ("<a>\u{7f}\u{fffd}\u{1f99f}</a>", "\u{7f}\u{fffd}\u{1f99f}"),
        ] {
            assert_eq!(text_of(body).as_deref(), Some(text), "{body}");
        }
    }

    #[test]
    fn other_documents_are_malformed() {
        for body in [
            "",
            "job",
            "<a>",
            "<a></b>",
            "<a/><a/>",
            "<a/>text",
            "text<a/>",
            "<a>\u{1}</a>",
            "<a>\u{fffe}</a>",
            "<a>&#1;</a>",
            "<a>&#xFFFF;</a>",
            "<a>&nbsp;</a>",
            "<a x=1/>",
            "<!DOCTYPE a><a/>",
            "{\"text\":\"job\"}",
        ] {
            assert_eq!(text_of(body), None, "{body:?}");
        }
        assert_eq!(Element::parse(b"<a>\xff</a>"), None);
    }
}
