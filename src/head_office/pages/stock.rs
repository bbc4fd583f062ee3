//! Stock: of one store, article by article, and of one article, store by store. What is there, what of it is spoken for, what may be promised,
//! and how old all that is.

use maud::{Markup, html};

use super::ROWS_PER_PAGE;
use super::frame::{Frame, encoded, visible};
use crate::head_office::atp::{Doubts, Everywhere, Sum};
use crate::head_office::places::PlaceKind;
use crate::head_office::queries::{Assortment, StoreRow};
use crate::head_office::replenish::{Alert, COVER_DAYS, COVER_DAYS_MIN, DAYS, ProposalRow};
use crate::head_office::stock_figures::{Held, StockFilter, StockRow};

pub struct Facts {
    pub stores: Vec<StoreRow>,
    pub rows: Vec<StockRow>,
    pub filter: StockFilter,
    pub assortment: Assortment,
}

pub fn page(frame: &Frame, facts: &Facts) -> Markup {
    let filter = &facts.filter;
    let tools = html! {
        form .tools method="get" action="/stock" role="search" {
            label { "Store "
                select name="store" {
                    @for store in &facts.stores { option value=(store.store) selected[store.store == filter.store] { (visible(&store.name)) } }
                }
            }
            label { "Article " input type="search" name="search" value=[filter.search.as_deref()] size="22" placeholder="name or article number" autocomplete="off"; }
            button { "Show" }
            a .button href=(format!("/replenishment?store={}", encoded(&filter.store))) { "What runs low" }
            a .button href=(format!("/api/v1/stock.csv?store={}", encoded(&filter.store))) { "CSV" }
        }
    };
    let body = html! {
        p .note {
            (frame.count(facts.assortment.articles)) " articles in the assortment"
            @if facts.assortment.catalogue_version > 0 { ", version " (facts.assortment.catalogue_version) }
            ". " (heard(frame, facts.rows.first().and_then(|row| row.heard_ms)))
        }
        @if facts.rows.is_empty() {
            p .empty { @if filter.search.is_some() { "Nothing found." } @else { "This store has no stock: import a baseline with " code { "counterfoil import stock" } "." } }
        } @else {
            (of_store(frame, &facts.rows))
            nav .pager aria-label="Further rows" {
                @if filter.after.is_some() { a .button href=(address(filter, None)) { "First page" } }
                @if facts.rows.len() == ROWS_PER_PAGE as usize {
                    @if let Some(last) = facts.rows.last() { a .button href=(address(filter, Some(&last.sku))) { "Next " (ROWS_PER_PAGE) } }
                }
            }
            (meanings())
        }
    };
    frame.page("Stock", tools, body)
}

fn address(filter: &StockFilter, after: Option<&str>) -> String {
    let search = filter.search.as_ref().map(|text| format!("&search={}", encoded(text))).unwrap_or_default();
    let after = after.map(|sku| format!("&after={}", encoded(sku))).unwrap_or_default();
    format!("/stock?store={}{search}{after}", encoded(&filter.store))
}

fn heard(frame: &Frame, heard_ms: Option<i64>) -> Markup {
    html! {
        @match heard_ms {
            Some(at) => { "As the store knew it " strong title=(frame.time(at)) { (frame.ago(at)) } "." }
            None => { "No box of this store has ever called." }
        }
    }
}

fn of_store(frame: &Frame, rows: &[StockRow]) -> Markup {
    html! {
        table .wide {
            thead { tr {
                th { "Article" } th { "Name" } th .n { "On hand" } th .n { "Reserved" } th .n { "Safety" } th .n { "Rights held" }
                th .n { "Can be promised" } th .n { "On request" } th .n { "Known from" }
            } }
            tbody {
                @for row in rows {
                    tr {
                        td data-label="Article" { a href=(format!("/stock/{}", encoded(&row.sku))) { code { (visible(&row.sku)) } } }
                        td data-label="Name" { (visible(&row.name)) @if row.name.is_empty() { span .dim { "not in the assortment" } } }
                        (figures(frame, row))
                        td .n data-label="Known from" { (known_from(frame, row)) " " (doubts(Doubts { silent: false, ..row.promise.doubts })) }
                    }
                }
            }
        }
    }
}

/// On hand, reserved, safety, rights held, can be promised, on request.
fn figures(frame: &Frame, row: &StockRow) -> Markup {
    let quiet = |quantity: i64| html! { @if quantity == 0 { span .dim { "0" } } @else { (frame.quantity(quantity, "")) } };
    html! {
        td .n data-label="On hand" {
            @match row.on_hand {
                Some(on_hand) if on_hand < 0 => span .state.warn { "⚠ " (frame.quantity(on_hand, "")) },
                Some(on_hand) => (frame.quantity(on_hand, "")),
                None => span .dim { "unknown" },
            }
        }
        td .n data-label="Reserved" { (quiet(row.reserved)) }
        td .n data-label="Safety" { (quiet(row.safety)) }
        td .n data-label="Rights held" {
            @match row.rights {
                Some(held) => span title=(spelled(frame, held)) { (quiet(held.unspent())) },
                None => span .dim { "none" },
            }
        }
        td .n data-label="Can be promised" { strong { (frame.quantity(row.promise.atp, "")) } }
        td .n data-label="On request" { (quiet(row.promise.on_request)) }
    }
}

fn spelled(frame: &Frame, held: Held) -> String {
    let plain = |quantity: i64| frame.quantity(quantity, "");
    format!("{} granted, {} promised, {} given back", plain(held.granted), plain(held.spent), plain(held.released))
}

/// What the figure on hand is made of.
fn known_from(frame: &Frame, row: &StockRow) -> Markup {
    let moved =
        html! { @if row.moved != 0 { span .dim { ", " (if row.moved > 0 { "+" } else { "" }) (frame.quantity(row.moved, "")) " since" } } };
    html! {
        @match (row.counted, row.counted_ms, row.baseline) {
            (Some(counted), Some(at), _) => { (frame.quantity(counted, "")) " counted " span title=(frame.time(at)) { (frame.ago(at)) } (moved) }
            (_, _, Some(baseline)) => {
                (frame.quantity(baseline, "")) " stated"
                @if let Some(at) = row.as_of_ms { " " span title=(frame.time(at)) { (frame.ago(at)) } }
                (moved)
            }
            _ => span .dim { "no count or baseline" (moved) },
        }
    }
}

fn doubts(doubts: Doubts) -> Markup {
    html! {
        @if doubts.stock_unknown { span .state.warn { "stock unknown" } " " }
        @if doubts.not_restated { span .state.warn title="It has another lead, or head office was restored, and it has granted nothing since: nothing of it can be promised until it calls." { "not restated" } " " }
        @if doubts.stock_old { span .state.warn title="What the place stated is older than its rule allows: nothing can be promised until it states its stock again." { "stock too old" } " " }
        @if doubts.silent { span .state.warn title="Not heard of for an hour or longer. What it granted holds; the other figures are as old as they say." { "silent" } }
    }
}

fn meanings() -> Markup {
    html! {
        p .note {
            "On hand is what the store counted last, or else the baseline, with everything its journal moved since. Reserved is spoken for by orders that are not over. "
            "Can be promised: rights that the store granted, as far as the shelf covers them; they hold with the line down. On request: free beside that; the store has to say yes. "
            "A warehouse or supplier has no rights: what it stated, less its parts, is what can be promised."
        }
    }
}

/// Where the stock of a row is looked at: a place without a node has its own page.
fn of_row(row: &StockRow) -> String {
    match row.kind {
        PlaceKind::Store => format!("/stock?store={}&search={}", encoded(&row.store), encoded(&row.sku)),
        PlaceKind::Warehouse | PlaceKind::ThirdParty | PlaceKind::Supplier => {
            format!("/places/{}?search={}", encoded(&row.store), encoded(&row.sku))
        }
    }
}

/// One article in every store and place that has ever had it.
pub fn article_page(frame: &Frame, found: &Everywhere) -> Markup {
    let title = if found.name.is_empty() { visible(&found.sku) } else { visible(&found.name) };
    let tools = html! {
        div .tools {
            code { (visible(&found.sku)) }
            a .button href=(format!("/api/v1/atp.csv?sku={}", encoded(&found.sku))) { "CSV" }
        }
    };
    let has_regions = found.regions.keys().any(|region| !region.is_empty());
    let body = html! {
        table .wide {
            thead { tr { th { "Where" } th .n { "Places" } th .n { "Can be promised" } th .n { "On request" } th .n { "In doubt" } th .n { "Oldest news" } } }
            tbody {
                (sum(frame, "Everywhere", &found.total))
                @if has_regions {
                    @for (region, of) in &found.regions { (sum(frame, if region.is_empty() { "Without a region" } else { region }, of)) }
                }
            }
        }
        h2 { "Place by place" }
        table .wide {
            thead { tr {
                th { "Place" } @if has_regions { th { "Region" } } th .n { "On hand" } th .n { "Reserved" } th .n { "Safety" } th .n { "Rights held" }
                th .n { "Can be promised" } th .n { "On request" } th .n { "As of" } th { "Doubts" }
            } }
            tbody {
                @for row in &found.stores {
                    tr {
                        td data-label="Store" {
                            a href=(of_row(row)) { (visible(if row.store_name.is_empty() { &row.store } else { &row.store_name })) }
                            @if row.kind != PlaceKind::Store { " " span .dim { (row.kind.words()) } }
                        }
                        @if has_regions { td data-label="Region" { (visible(row.region.as_deref().unwrap_or_default())) } }
                        (figures(frame, row))
                        td .n data-label="As of" { @match row.heard_ms { Some(at) => span title=(frame.time(at)) { (frame.ago(at)) }, None => span .dim { "never" } } }
                        td data-label="Doubts" { (doubts(row.promise.doubts)) }
                    }
                }
            }
        }
        (meanings())
    };
    frame.page(&title, tools, body)
}

fn sum(frame: &Frame, name: &str, of: &Sum) -> Markup {
    html! {
        tr {
            td data-label="Where" { (visible(name)) }
            td .n data-label="Places" { (frame.count(of.stores)) }
            td .n data-label="Can be promised" { strong { (frame.quantity(of.atp, "")) } }
            td .n data-label="On request" { (frame.quantity(of.on_request, "")) }
            td .n data-label="In doubt" { @if of.doubtful == 0 { span .dim { "0" } } @else { span .state.warn { (frame.count(of.doubtful)) } } }
            td .n data-label="Oldest news" { @match of.heard_ms { Some(at) => span title=(frame.time(at)) { (frame.ago(at)) }, None => span .dim { "a store never called" } } }
        }
    }
}

pub struct Low {
    pub stores: Vec<StoreRow>,
    pub store: String,
    pub rows: Vec<ProposalRow>,
    pub next: Option<String>,
}

/// What a store runs low of, how much it should get, and why.
pub fn low_page(frame: &Frame, facts: &Low) -> Markup {
    let of_store = |base: &str| format!("{base}?store={}", encoded(&facts.store));
    let tools = html! {
        form .tools method="get" action="/replenishment" {
            label { "Store "
                select name="store" {
                    @for store in &facts.stores { option value=(store.store) selected[store.store == facts.store] { (visible(&store.name)) } }
                }
            }
            button { "Show" }
            a .button href=(of_store("/stock")) { "All stock" }
            a .button href=(of_store("/api/v1/replenishment.csv")) { "CSV" }
        }
    };
    let body = html! {
        p .note {
            "By the minimum and maximum that were set for an article, or else by what was sold in the last " (DAYS) " days: what lasts fewer than " (COVER_DAYS_MIN)
            " days is filled up for " (COVER_DAYS) ". Nothing is ordered here."
        }
        @if facts.rows.is_empty() {
            p .empty { "Nothing runs low here, as far as stock is known." }
        } @else {
            table .wide {
                thead { tr { th { "Article" } th { "Name" } th { "State" } th .n { "Free" } th .n { "Proposed" } th { "Why" } th .n { "As of" } } }
                tbody {
                    @for row in &facts.rows {
                        tr {
                            td data-label="Article" { a href=(format!("/stock/{}", encoded(&row.sku))) { code { (visible(&row.sku)) } } }
                            td data-label="Name" { (visible(&row.name)) }
                            td data-label="State" { @match row.proposal.alert { Alert::Out => span .state.bad { "out" }, Alert::Low => span .state.warn { "low" } } }
                            td .n data-label="Free" { (frame.quantity(row.proposal.free, "")) }
                            td .n data-label="Proposed" { strong { (frame.quantity(row.proposal.propose, "")) } }
                            td data-label="Why" { (row.proposal.why) }
                            td .n data-label="As of" { @match row.heard_ms { Some(at) => span title=(frame.time(at)) { (frame.ago(at)) }, None => span .dim { "never" } } }
                        }
                    }
                }
            }
            @if let Some(next) = &facts.next {
                nav .pager aria-label="Further rows" { a .button href=(format!("{}&after={}", of_store("/replenishment"), encoded(next))) { "Next" } }
            }
        }
    };
    frame.page("What runs low", tools, body)
}
