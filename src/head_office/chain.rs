//! Journals as head office holds them: branches of records, their bytes in chunks, each record once. Finds where a record belongs;
//! never changes a byte and never judges what an event means.

use super::db::{self, Connection, OptionalExtension, params};

use crate::ids::{NodeId, StoreId};
use crate::journal::{Hash, Position, PublicKey};

/// Chunks below this stay as they are: packing would not pay.
const PACK_BYTES_MIN: usize = 512;
const PACK_LEVEL: i32 = 1;

/// One node and its journal, as known at the last commit.
#[derive(Debug, Clone)]
pub struct NodeChain {
    pub id: i64,
    pub store: StoreId,
    pub node: NodeId,
    pub key: Option<PublicKey>,
    /// Where the node's newest records go.
    pub current: Option<i64>,
    pub branches: Vec<Branch>,
}

#[derive(Debug, Clone)]
pub struct Branch {
    pub id: i64,
    pub parent: Option<i64>,
    /// The branch's own records come after this one.
    pub base_seq: u64,
    pub head: Position,
    /// The key that the newest link on it names.
    pub key: Option<PublicKey>,
}

/// A record we hold, and the branch it was found on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub branch: i64,
    pub position: Position,
}

impl NodeChain {
    /// Reads what is known of a node; makes it known at its first contact.
    pub fn load(connection: &Connection, store: &StoreId, node: &NodeId, now_ms: i64) -> db::Result<NodeChain> {
        connection
            .prepare_cached(
                "INSERT INTO nodes (store, node, first_seen_ms, last_contact_ms, public_key)
                 VALUES (?1, ?2, ?3, ?3, (SELECT public_key FROM enrolments WHERE store = ?1 AND node = ?2)) ON CONFLICT DO NOTHING",
            )?
            .execute(params![store.as_str(), node.as_str(), now_ms])?;
        connection.prepare_cached("INSERT INTO stores (store, name) VALUES (?1, ?1) ON CONFLICT DO NOTHING")?.execute([store.as_str()])?;
        NodeChain::find_node(connection, store, node)?.ok_or_else(|| corrupt("a node that was just written down"))
    }

    /// What is known of a node, if it ever called.
    pub fn find_node(connection: &Connection, store: &StoreId, node: &NodeId) -> db::Result<Option<NodeChain>> {
        let known = connection
            .prepare_cached("SELECT id, public_key, current_branch FROM nodes WHERE store = ?1 AND node = ?2")?
            .query_row(params![store.as_str(), node.as_str()], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?, row.get(2)?)))
            .optional()?;
        let Some((id, key, current)) = known else { return Ok(None) };
        let branches = connection
            .prepare_cached("SELECT id, parent, base_seq, head_inc, head_seq, head_hash, key FROM branches WHERE node = ?1 ORDER BY id")?
            .query_map([id], |row| {
                Ok(Branch {
                    id: row.get(0)?,
                    parent: row.get(1)?,
                    base_seq: row.get(2)?,
                    head: Position { incarnation: parsed(row, 3)?, seq: row.get(4)?, hash: parsed(row, 5)? },
                    key: row.get::<_, Option<String>>(6)?.and_then(|key| PublicKey::from_hex(&key).ok()),
                })
            })?
            .collect::<db::Result<Vec<Branch>>>()?;
        let key = key.and_then(|key| PublicKey::from_hex(&key).ok());
        Ok(Some(NodeChain { id, store: store.clone(), node: node.clone(), key, current, branches }))
    }

    pub fn branch(&self, id: i64) -> &Branch {
        self.branches.iter().find(|branch| branch.id == id).expect("a branch's id comes from this list")
    }

    pub fn current(&self) -> Option<&Branch> {
        self.current.map(|id| self.branch(id))
    }

    /// The current branch first: that is where nearly everything is found.
    pub fn by_likelihood(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.current.into_iter().collect();
        ids.extend(self.branches.iter().rev().map(|branch| branch.id).filter(|id| Some(*id) != self.current));
        ids
    }

    /// The record of this number and hash, on whichever branch holds it itself.
    pub fn find(&self, connection: &Connection, seq: u64, hash: &Hash) -> db::Result<Option<Found>> {
        for id in self.by_likelihood() {
            let branch = self.branch(id);
            if seq <= branch.base_seq || seq > branch.head.seq {
                continue;
            }
            if let Some(position) = own_position(connection, branch, seq)?
                && position.hash == *hash
            {
                return Ok(Some(Found { branch: id, position }));
            }
        }
        Ok(None)
    }

    /// The record of this number as seen from a branch: its own, or one of the branches it came from.
    pub fn at(&self, connection: &Connection, mut branch: i64, seq: u64) -> db::Result<Option<Position>> {
        loop {
            let here = self.branch(branch);
            if seq > here.base_seq {
                return if seq <= here.head.seq { own_position(connection, here, seq) } else { Ok(None) };
            }
            match here.parent {
                Some(parent) => branch = parent,
                None => return Ok(None),
            }
        }
    }

    /// Branches that go on from this record.
    pub fn children(&self, branch: i64, seq: u64) -> impl Iterator<Item = &Branch> {
        self.branches.iter().filter(move |child| child.parent == Some(branch) && child.base_seq == seq)
    }

    /// A new, still empty branch. Its head is the record it goes on from.
    pub fn open_branch(&mut self, connection: &Connection, parent: Option<i64>, base: Position, now_ms: i64) -> db::Result<i64> {
        let key = parent.and_then(|parent| self.branch(parent).key);
        let id = connection
            .prepare_cached(
                "INSERT INTO branches (node, parent, base_seq, head_inc, head_seq, head_hash, key, opened_ms)
                 VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6, ?7) RETURNING id",
            )?
            .query_row(
                params![
                    self.id,
                    parent,
                    base.seq,
                    base.incarnation.to_string(),
                    base.hash.to_string(),
                    key.map(|key| key.to_hex()),
                    now_ms
                ],
                |row| row.get(0),
            )?;
        self.branches.push(Branch { id, parent, base_seq: base.seq, head: base, key });
        Ok(id)
    }

    /// Stores lines behind the head of a branch. `lines` are the stored bytes of `first_seq..=head.seq`.
    pub fn append(&mut self, connection: &Connection, branch: i64, first_seq: u64, lines: &[u8], head: Position) -> db::Result<()> {
        let packed = if lines.len() >= PACK_BYTES_MIN { zstd::bulk::compress(lines, PACK_LEVEL).ok() } else { None };
        let (packing, bytes) = match &packed {
            Some(packed) if packed.len() < lines.len() => (1, packed.as_slice()),
            Some(_) | None => (0, lines),
        };
        connection
            .prepare_cached("INSERT INTO chunks (branch, first_seq, last_seq, packing, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![branch, first_seq, head.seq, packing, bytes])?;
        connection.prepare_cached("UPDATE branches SET head_inc = ?2, head_seq = ?3, head_hash = ?4 WHERE id = ?1")?.execute(params![
            branch,
            head.incarnation.to_string(),
            head.seq,
            head.hash.to_string()
        ])?;
        self.branches.iter_mut().find(|b| b.id == branch).expect("appended to a known branch").head = head;
        if self.current != Some(branch) {
            connection.prepare_cached("UPDATE nodes SET current_branch = ?2 WHERE id = ?1")?.execute(params![self.id, branch])?;
            self.current = Some(branch);
        }
        Ok(())
    }

    /// Pins the node's public key at first contact.
    pub fn pin(&mut self, connection: &Connection, key: PublicKey) -> db::Result<()> {
        connection.prepare_cached("UPDATE nodes SET public_key = ?2 WHERE id = ?1")?.execute(params![self.id, key.to_hex()])?;
        self.key = Some(key);
        Ok(())
    }

    /// Notes the key that a link on this branch names.
    pub fn set_branch_key(&mut self, connection: &Connection, branch: i64, key: PublicKey) -> db::Result<()> {
        connection.prepare_cached("UPDATE branches SET key = ?2 WHERE id = ?1")?.execute(params![branch, key.to_hex()])?;
        self.branches.iter_mut().find(|b| b.id == branch).expect("a link was stored on a known branch").key = Some(key);
        Ok(())
    }
}

/// The stored line of a branch's own record, with its newline.
pub fn line(connection: &Connection, branch: i64, seq: u64) -> db::Result<Option<Vec<u8>>> {
    let chunk = connection
        .prepare_cached(
            "SELECT last_seq, packing, bytes FROM chunks WHERE branch = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1",
        )?
        .query_row(params![branch, seq], |row| Ok((row.get::<_, u64>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)))
        .optional()?;
    let Some((last_seq, packing, bytes)) = chunk.filter(|(last_seq, ..)| *last_seq >= seq) else { return Ok(None) };
    let lines = unpack(packing, bytes)?;
    if seq == last_seq {
        return Ok(lines.split_inclusive(|byte| *byte == b'\n').next_back().map(<[u8]>::to_vec));
    }
    Ok(lines.split_inclusive(|byte| *byte == b'\n').find(|line| seq_of(line) == Some(seq)).map(<[u8]>::to_vec))
}

/// The next chunk of a branch whose records come after `seq`: its last number, and its lines after `seq`.
pub fn next_lines(connection: &Connection, branch: i64, seq: u64) -> db::Result<Option<(u64, Vec<u8>)>> {
    let chunk = connection
        .prepare_cached(
            "SELECT last_seq, packing, bytes FROM chunks WHERE branch = ?1 AND last_seq > ?2 AND first_seq > ?3 ORDER BY first_seq LIMIT 1",
        )?
        .query_row(params![branch, seq, chunk_before(connection, branch, seq)?], |row| {
            Ok((row.get::<_, u64>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    let Some((last_seq, packing, bytes)) = chunk else { return Ok(None) };
    let lines = unpack(packing, bytes)?;
    let after = lines.split_inclusive(|byte| *byte == b'\n').filter(|line| seq_of(line).is_some_and(|of| of > seq)).flatten();
    Ok(Some((last_seq, after.copied().collect())))
}

/// Where the last chunk begins of which everything is at or before `seq`; one below the first when there is none. Keeps the question above on its index.
fn chunk_before(connection: &Connection, branch: i64, seq: u64) -> db::Result<i64> {
    let before = connection
        .prepare_cached("SELECT first_seq, last_seq FROM chunks WHERE branch = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1")?
        .query_row(params![branch, seq], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u64>(1)?)))
        .optional()?;
    Ok(before.map_or(-1, |(first_seq, last_seq)| if last_seq > seq { first_seq - 1 } else { first_seq }))
}

/// The newest stored line of a branch's own records at or before `seq`, and its number.
pub fn line_at_or_before(connection: &Connection, branch: i64, seq: u64) -> db::Result<Option<(u64, Vec<u8>)>> {
    let chunk = connection
        .prepare_cached("SELECT packing, bytes FROM chunks WHERE branch = ?1 AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1")?
        .query_row(params![branch, seq], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let Some((packing, bytes)) = chunk else { return Ok(None) };
    let lines = unpack(packing, bytes)?;
    let newest = lines.split_inclusive(|byte| *byte == b'\n').filter_map(|line| Some((seq_of(line)?, line))).rfind(|(of, _)| *of <= seq);
    Ok(newest.map(|(of, line)| (of, line.to_vec())))
}

/// Stored lines as seen from a branch, its own and those of the branches it came from: from `first_seq` on without a gap, until `last_seq` or
/// `bytes_max` is reached; one at least, when that one is here.
pub fn lines(
    connection: &Connection,
    chain: &NodeChain,
    branch: i64,
    first_seq: u64,
    last_seq: u64,
    bytes_max: usize,
) -> db::Result<Vec<u8>> {
    let mut found: Vec<u8> = Vec::new();
    let mut next = first_seq;
    while next <= last_seq {
        // The branch that holds this record itself, and up to where the way goes along it.
        let (mut owner, mut upto) = (chain.branch(branch), last_seq);
        while next <= owner.base_seq {
            let Some(parent) = owner.parent else { return Ok(found) };
            upto = upto.min(owner.base_seq);
            owner = chain.branch(parent);
        }
        let chunk = connection
            .prepare_cached("SELECT packing, bytes FROM chunks WHERE branch = ?1 AND first_seq <= ?2 AND last_seq >= ?2 ORDER BY first_seq DESC LIMIT 1")?
            .query_row(params![owner.id, next], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        let Some((packing, bytes)) = chunk else { return Ok(found) };
        let before = next;
        for line in unpack(packing, bytes)?.split_inclusive(|byte| *byte == b'\n') {
            if next > upto || seq_of(line) != Some(next) {
                continue;
            }
            if !found.is_empty() && found.len() + line.len() > bytes_max {
                return Ok(found);
            }
            found.extend_from_slice(line);
            next += 1;
        }
        if next == before {
            return Ok(found);
        }
    }
    Ok(found)
}

/// Goes through the bytes of a branch in order, chunk by chunk, for making projections again.
pub fn for_each_chunk(connection: &Connection, branch: i64, mut each: impl FnMut(&[u8]) -> db::Result<()>) -> db::Result<()> {
    let mut statement = connection.prepare_cached("SELECT packing, bytes FROM chunks WHERE branch = ?1 ORDER BY first_seq")?;
    let mut rows = statement.stream([branch])?;
    while let Some(row) = rows.next()? {
        each(&unpack(row.get(0)?, row.get(1)?)?)?;
    }
    Ok(())
}

/// The number of a stored line. Names and incarnations before it hold no quotes, so the first match is the field.
pub fn seq_of(line: &[u8]) -> Option<u64> {
    const FIELD: &[u8] = b"\"seq\":";
    let at = line.windows(FIELD.len()).position(|window| window == FIELD)? + FIELD.len();
    let mut digits = line[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.try_fold(0u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

fn own_position(connection: &Connection, branch: &Branch, seq: u64) -> db::Result<Option<Position>> {
    if seq == branch.head.seq {
        return Ok(Some(branch.head));
    }
    let Some(line) = line(connection, branch.id, seq)? else { return Ok(None) };
    let record = crate::journal::Record::parse(line).map_err(|error| corrupt(&format!("record {seq} of branch {} {error}", branch.id)))?;
    Ok(Some(record.position()))
}

fn unpack(packing: i64, bytes: Vec<u8>) -> db::Result<Vec<u8>> {
    match packing {
        0 => Ok(bytes),
        _ => zstd::stream::decode_all(bytes.as_slice()).map_err(|error| corrupt(&format!("a chunk cannot be unpacked: {error}"))),
    }
}

fn parsed<T: std::str::FromStr>(row: &db::Row<'_>, column: usize) -> db::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| corrupt(&format!("{text:?} in column {column}")))
}

/// What we stored does not read back: the database file is damaged.
pub fn corrupt(what: &str) -> db::Error {
    db::Error::Corrupt(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_from_the_field_and_not_from_an_event() {
        let line = br#"{"v":1,"store":"s","node":"n","inc":"00000000000000aa","seq":812,"at":1,"events":[{"x.1":{"seq":7}}]}"#;
        assert_eq!(seq_of(line), Some(812));
        assert_eq!(seq_of(b"{}"), None);
    }
}
