//! What the assortment knows of an article, by whichever name an order gives it.

use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::storage;
use crate::ids::ChannelId;
use crate::money::{Money, Qty, Unit};
use crate::sync::feed::{Article, CodeKey};

use super::order::{ArticleName, KnownArticle};

const FILLED: &str = "article_codes";
const FILLED_AT_ONCE: u32 = 1_000;
/// Articles that a search shows.
pub const FOUND_MAX: u32 = 20;

/// `None`: there is none of this name, or the code sells more than one.
pub fn known(connection: &Connection, channel: &ChannelId, name: &ArticleName) -> db::Result<Option<KnownArticle>> {
    let (sku, each) = match name {
        ArticleName::Sku(sku) => (sku.to_string(), Qty::ONE),
        ArticleName::Gtin(gtin) => match by_code(connection, &CodeKey::Gtin(*gtin))? {
            Some(found) => found,
            None => return Ok(None),
        },
        ArticleName::Channel(article) => {
            let found: Option<String> = connection
                .prepare_cached("SELECT sku FROM channel_articles WHERE channel = ?1 AND article = ?2")?
                .query_row([channel.as_str(), article.as_str()], |row| row.get(0))
                .optional()?;
            match found {
                Some(sku) => (sku, Qty::ONE),
                None => return Ok(None),
            }
        }
    };
    Ok(one(connection, &sku)?.map(|article| KnownArticle { sku: article.sku, unit: article.unit, each }))
}

/// The article of a SKU.
pub fn one(connection: &Connection, sku: &str) -> db::Result<Option<Article>> {
    let found: Option<String> =
        connection.prepare_cached("SELECT article FROM articles WHERE sku = ?1")?.query_row([sku], |row| row.get(0)).optional()?;
    Ok(found.and_then(|json| serde_json::from_str(&json).ok()))
}

fn by_code(connection: &Connection, key: &CodeKey) -> db::Result<Option<(String, Qty)>> {
    let found: Vec<(String, i64)> = connection
        .prepare_cached("SELECT sku, quantity FROM article_codes WHERE code = ?1 ORDER BY sku LIMIT 2")?
        .query_map([key.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    Ok(match <[_; 1]>::try_from(found) {
        Ok([(sku, quantity)]) => Some((sku, Qty::from_thousandths(quantity))),
        Err(_) => None,
    })
}

/// What a search shows of an article.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FoundArticle {
    pub sku: String,
    pub name: String,
    pub unit: Unit,
    pub price: Option<Money>,
}

/// What a search found. `is_named`: the first of it has this very number or code.
#[derive(Debug, Default)]
pub struct Found {
    pub articles: Vec<FoundArticle>,
    pub is_named: bool,
}

/// By code, by SKU, or by words of the name.
pub fn search(connection: &Connection, asked: &str) -> db::Result<Found> {
    let asked = asked.trim();
    if asked.is_empty() {
        return Ok(Found::default());
    }
    let mut skus: Vec<String> = Vec::new();
    if one(connection, asked)?.is_some() {
        skus.push(asked.to_owned());
    }
    if let Ok(key) = CodeKey::read(asked)
        && let Some((sku, _)) = by_code(connection, &key)?
    {
        skus.push(sku);
    }
    let is_named = !skus.is_empty();
    let words: Vec<String> = asked.to_lowercase().split_whitespace().take(4).map(|word| format!("%{}%", escaped(word))).collect();
    let word = |nth: usize| words.get(nth).or(words.first()).cloned().unwrap_or_default();
    let named: Vec<String> = connection
        .prepare_cached(
            "SELECT sku FROM articles WHERE lower(name) LIKE ?1 ESCAPE '\\' AND lower(name) LIKE ?2 ESCAPE '\\' AND lower(name) LIKE ?3 ESCAPE '\\'
               AND lower(name) LIKE ?4 ESCAPE '\\' OR lower(sku) LIKE ?5 ESCAPE '\\' ORDER BY name, sku LIMIT ?6",
        )?
        .query_map(params![word(0), word(1), word(2), word(3), format!("{}%", escaped(&asked.to_lowercase())), FOUND_MAX], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    skus.extend(named);
    let mut found: Vec<FoundArticle> = Vec::new();
    for sku in skus {
        if found.len() < FOUND_MAX as usize
            && !found.iter().any(|known| known.sku == sku)
            && let Some(article) = one(connection, &sku)?
        {
            found.push(FoundArticle { sku, name: article.name, unit: article.unit, price: article.price });
        }
    }
    Ok(Found { articles: found, is_named })
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Codes of an assortment that came before there was a table of them. Once.
pub fn fill(connection: &Connection) -> db::Result<()> {
    if storage::meta(connection, FILLED)?.is_some() {
        return Ok(());
    }
    let mut part = connection.prepare_cached("SELECT sku, article FROM articles WHERE sku > ?1 ORDER BY sku LIMIT ?2")?;
    let mut insert = connection
        .prepare_cached("INSERT INTO article_codes (code, sku, quantity) VALUES (?1, ?2, ?3) ON CONFLICT (code, sku) DO NOTHING")?;
    let mut after = String::new();
    loop {
        let rows: Vec<(String, String)> =
            part.query_map(params![after, FILLED_AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<db::Result<_>>()?;
        let Some((last, _)) = rows.last() else { break };
        after.clone_from(last);
        for article in rows.iter().filter_map(|(_, json)| serde_json::from_str::<Article>(json).ok()) {
            for code in &article.codes {
                insert.execute(params![code.key.to_string(), article.sku.as_str(), code.quantity.thousandths()])?;
            }
        }
    }
    storage::set_meta(connection, FILLED, "1")
}
