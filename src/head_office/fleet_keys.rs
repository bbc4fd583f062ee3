//! The keys feed: the public key of every node that head office has pinned, so that each shop can prove a receipt of another with the line
//! down. Published anew when a node asks for it and a key has come since; a key is never taken out, because receipts outlive their boxes.

use std::collections::BTreeMap;

use super::db::{self, Connection};

use super::enrolment;
use super::feeds::{self, PublishError};
use super::office::HeadOffice;
use super::writer::WriteError;
use crate::node::keys::FleetKey;
use crate::retail::Feed;
use crate::time::Stamp;
use crate::web::problem::Problem;

/// Publishes the keys when a new one is pinned.
pub async fn renew(office: &HeadOffice) -> Result<(), Problem> {
    if !office.read(is_due).await? {
        return Ok(());
    }
    let folders = office.folders().clone();
    office
        .write(move |writer, now_ms| {
            let entries = entries(writer.connection())?;
            let made_at = Stamp { ms: now_ms, ..Stamp::default() };
            match feeds::publish_book(writer.connection(), &folders, Feed::Keys, None, &entries, made_at) {
                Ok(published) => tracing::info!(version = published.version, keys = entries.len(), "the fleet's keys are published"),
                Err(PublishError::Database(error)) => return Err(WriteError::Database(error)),
                // Receipts of the newest boxes wait; all else goes on.
                Err(error) => tracing::error!(%error, "the fleet's keys could not be published"),
            }
            Ok(())
        })
        .await?;
    Ok(())
}

fn is_due(connection: &Connection) -> db::Result<bool> {
    let mut published = connection.prepare_cached("SELECT key FROM book_entries WHERE feed = ?1 AND store = ''")?;
    let published: Vec<String> = published.query_map([Feed::Keys.name()], |row| row.get(0))?.collect::<db::Result<_>>()?;
    Ok(entries(connection)?.keys().any(|key| !published.contains(key)))
}

fn entries(connection: &Connection) -> db::Result<BTreeMap<String, serde_json::Value>> {
    let mut nodes = connection.prepare_cached("SELECT store, node, public_key FROM nodes WHERE public_key IS NOT NULL")?;
    let rows = nodes.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
    let mut rows = rows.collect::<db::Result<Vec<(String, String, String)>>>()?;
    rows.extend(enrolment::former_keys(connection)?);
    let mut entries = BTreeMap::new();
    for (store, node, public_key) in rows {
        let (Ok(store), Ok(node)) = (store.parse(), node.parse()) else { continue };
        let key = FleetKey { store, node, public_key: public_key.clone(), valid: true };
        entries.insert(public_key, serde_json::to_value(&key).expect("a key is plain values"));
    }
    Ok(entries)
}
