//! What must hold after every event. One function per invariant, each saying what is wrong in words; run by scenarios, by property
//! tests, by the simulation and at day close. Nothing here decides or repairs.

use std::fmt;

use super::basket::{Basket, Place};
use super::day::{Day, Totals};
use super::order;
use super::stock::{self, Movements};
use super::{QuantityFrom, SoldLine, State, TransactionKind, TransactionRecord};
use crate::money::{Money, Qty, Unit};

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The invariant in words.
    pub rule: &'static str,
    /// To which thing, with the numbers.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

type Check<T> = fn(&T) -> Result<(), Broken>;

/// All invariants of a state. Empty when all is well.
pub fn check_all(state: &State) -> Vec<Broken> {
    let checks: [Check<State>; 15] = [
        events_fitted,
        screens_and_baskets_agree,
        baskets_are_whole,
        numbers_are_gapless,
        totals_balance,
        last_records_are_whole,
        closed_days_are_empty,
        movements_are_in_order,
        answers_are_indexed,
        nothing_comes_back_twice,
        tills_hold_what_moved,
        dated_transactions_have_money,
        orders_end_once,
        stock_work_is_whole,
        practice_touches_nothing,
    ];
    checks.iter().filter_map(|check| check(state).err()).collect()
}

/// All invariants of one finished transaction. Empty when all is well.
pub fn check_record(record: &TransactionRecord) -> Vec<Broken> {
    let checks: [Check<TransactionRecord>; 5] =
        [lines_are_whole, taxes_sum, tenders_pay_the_total, void_moves_nothing, kind_tells_its_lines];
    checks.iter().filter_map(|check| check(record).err()).collect()
}

/// A record repeats its basket: same transaction, same lines; a sale's tenders are the basket's.
pub fn completion(basket: &Basket, record: &TransactionRecord) -> Result<(), Broken> {
    let rule = Rule("a record equals its basket");
    let place = format!("transaction {}", record.txn);
    rule.holds(basket.txn == record.txn && basket.opened_at == record.opened_at, || format!("{place}: another identity"))?;
    rule.holds(basket.live().eq(record.lines.iter()), || format!("{place}: other lines"))?;
    rule.holds(basket.tenders == record.tenders, || format!("{place}: other tenders"))?;
    rule.holds(basket.training == record.training, || format!("{place}: practice and not practice"))?;
    rule.holds(basket.card.is_none(), || format!("{place}: ended while a card payment ran"))?;
    rule.holds(basket.workstation() == Some(&record.workstation), || format!("{place}: ended at workstation {}", record.workstation))
}

/// Units held for an order are issued or released, once; an order is in one state, and has what that state says.
fn orders_end_once(state: &State) -> Result<(), Broken> {
    let broken = order::broken(&state.orders);
    Rule("what is held for an order ends once").holds(broken.is_none(), || broken.clone().unwrap_or_default())
}

/// A sheet says each thing once, at most one count waits for an article, and every list keeps its limit.
fn stock_work_is_whole(state: &State) -> Result<(), Broken> {
    let broken = stock::broken(&state.stock);
    Rule("stock work is whole").holds(broken.is_none(), || broken.clone().unwrap_or_default())
}

/// No event met a state that it could not follow from.
fn events_fitted(state: &State) -> Result<(), Broken> {
    let first = state.impossible.first();
    Rule("events follow from the state before them").holds(first.is_none(), || {
        first.map(|it| format!("{} of them, the first in record {}: {}", state.impossible.len(), it.seq, it.why)).unwrap_or_default()
    })
}

/// A transaction is on one screen or suspended, and a screen shows the one that is there.
fn screens_and_baskets_agree(state: &State) -> Result<(), Broken> {
    let rule = Rule("a transaction is in one place");
    for (id, workstation) in &state.workstations {
        if let Some(txn) = workstation.open {
            let shown = state.baskets.get(&txn).is_some_and(|basket| basket.workstation() == Some(id));
            rule.holds(shown, || format!("workstation {id} shows {txn}, which is elsewhere"))?;
        }
    }
    for (txn, basket) in &state.baskets {
        rule.holds(basket.txn == *txn, || format!("{txn} is filed under another name"))?;
        let shown = match &basket.place {
            Place::At(workstation) => state.workstations.get(workstation).is_some_and(|w| w.open == Some(*txn)),
            Place::Suspended { .. } => basket.tenders.is_empty() && basket.card.is_none(),
        };
        rule.holds(shown, || format!("{txn} is on no screen, or suspended with money in it"))?;
    }
    Ok(())
}

/// Every open line is exact; numbers ascend; undo names lines that are there.
fn baskets_are_whole(state: &State) -> Result<(), Broken> {
    let rule = Rule("an open transaction is whole");
    for basket in state.baskets.values() {
        for line in &basket.lines {
            check_line(&line.sold)
                .map_err(|what| Broken { rule: "an open transaction is whole", what: format!("{}: {what}", basket.txn) })?;
        }
        let ascending = basket.lines.windows(2).all(|pair| pair[0].sold.line < pair[1].sold.line);
        let below_next = basket.lines.last().is_none_or(|last| last.sold.line < basket.next_line);
        rule.holds(ascending && below_next, || format!("{}: line numbers do not ascend", basket.txn))?;
        rule.holds(!basket.is_blank(), || format!("{}: open without a line", basket.txn))?;
    }
    Ok(())
}

/// Every number drawn today belongs to a sale or a void, voids included, none skipped.
fn numbers_are_gapless(state: &State) -> Result<(), Broken> {
    let rule = Rule("numbers per workstation are gapless");
    for (id, workstation) in &state.workstations {
        let drawn = if workstation.first_counter == 0 { 0 } else { workstation.counter + 1 - workstation.first_counter };
        let totals = &workstation.totals;
        let ended = totals.sales + totals.voids + totals.returns + totals.post_voids + workstation.late;
        rule.holds(drawn == ended, || format!("workstation {id} drew {drawn} numbers for {ended} transactions"))?;
        let last = workstation.last.as_ref().map_or(0, |last| last.number.counter);
        rule.holds(last <= workstation.counter, || {
            format!("workstation {id} sold under {last}, above its counter {}", workstation.counter)
        })?;
    }
    Ok(())
}

/// Tenders kept = total + rounding, and taxes sum to the total, for each workstation's day.
fn totals_balance(state: &State) -> Result<(), Broken> {
    let check = |name: &str, totals: &Totals| {
        let rule = Rule("a day's totals balance");
        let kept: Money = totals.tenders.iter().map(|(_, amount)| *amount).sum();
        rule.holds(kept == totals.total + totals.rounding, || {
            format!("{name}: kept {kept:?}, owed {:?} + {:?}", totals.total, totals.rounding)
        })?;
        let gross: Money = totals.taxes.iter().map(|group| group.gross).sum();
        rule.holds(gross == totals.total, || format!("{name}: tax groups sum to {gross:?}, sales to {:?}", totals.total))
    };
    for (id, workstation) in &state.workstations {
        check(&format!("workstation {id}"), &workstation.totals)?;
    }
    state.last_report.as_ref().map_or(Ok(()), |report| check(&format!("day report {}", report.number), &report.totals))
}

fn last_records_are_whole(state: &State) -> Result<(), Broken> {
    let last = state.workstations.values().filter_map(|workstation| workstation.last.as_deref());
    last.flat_map(check_record).next().map_or(Ok(()), Err)
}

/// Between days nothing is open that the report does not name, so a report misses nothing.
fn closed_days_are_empty(state: &State) -> Result<(), Broken> {
    let empty = match state.day {
        Day::Open { .. } => true,
        Day::NeverOpened | Day::Closed { .. } => {
            let listed =
                |txn: &crate::ids::TxnId| state.last_report.as_ref().is_some_and(|report| report.open.iter().any(|open| open.txn == *txn));
            state.baskets.iter().filter(|(_, basket)| !basket.training).all(|(txn, _)| listed(txn))
                && state.workstations.values().all(|w| w.totals == Totals::default() && w.late == 0)
        }
    };
    Rule("while the day is closed nothing is open but what its report lists")
        .holds(empty, || format!("{} transactions are open", state.baskets.len()))
}

fn movements_are_in_order(state: &State) -> Result<(), Broken> {
    let rule = Rule("movements are kept in the order of their records");
    for (sku, movements) in &state.movements {
        match movements {
            Movements::Settled { .. } | Movements::Counted { .. } => {}
            Movements::Apart(list) => rule.holds(list.windows(2).all(|pair| pair[0].seq < pair[1].seq), || format!("article {sku}"))?,
        }
    }
    Ok(())
}

fn answers_are_indexed(state: &State) -> Result<(), Broken> {
    Rule("every answer is found by id and by record").holds(state.answers.is_consistent(), || format!("{} answers", state.answers.len()))
}

/// expected till cash = float + in − out − pickups, by the sums and by the running figure.
fn tills_hold_what_moved(state: &State) -> Result<(), Broken> {
    let rule = Rule("expected till cash = float + in − out − pickups");
    for (id, till) in &state.cash.tills {
        if let Some(session) = &till.session {
            let (expected, cash) = (session.expected(), session.cash);
            rule.holds(expected == cash, || format!("till {id}: the sums say {expected:?}, the drawer {cash:?}"))?;
            rule.holds(session.number == till.reports + 1, || format!("till {id}: its Z would be number {}", session.number))?;
        }
    }
    let money: Money = state.cash.safe.waiting().map(|(_, bag)| bag.amount).sum();
    rule.holds(!money.is_negative(), || format!("the bags hold {money:?}"))
}

/// A transaction keeps the date of a closed day exactly as long as money is on the move.
fn dated_transactions_have_money(state: &State) -> Result<(), Broken> {
    let rule = Rule("a transaction of a closed day has money in it");
    for basket in state.baskets.values() {
        let whole = basket.closed_under.is_none_or(|under| {
            basket.has_money() && state.last_report.as_ref().is_some_and(|last| under.report <= last.number && under.date <= last.date)
        });
        rule.holds(whole, || format!("transaction {}", basket.txn))?;
    }
    Ok(())
}

/// Practice is practice from its first line on, asks no terminal, gives nothing back and keeps its papers apart.
fn practice_touches_nothing(state: &State) -> Result<(), Broken> {
    let rule = Rule("practice touches nothing");
    for basket in state.baskets.values() {
        let here = basket.workstation().and_then(|id| state.workstations.get(id)).is_some_and(|here| here.training);
        rule.holds(basket.training == here, || format!("{}: practice is {}, at its workstation {here}", basket.txn, basket.training))?;
        let asks = basket.card.as_ref().is_some_and(|card| card.terminal.is_some());
        let touches = asks || basket.closed_under.is_some() || basket.live().any(|line| line.returned.is_some());
        rule.holds(!basket.training || !touches, || format!("{}: a terminal, a closed day or a return in practice", basket.txn))?;
    }
    for (id, workstation) in &state.workstations {
        let real = workstation.last.as_ref().is_none_or(|last| !last.training && !last.number.training);
        let practised = workstation.practised.as_ref();
        let apart = practised.is_none_or(|last| {
            last.training
                && last.number.training
                && last.number.counter <= workstation.training_counter
                && last.kind == TransactionKind::Sale
        });
        rule.holds(real && apart, || format!("workstation {id}: its newest real sale is practice, or the other way round"))?;
    }
    Ok(())
}

fn lines_are_whole(record: &TransactionRecord) -> Result<(), Broken> {
    let rule = Rule("a record's lines are whole");
    for line in &record.lines {
        check_line(line).map_err(|what| Broken { rule: "a record's lines are whole", what: format!("{}: {what}", record.number) })?;
    }
    rule.holds(record.lines.windows(2).all(|pair| pair[0].line < pair[1].line), || {
        format!("{}: line numbers do not ascend", record.number)
    })?;
    rule.holds(record.workstation == record.number.workstation, || format!("{}: numbered at another workstation", record.number))
}

/// Lines sum to the tax groups, net and tax to gross, components to the tax, groups to the total.
fn taxes_sum(record: &TransactionRecord) -> Result<(), Broken> {
    match record.kind {
        TransactionKind::Void => return Ok(()),
        TransactionKind::Sale | TransactionKind::Return | TransactionKind::PostVoid => {}
    }
    let rule = Rule("taxes sum");
    let number = &record.number;
    for group in &record.taxes {
        let name = format!("{number}, class {}", group.class);
        let lines: Money = record.lines.iter().filter(|line| line.tax_class == group.class).map(|line| line.extended).sum();
        // A class stands twice when its rate was another one when the goods were sold that now come back.
        let priced = record.taxes.iter().filter(|other| other.class == group.class).map(|group| match record.tax_mode {
            super::tax::TaxMode::Inclusive => group.gross,
            super::tax::TaxMode::Exclusive => group.net,
        });
        let priced: Money = priced.sum();
        rule.holds(lines == priced, || format!("{name}: lines sum to {lines:?}, the group says {priced:?}"))?;
        rule.holds(group.net + group.tax == group.gross, || format!("{name}: net and tax are not gross"))?;
        let components: Money = group.components.iter().map(|component| component.tax).sum();
        rule.holds(components == group.tax, || format!("{name}: components sum to {components:?}, the tax is {:?}", group.tax))?;
        rule.holds(group.components.iter().all(|component| component.base == group.net), || {
            format!("{name}: a component has another base")
        })?;
    }
    let gross: Money = record.taxes.iter().map(|group| group.gross).sum();
    rule.holds(gross == record.total, || format!("{number}: groups sum to {gross:?}, the total is {:?}", record.total))?;
    let grouped = record.lines.iter().all(|line| record.taxes.iter().any(|group| group.class == line.tax_class));
    rule.holds(grouped, || format!("{number}: a line is in no tax group"))
}

/// tenders − change = total + rounding.
fn tenders_pay_the_total(record: &TransactionRecord) -> Result<(), Broken> {
    match record.kind {
        TransactionKind::Void => return Ok(()),
        TransactionKind::Sale | TransactionKind::Return | TransactionKind::PostVoid => {}
    }
    let rule = Rule("tenders − change = total + rounding");
    let tendered: Money = record.tenders.iter().map(|tender| tender.amount).sum();
    let (change, total, rounding) = (record.change, record.total, record.rounding);
    rule.holds(tendered - change == total + rounding, || {
        format!("{}: {tendered:?} − {change:?}, {total:?} + {rounding:?}", record.number)
    })?;
    rule.holds(!change.is_negative(), || format!("{}: negative change", record.number))
}

fn void_moves_nothing(record: &TransactionRecord) -> Result<(), Broken> {
    let moves = !(record.tenders.is_empty() && record.taxes.is_empty() && record.change.is_zero() && record.rounding.is_zero());
    let lines: Money = record.lines.iter().map(|line| line.extended).sum();
    let is_clean = match record.kind {
        TransactionKind::Sale | TransactionKind::Return | TransactionKind::PostVoid => true,
        TransactionKind::Void => !moves && lines == record.total,
    };
    Rule("a void transaction moves nothing").holds(is_clean, || record.number.to_string())
}

/// A return has returned lines only, a post-void those of one sale, and a sale one that was sold.
fn kind_tells_its_lines(record: &TransactionRecord) -> Result<(), Broken> {
    let returned = record.lines.iter().filter(|line| line.returned.is_some()).count();
    let undone = record.lines.iter().filter(|line| line.returned.as_ref().is_some_and(|of| of.post_void)).count();
    let fits = match record.kind {
        TransactionKind::Void => true,
        TransactionKind::Sale => returned < record.lines.len() && undone == 0,
        TransactionKind::Return => returned == record.lines.len() && undone == 0,
        TransactionKind::PostVoid => undone == record.lines.len(),
    };
    Rule("a transaction's kind tells its lines")
        .holds(fits, || format!("{}: {:?} with {returned} returned lines of {}", record.number, record.kind, record.lines.len()))
}

/// Of no line more comes back than was sold, and of no sale more money than it brought.
fn nothing_comes_back_twice(state: &State) -> Result<(), Broken> {
    let rule = Rule("returned is never more than sold");
    for (txn, sale) in state.returned.sales() {
        for (line, units) in &sale.lines {
            rule.holds(units.returned <= units.sold && units.returned > Qty::ZERO, || {
                format!("{txn}, line {line}: {} of {}", units.returned, units.sold)
            })?;
        }
        rule.holds(!sale.amount.is_negative(), || format!("{txn}: {:?} given back", sale.amount))?;
    }
    Ok(())
}

/// A returned line repeats its share of the taxes it was sold with, and everything on it is turned.
fn check_returned(line: &SoldLine) -> Result<(), String> {
    let name = format!("line {}", line.line);
    let Some(of) = &line.returned else { return Ok(()) };
    if line.quantity >= Qty::ZERO || line.extended > Money::ZERO {
        return Err(format!("{name}: comes back with quantity {} and {:?}", line.quantity, line.extended));
    }
    let components: Money = of.tax.components.iter().map(|component| component.tax).sum();
    let sums = of.tax.net + of.tax.tax == of.tax.gross && (of.tax.components.is_empty() || components == of.tax.tax);
    if !sums || (of.tax.net != line.extended && of.tax.gross != line.extended) {
        return Err(format!("{name}: comes back with a tax that is not its own"));
    }
    Ok(())
}

fn check_line(line: &SoldLine) -> Result<(), String> {
    let name = format!("line {}", line.line);
    let discounts: Money = line.discounts.iter().map(|discount| discount.amount).sum();
    if line.extended != line.gross + discounts {
        return Err(format!("{name}: {:?} is not {:?} with discounts {discounts:?}", line.extended, line.gross));
    }
    check_returned(line)?;
    if line.quantity <= Qty::ZERO && line.returned.is_none() {
        return Err(format!("{name}: quantity {}", line.quantity));
    }
    if line.unit == Unit::Piece && line.quantity_from == QuantityFrom::Entry && !line.quantity.is_whole() {
        return Err(format!("{name}: {} pieces", line.quantity));
    }
    if line.embedded_price.is_some_and(|price| price != line.gross) {
        return Err(format!("{name}: costs {:?}, its code says otherwise", line.gross));
    }
    Ok(())
}

/// Says which rule does not hold, and for what.
struct Rule(&'static str);

impl Rule {
    fn holds(&self, condition: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
        if condition { Ok(()) } else { Err(Broken { rule: self.0, what: what() }) }
    }
}
