//! Head office's side: its own functions on its own tables, in one transaction that is never committed. A state is what these tables hold; a
//! step loads it, acts, reads it again and takes everything back. It is done once for each state it begins from.

use std::collections::HashMap;
use std::path::Path;

use super::super::Broken;
use super::fault::PlantedFault;
use super::shop::{NOW, units};
use crate::head_office::db::{self, params};
use crate::head_office::order_states::{self, At};
use crate::head_office::orders::{self, PlacedLine, PlacedOrder, WithoutRights};
use crate::head_office::right::HoldRule;
use crate::head_office::storage::Folders;
use crate::head_office::writer::{WriteError, Writer};
use crate::head_office::{leads, rights, storage};
use crate::ids::{NodeId, OrderNo, Sku, StoreId};
use crate::money::Qty;
use crate::retail::Event;
use crate::retail::order::{Granted, Substitution};
use crate::sync::feed::Article;
use crate::sync::orders::{Word, WordKind};

/// The node that keeps the store's orders.
pub const LEAD: &str = "here";
/// Beyond what promises are made of, the tables only note what happened.
const TABLES: [&str; 7] = ["leads", "lead_copies", "order_words", "collect_orders", "order_rights", "rights", "order_states"];

/// What happens at head office.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OfficeStep {
    /// A channel places an order.
    Place {
        order: usize,
    },
    Cancel {
        order: usize,
    },
    /// So many units are given back, as when the store is asked instead.
    GiveBack {
        pieces: i64,
    },
    /// A record of the store is counted; `seq`: its place in the journal.
    Count {
        record: usize,
        seq: u64,
    },
    /// The first node that called is the lead.
    NameFirst,
    /// `counterfoil head-office restore`.
    Restore,
    /// The store's lead asks for words, and knows of that epoch.
    LeadAsks {
        after: u64,
        office: u64,
    },
    /// An acknowledgement proved that it was put back.
    BeginEpoch {
        epoch: u64,
    },
}

/// A state of head office, by its number here.
pub type OfficeId = u32;

/// What the law asks of a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfficeView {
    pub lead: u64,
    pub epoch: u64,
    /// Under the term in force.
    pub granted: i64,
    pub spent: i64,
    pub released: i64,
    pub outstanding: i64,
    /// Of what was asked back.
    pub answered: i64,
    /// The lead has asked in this epoch, so that rights of it can be spent.
    pub is_told: bool,
    /// Of each order, if it is here: under which term rights were spent on it.
    pub orders: Vec<Option<PlacedHere>>,
    /// What was given back under each term.
    pub released_under: Vec<((u64, u64), i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedHere {
    pub promised: Option<(u64, u64)>,
    pub cancelled: bool,
}

struct Kept {
    epoch: u64,
    rows: Vec<String>,
    view: OfficeView,
}

struct Table {
    name: &'static str,
    save: String,
    load: String,
}

pub struct Offices {
    writer: Writer,
    tables: Vec<Table>,
    store: StoreId,
    sku: Sku,
    orders: Vec<PlacedOrder>,
    fault: Option<PlantedFault>,
    known: HashMap<String, OfficeId>,
    kept: Vec<Kept>,
    steps: HashMap<(OfficeId, OfficeStep), OfficeId>,
    replies: HashMap<(OfficeId, u64), Vec<Word>>,
}

impl Offices {
    /// `orders`: their numbers and pieces. `hold`: how many rights it wants to hold.
    pub fn open(
        folder: &Path,
        store: &StoreId,
        nodes: &[NodeId],
        article: &Article,
        orders: &[(OrderNo, i64)],
        hold: i64,
        fault: Option<PlantedFault>,
    ) -> Result<Offices, Broken> {
        let failed = "setting head office up";
        let mut writer = Writer::open(&Folders::new(folder)).map_err(Broken::doing(failed))?;
        writer.hold_by(HoldRule { hold_min: Qty::pieces(hold), demand_days: 1, cover_days: 0, quiet_days: 1, few: Qty::ZERO });
        let setting_up = |writer: &Writer| -> db::Result<Vec<Table>> {
            let connection = writer.connection();
            connection.begin_writing()?;
            let json = serde_json::to_string(article).expect("an article is plain values");
            connection.execute(
                "INSERT INTO articles (sku, name, article) VALUES (?1, ?2, ?3)",
                params![article.sku.as_str(), article.name, json],
            )?;
            for node in nodes {
                let sql = "INSERT INTO nodes (store, node, first_seen_ms, last_contact_ms) VALUES (?1, ?2, ?3, ?3)";
                connection.execute(sql, params![store.as_str(), node.as_str(), NOW.ms])?;
            }
            TABLES.iter().map(|name| table(writer, name)).collect()
        };
        let tables = setting_up(&writer).map_err(Broken::doing(failed))?;
        let placed = |(order, pieces): &(OrderNo, i64)| PlacedOrder {
            order: order.clone(),
            store: store.clone(),
            promised_ms: NOW.ms + 3_600_000,
            expires_ms: None,
            initials: String::new(),
            name: String::new(),
            phone: String::new(),
            email: String::new(),
            language: String::new(),
            without_rights: WithoutRights::AskStore,
            customer: None,
            substitution: Substitution::None,
            lines: vec![PlacedLine {
                sku: article.sku.clone(),
                quantity: Qty::pieces(*pieces),
                zone: Default::default(),
                location: String::new(),
                substitutes: Vec::new(),
                unit_price: None,
                pay_in_store: false,
            }],
        };
        Ok(Offices {
            writer,
            tables,
            store: store.clone(),
            sku: article.sku.clone(),
            orders: orders.iter().map(placed).collect(),
            fault,
            known: HashMap::new(),
            kept: Vec::new(),
            steps: HashMap::new(),
            replies: HashMap::new(),
        })
    }

    /// One that has taken no order and heard of no store.
    pub fn empty(&mut self) -> Result<OfficeId, Broken> {
        self.keep().map_err(Broken::doing("reading an empty head office"))
    }

    pub fn view(&self, office: OfficeId) -> &OfficeView {
        &self.kept[office as usize].view
    }

    /// States, and steps that were really done.
    pub fn counts(&self) -> (usize, usize) {
        (self.kept.len(), self.steps.len())
    }

    pub fn pieces(&self, order: usize) -> i64 {
        self.orders[order].lines.iter().map(|line| units(line.quantity)).sum()
    }

    /// `record`: what is counted, of that step.
    pub fn step(&mut self, from: OfficeId, step: &OfficeStep, record: &[Event]) -> Result<OfficeId, Broken> {
        if let Some(done) = self.steps.get(&(from, step.clone())) {
            return Ok(*done);
        }
        let failed = |why: WriteError| Broken::new(&format!("{step:?}"), &why.to_string());
        let to = self.whole(from, |offices| {
            offices.act(step, record)?;
            Ok(offices.keep()?)
        });
        let to = to.map_err(failed)?;
        self.steps.insert((from, step.clone()), to);
        Ok(to)
    }

    /// What the store's lead is told behind a word, as the door tells it.
    pub fn words(&mut self, from: OfficeId, after: u64) -> Result<Vec<Word>, Broken> {
        if let Some(known) = self.replies.get(&(from, after)) {
            return Ok(known.clone());
        }
        let words = self.whole(from, |offices| Ok(orders::words(offices.writer.connection(), &offices.store, after)?));
        let mut words = words.map_err(Broken::doing("head office is asked for words"))?;
        if self.fault == Some(PlantedFault::SpentIsToldBeforeItsOrder) {
            let spent = Qty::pieces(self.view(from).spent);
            for word in &mut words {
                match &mut word.kind {
                    WordKind::Rights(totals) => totals.iter_mut().for_each(|it| it.spent = spent),
                    WordKind::Put(order) => order.rights.iter_mut().for_each(|it| it.spent = spent),
                    WordKind::Cancel { .. } | WordKind::Adopt { .. } => {}
                }
            }
        }
        self.replies.insert((from, after), words.clone());
        Ok(words)
    }

    /// In the state `from`; nothing of it stays.
    fn whole<T>(&mut self, from: OfficeId, work: impl FnOnce(&mut Offices) -> Result<T, WriteError>) -> Result<T, WriteError> {
        self.writer.connection().execute_batch("SAVEPOINT step")?;
        let done = self.load(from).map_err(WriteError::from).and_then(|()| work(self));
        self.writer.connection().execute_batch("ROLLBACK TO step; RELEASE step")?;
        done
    }

    fn act(&mut self, step: &OfficeStep, record: &[Event]) -> Result<(), WriteError> {
        match step {
            OfficeStep::Place { order } => {
                if self.fault == Some(PlantedFault::SpentAcrossEpochs) {
                    self.carry_rights_over()?;
                }
                orders::put(&self.writer, &self.orders[*order], NOW.ms, 1, false)?.map_err(|why| refused(&format!("{why:?}")))?;
                // Chance does not make worlds differ.
                self.writer.connection().execute(
                    "UPDATE collect_orders SET secret = '00000000000000000000000000000000', token = '', number = '0000000' || order_no
                     WHERE order_no = ?1",
                    params![self.orders[*order].order.as_str()],
                )?;
            }
            OfficeStep::Cancel { order } => {
                orders::cancelled(self.writer.connection(), &self.orders[*order].order, NOW.ms)?
                    .map_err(|why| refused(&format!("{why:?}")))?;
            }
            OfficeStep::GiveBack { pieces } => {
                let quantities = [(self.sku.clone(), Qty::pieces(*pieces))].into();
                rights::give_back(self.writer.connection(), &self.store, &quantities)?;
            }
            OfficeStep::Count { record: _, seq } => {
                for (index, event) in record.iter().enumerate() {
                    self.count(event, *seq, index)?;
                }
            }
            OfficeStep::NameFirst => drop(leads::first(self.writer.connection(), &self.store, NOW.ms)?),
            OfficeStep::LeadAsks { after, office } => {
                let node = NodeId::new(LEAD).map_err(|why| refused(&why.to_string()))?;
                let store = self.store.clone();
                if self.fault == Some(PlantedFault::RestoreNotNoticed) {
                    leads::tell(self.writer.connection(), store.as_str(), self.writer.epoch())?;
                } else {
                    self.writer.lead_asks(&store, &node, *after, Some(*office), NOW.ms)?;
                }
            }
            OfficeStep::Restore => drop(self.writer.restore()?),
            OfficeStep::BeginEpoch { epoch } => self.writer.begin_epoch(*epoch)?,
        }
        Ok(())
    }

    fn count(&self, event: &Event, seq: u64, index: usize) -> db::Result<()> {
        let connection = self.writer.connection();
        let store = self.store.as_str();
        let at =
            At { store, node: 1, branch: 1, seq, event: index, known_ms: NOW.ms, date: crate::time::BusinessDate::constant(2026, 11, 2) };
        match (self.fault, event) {
            (Some(PlantedFault::ReleasedTwice), Event::RightsOverrun { .. }) => {
                connection.execute("UPDATE rights SET asked = 0, answered = 0", params![])?;
            }
            (Some(PlantedFault::GrantsAsDeltas), Event::RightsGranted { grants, epoch, office_epoch, at: when }) => {
                let held: i64 = connection.query_row("SELECT coalesce(sum(granted), 0) FROM rights", params![], |row| row.get(0))?;
                let grants = grants.iter().map(|it| Granted { total: it.total + Qty::from_thousandths(held), ..it.clone() }).collect();
                let wrong = Event::RightsGranted { grants, epoch: *epoch, office_epoch: *office_epoch, at: *when };
                return order_states::count(connection, &at, &wrong);
            }
            _ => {}
        }
        order_states::count(connection, &at, event)
    }

    /// The planted fault of one who looks at no epoch.
    fn carry_rights_over(&self) -> db::Result<()> {
        let connection = self.writer.connection();
        let sql = "INSERT INTO rights (store, lead, office, sku, granted, asked, spent, released, answered, wanted)
             SELECT store, lead, ?1, sku, granted, asked, spent, released, answered, wanted FROM rights WHERE office < ?1
             ORDER BY office DESC LIMIT 1 ON CONFLICT (store, lead, office, sku) DO UPDATE SET granted = excluded.granted
             WHERE rights.granted < excluded.granted";
        connection.execute(sql, params![storage::epoch(connection)?]).map(drop)
    }

    fn load(&mut self, from: OfficeId) -> db::Result<()> {
        let kept = &self.kept[from as usize];
        let connection = self.writer.connection();
        for (table, rows) in self.tables.iter().zip(&kept.rows) {
            connection.execute(&format!("DELETE FROM {}", table.name), params![])?;
            connection.prepare_cached(&table.load)?.execute(params![rows.as_str()])?;
        }
        storage::set_epoch(connection, kept.epoch)?;
        self.writer.forget();
        Ok(())
    }

    fn keep(&mut self) -> db::Result<OfficeId> {
        let connection = self.writer.connection();
        let mut rows = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            rows.push(connection.prepare_cached(&table.save)?.query_row(params![], |row| row.get::<_, String>(0))?);
        }
        let epoch = storage::epoch(connection)?;
        let key = format!("{epoch} {}", rows.join("\n"));
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let view = self.read_view(epoch)?;
        let id = OfficeId::try_from(self.kept.len()).unwrap_or(OfficeId::MAX);
        self.kept.push(Kept { epoch, rows, view });
        self.known.insert(key, id);
        Ok(id)
    }

    fn read_view(&self, epoch: u64) -> db::Result<OfficeView> {
        let connection = self.writer.connection();
        let term = rights::term(connection, self.store.as_str())?;
        let mut view = OfficeView { lead: term.lead, epoch, ..OfficeView::default() };
        let mut all = connection.prepare_cached(
            "SELECT lead, office, granted, spent, released, asked - answered, answered FROM rights ORDER BY lead, office",
        )?;
        let all: Vec<[i64; 7]> = all
            .query_map(params![], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?]))?
            .collect::<db::Result<_>>()?;
        for [lead, office, granted, spent, released, outstanding, answered] in all {
            let under = (lead.unsigned_abs(), office.unsigned_abs());
            view.released_under.push((under, released / 1_000));
            if under == (term.lead, term.office) {
                (view.granted, view.spent) = (granted / 1_000, spent / 1_000);
                (view.released, view.outstanding) = (released / 1_000, outstanding / 1_000);
                view.answered = answered / 1_000;
            }
        }
        view.is_told = leads::told(connection, self.store.as_str())?.is_none_or(|told| told == epoch);
        for order in &self.orders {
            let sql = "SELECT r.lead, r.office, o.cancelled_ms IS NOT NULL FROM collect_orders o LEFT JOIN order_rights r ON r.order_no = o.order_no
                 WHERE o.order_no = ?1";
            let mut found = connection.prepare_cached(sql)?;
            let mut found = found.query(params![order.order.as_str()])?;
            view.orders.push(match found.next()? {
                None => None,
                Some(row) => {
                    let under: (Option<u64>, Option<u64>) = (row.get(0)?, row.get(1)?);
                    Some(PlacedHere { promised: under.0.zip(under.1), cancelled: row.get(2)? })
                }
            });
        }
        Ok(view)
    }
}

/// Its rows as one JSON text, and back.
fn table(writer: &Writer, name: &'static str) -> db::Result<Table> {
    let connection = writer.connection();
    let columns: Vec<String> = connection
        .prepare_cached("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?
        .query_map(params![name], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    let list = columns.join(", ");
    let values: Vec<String> = (0..columns.len()).map(|at| format!("json_extract(value, '$[{at}]')")).collect();
    Ok(Table {
        name,
        save: format!("SELECT coalesce(json_group_array(json_array({list})), '[]') FROM (SELECT * FROM {name} ORDER BY {list})"),
        load: format!("INSERT INTO {name} ({list}) SELECT {} FROM json_each(?1)", values.join(", ")),
    })
}

fn refused(why: &str) -> WriteError {
    WriteError::Database(crate::head_office::chain::corrupt(why))
}
