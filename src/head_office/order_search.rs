//! How orders are found: by the beginnings of their number, of the customer's names, address and reference, or by the receipt that paid them.
//! The words are kept beside the order they belong to, so that whoever erases a customer erases them with one statement.

use std::collections::BTreeSet;

use super::db::{self, Connection, OptionalExtension, ToValue, params};
use super::orders::PlacedOrder;
use super::storage;
use crate::ids::{OrderNo, TxnId};

/// Of what was typed.
const WORDS_MAX: usize = 5;
/// One letter would find everything.
const WORD_CHARS_MIN: usize = 2;
const WORD_CHARS_MAX: usize = 254;
const PHONE_DIGITS_MIN: usize = 6;
const FILLED: &str = "order_terms";

/// Where the next page of an answer begins: behind this one.
pub type Behind = (i64, String);

/// Keeps what an order is found by. What an earlier version of it was found by goes, but not the receipts.
pub(super) fn keep(connection: &Connection, placed: &PlacedOrder, placed_ms: i64) -> db::Result<()> {
    let mut words: BTreeSet<String> = [placed.order.as_str(), &placed.email, placed.customer.as_deref().unwrap_or_default()]
        .into_iter()
        .chain(placed.name.split_whitespace())
        .flat_map(both)
        .collect();
    let digits: String = placed.phone.chars().filter(char::is_ascii_digit).collect();
    words.insert(digits);
    words.extend(terms_of(connection, placed.order.as_str())?.into_iter().filter(|term| term.parse::<TxnId>().is_ok()));
    connection.execute("DELETE FROM order_terms WHERE order_no = ?1", [placed.order.as_str()])?;
    words.iter().try_for_each(|word| insert(connection, placed.order.as_str(), placed_ms, word))
}

/// What a part that is sent is found by: its number, the channel's, and whom it is for.
pub(super) fn keep_part(connection: &Connection, part: &str, number: &str, name: &str, phone: &str, placed_ms: i64) -> db::Result<()> {
    let mut words: BTreeSet<String> = [part, number].into_iter().chain(name.split_whitespace()).flat_map(both).collect();
    words.insert(phone.chars().filter(char::is_ascii_digit).collect());
    words.iter().try_for_each(|word| insert(connection, part, placed_ms, word))
}

/// One word more, such as the sale that paid it.
pub(super) fn add(connection: &Connection, order: &OrderNo, word: &str) -> db::Result<()> {
    let placed_ms: Option<i64> = connection
        .prepare_cached("SELECT placed_ms FROM collect_orders WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| row.get(0))
        .optional()?;
    placed_ms.map_or(Ok(()), |placed_ms| insert(connection, order.as_str(), placed_ms, word))
}

fn insert(connection: &Connection, order: &str, placed_ms: i64, word: &str) -> db::Result<()> {
    if word.is_empty() {
        return Ok(());
    }
    let word: String = word.chars().take(WORD_CHARS_MAX).collect();
    let sql = "INSERT INTO order_terms (term, placed_ms, order_no) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![word.as_bytes(), placed_ms, order]).map(drop)
}

/// Orders from before there was a search are found as well. Once.
pub(super) fn fill(connection: &Connection) -> db::Result<()> {
    if storage::meta(connection, FILLED)?.is_some() {
        return Ok(());
    }
    let all: Vec<(String, i64)> = connection
        .prepare_cached("SELECT content, placed_ms FROM collect_orders ORDER BY order_no")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    for (content, placed_ms) in all {
        if let Ok(placed) = serde_json::from_str::<PlacedOrder>(&content) {
            keep(connection, &placed, placed_ms)?;
        }
    }
    storage::set_meta(connection, FILLED, "1")
}

/// Orders that have a word beginning with each word of `asked`, or that this receipt paid; the newest first. At most `limit`.
pub fn find(connection: &Connection, asked: &str, behind: Option<&Behind>, limit: u32) -> db::Result<Vec<Behind>> {
    let words = match paid_by(connection, asked.trim())? {
        Some(sale) => vec![sale],
        None => words(asked),
    };
    if words.first().is_none_or(|longest| longest.chars().count() < WORD_CHARS_MIN) {
        return Ok(Vec::new());
    }
    let ranges: Vec<(Vec<u8>, Vec<u8>)> =
        words.iter().map(|word| (word.clone().into_bytes(), [word.as_bytes(), &[0xff]].concat())).collect();
    let also: String = (1..ranges.len())
        .map(|index| {
            let (from, to) = (2 * index + 1, 2 * index + 2);
            format!(" AND EXISTS (SELECT 1 FROM order_terms t WHERE t.order_no = a.order_no AND t.term >= ?{from} AND t.term < ?{to})")
        })
        .collect();
    let next = 2 * ranges.len() + 1;
    let sql = format!(
        "SELECT DISTINCT a.placed_ms, a.order_no FROM order_terms a WHERE a.term >= ?1 AND a.term < ?2{also}
           AND (a.placed_ms < ?{next} OR (a.placed_ms = ?{next} AND a.order_no < ?{})) ORDER BY a.placed_ms DESC, a.order_no DESC LIMIT ?{}",
        next + 1,
        next + 2
    );
    let (behind_ms, behind_no) = behind.map_or((i64::MAX, ""), |(ms, order)| (*ms, order.as_str()));
    let mut values: Vec<&dyn ToValue> = ranges.iter().flat_map(|(from, to)| [from as &dyn ToValue, to]).collect();
    values.extend([&behind_ms as &dyn ToValue, &behind_no, &limit]);
    connection.prepare_cached(&sql)?.query_map(values.as_slice(), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// What was typed, the longest word first.
fn words(asked: &str) -> Vec<String> {
    let digits: String = asked.chars().filter(char::is_ascii_digit).collect();
    // A telephone number may be typed with blanks.
    if digits.len() >= PHONE_DIGITS_MIN && asked.chars().all(|c| c.is_ascii_digit() || " +-/()".contains(c)) {
        return vec![digits];
    }
    let mut words: Vec<String> = asked.split_whitespace().map(|word| folded(word, "")).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    words.truncate(WORDS_MAX);
    words
}

/// The sale of this receipt number, if it paid an order.
fn paid_by(connection: &Connection, number: &str) -> db::Result<Option<String>> {
    let txns: Vec<Vec<u8>> = connection
        .prepare_cached("SELECT txn FROM transactions WHERE number = ?1 LIMIT 9")?
        .query_map([number], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<db::Result<_>>()?;
    for txn in txns {
        let Some(txn) = <[u8; 16]>::try_from(txn.as_slice()).ok().map(|bytes| uuid::Uuid::from_bytes(bytes).to_string()) else { continue };
        let known = "SELECT 1 FROM order_terms WHERE term = ?1 LIMIT 1";
        if connection.prepare_cached(known)?.query_row([txn.as_bytes()], |_| Ok(())).optional()?.is_some() {
            return Ok(Some(txn));
        }
    }
    Ok(None)
}

/// The sales that paid an order, as [`paid_by`] knows them.
pub(super) fn sales_of(connection: &Connection, order: &OrderNo) -> db::Result<Vec<Vec<u8>>> {
    let words = terms_of(connection, order.as_str())?;
    Ok(words.iter().filter_map(|word| word.parse::<TxnId>().ok()).map(|txn| txn.0.as_bytes().to_vec()).collect())
}

fn terms_of(connection: &Connection, order: &str) -> db::Result<Vec<String>> {
    let words = connection
        .prepare_cached("SELECT term FROM order_terms WHERE order_no = ?1 ORDER BY term")?
        .query_map([order], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<db::Result<Vec<_>>>()?;
    Ok(words.into_iter().filter_map(|word| String::from_utf8(word).ok()).collect())
}

/// As it is found: with and without the letter that some write behind an umlaut.
fn both(text: &str) -> [String; 2] {
    [folded(text, ""), folded(text, "e")]
}

/// Small letters without their marks. `behind_umlaut`: what is written behind a, o and u in place of the two dots.
fn folded(text: &str, behind_umlaut: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.trim().to_lowercase().chars() {
        let plain = match letter {
            'ä' | 'ö' | 'ü' => {
                out.push(match letter {
                    'ä' => 'a',
                    'ö' => 'o',
                    _ => 'u',
                });
                out.push_str(behind_umlaut);
                continue;
            }
            'ß' => {
                out.push_str("ss");
                continue;
            }
            'à' | 'á' | 'â' | 'ã' | 'å' | 'ă' | 'ą' => 'a',
            'ç' | 'ć' | 'č' => 'c',
            'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => 'e',
            'ì' | 'í' | 'î' | 'ï' | 'ı' => 'i',
            'ł' => 'l',
            'ñ' | 'ń' | 'ň' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ő' => 'o',
            'ř' => 'r',
            'ś' | 'š' | 'ş' | 'ș' => 's',
            'ť' | 'ţ' | 'ț' => 't',
            'ù' | 'ú' | 'û' | 'ů' | 'ű' => 'u',
            'ý' | 'ÿ' => 'y',
            'ź' | 'ż' | 'ž' => 'z',
            other => other,
        };
        out.push(plain);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_written() {
        assert_eq!(both("Müller"), ["muller", "mueller"]);
        assert_eq!(both(" Zoë "), ["zoe", "zoe"]);
        assert_eq!(words("Groß  anna"), ["gross", "anna"]);
        assert_eq!(words("+49 (30) 555-12"), ["493055512"]);
        assert_eq!(words("W 100"), ["100", "w"]);
    }
}
