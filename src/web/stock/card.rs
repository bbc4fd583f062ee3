//! What is known of one article, and units written off or in.

use maud::{Markup, html};

use super::{Desk, parts};
use crate::node::handle::StockNow;
use crate::retail::ArticleFact;
use crate::retail::stock::AdjustWhy;
use crate::web::layout::visible;
use crate::web::live::Live;
use crate::web::texts::fill;

/// The card itself is fetched by the page, and again when something has changed: the figures are the loop's.
pub fn live(desk: &Desk) -> Live {
    let t = desk.t;
    parts(
        desk,
        html! {
            form #look autocomplete="off" {
                label for="code" { strong { (t.scan_title) } " " (t.scan_hint) }
                div .row { input #code inputmode="text" maxlength="80" placeholder=(t.find); button type="submit" { (t.find_button) } }
            }
        },
    )
}

pub fn article(desk: &Desk, fact: &ArticleFact, now: &StockNow) -> Markup {
    let (t, view) = (desk.t, &desk.view);
    let locale = view.locale;
    let quantity = |quantity| locale.quantity(quantity, fact.unit);
    let known = desk.web.node.shared().views.by_sku(&fact.sku).ok().flatten();
    let place = known.and_then(|article| article.location);
    let counted = now.mark.as_ref().and_then(|mark| mark.counted.as_ref());
    let counted = match (counted, now.baseline_ms) {
        (Some(counted), _) => {
            let by = desk.person(counted.by.as_ref()).map(|by| format!(" · {by}")).unwrap_or_default();
            format!("{}{by}", locale.age(view.now_ms, counted.ms))
        }
        (None, Some(ms)) => fill(t.not_here, &[&locale.age(view.now_ms, ms)]),
        (None, None) => t.never.to_owned(),
    };
    let moved = now.mark.as_ref().and_then(|mark| mark.moved_ms);
    html! {
        article .stock-card data-sku=(fact.sku) {
            h2 { (visible(&fact.name)) }
            p .muted { (visible(fact.sku.as_str())) @if let Some(place) = place { " · " (t.place) " " (visible(&place)) } }
            div .figures {
                @match now.on_hand {
                    Some(on_hand) => {
                        div .figure .bad[on_hand.thousandths() < 0] { span { (t.on_hand) } strong { (quantity(on_hand)) } }
                        div .figure { span { (t.available) } strong { (quantity(on_hand - now.reserved)) } }
                    }
                    None => div .figure .wide { span { (t.on_hand) } strong .words { (t.unknown) } },
                }
            }
            dl {
                dt { (t.reserved) }
                dd { (quantity(now.reserved)) @if !now.in_bags.is_zero() { " · " (fill(t.in_bags, &[&quantity(now.in_bags)])) } }
                dt { (t.last_counted) } dd { (counted) }
                dt { (t.last_moved) } dd { @if let Some(ms) = moved { (locale.age(view.now_ms, ms)) } @else { (t.never) } }
                @if let Some(min) = view.screen.rules.stock.min_of(&fact.sku) { dt { (t.min) } dd { (quantity(min)) } }
                dt { (t.price) }
                dd { @if fact.unit_price.is_zero() { (t.no_price) } @else { (locale.money(&view.screen.rules.currency, fact.unit_price)) } }
            }
            p .muted { (fill(t.as_of, &[&locale.clock(view.now_ms)])) }
            details .choice #adjust {
                summary { (t.adjust) }
                p .muted { (t.adjust_hint) }
                div .steps {
                    button type="button" data-do="fewer" aria-label=(t.fewer) { "−" }
                    input #units inputmode="decimal" maxlength="9" value="1" aria-label=(t.units);
                    button type="button" data-do="more" aria-label=(t.more) { "+" }
                }
                div .reasons {
                    @for why in AdjustWhy::ALL {
                        button type="button" data-why=(why.name()) data-sku=(fact.sku) { (words(desk, why)) }
                    }
                }
            }
        }
    }
}

fn words(desk: &Desk, why: AdjustWhy) -> &'static str {
    match why {
        AdjustWhy::Damaged => desk.t.why_damaged,
        AdjustWhy::Expired => desk.t.why_expired,
        AdjustWhy::OwnUse => desk.t.why_own_use,
        AdjustWhy::Stolen => desk.t.why_stolen,
        AdjustWhy::Found => desk.t.why_found,
    }
}
