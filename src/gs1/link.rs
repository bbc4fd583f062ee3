//! GS1 Digital Link: a web address that carries element strings. The domain says nothing about the article, and nothing is fetched.
//! Source: GS1 Digital Link Standard, URI syntax 1.4; GTINs of 8, 12 and 13 digits as in its older releases.

use super::ai::AiRow;
use super::element::{Element, Elements};
use super::misread::Misread;

/// `None`: not a web address, or one that is no Digital Link.
pub(super) fn parse(text: &str) -> Option<Result<Elements, Misread>> {
    let behind = after_scheme(text)?;
    let address = behind.split('#').next().unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let (domain, path) = path.split_once('/')?;
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    // From the right: what stands in front of the key is the owner's own path.
    let key_at = (0..segments.len()).rev().find(|at| !domain.is_empty() && is_key(&segments[*at..]))?;
    Some(read(&segments[key_at..], query))
}

/// Whether a web address is meant, in small or capital letters.
pub(super) fn is_web_address(text: &str) -> bool {
    after_scheme(text).is_some()
}

fn after_scheme(text: &str) -> Option<&str> {
    ["https://", "http://"].iter().find_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    })
}

/// Whether these segments are a key with a value of its form and pairs of other identifiers behind it. Otherwise a number in the path is
/// only a number.
fn is_key(segments: &[&str]) -> bool {
    let [ai, value, qualifiers @ ..] = segments else { return false };
    let Some(row) = AiRow::find(ai) else { return false };
    let value = decoded(value).map(|value| padded(ai, value));
    row.key.is_some()
        && value.is_some_and(|value| row.check_form(ai, &value).is_ok())
        && qualifiers.len() % 2 == 0
        && qualifiers.chunks(2).all(|pair| AiRow::find(pair[0]).is_some())
}

fn read(segments: &[&str], query: &str) -> Result<Elements, Misread> {
    let mut found = Vec::new();
    let mut take = |ai: &str, value: &str| -> Result<&'static AiRow, Misread> {
        let row = AiRow::find(ai).ok_or_else(|| Misread::AiUnknown { shown: ai.chars().take(12).collect() })?;
        let value = decoded(value).ok_or(Misread::Link { what: "a percent sign is not followed by two hex digits of readable text" })?;
        found.push((row, Element { ai: ai.to_owned(), value: padded(ai, value) }));
        Ok(row)
    };
    let key = take(segments[0], segments[1])?;
    let qualifiers = &segments[2..];
    for pair in qualifiers.chunks(2) {
        take(pair[0], pair[1])?;
    }
    let in_order = |sequence: &str| {
        let mut allowed = sequence.split(',');
        qualifiers.chunks(2).all(|pair| allowed.any(|ai| ai == pair[0]))
    };
    if !key.key.unwrap_or_default().split('|').any(in_order) {
        return Err(Misread::Link { what: "the qualifiers behind the key are not allowed or not in their order" });
    }
    for (name, value) in query.split(['&', ';']).filter_map(|pair| pair.split_once('=')) {
        // Words belong to the owner of the address ("linkType"); numbers are reserved for identifiers.
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) && !take(name, value)?.attribute {
            return Err(Misread::Link { what: "an identifier stands in the query that belongs into the path" });
        }
    }
    Elements::checked(found)
}

/// A GTIN of natural length gets its zeros.
fn padded(ai: &str, value: String) -> String {
    if ai == "01" && matches!(value.len(), 8 | 12 | 13) { format!("{value:0>14}") } else { value }
}

/// Percent-decoding, once. `None` when it is broken or gives no UTF-8.
fn decoded(value: &str) -> Option<String> {
    let mut pieces = value.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let hex = piece.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}
