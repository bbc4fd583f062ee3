//! A shop with collect orders, lived twice by one plan: once with the line up, once with the line cut for days while orders, changes and
//! cancels wait at head office. Power and disk fail all the time, otherwise in each life. After every act each unit is in one place by the
//! record and in truth, what was taken is what the goods cost that their customers have, and what head office may still promise is there; at the
//! end the store and head office are the same in both lives, but for orders of which the plan itself says that the cut decides: those end as
//! the table of late words says.

mod desk;
mod errands;
mod goods;
mod ledger;
mod line;
mod plan;
mod shop;
mod staff;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;

use serde_json::{Value, json};

use super::Broken;
use super::chain::BEGINS_MS;
use crate::ids::{OrderNo, StoreId};
use crate::money::{Money, Qty};
use crate::retail::order::{Order, OrderState};
use line::office_name;
use plan::Plan;
use shop::Shop;

/// What happened in both lives together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrdersTally {
    pub orders: usize,
    pub acts: u64,
    pub records: u64,
    pub sales: i64,
    pub hand_overs: u64,
    pub taken_back: u64,
    /// Hand-overs after which something was still owed.
    pub parts: u64,
    pub payments: u64,
    /// Cards at a terminal of ours of which nobody knew for a while how they ended.
    pub unknown_cards: u64,
    /// Orders whose time was over while they were paid.
    pub paid_late: u64,
    pub wrong_numbers: u64,
    /// Articles that were counted.
    pub counts: u64,
    /// Orders that came by rights, and sales that ate into rights.
    pub promised: u64,
    pub overruns: u64,
    /// Orders that went another way than to their customers.
    pub given_up: usize,
    /// Promises broken at a till, changes and cancels that came too late.
    pub notices: usize,
    /// Acts that had to be refused, and were.
    pub refusals: u64,
    /// Different meetings of a late word with a state.
    pub late_words: usize,
    pub power_cuts: u64,
    pub disk_failures: u64,
}

impl Display for OrdersTally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let OrdersTally { orders, acts, records, sales, hand_overs, taken_back, parts, payments, .. } = self;
        let OrdersTally {
            unknown_cards,
            paid_late,
            wrong_numbers,
            counts,
            promised,
            overruns,
            given_up,
            notices,
            refusals,
            late_words,
            ..
        } = self;
        write!(
            f,
            "{orders} orders lived twice in {acts} acts and {records} records: {hand_overs} hand-overs, {parts} of them in part, {payments} paid, \
             {unknown_cards} by a card of unknown outcome, {paid_late} at the last moment, {taken_back} taken back, {given_up} given up, \
             {promised} promised by rights, {overruns} sales beyond rights, {sales} sales, {counts} counts, {wrong_numbers} wrong numbers, {notices} notices, {refusals} acts refused, {late_words} kinds of late words, \
             {} power cuts, {} failed flushes",
            self.power_cuts, self.disk_failures
        )
    }
}

/// Both lives and their comparison; `folder` is empty.
pub fn play(seed: u64, orders: u32, hours: u32, folder: &Path) -> Result<OrdersTally, Broken> {
    let store = StoreId::new("store-1").map_err(Broken::doing("naming a store"))?;
    let plan = Plan::new(seed, orders, hours, &store, BEGINS_MS)?;
    let mut tally = OrdersTally { orders: plan.orders.len(), ..OrdersTally::default() };
    let mut ends = Vec::new();
    let mut cells = BTreeSet::new();
    for (is_cut, name) in [(false, "up"), (true, "cut")] {
        let mut shop = Shop::new(seed, &plan, &folder.join(name), is_cut)?;
        shop.live()?;
        shop.chain.check_copies()?;
        let end = end_of(&shop, &plan)?;
        cells.append(&mut shop.cells);
        add(&mut tally, &shop);
        ends.push(end);
    }
    tally.late_words = cells.len();
    let [up, cut] = [&ends[0], &ends[1]];
    for what in up.keys().chain(cut.keys()) {
        if up.get(what) != cut.get(what) {
            let shown = |end: &BTreeMap<String, Value>| end.get(what).map_or("nothing".to_owned(), Value::to_string);
            return Err(Broken::new(&format!("{what} ends otherwise"), &format!("with the line up {}, cut {}", shown(up), shown(cut))));
        }
    }
    Ok(tally)
}

fn add(tally: &mut OrdersTally, shop: &Shop) {
    tally.acts += shop.acts;
    tally.records += shop.store().head().seq;
    tally.sales += shop.sales.0;
    tally.hand_overs += shop.ledger.hand_overs;
    tally.taken_back += shop.ledger.taken_back;
    tally.parts += shop.ledger.parts;
    tally.payments += shop.ledger.payments;
    tally.unknown_cards += shop.unknown_cards;
    tally.paid_late += shop.paid_late;
    tally.wrong_numbers += shop.ledger.wrong_numbers;
    tally.counts += shop.ledger.counts;
    tally.promised += shop.ledger.promised;
    tally.overruns += shop.ledger.overruns;
    tally.given_up += shop.store().state().orders.ended.values().filter(|ended| ended.why.is_some()).count();
    tally.notices += shop.ledger.notices.len();
    tally.refusals += shop.refusals;
    tally.power_cuts += shop.store().power_cuts;
    tally.disk_failures += shop.store().failures;
}

/// What must be the same in both lives, by name. On the way, head office must say what the store says.
fn end_of(shop: &Shop, plan: &Plan) -> Result<BTreeMap<String, Value>, Broken> {
    let racing: BTreeSet<&OrderNo> = plan.orders.iter().filter(|planned| planned.races()).map(|planned| &planned.placed.order).collect();
    let mut end = BTreeMap::new();
    end.insert("what the tills took".to_owned(), json!([shop.sales_alike.0, shop.sales_alike.1]));
    let office_sold = shop.chain.office.sold(&shop.store().id)?;
    if office_sold != shop.sales {
        return Err(shop.broken(&format!("head office counts {office_sold:?} (sales, cents), the tills took {:?}", shop.sales)));
    }
    let book = &shop.store().state().orders;
    for planned in &plan.orders {
        let order = &planned.placed.order;
        let Some(ended) = book.ended.get(order) else { return Err(shop.broken(&format!("{order} did not end"))) };
        let Some((row, ..)) = shop.chain.office.order(order)? else { return Err(shop.broken(&format!("head office lost {order}"))) };
        if row.state != office_name(ended.why) {
            return Err(shop.broken(&format!("{order} is {} at head office and ended with {:?} here", row.state, ended.why)));
        }
        let account = shop.ledger.accounts.get(order).copied().unwrap_or_default();
        let owed_back = shop.chain.office.rows(
            &format!("SELECT reason FROM order_exceptions WHERE order_no = '{order}' AND kind = 'refund_owed' AND settled_ms IS NULL"),
            |row| row.get::<_, String>(0),
        )?;
        if owed_back.len() != usize::from(account.asked_back > Money::ZERO) {
            return Err(shop.broken(&format!("{order}: {account:?}, and head office has to give back {owed_back:?}")));
        }
        if racing.contains(order) {
            continue;
        }
        end.insert(format!("money of order {order}"), json!([account.taken, account.asked_back]));
        end.insert(format!("order {order} in the store"), shop.last_seen.get(order).map_or(Value::Null, |order| as_it_ended(order)));
        end.insert(format!("order {order} as it is remembered"), json!([ended.version, ended.why]));
        // A day later the store remembers only that it is over.
        let note = row.note.replace("the order was ended", "the order was handed over");
        end.insert(format!("order {order} at head office"), json!([row.state, note, row.version, row.cancelled, row.lines]));
        let mut notices: Vec<&str> = shop.ledger.notices.iter().filter(|(of, _)| of == order).map(|(_, words)| words.as_str()).collect();
        notices.sort_unstable();
        end.insert(format!("notices about order {order}"), json!(notices));
    }
    let moves: BTreeMap<String, i64> = shop
        .chain
        .office
        .rows("SELECT sku, sum(quantity) FROM stock_moves GROUP BY sku", |row| Ok((row.get(0)?, row.get(1)?)))?
        .into_iter()
        .collect();
    for article in &plan.articles {
        let (sku, net) = (&article.sku, shop.ledger.net(&article.sku));
        let office = moves.get(sku.as_str()).copied().unwrap_or(0);
        if office != net.thousandths() {
            return Err(shop.broken(&format!("{sku}: head office counts {office} thousandths of moves, the store {}", net.thousandths())));
        }
        if plan.is_promised(sku) {
            continue;
        }
        let others: Qty = net - shop.ledger.net_of_orders(sku, |order| racing.contains(order));
        end.insert(format!("moves of {sku}"), json!(others.thousandths()));
    }
    Ok(end)
}

/// Without times, which differ, and without the customer's secret, which chance gives.
fn as_it_ended(order: &Order) -> Value {
    let (why, issued) = match &order.state {
        OrderState::HandedOver { issued, .. } => (None, issued.as_slice()),
        OrderState::PuttingBack { why } | OrderState::Ended { why, .. } => (Some(*why), [].as_slice()),
        OrderState::Received | OrderState::Accepted | OrderState::Picking { .. } | OrderState::Picked | OrderState::Staged => {
            (None, [].as_slice())
        }
    };
    let asked = json!([order.asked.version, order.asked.promised_ms, order.asked.expires_ms, order.asked.initials, order.asked.lines]);
    json!([order.state.name(), why, issued, asked, order.progress, order.bags, order.units, order.late_version])
}
