//! The till as cash: opened with its float, moved, counted blind, closed. One panel, whose content is whose move it is. What should be in
//! the drawer stands here only after it was counted, or in a report that somebody with the right to it asked for.

use maud::{Markup, html};

use super::{View, icon};
use crate::ids::{ReasonCode, StaffId};
use crate::money::Money;
use crate::node::screen::TillCash;
use crate::retail::cash::MovementKind;
use crate::retail::till::{Phase, TillReport};
use crate::retail::unproved::LostRange;
use crate::web::layout::visible;
use crate::web::texts::cash::CashTexts;
use crate::web::texts::fill;

/// Keys of the panel's buttons in the order of their places. X and Z mean what they mean on paper; W is for what undoes.
const KEYS: &str = "ABCDEFGHIJKLMNOPQRSTUVY";
const X_KEY: &str = "X";
const Z_KEY: &str = "Z";
const AWAY_KEY: &str = "W";

/// People to hand a drawer over to; more would hardly be at work.
const PEOPLE_MAX: usize = 24;

pub fn panel(view: &View) -> Markup {
    let t = words(view);
    let report = view.till.till_report.as_ref();
    html! {
        @if let Some(report) = report { (report_card(view, report)) }
        @match &view.till.cash {
            None => (not_open(view)),
            Some(cash) => @match &cash.session.phase {
                Phase::Open => (open(view, cash)),
                Phase::Counting { by, .. } => (counting(view, by.as_ref())),
                Phase::Counted { by, counted, .. } => (counted_till(view, cash, by.as_ref(), *counted)),
            },
        }
        @if !view.day_is_open() { p .hint { (view.locale.texts.day_open_hint) } }
        @if view.till.cash.is_none() && report.is_none() { p .hint { (t.closed_hint) } }
    }
}

fn words(view: &View) -> &'static CashTexts {
    view.locale.texts.cash_panel
}

/// What the till says where the sale would be, when its cash cannot be taken. `finished`: the last sale still stands above.
pub fn in_the_way(view: &View, finished: bool) -> Option<Markup> {
    // Practice needs no till that is open.
    if view.till.training {
        return None;
    }
    let t = words(view);
    let class = if finished { "finished" } else { "hint" };
    match &view.till.cash {
        None if view.screen.rules.cash_control => {
            let usual = view.screen.rules.cash.usual_float;
            Some(html! {
                div .(class) .till-closed {
                    div { h2 { (t.closed_title) } p { (t.closed_hint) } }
                    div .choices {
                        @if usual > Money::ZERO {
                            button .primary #open-till type="button" data-do="till-open-usual" data-amount=(usual.minor()) {
                                (icon("cash")) (fill(t.open_with, &[&view.money(usual)]))
                            }
                        }
                        button #count-float type="button" data-panel="cash" { (t.count_float) }
                    }
                }
            })
        }
        Some(cash) if cash.session.phase != Phase::Open => Some(html! {
            div .(class) .till-closed {
                div { h2 { (t.counting) } }
                div .choices { button .primary type="button" data-panel="cash" { (icon("cash")) (t.go_on) } }
            }
        }),
        None | Some(_) => None,
    }
}

/// The way out of a refusal that the till's cash was the reason of.
pub fn remedy(view: &View, code: &str) -> Option<Markup> {
    let t = words(view);
    let word = match code {
        "till_not_open" => t.open,
        "till_being_counted" => t.go_on,
        "till_unproved" => t.to_count,
        _ => return None,
    };
    Some(html! { button type="button" data-panel="cash" { (word) } })
}

/// In the panel "More": the drawer opens with one tap, which is the reason. With the digits as keys.
pub fn no_sale(view: &View) -> Markup {
    let t = words(view);
    let has_drawer = view.screen.rules.workstation(view.workstation).is_some_and(|rules| rules.has_drawer);
    let is_open = view.till.cash.is_some() || !view.screen.rules.cash_control;
    let off = !(has_drawer && is_open && view.day_is_open()) || view.till.training;
    html! {
        div .no-sale {
            strong { (t.drawer) }
            @for (reason, key) in view.screen.rules.cash.reasons.no_sale.iter().zip(1..=9) {
                button type="button" data-do="no-sale" data-reason=(reason) data-tile=(key) disabled[off] {
                    (visible(t.reason(reason.as_str()))) kbd { (key) }
                }
            }
        }
    }
}

fn not_open(view: &View) -> Markup {
    let t = words(view);
    let usual = view.screen.rules.cash.usual_float;
    let off = !view.day_is_open();
    html! {
        p .fact { strong { (t.closed_title) } }
        @if usual > Money::ZERO {
            div .wide-choice {
                button .primary type="button" data-do="till-open-usual" data-amount=(usual.minor()) data-tile="A" disabled[off] {
                    (icon("cash")) (fill(t.open_with, &[&view.money(usual)])) kbd { "A" }
                }
            }
        }
        (grid(view, "open", "float", t.open_hint, t.open_counted, off))
    }
}

/// Letters for buttons, one after the other.
struct Keys(std::str::Chars<'static>);

impl Keys {
    fn new() -> Keys {
        Keys(KEYS.chars())
    }
    fn next(&mut self) -> String {
        self.0.next().map(String::from).unwrap_or_default()
    }
}

fn open(view: &View, cash: &TillCash) -> Markup {
    let t = words(view);
    let session = &cash.session;
    let reasons = &view.screen.rules.cash.reasons;
    let off = !view.day_is_open();
    let mut keys = Keys::new();
    let into = ways(view, (MovementKind::Loan, "loan"), (MovementKind::PaidIn, "paid_in", &reasons.paid_in), &mut keys, off);
    let out = ways(view, (MovementKind::Pickup, "pickup"), (MovementKind::PaidOut, "paid_out", &reasons.paid_out), &mut keys, off);
    let bag = keys.next();
    let day = keys.next();
    html! {
        p .fact {
            strong { (fill(t.open_since, &[&view.locale.clock(session.opened_at.ms)])) }
            @if let Some(owner) = &session.owner { " " (fill(t.of, &[&name(view, owner)])) }
            " · " (fill(t.float, &[&view.money(session.float)]))
            @if !session.movements.is_empty() { " · " (t.moved) " " (moved(view, cash)) }
        }
        p .hint .tight { (t.amount_hint) }
        h3 { (t.into) }
        div .cash-ways { (into) }
        h3 { (t.out) }
        div .cash-ways {
            (out)
            button #bag-cell type="button" data-do="bag-cell" data-tile=(bag) data-none=(t.bag_none) data-bag=[view.till.bag.as_ref()] aria-pressed="false" disabled[off] {
                span .word { (t.bag) } span #bag-number { (t.bag_none) } kbd { (bag) }
            }
        }
        h3 { (t.reports) }
        div .cash-ways {
            button type="button" data-do="till-x" data-tile=(X_KEY) { (t.x_till) kbd { (X_KEY) } }
            button type="button" data-do="till-day-x" data-tile=(day) disabled[off] { (t.x_day) kbd { (day) } }
            button .primary type="button" data-do="till-start-count" data-tile=(Z_KEY) { (t.to_count) kbd { (Z_KEY) } }
        }
    }
}

/// One way for the safe, and one for each reason of the other.
fn ways(view: &View, safe: (MovementKind, &str), outside: (MovementKind, &str, &[ReasonCode]), keys: &mut Keys, off: bool) -> Markup {
    let t = words(view);
    let mut way = |kind: &str, reason: Option<&ReasonCode>, word: &str, why: Option<&str>| {
        let key = keys.next();
        html! {
            button type="button" data-do="till-move" data-kind=(kind) data-reason=[reason] data-tile=(key) disabled[off] {
                span .word { (word) } @if let Some(why) = why { span .why { (visible(why)) } } kbd { (key) }
            }
        }
    };
    html! {
        (way(safe.1, None, t.kind(safe.0), None))
        @for reason in outside.2 { (way(outside.1, Some(reason), t.kind(outside.0), Some(t.reason(reason.as_str())))) }
    }
}

/// "Loan from safe 50.00, Pickup to safe −80.00".
fn moved(view: &View, cash: &TillCash) -> String {
    let t = words(view);
    let kinds = [MovementKind::Loan, MovementKind::Pickup, MovementKind::PaidIn, MovementKind::PaidOut];
    let sums = kinds.map(|kind| (kind, kind.signed(crate::retail::cash::sum_of(&cash.session.movements, kind))));
    let shown = sums.iter().filter(|(_, sum)| !sum.is_zero()).map(|(kind, sum)| format!("{} {}", t.kind(*kind), view.money(*sum)));
    let none: u64 = cash.session.movements.iter().filter(|sum| sum.kind == MovementKind::NoSale).map(|sum| sum.count).sum();
    let none = (none > 0).then(|| format!("{} × {none}", t.kind(MovementKind::NoSale)));
    shown.chain(none).collect::<Vec<_>>().join(", ")
}

fn counting(view: &View, by: Option<&StaffId>) -> Markup {
    let t = words(view);
    let mine = by == signed_in(view);
    html! {
        p .fact {
            strong {
                @match by.filter(|_| !mine) {
                    Some(by) => (fill(t.counting_by, &[&name(view, by)])),
                    None => (t.counting),
                }
            }
        }
        @if mine { (grid(view, "count", "first", t.count_hint, t.count_done, false)) }
        div .wide-choice { button type="button" data-do="till-cancel" data-tile=(AWAY_KEY) { (t.give_up) kbd { (AWAY_KEY) } } }
    }
}

fn counted_till(view: &View, cash: &TillCash, by: Option<&StaffId>, counted: Money) -> Markup {
    let t = words(view);
    let session = &cash.session;
    let difference = counted - session.cash;
    let mine = by == signed_in(view);
    let is_proved = cash.unproved.is_empty();
    let mut keys = Keys::new();
    html! {
        dl .figures {
            (figure(t.counted, &view.money(counted), false))
            (figure(&expected_word(t, is_proved), &view.money(session.cash), false))
            (figure(t.difference, &view.money(difference), true))
        }
        (lost(view, &cash.unproved))
        @if !difference.is_zero() {
            h3 { (t.why) }
            div .cash-ways role="radiogroup" aria-label=(t.why) {
                @for reason in &view.screen.rules.cash.reasons.difference {
                    @let key = keys.next();
                    button type="button" data-do="till-reason" data-reason=(reason) data-tile=(key) aria-pressed="false" {
                        (visible(t.reason(reason.as_str()))) kbd { (key) }
                    }
                }
            }
        }
        div .wide-choice {
            @if mine { button type="button" data-do="till-recount" data-tile=(AWAY_KEY) { (t.count_again) kbd { (AWAY_KEY) } } }
            @else { button type="button" data-do="till-other-counts" data-tile=(AWAY_KEY) { (t.other_counts) kbd { (AWAY_KEY) } } }
            button .primary #till-close type="button" data-do="till-close" data-tile=(Z_KEY) { (icon("cash")) (t.close) kbd { (Z_KEY) } }
        }
        @if mine { div #till-recount hidden { (grid(view, "count", &format!("again-{}", session.counts), t.count_hint, t.count_done, false)) } }
        @if !view.screen.staff.is_empty() {
            h3 { (t.hand_over) }
            div .cash-ways {
                @for person in view.screen.staff.iter().filter(|person| Some(&person.id) != session.owner.as_ref()).take(PEOPLE_MAX) {
                    @let key = keys.next();
                    button type="button" data-do="till-hand-over" data-staff-id=(person.id) data-tile=(key) {
                        (visible(&person.name)) @if !key.is_empty() { kbd { (key) } }
                    }
                }
            }
        }
    }
}

/// Notes and coins, largest first, and one place for the sum instead. How many of each is this browser's business until it is sent.
fn grid(view: &View, act: &str, round: &str, hint: &str, done: &str, off: bool) -> Markup {
    let t = words(view);
    html! {
        p .hint .tight { (hint) }
        div .count-grid data-act=(act) data-round=(round) {
            @for value in view.screen.rules.cash.denominations.iter().rev() {
                button type="button" data-do="count-cell" data-value=(value.minor()) aria-pressed="false" disabled[off] {
                    span .value { (view.money(*value)) } span .pieces {}
                }
            }
            button .sum type="button" data-do="count-cell" data-value="total" aria-pressed="false" disabled[off] {
                span .value { (t.total_instead) } span .pieces {}
            }
        }
        div .count-end {
            span { (t.so_far) " " strong .count-sum { (view.money(Money::ZERO)) } }
            button .primary type="button" data-do="count-done" disabled[off] { (icon("done")) (done) kbd { "+" } }
        }
    }
}

/// The X that was read, or the Z that closed the till, as long as nothing else was done.
fn report_card(view: &View, report: &TillReport) -> Markup {
    let t = words(view);
    let money = |amount: Money| view.money(amount);
    let title = if report.counted.is_some() { t.z_title } else { t.x_title };
    html! {
        div #till-report role="dialog" aria-label=(fill(title, &[&report.number.to_string()])) data-report=(format!("{}-{}", report.number, report.closed_at.ms)) {
            h3 { (fill(title, &[&report.number.to_string()])) " · " (view.locale.date_and_clock(report.closed_at.ms)) }
            dl .figures {
                (figure(&fill(t.open_since, &[&view.locale.clock(report.opened_at.ms)]), &report.owner.as_ref().map(|owner| name(view, owner)).unwrap_or_default(), false))
                (figure(&fill(t.float, &[""]), &money(report.float), false))
                (figure(t.taken, &money(report.taken), false))
                @for sum in &report.movements {
                    @let why = sum.reason.as_ref().map(|reason| format!(": {}", visible(t.reason(reason.as_str())))).unwrap_or_default();
                    @let amount = if sum.kind == MovementKind::NoSale { String::new() } else { money(sum.kind.signed(sum.amount)) };
                    (figure(&format!("{} × {}{why}", sum.count, t.kind(sum.kind)), &amount, false))
                }
                (figure(&expected_word(t, report.unproved.is_empty()), &money(report.expected), true))
                @if let Some(counted) = &report.counted {
                    (figure(t.counted, &money(counted.counted), false))
                    (figure(t.difference, &money(counted.difference), true))
                    @if let Some(reason) = &counted.reason { (figure(t.reason, &visible(t.reason(reason.as_str())), false)) }
                    @if let Some(by) = &counted.by { (figure(t.counted_by, &name(view, by), false)) }
                }
                @if let Some(to) = &report.handed_to { (figure(t.handed_to, &name(view, to), false)) }
            }
            (lost(view, &report.unproved))
            div .wide-choice { button type="button" data-do="report-back" data-tile=(AWAY_KEY) { (t.back) kbd { (AWAY_KEY) } } }
        }
    }
}

fn figure(word: &str, value: &str, strong: bool) -> Markup {
    html! { div .strong[strong] { dt { (word) } dd { (value) } } }
}

fn expected_word(t: &CashTexts, is_proved: bool) -> String {
    if is_proved { t.expected.to_owned() } else { format!("{} ({})", t.expected, t.unproved) }
}

fn lost(view: &View, ranges: &[LostRange]) -> Markup {
    let t = words(view);
    html! {
        @for range in ranges {
            p .warn-text { (icon("stop")) " " (fill(t.unproved_hint, &[&range.first_seq.to_string(), &range.last_seq.to_string()])) }
        }
    }
}

fn signed_in<'a>(view: &'a View) -> Option<&'a StaffId> {
    view.till.signed_in.as_ref().filter(|here| !here.locked).map(|here| &here.staff)
}

fn name(view: &View, staff: &StaffId) -> String {
    visible(view.screen.staff_name(staff))
}
