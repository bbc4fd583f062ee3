//! The link by which a customer sees how an order stands: 128 bits that nobody guesses, made from the order's own secret, so that they can be written
//! into each message; here only their hash is kept. From the link nobody makes the collect code.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::db::{self, Connection, OptionalExtension, params};
use super::storage;
use crate::ids::OrderNo;
use crate::journal::Hash;
use crate::journal::hash::from_hex;

const BYTES: usize = 16;
/// Of the text in the address.
pub const CHARS: usize = 22;
const PURPOSE: &[u8] = b"counterfoil order status 1";
const FILLED: &str = "order_links";

/// The secret of the link. `secret`: the order's, 32 hex digits.
fn bytes(secret: &str) -> Option<[u8; BYTES]> {
    let key: [u8; 16] = from_hex(secret).ok()?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), PURPOSE);
    tag.as_ref().first_chunk::<BYTES>().copied()
}

/// As it stands behind `/o/`; nothing where the order has no secret.
pub fn text(secret: &str) -> Option<String> {
    bytes(secret).map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// Keeps the hash of an order's link. Inside the caller's transaction.
pub(super) fn keep(connection: &Connection, order: &str) -> db::Result<()> {
    let secret: Option<String> = connection
        .prepare_cached("SELECT secret FROM collect_orders WHERE order_no = ?1")?
        .query_row([order], |row| row.get(0))
        .optional()?;
    let Some(bytes) = secret.and_then(|secret| bytes(&secret)) else { return Ok(()) };
    let sql = "INSERT INTO order_links (hash, order_no) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![Hash::of(&bytes).to_string(), order]).map(drop)
}

/// Orders from before there were links have one as well. Once.
pub(super) fn fill(connection: &Connection) -> db::Result<()> {
    if storage::meta(connection, FILLED)?.is_some() {
        return Ok(());
    }
    let all: Vec<String> = connection
        .prepare_cached("SELECT order_no FROM collect_orders ORDER BY order_no")?
        .query_map([], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    all.iter().try_for_each(|order| keep(connection, order))?;
    storage::set_meta(connection, FILLED, "1")
}

/// The order of a link. What an attacker learns from the time it takes is about hashes of guesses alone.
pub fn find(connection: &Connection, text: &str) -> db::Result<Option<OrderNo>> {
    let Some(shown) = (text.len() == CHARS).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten() else { return Ok(None) };
    let found: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT o.order_no, o.secret FROM order_links l JOIN collect_orders o ON o.order_no = l.order_no WHERE l.hash = ?1",
        )?
        .query_row([Hash::of(&shown).to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found
        .filter(|(_, secret)| bytes(secret).is_some_and(|known| is_same(&known, &shown)))
        .and_then(|(order, _)| OrderNo::new(&order).ok()))
}

/// Looks at every byte, whatever the first ones say.
fn is_same(known: &[u8; BYTES], shown: &[u8]) -> bool {
    shown.len() == BYTES && known.iter().zip(shown).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_128_bits_of_its_own_for_each_order() {
        let (one, other) = (text(&"ab".repeat(16)).unwrap(), text(&"ac".repeat(16)).unwrap());
        assert_eq!((one.len(), URL_SAFE_NO_PAD.decode(&one).unwrap().len()), (CHARS, BYTES));
        assert_ne!(one, other);
        assert!(!one.contains("abab") && text("").is_none() && text("zz").is_none());
    }

    #[test]
    fn only_the_whole_secret_is_the_secret() {
        let known = bytes(&"ab".repeat(16)).unwrap();
        assert!(is_same(&known, &known));
        assert!(!is_same(&known, &known[..15]) && !is_same(&known, &[0; 16]));
    }
}
