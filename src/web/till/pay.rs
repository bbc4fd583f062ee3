//! The right half of the till: what is owed, the keypad, and the ways to pay. Amounts on buttons are exactly what is tendered.

use maud::{Markup, html};

use super::{View, icon, returns};
use crate::money::Money;
use crate::retail::{TenderKind, TransactionRecord};
use crate::web::locale::Locale;
use crate::web::texts::{Texts, fill};

/// Note buttons beside the exact one. Their places stay even when there are fewer.
const NOTE_PLACES: usize = 3;

/// What is owed now, or the change of the sale that was just finished.
pub fn total(view: &View) -> Markup {
    match (view.basket(), &view.till.last) {
        (Some(_), _) => owed(view),
        (None, Some(record)) => finished(view, record),
        (None, None) => {
            html! { div .label { (view.locale.texts.total) }
            div .sums { div .big .none { (view.money(Money::ZERO)) span .code { (view.currency().code) } } } }
        }
    }
}

fn owed(view: &View) -> Markup {
    let t = view.locale.texts;
    let totals = view.totals();
    let part_paid = !totals.paid.is_zero();
    let label = match (totals.due.is_negative(), part_paid) {
        (true, _) => t.returns.to_give_back,
        (false, true) => t.still_to_pay,
        (false, false) => t.to_pay,
    };
    let lines = if totals.lines == 1 { t.one_line.to_owned() } else { fill(t.many_lines, &[&totals.lines.to_string()]) };
    let tenders = view.basket().map(|basket| basket.tenders.as_slice()).unwrap_or_default();
    html! {
        div .label { (label) span .lines { (lines) } }
        div .sums {
            @if totals.due_cash != totals.due { span .cash-due { (t.cash) " " strong { (view.money(owed_either_way(totals.due_cash))) } } }
            div .big { (view.money(owed_either_way(totals.due))) span .code { (view.currency().code) } }
        }
        div .under {
            (super::prices::saved(view))
            @if part_paid { span { (fill(t.total_in, &[&view.money(totals.total)])) } }
            @for (index, tender) in tenders.iter().enumerate() {
                span .tender {
                    (fill(t.paid_so_far, &[tender_word(t, tender.kind)])) " " strong { (view.money(tender.amount)) }
                    @if tender.kind == TenderKind::Cash || (tender.card.is_some() && !tender.amount.is_negative()) {
                        button .small type="button" id=(format!("back-{index}")) data-do="take-back" data-index=(index) { (t.tender_back) }
                    }
                }
            }
        }
    }
}

/// The label says which way it goes.
fn owed_either_way(amount: Money) -> Money {
    amount.abs()
}

fn finished(view: &View, record: &TransactionRecord) -> Markup {
    let t = view.locale.texts;
    let by_cash = record.tenders.iter().any(|tender| tender.kind == TenderKind::Cash);
    let (label, amount) = match record.total.is_negative() {
        true => (t.returns.given_back, -(record.total + record.rounding)),
        false if by_cash => (t.change, record.change),
        false => (t.paid, record.total),
    };
    html! {
        div .label .done { (icon("done")) (label) }
        div .sums { div .big .change data-finished=(record.txn) { (view.money(amount)) span .code { (view.currency().code) } } }
        div .under {
            span { (fill(t.total_in, &[&view.money(record.total + record.rounding)])) }
            @for tender in &record.tenders { span .tender { (tender_word(t, tender.kind)) " " strong { (view.money(tender.amount)) } } }
        }
    }
}

fn tender_word(t: &Texts, kind: TenderKind) -> &'static str {
    match kind {
        TenderKind::Cash => t.cash,
        TenderKind::Card => t.card,
    }
}

/// The ways to pay: card, typed cash, notes, and at the bottom right the exact amount.
pub fn ways(view: &View) -> Markup {
    let t = view.locale.texts;
    if let Some(check) = &view.till.check {
        return super::check::answers(view, check);
    }
    let Some(basket) = view.basket() else { return empty_ways(t) };
    if let Some(card) = &basket.card {
        if let Some(at) = &card.terminal {
            return super::card::ways(view, card, at);
        }
        if card.amount.is_negative() {
            return returns::card_refund(view, card.amount, &card.attempt.to_string());
        }
        return html! {
            div .card-asks { (icon("card")) span { (t.card) } strong { (view.money(card.amount)) } }
            button .not-paid type="button" #pay-not-paid data-do="card-end" data-attempt=(card.attempt) data-paid="false" {
                (icon("void")) (t.card_not_paid) kbd { "-" }
            }
            button .primary .exact type="button" #pay-paid data-do="card-end" data-attempt=(card.attempt) data-paid="true" {
                (icon("done")) (t.card_paid) kbd { "+" }
            }
        };
    }
    if let Some(refund) = returns::refund_ways(view) {
        return refund;
    }
    let totals = view.totals();
    let payable = totals.lines > 0 && view.day_is_open();
    let by_card = payable && totals.due > Money::ZERO;
    let notes: Vec<Money> = view.till.cash_buttons.iter().skip(1).copied().take(NOTE_PLACES).collect();
    let exact = view.till.cash_buttons.first().copied().unwrap_or(totals.due_cash);
    html! {
        button .card type="button" #pay-card data-do="card" disabled[!by_card] {
            (icon("card")) (t.card) span .amount data-typed="card" { (view.money(totals.due)) } kbd { "/" }
        }
        button .typed type="button" #pay-typed data-do="cash-typed" disabled[!payable] {
            (icon("cash")) (t.cash) span .amount data-typed="cash" { (t.cash_typed_hint) }
        }
        // The next note up stands nearest to the exact amount; the largest is furthest away.
        @for place in (0..NOTE_PLACES).rev() {
            @match notes.get(place) {
                Some(note) => button .note type="button" id=(format!("pay-note-{place}")) data-do="cash" data-amount=(note.minor()) disabled[!payable] {
                    span .amount { (view.money(*note)) } span .word { (t.cash) }
                },
                None => div .note .place {},
            }
        }
        button .primary .exact type="button" #pay-exact data-do="cash" data-amount=(exact.minor()) disabled[!payable] {
            span .amount { (view.money(exact)) } span .word { (t.exact) } kbd { "+" }
        }
    }
}

/// The same places, greyed, between two sales.
fn empty_ways(t: &Texts) -> Markup {
    html! {
        button .card type="button" #pay-card disabled { (icon("card")) (t.card) kbd { "/" } }
        button .typed type="button" #pay-typed disabled { (icon("cash")) (t.cash) span .amount { (t.cash_typed_hint) } }
        @for _ in 0..NOTE_PLACES { div .note .place {} }
        button .primary .exact type="button" #pay-exact disabled { span .word { (t.exact) } kbd { "+" } }
    }
}

/// The keypad and what was typed so far. It has no state on the server.
pub fn keypad(locale: &Locale) -> Markup {
    let t = locale.texts;
    let digit = |key: &str| html! { button .key type="button" data-key=(key) { (key) } };
    html! {
        output #entry data-empty=(t.entry_empty) { span .hint { (t.entry_empty) } }
        div .keys {
            (digit("7")) (digit("8")) (digit("9"))
            button .key .word type="button" data-key="Backspace" { span .sign { "\u{232b}" } (t.key_back) }
            (digit("4")) (digit("5")) (digit("6"))
            button .key .word type="button" data-key="*" { span .sign { "\u{00d7}" } (t.key_times) }
            (digit("1")) (digit("2")) (digit("3"))
            button .key .word type="button" data-key="Escape" { span .sign { "C" } (t.key_clear) }
            (digit("0")) (digit("00"))
            button .key type="button" data-key="." { (locale.decimal) }
            button .key .word .enter type="button" data-key="Enter" { span .sign { "\u{21b5}" } (t.key_enter) }
        }
    }
}
