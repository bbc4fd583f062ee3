//! Goods that come back: the receipt over the list, why they come back, and for each line where it goes; the entry for those that have no code to
//! scan.

use maud::{Markup, html};

use super::{View, icon, panel_head};
use crate::money::{Money, Qty, Unit};
use crate::node::screen::OpenReceipt;
use crate::retail::{Disposition, OriginalLine, SoldLine, TenderKind, TransactionKind, TransactionRecord};
use crate::web::layout::visible;
use crate::web::texts::fill;
use crate::web::texts::returns::ReturnTexts;

/// The receipt on the screen; empty when there is none.
pub fn receipt(view: &View) -> Markup {
    let Some(open) = &view.till.receipt else { return html! {} };
    let t = view.locale.texts.returns;
    let original = &open.original;
    html! {
        div .receipt-card role="dialog" aria-label=(t.title) data-receipt=(open.receipt) {
            div .panel-head {
                h2 { (fill(t.of_receipt, &[&original.number, &view.locale.date(original.business_date)])) }
                button type="button" data-do="close-receipt" { (view.locale.texts.close) kbd { "Esc" } }
            }
            p .facts {
                @if let Some(store) = &original.store { strong { (fill(t.sold_by, &[store.as_str()])) } " · " }
                strong { (view.money(original.total)) } " · "
                span .elsewhere { (elsewhere(view, open)) }
            }
            (reasons(view))
            div .fill.receipt-lines {
                @if original.lines.is_empty() {
                    p .hint { (t.lines_unknown) }
                    (scan_to(view, Some(&open.receipt)))
                } @else {
                    p .step .where-to hidden { (t.where_to) }
                }
                @for line in &original.lines { (line_row(view, open, line)) }
            }
        }
    }
}

fn elsewhere(view: &View, open: &OpenReceipt) -> String {
    let t = view.locale.texts.returns;
    if open.asking {
        return t.asking.to_owned();
    }
    match (&open.original.elsewhere, &open.original.store) {
        (Some(_), _) => t.elsewhere_known.to_owned(),
        (None, None) => t.elsewhere_unknown.to_owned(),
        (None, Some(_)) => {
            let max = view.money(view.screen.rules.returns.unknown_elsewhere_max);
            format!("{} {}", t.elsewhere_unknown, fill(t.capped, &[&max]))
        }
    }
}

/// Why it comes back. Nothing is chosen beforehand; which one is, is this browser's business.
fn reasons(view: &View) -> Markup {
    let t = view.locale.texts.returns;
    html! {
        p .step .why-first { (t.why) }
        div .reasons role="radiogroup" aria-label=(t.why) {
            @for reason in &view.screen.rules.returns.reasons {
                @let places: Vec<&str> = Disposition::of_reason(reason).iter().map(|place| place.name()).collect();
                button type="button" role="radio" data-do="choose-reason" data-reason=(reason) data-places=(places.join(" ")) aria-checked="false" {
                    (t.reason(reason))
                }
            }
        }
    }
}

/// One button a place: it begins that scanned articles come back and go there. They show when it is said why.
fn scan_to(view: &View, receipt: Option<&str>) -> Markup {
    let t = view.locale.texts.returns;
    html! {
        p .step .where-to hidden { (t.scan_to) }
        div .places {
            @for place in Disposition::ALL {
                button .goes-to type="button" data-do="arm-return" data-disposition=(place.name()) data-receipt=[receipt] hidden {
                    (icon("scan")) span .goes { (goes(t, place)) }
                }
            }
        }
    }
}

fn goes(t: &ReturnTexts, disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Shelf => t.shelf,
        Disposition::Damaged => t.damaged,
        Disposition::Supplier => t.supplier,
    }
}

/// A tap on a place gives back one more (of what is measured: all) and says where it goes; on another place, that it all goes there. The small
/// buttons give back all, or fewer.
fn line_row(view: &View, open: &OpenReceipt, line: &OriginalLine) -> Markup {
    let t = view.locale.texts.returns;
    let before = open.returned.get(&line.line).copied().unwrap_or_default();
    let left = line.quantity - before;
    let now = in_basket(view, open, line.line);
    let of = now.and_then(|sold| sold.returned.as_ref());
    let back = now.map_or(Qty::ZERO, |sold| -sold.quantity);
    let quantity = |quantity: Qty| view.locale.quantity(quantity, line.unit);
    let step = if line.unit == Unit::Piece && left.is_whole() { Qty::ONE } else { left };
    html! {
        div .receipt-line .chosen[back > Qty::ZERO] data-line=(line.line) data-left=(left.thousandths()) data-now=(back.thousandths())
            data-step=(step.thousandths()) data-basket-line=[now.map(|sold| sold.line)] data-reason=[of.map(|of| of.reason.as_str())]
            data-disposition=[of.map(|of| of.disposition.name())] {
            div .what {
                span .back { @if back > Qty::ZERO { "\u{2212}" (quantity(back)) } }
                span .name {
                    (visible(&line.name))
                    span .each {
                        (fill(t.sold, &[&quantity(line.quantity), &view.money(line.extended)]))
                        @if left <= Qty::ZERO { " · " (t.nothing_left) }
                        @else if before > Qty::ZERO { " · " (fill(t.returned, &[&quantity(before)])) }
                    }
                }
                span .price { @if let Some(sold) = now { (view.money(sold.extended)) } }
            }
            @if left > Qty::ZERO {
                div .places {
                    @for place in Disposition::ALL {
                        @let is_it = of.is_some_and(|of| of.disposition == place);
                        button .goes-to type="button" data-do="return-line" data-disposition=(place.name()) aria-pressed=(is_it)
                            disabled[is_it && back >= left] hidden { span .goes { (goes(t, place)) } }
                    }
                    @if back > Qty::ZERO && left > step {
                        button type="button" data-do="return-all" disabled[back >= left] { (t.all) }
                    }
                    @if back > Qty::ZERO { button type="button" data-do="return-less" { (t.less) } }
                }
            }
        }
    }
}

fn in_basket<'a>(view: &'a View, open: &OpenReceipt, line: u32) -> Option<&'a SoldLine> {
    view.basket()?.live().find(|sold| {
        let receipt = sold.returned.as_ref().and_then(|of| of.receipt.as_ref());
        receipt.is_some_and(|receipt| receipt.txn == open.original.txn && receipt.line == Some(line))
    })
}

/// The panel behind the tile: a number to type, a return without a receipt, the last sale to undo.
pub fn entry(view: &View) -> Markup {
    let t = view.locale.texts.returns;
    html! {
        (panel_head(view.locale.texts, t.title))
        div .fill.return-entry {
            p .hint { (t.enter_hint) }
            div .number-row {
                input #receipt-number type="text" maxlength="600" autocomplete="off" autocapitalize="characters" spellcheck="false"
                    placeholder=(t.number) aria-label=(t.number);
                button .primary type="button" data-do="show-receipt" { (icon("search")) (t.show) }
            }
            h3 { (t.without) }
            p .hint { (t.without_hint) }
            (reasons(view))
            (scan_to(view, None))
            div #post-void { (view_post_void(view)) }
        }
    }
}

/// The last sale, while it can be undone as a whole. Refreshed with the page's parts.
pub fn view_post_void(view: &View) -> Markup {
    let t = view.locale.texts.returns;
    let Some(last) = view.till.last.as_deref().filter(|last| can_be_undone(view, last)) else { return html! {} };
    html! {
        h3 { (t.post_void) }
        p .hint { (fill(t.post_void_hint, &[&last.number.to_string(), &view.money(last.total)])) }
        button type="button" data-do="ask-post-void" { (icon("undo")) (t.post_void) }
        button .danger type="button" #post-void-sure data-do="post-void" data-txn=(last.txn) hidden { (t.post_void_sure) }
    }
}

fn can_be_undone(view: &View, last: &TransactionRecord) -> bool {
    let plain = last.kind == TransactionKind::Sale && last.lines.iter().all(|line| line.returned.is_none());
    let age_ms = view.now_ms - last.at.ms;
    plain && view.basket().is_none() && age_ms <= i64::from(view.screen.rules.returns.post_void_minutes_max) * 60_000
}

/// What stands in the strip while scanned articles come back.
pub fn armed(view: &View) -> Markup {
    let t = view.locale.texts.returns;
    let Some(armed) = &view.till.armed_return else { return html! {} };
    html! {
        div .say.armed-return data-reason=(armed.reason) data-disposition=(armed.disposition.name()) data-receipt=[armed.receipt.as_deref()] {
            p { strong { (fill(t.armed, &[t.reason(&armed.reason), goes(t, armed.disposition)])) } }
            button type="button" data-do="disarm-return" { (t.armed_end) }
        }
    }
}

/// Below a returned line's name.
pub fn line_note(view: &View, line: &SoldLine) -> Option<String> {
    let t = view.locale.texts.returns;
    let of = line.returned.as_ref()?;
    let from = match &of.receipt {
        Some(receipt) => fill(t.line_returned, &[&receipt.number]),
        None => t.line_without.to_owned(),
    };
    Some(format!("{} {from} · {} \u{2192} {}", t.word, t.reason(&of.reason), goes(t, of.disposition)))
}

/// Instead of the ways to pay when money is due to the customer: one button, and one way out when a card cannot be refunded.
pub fn refund_ways(view: &View) -> Option<Markup> {
    let t = view.locale.texts.returns;
    let step = view.till.refund.first()?;
    let words = view.locale.texts;
    let word = |kind: TenderKind| match kind {
        TenderKind::Cash => words.cash,
        TenderKind::Card => words.card,
    };
    Some(html! {
        div .refund-steps {
            @for step in &view.till.refund { span { (word(step.kind)) " " strong { (view.money(step.amount)) } } }
        }
        @if step.kind == TenderKind::Card {
            button .typed type="button" #refund-cash data-do="refund-cash" { (icon("cash")) (t.other_way) }
        }
        button .primary .exact type="button" #pay-refund data-do="refund" {
            span .amount { (view.money(step.amount)) } span .word { (t.refund) " · " (word(step.kind)) } kbd { "+" }
        }
    })
}

/// What is asked while a card is refunded on the terminal.
pub fn card_refund(view: &View, amount: Money, attempt: &str) -> Markup {
    let t = view.locale.texts.returns;
    html! {
        div .card-asks { (icon("card")) span { (t.on_terminal) } strong { (view.money(-amount)) } }
        button .not-paid type="button" #pay-not-paid data-do="card-end" data-attempt=(attempt) data-paid="false" {
            (icon("void")) (t.card_not_done) kbd { "-" }
        }
        button .primary .exact type="button" #pay-paid data-do="card-end" data-attempt=(attempt) data-paid="true" {
            (icon("done")) (t.card_done) kbd { "+" }
        }
    }
}
