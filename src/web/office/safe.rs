//! The safe in the back office: its cash by the record, its blind count, and the bank bags.

use maud::{Markup, html};

use super::{OfficeView, name_of};
use crate::ids::StaffId;
use crate::money::Money;
use crate::retail::safe::{Safe, is_blind};
use crate::retail::till::Phase;
use crate::web::layout::visible;
use crate::web::texts::fill;

pub fn section(view: &OfficeView) -> Markup {
    let t = view.words();
    let safe = &view.cash.book.safe;
    html! {
        section {
            h2 { (t.safe) }
            p {
                (t.safe_cash) ": "
                @if is_blind(safe) { span .muted { (t.blind) } } @else { strong { (view.money(safe.cash)) } }
            }
            @if !is_blind(safe) && safe.cash.is_negative() { p .muted { (t.safe_below) } }
            (count(view, safe))
            (bags(view, safe))
        }
    }
}

/// Whose move a count is.
fn count(view: &OfficeView, safe: &Safe) -> Markup {
    let t = view.words();
    let is_theirs = |by: &Option<StaffId>| by.as_ref() == view.at_desk.staff();
    html! {
        @match &safe.phase {
            Phase::Open => p .buttons { button type="button" data-do="safe-start" { (t.safe_count_start) } },
            Phase::Counting { by, .. } | Phase::Counted { by, .. } if !is_theirs(by) => {
                p .note { (fill(t.safe_counted_by, &[&visible(&by.as_ref().map_or_else(String::new, |by| name_of(view.staff, by)))])) }
                p .buttons { (give_up(view)) }
            },
            Phase::Counting { .. } => (pieces(view)),
            Phase::Counted { counted, .. } => {
                dl .figures {
                    div { dt { (t.expected) } dd { (view.money(safe.cash)) } }
                    div { dt { (t.counted) } dd { (view.money(*counted)) } }
                    div { dt { (t.difference) } dd { (view.difference(*counted - safe.cash)) } }
                }
                form #close-safe {
                    @if *counted != safe.cash {
                        label { span { (t.reason) } select name="reason" #safe-reason required {
                            option value="" { (t.safe_reason_choose) }
                            @for reason in &view.rules.cash.reasons.difference {
                                option value=(reason) { (visible(&view.words_of(reason))) }
                            }
                        } }
                    }
                    button .primary type="submit" { (t.safe_count_close) }
                    button type="button" data-do="safe-again" { (t.safe_count_again) }
                    (give_up(view))
                }
            },
        }
    }
}

/// By denomination, the largest first, as a drawer is counted. What it comes to, the page's script shows.
fn pieces(view: &OfficeView) -> Markup {
    let t = view.words();
    html! {
        p .note { (t.safe_count_hint) }
        form #count-safe data-exponent=(view.currency.exponent) {
            div .pieces {
                @for value in view.rules.cash.denominations.iter().rev() {
                    label {
                        span { (view.money(*value)) }
                        input type="text" inputmode="numeric" maxlength="6" autocomplete="off" data-value=(value.minor());
                    }
                }
            }
            p .sum { (t.counted) ": " output #safe-sum data-mark=(view.locale.decimal) { (view.money(Money::ZERO)) } }
            button .primary type="submit" { (t.safe_count_done) }
            (give_up(view))
        }
    }
}

fn give_up(view: &OfficeView) -> Markup {
    let t = view.words();
    html! { button type="button" data-do="safe-cancel" data-sure=(t.safe_count_cancel_sure) { (t.safe_count_cancel) } }
}

fn bags(view: &OfficeView, safe: &Safe) -> Markup {
    let t = view.words();
    let example = view.locale.money(view.currency, Money::from_minor(12_50 * 10i64.pow(u32::from(view.currency.exponent)) / 100));
    html! {
        @if safe.waiting().next().is_none() { p .muted { (t.no_bags) } }
        ul .bags {
            @for (number, bag) in &safe.bags {
                li {
                    strong { (number) }
                    span .n { (view.money(bag.amount)) }
                    span .muted {
                        (fill(t.bag_packed, &[&view.locale.date_and_clock(bag.packed_at.ms)]))
                        @if let Some(by) = &bag.packed_by { ", " (visible(&name_of(view.staff, by))) }
                    }
                    @match &bag.collected {
                        None => button .small type="button" data-do="collect" data-bag=(number) data-sure=(t.bag_collect_sure) { (t.bag_collect) },
                        Some(collected) => span .muted {
                            (fill(t.bag_collected, &[&view.locale.date_and_clock(collected.at.ms)]))
                            @if let Some(by) = &collected.by { ", " (visible(&name_of(view.staff, by))) }
                        },
                    }
                }
            }
        }
        form #pack-bag data-exponent=(view.currency.exponent) data-bad=(fill(t.bad_amount, &[&example])) {
            label { span { (t.bag_number) } input name="bag" type="text" maxlength="30" autocomplete="off" required; }
            label { span { (t.bag_amount) } input name="amount" type="text" inputmode="decimal" maxlength="12" autocomplete="off" required; }
            button type="submit" { (t.bag_pack) }
        }
    }
}
