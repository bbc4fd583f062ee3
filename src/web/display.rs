//! The customer display as a page: what the customer must be able to read from two metres, and nothing else.

use maud::{Markup, html};

use super::layout::{document, visible};
use super::live::Live;
use super::texts::fill;
use super::till::{self, View, weight_or_wait};
use crate::device::ScaleReading;
use crate::money::{Qty, Unit};
use crate::node::screen::Check;
use crate::retail::TenderKind;
use crate::retail::day::Day;

pub fn page(view: &View) -> Markup {
    let t = view.locale.texts;
    let live = live(view);
    let body = html! {
        main #display data-live=(format!("/display/{}/events", view.workstation)) { div #show { (live.part("show")) } }
    };
    document(view.locale, t.display, "display", &["live.js", "desk.js"], body)
}

pub fn live(view: &View) -> Live {
    Live {
        revision: view.screen.revision,
        language: view.locale.language,
        parts: vec![("show", show(view))],
        rows: None,
        signal: None,
        scans: Default::default(),
        news: None,
    }
}

/// Practice says so to whoever stands before it.
fn show(view: &View) -> Markup {
    let words = view.locale.texts.training.display;
    html! {
        @if view.till.training { p .training-display { (words) } }
        (shown(view))
    }
}

fn shown(view: &View) -> Markup {
    let t = view.locale.texts;
    let currency = &view.screen.rules.currency;
    let money = |amount| view.locale.money(currency, amount);
    if let Some(Check::Weigh(weigh)) = view.till.check.as_deref() {
        return html! {
            div .shown .sale {
                div .line {
                    span .name { (visible(&weigh.name)) }
                    span .price { (money(weigh.unit_price)) " / " (Unit::Kilogram.symbol()) }
                }
                div .sum {
                    @if matches!(view.till.reading, Some(ScaleReading::Stable { .. })) { span .big { (weight_or_wait(view.locale, view.till)) } }
                    @else { span .label { (weight_or_wait(view.locale, view.till)) } }
                }
            }
        };
    }
    if let Some(basket) = &view.till.basket {
        let totals = view.till.totals.clone().unwrap_or_default();
        let newest = basket.lines.iter().rev().find(|line| !line.voided).map(|line| &line.sold);
        return html! {
            div .shown .sale {
                @if let Some(line) = newest {
                    div .line {
                        span .name {
                            @if line.quantity != Qty::ONE { (till::quantity(view.locale, line)) " × " }
                            (visible(&line.name))
                            @if line.unit != Unit::Piece { " · " (money(line.unit_price)) " / " (line.unit.symbol()) }
                        }
                        span .price { (money(line.extended)) }
                    }
                }
                div .sum {
                    span .label { (t.display_to_pay) }
                    span .big { (money(totals.due)) span .code { (currency.code) } }
                    @if basket.saved() > crate::money::Money::ZERO { span .cash-due { (fill(t.prices.saved, &[&money(basket.saved())])) } }
                    @if totals.due_cash != totals.due { span .cash-due { (fill(t.total_and_cash, &[&money(totals.due), &money(totals.due_cash)])) } }
                    @if !totals.paid.is_zero() { span .cash-due { (fill(t.paid_so_far, &[&money(totals.paid)])) } }
                }
            }
        };
    }
    if let Some(record) = &view.till.last {
        let by_cash = record.tenders.iter().any(|tender| tender.kind == TenderKind::Cash);
        return html! {
            div .shown .thanks {
                div .line { span .name { (t.display_thanks) } }
                div .sum {
                    span .label { @if by_cash { (t.change) } @else { (t.display_paid) } }
                    span .big { (money(if by_cash { record.change } else { record.total })) span .code { (currency.code) } }
                    span .cash-due { (fill(t.total_in, &[&money(record.total + record.rounding)])) }
                }
            }
        };
    }
    let words = if matches!(view.screen.day, Day::Open { .. }) { t.display_welcome } else { t.display_closed };
    html! { div .shown .idle { div .line { span .name { (words) } } div .store { (visible(&view.screen.store_name)) } } }
}
