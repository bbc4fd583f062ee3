//! The figures of the chain or of one store: a period, what it was compared with the one before, charts, and the tables behind them. Every
//! figure leads to what it means.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::chart::{Bar, Chart};
use super::frame::{Frame, encoded, visible};
use crate::head_office::figures::csv::Part;
use crate::head_office::figures::orders::OrderSums;
use crate::head_office::figures::sales::SalesSums;
use crate::head_office::figures::turnover::Turnover;
use crate::head_office::figures::{Figures, Period, Preset, Scope};

/// Where a figure is defined, its name, and how it is had.
type Measure<S, T> = (&'static str, &'static str, fn(&S) -> T);

/// What was asked, and the answer.
pub struct Facts {
    pub scope: Scope,
    /// The period's name, when it has one.
    pub preset: Option<Preset>,
    pub figures: Figures,
}

pub fn page(frame: &Frame, facts: &Facts) -> Markup {
    let tools = chooser("/figures", facts);
    frame.slow_page("Figures", tools, html! { (span_note(frame, facts)) (body(frame, facts)) })
}

/// The same in a store's page.
pub fn of_store(frame: &Frame, facts: &Facts) -> Markup {
    let address = format!("/stores/{}", encoded(facts.scope.store.as_deref().unwrap_or_default()));
    html! {
        section #figures {
            h2 { "Figures" }
            (chooser(&address, facts))
            (span_note(frame, facts))
        }
        (body(frame, facts))
    }
}

fn chooser(address: &str, facts: &Facts) -> Markup {
    let Period { from, to } = facts.scope.period;
    html! {
        div .tools.period {
            span .presets {
                @for preset in Preset::ALL {
                    a .button href={ (address) "?period=" (preset.name()) } aria-current=[(facts.preset == Some(preset)).then_some("true")] {
                        (preset.words())
                    }
                }
            }
            form .tools method="get" action=(address) {
                label { "From " input type="date" name="from" value=(from) required; }
                label { "to " input type="date" name="to" value=(to) required; }
                button { "Show" }
            }
        }
    }
}

fn span_note(frame: &Frame, facts: &Facts) -> Markup {
    let (period, before) = (facts.scope.period, facts.scope.period.before());
    let span = |period: Period| match period.days() {
        1 => frame.day(&period.from.to_string()),
        _ => format!("{} – {}", frame.day(&period.from.to_string()), frame.day(&period.to.to_string())),
    };
    html! {
        p .note {
            strong { (span(period)) } ", business days · compared with " (span(before)) " · "
            a href="/figures/measures" { "What each figure means" }
        }
    }
}

fn body(frame: &Frame, facts: &Facts) -> Markup {
    let figures = &facts.figures;
    let mut currencies: Vec<&str> = figures.sales.iter().chain(&figures.sales_before).map(|sums| sums.currency.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    html! {
        @if currencies.is_empty() && figures.orders.orders == 0 && figures.orders_before.orders == 0 {
            p .empty { "Nothing was sold in this period, and in the one before it, as far as head office has heard." }
        }
        @if currencies.len() > 1 {
            p .note {
                "Stores sell in several currencies: each stands by itself. Amounts of different currencies are never added. "
                (means("currency", "Currency"))
            }
        }
        @for currency in &currencies { (of_currency(frame, facts, currency, currencies.len() > 1)) }
        @if figures.orders.orders > 0 || figures.orders_before.orders > 0 { (orders(frame, facts)) }
        (turnover(frame, facts))
        (unsynced(frame, facts))
    }
}

fn of_currency(frame: &Frame, facts: &Facts, currency: &str, several: bool) -> Markup {
    let figures = &facts.figures;
    let of = |sums: &[SalesSums]| sums.iter().find(|sums| sums.currency == currency).cloned().unwrap_or_default();
    let (now, before) = (of(&figures.sales), of(&figures.sales_before));
    let only = |sums: &[SalesSums]| -> Vec<SalesSums> { sums.iter().filter(|sums| sums.currency == currency).cloned().collect() };
    let id = if several { format!("-{}", currency.to_lowercase()) } else { String::new() };
    html! {
        section {
            h2 { "Sales" @if several { " in " (visible(currency)) } }
            div .columns {
                (sales_table(frame, currency, &now, &before))
                div {
                    (channels(frame, facts, currency, &only(&figures.by_channel)))
                    (tenders(frame, facts, currency))
                    (taxes(frame, facts, currency))
                }
            }
        }
        div .pair {
            (days(frame, facts, currency, &id))
            (hours(frame, facts, currency, &id, &only(&figures.by_hour)))
        }
        @if facts.scope.store.is_none() { (stores(frame, facts, currency, &only(&figures.by_store))) }
    }
}

/// A figure's name, leading to its definition.
fn means(anchor: &str, name: &str) -> Markup {
    html! { a .means href={ "/figures/measures#" (anchor) } { (name) } }
}

fn csv(facts: &Facts, part: Part) -> Markup {
    let Scope { period, store } = &facts.scope;
    let of = store.as_ref().map(|store| format!("&store={}", encoded(store))).unwrap_or_default();
    let address = format!("/api/v1/figures/{}.csv?from={}&to={}{of}", part.name(), period.from, period.to);
    html! { a .more href=(address) { "CSV" } }
}

fn sales_table(frame: &Frame, currency: &str, now: &SalesSums, before: &SalesSums) -> Markup {
    let money = |amount: i64| frame.money(amount, currency);
    let rate = |rate: Option<u64>| rate.map_or_else(|| "–".to_owned(), |rate| frame.per_mille(rate));
    let amounts: [Measure<SalesSums, i64>; 6] = [
        ("sales-gross", "Sales (gross)", SalesSums::gross),
        ("sales-net", "Sales (net)", SalesSums::net),
        ("tax", "Tax", |sums| sums.tax),
        ("goods-sold", "Goods sold", SalesSums::goods_sold),
        ("returns", "Returns", SalesSums::goods_returned),
        ("discounts", "Discounts", |sums| sums.discounts),
    ];
    let counts: [Measure<SalesSums, u64>; 3] = [
        ("transactions", "Transactions", SalesSums::transactions),
        ("voids", "Voids", |sums| sums.voids),
        ("post-voids", "Post voids", |sums| sums.post_voids),
    ];
    let basket = |sums: &SalesSums| sums.average_basket().map_or_else(|| "–".to_owned(), money);
    html! {
        table .wide.measures {
            thead { tr { th { "Figure" } th .n { "This period" } th .n { "Before" } th .n { "Change" } } }
            tbody {
                @for (anchor, name, of) in amounts {
                    tr {
                        td data-label="Figure" { (means(anchor, name)) }
                        td .n data-label="This period" { strong { (money(of(now))) } }
                        td .n data-label="Before" { (money(of(before))) }
                        td .n data-label="Change" { (change(frame, of(now), of(before))) }
                    }
                }
                @for (anchor, name, of) in counts {
                    tr {
                        td data-label="Figure" { (means(anchor, name)) }
                        td .n data-label="This period" { strong { (frame.count(of(now))) } }
                        td .n data-label="Before" { (frame.count(of(before))) }
                        td .n data-label="Change" { (change(frame, signed(of(now)), signed(of(before)))) }
                    }
                }
                tr {
                    td data-label="Figure" { (means("average-basket", "Average basket")) }
                    td .n data-label="This period" { strong { (basket(now)) } }
                    td .n data-label="Before" { (basket(before)) }
                    td .n data-label="Change" { (change(frame, now.average_basket().unwrap_or(0), before.average_basket().unwrap_or(0))) }
                }
                tr {
                    td data-label="Figure" { (means("return-rate", "Return rate")) }
                    td .n data-label="This period" { strong { (rate(now.return_rate())) } }
                    td .n data-label="Before" { (rate(before.return_rate())) }
                    td {}
                }
                tr {
                    td data-label="Figure" { (means("rounding", "Rounding")) }
                    td .n data-label="This period" { strong { (money(now.rounding)) } }
                    td .n data-label="Before" { (money(before.rounding)) }
                    td {}
                }
            }
        }
    }
}

/// More or less than before, in per cent. Neither is good or bad by itself, so it has no colour.
fn change(frame: &Frame, now: i64, before: i64) -> Markup {
    if before == 0 {
        return html! { span .dim { @if now == 0 { "=" } @else { "–" } } };
    }
    let change = (i128::from(now) - i128::from(before)) * 1000 / i128::from(before.abs());
    let size = frame.per_mille(u64::try_from(change.abs()).unwrap_or(u64::MAX));
    html! {
        @if change > 0 { "▲ " (size) } @else if change < 0 { "▼ " (size) } @else { span .dim { "=" } }
    }
}

fn channels(frame: &Frame, facts: &Facts, currency: &str, rows: &[SalesSums]) -> Markup {
    let money = |amount: i64| frame.money(amount, currency);
    html! {
        @if !rows.is_empty() {
            h3 { (means("channel", "Channel")) " " (csv(facts, Part::Channels)) }
            table .wide {
                thead { tr { th { "Channel" } th .n { "Gross" } th .n { "Sold" } th .n { "Returns" } th .n { "Rate" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td data-label="Channel" { (channel_name(&row.key)) }
                            td .n data-label="Gross" { strong { (money(row.gross())) } }
                            td .n data-label="Sold" { (money(row.goods_sold())) }
                            td .n data-label="Returns" { (money(row.goods_returned())) }
                            td .n data-label="Rate" { (row.return_rate().map_or_else(|| "–".to_owned(), |rate| frame.per_mille(rate))) }
                        }
                    }
                }
            }
        }
    }
}

fn channel_name(channel: &str) -> String {
    match channel {
        crate::head_office::figures::TILL => "Till".to_owned(),
        crate::head_office::figures::COLLECT => "Head office".to_owned(),
        crate::head_office::intake::channels::DESK => "Order desk".to_owned(),
        other => visible(other),
    }
}

fn tenders(frame: &Frame, facts: &Facts, currency: &str) -> Markup {
    let rows: Vec<_> = facts.figures.tenders.iter().filter(|sum| sum.currency == currency).collect();
    html! {
        @if !rows.is_empty() {
            h3 { (means("tender", "Tender")) " " (csv(facts, Part::Tenders)) }
            table .wide {
                thead { tr { th { "Tender" } th .n { "Payments" } th .n { "Kept" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td data-label="Tender" { (match row.kind.as_str() { "cash" => "Cash", "card" => "Card", other => other }) }
                            td .n data-label="Payments" { (frame.count(row.payments)) }
                            td .n data-label="Kept" { strong { (frame.money(row.amount, currency)) } }
                        }
                    }
                }
            }
        }
    }
}

fn taxes(frame: &Frame, facts: &Facts, currency: &str) -> Markup {
    let rows: Vec<_> = facts.figures.taxes.iter().filter(|sum| sum.currency == currency).collect();
    html! {
        @if !rows.is_empty() {
            h3 { (means("tax", "Tax by rate")) " " (csv(facts, Part::Taxes)) }
            table .wide {
                thead { tr { th { "Tax" } th .n { "Rate" } th .n { "Base" } th .n { "Tax" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td data-label="Tax" { (visible(&row.name)) @if !row.jurisdiction.is_empty() { " " span .dim { (visible(&row.jurisdiction)) } } }
                            td .n data-label="Rate" { (frame.per_mille(row.rate / 1_000)) }
                            td .n data-label="Base" { (frame.money(row.base, currency)) }
                            td .n data-label="Tax" { strong { (frame.money(row.tax, currency)) } }
                        }
                    }
                }
            }
        }
    }
}

fn days(frame: &Frame, facts: &Facts, currency: &str, id: &str) -> Markup {
    let period = facts.scope.period;
    if period.days() < 2 {
        return html! {};
    }
    let by_day: BTreeMap<&str, &SalesSums> =
        facts.figures.by_day.iter().filter(|sums| sums.currency == currency).map(|sums| (sums.key.as_str(), sums)).collect();
    let none = SalesSums::default();
    let rows: Vec<(String, &SalesSums)> = period
        .each()
        .map(|day| {
            let day = day.to_string();
            let sums = by_day.get(day.as_str()).copied().unwrap_or(&none);
            (day, sums)
        })
        .collect();
    let bars = rows.iter().map(|(day, sums)| Bar {
        label: frame.short_day(day),
        words: format!("{}: {} in {} transactions", frame.day(day), frame.money(sums.gross(), currency), sums.transactions()),
        value: sums.gross(),
    });
    let chart = Chart {
        id: &format!("days{id}"),
        title: "Sales (gross) by business day",
        description: describe(frame, currency, rows.iter().map(|(day, sums)| (frame.day(day), sums.gross()))),
        bars: bars.collect(),
        line: Vec::new(),
        axis: &|value| frame.whole_money(value, currency),
    };
    let listed: Vec<(String, Option<String>, &SalesSums)> = rows
        .iter()
        .rev()
        .filter(|(_, sums)| !sums.currency.is_empty())
        .map(|(day, sums)| {
            let store = facts.scope.store.as_deref().map(|store| format!("store={}&", encoded(store))).unwrap_or_default();
            (frame.day(day), Some(format!("/sales?{store}day={day}")), *sums)
        })
        .collect();
    html! {
        section {
            h2 { (means("business-day", "By business day")) (csv(facts, Part::Days)) }
            (chart.draw())
            (behind(frame, currency, &format!("days-table{id}"), "Day", &listed))
        }
    }
}

fn hours(frame: &Frame, facts: &Facts, currency: &str, id: &str, rows: &[SalesSums]) -> Markup {
    let by_hour: BTreeMap<i64, &SalesSums> = rows.iter().filter_map(|sums| Some((sums.key.parse().ok()?, sums))).collect();
    let (Some(first), Some(last)) = (by_hour.keys().next().copied(), by_hour.keys().next_back().copied()) else { return html! {} };
    let none = SalesSums::default();
    let hours: Vec<(i64, &SalesSums)> = (first..=last).map(|hour| (hour, by_hour.get(&hour).copied().unwrap_or(&none))).collect();
    let bars = hours.iter().map(|(hour, sums)| Bar {
        label: format!("{hour:02}"),
        words: format!("{hour:02}:00 to {hour:02}:59: {} in {} transactions", frame.money(sums.gross(), currency), sums.transactions()),
        value: sums.gross(),
    });
    let chart = Chart {
        id: &format!("hours{id}"),
        title: "Sales (gross) by hour of the store's clock",
        description: describe(frame, currency, hours.iter().map(|(hour, sums)| (format!("{hour:02}:00"), sums.gross()))),
        bars: bars.collect(),
        line: Vec::new(),
        axis: &|value| frame.whole_money(value, currency),
    };
    let listed: Vec<(String, Option<String>, &SalesSums)> =
        hours.iter().map(|(hour, sums)| (format!("{hour:02}:00"), None, *sums)).collect();
    html! {
        section {
            h2 { (means("hour", "By hour")) (csv(facts, Part::Hours)) }
            (chart.draw())
            (behind(frame, currency, &format!("hours-table{id}"), "Hour", &listed))
        }
    }
}

/// The picture in a sentence.
fn describe(frame: &Frame, currency: &str, values: impl Iterator<Item = (String, i64)> + Clone) -> String {
    let most = values.clone().max_by_key(|(_, value)| *value);
    let least = values.clone().min_by_key(|(_, value)| *value);
    match (most, least) {
        (Some((most, high)), Some((least, low))) => format!(
            "{} columns; the highest is {most} with {} {currency}, the lowest {least} with {} {currency}. All numbers are in the table below.",
            values.count(),
            frame.money(high, currency),
            frame.money(low, currency)
        ),
        _ => "No sales.".to_owned(),
    }
}

/// Every number of a chart, as narrow as the chart is.
fn behind(frame: &Frame, currency: &str, id: &str, first: &str, rows: &[(String, Option<String>, &SalesSums)]) -> Markup {
    let money = |amount: i64| frame.money(amount, currency);
    html! {
        details .behind id=(id) {
            summary { "Table" }
            table .wide {
                thead { tr {
                    th { (first) } th .n { "Gross" } th .n { "Net" } th .n { "Returns" } th .n { "Discounts" } th .n { "Transactions" } th .n { "Basket" }
                } }
                tbody {
                    @for (name, address, row) in rows {
                        tr {
                            td data-label=(first) { @if let Some(address) = address { a href=(address) { (name) } } @else { (name) } }
                            td .n data-label="Gross" { strong { (money(row.gross())) } }
                            td .n data-label="Net" { (money(row.net())) }
                            td .n data-label="Returns" { (money(row.goods_returned())) }
                            td .n data-label="Discounts" { (money(row.discounts)) }
                            td .n data-label="Transactions" { (frame.count(row.transactions())) }
                            td .n data-label="Basket" { (row.average_basket().map_or_else(|| "–".to_owned(), money)) }
                        }
                    }
                }
            }
        }
    }
}

fn cells(frame: &Frame, row: &SalesSums, money: &dyn Fn(i64) -> String) -> Markup {
    html! {
        td .n data-label="Gross" { strong { (money(row.gross())) } }
        td .n data-label="Net" { (money(row.net())) }
        td .n data-label="Tax" { (money(row.tax)) }
        td .n data-label="Returns" { (money(row.goods_returned())) }
        td .n data-label="Discounts" { (money(row.discounts)) }
        td .n data-label="Transactions" { (frame.count(row.transactions())) }
        td .n data-label="Average basket" { (row.average_basket().map_or_else(|| "–".to_owned(), money)) }
    }
}

fn stores(frame: &Frame, facts: &Facts, currency: &str, rows: &[SalesSums]) -> Markup {
    let mut rows: Vec<&SalesSums> = rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.gross()));
    let shown = rows.len().min(STORES_SHOWN);
    let money = |amount: i64| frame.money(amount, currency);
    let Period { from, to } = facts.scope.period;
    let period = facts.preset.map_or_else(|| format!("from={from}&to={to}"), |preset| format!("period={}", preset.name()));
    html! {
        @if !rows.is_empty() {
            section {
                h2 { (means("store", "By store")) (csv(facts, Part::Stores)) }
                table .wide {
                    thead { tr {
                        th { "Store" } th .n { "Gross" } th .n { "Net" } th .n { "Tax" } th .n { "Returns" } th .n { "Discounts" }
                        th .n { "Transactions" } th .n { "Average basket" }
                    } }
                    tbody {
                        @for row in &rows[..shown] {
                            tr {
                                td data-label="Store" { a href={ "/stores/" (encoded(&row.key)) "?" (period) "#figures" } { (visible(&row.key)) } }
                                (cells(frame, row, &money))
                            }
                        }
                    }
                }
                @if rows.len() > shown { p .note { "The " (shown) " stores that sold most, of " (rows.len()) ". The CSV has all of them." } }
            }
        }
    }
}

/// Rows of stores on one page; the CSV has all.
const STORES_SHOWN: usize = 200;

fn orders(frame: &Frame, facts: &Facts) -> Markup {
    let figures = &facts.figures;
    let (now, before) = (&figures.orders, &figures.orders_before);
    let counts: [Measure<OrderSums, u64>; 6] = [
        ("orders", "Orders", |sums| sums.orders),
        ("orders", "Ready", |sums| sums.ready),
        ("orders", "Handed over or sent", |sums| sums.handed_over),
        ("orders", "Refused by a place", |sums| sums.refused),
        ("orders", "Cancelled", |sums| sums.cancelled),
        ("not-fetched", "Not fetched", |sums| sums.not_fetched),
    ];
    let rate = |rate: Option<u64>| rate.map_or_else(|| "–".to_owned(), |rate| frame.per_mille(rate));
    let time = |ms: Option<i64>| ms.map_or_else(|| "–".to_owned(), duration);
    type Said<'a> = &'a dyn Fn(&OrderSums) -> String;
    let said: [(&str, &str, Said<'_>); 5] = [
        ("promise-kept", "Promise kept", &|sums| rate(sums.promise_kept())),
        ("short-rate", "Short rate", &|sums| rate(sums.short_rate())),
        ("orders-returned", "Orders returned", &|sums| rate(sums.return_rate())),
        ("fulfilment-time", "Fulfilment time, median", &|sums| time(sums.fulfilment_median_ms)),
        ("fulfilment-time", "Fulfilment time, p90", &|sums| time(sums.fulfilment_p90_ms)),
    ];
    html! {
        section {
            h2 { (means("orders", "Orders")) (csv(facts, Part::Orders)) }
            div .pair {
                table .wide.measures {
                    thead { tr { th { "Figure" } th .n { "This period" } th .n { "Before" } th .n { "Change" } } }
                    tbody {
                        @for (anchor, name, of) in counts {
                            tr {
                                td data-label="Figure" { (means(anchor, name)) }
                                td .n data-label="This period" { strong { (frame.count(of(now))) } }
                                td .n data-label="Before" { (frame.count(of(before))) }
                                td .n data-label="Change" { (change(frame, signed(of(now)), signed(of(before)))) }
                            }
                        }
                        @for (anchor, name, of) in said {
                            tr {
                                td data-label="Figure" { (means(anchor, name)) }
                                td .n data-label="This period" { strong { (of(now)) } }
                                td .n data-label="Before" { (of(before)) }
                                td {}
                            }
                        }
                        @for value in &figures.order_values {
                            tr {
                                td data-label="Figure" { (means("average-order-value", "Average order value")) " " span .dim { (visible(&value.currency)) ", " (frame.count(value.orders)) " priced" } }
                                td .n data-label="This period" {
                                    strong { (value.average().map_or_else(|| "–".to_owned(), |average| frame.money(average, &value.currency))) }
                                }
                                td {}
                                td {}
                            }
                        }
                    }
                }
                (order_days(frame, facts))
            }
            (order_channels(frame, facts))
        }
    }
}

fn order_channels(frame: &Frame, facts: &Facts) -> Markup {
    let figures = &facts.figures;
    let rate = |rate: Option<u64>| rate.map_or_else(|| "–".to_owned(), |rate| frame.per_mille(rate));
    let time = |ms: Option<i64>| ms.map_or_else(|| "–".to_owned(), duration);
    let average = |channel: &str| -> Vec<String> {
        let of = figures.order_values_by_channel.iter().filter(|value| value.key == channel);
        of.filter_map(|value| Some(format!("{} {}", frame.money(value.average()?, &value.currency), value.currency))).collect()
    };
    html! {
        h3 { (means("channel", "Orders by channel")) " " (csv(facts, Part::OrderChannels)) }
        table .wide {
            thead { tr {
                th { "Channel" } th .n { "Orders" } th .n { "Handed over or sent" } th .n { "Average value" } th .n { "Promise kept" }
                th .n { "Short" } th .n { "Returned" } th .n { "Fulfilment, median" }
            } }
            tbody {
                @for row in &figures.orders_by_channel {
                    tr {
                        td data-label="Channel" { (channel_name(&row.key)) }
                        td .n data-label="Orders" { strong { (frame.count(row.orders)) } }
                        td .n data-label="Handed over or sent" { (frame.count(row.handed_over)) }
                        td .n data-label="Average value" {
                            @match average(&row.key).as_slice() { [] => "–", [one] => (one), several => (several.join(", ")) }
                        }
                        td .n data-label="Promise kept" { (rate(row.promise_kept())) }
                        td .n data-label="Short" { (rate(row.short_rate())) }
                        td .n data-label="Returned" { (rate(row.return_rate())) }
                        td .n data-label="Fulfilment, median" { (time(row.fulfilment_median_ms)) }
                    }
                }
            }
        }
    }
}

fn order_days(frame: &Frame, facts: &Facts) -> Markup {
    let period = facts.scope.period;
    if period.days() < 2 {
        return html! { div {} };
    }
    let by_day: BTreeMap<&str, u64> = facts.figures.orders_by_day.iter().map(|sums| (sums.key.as_str(), sums.orders)).collect();
    let bars: Vec<Bar> = period
        .each()
        .map(|day| {
            let day = day.to_string();
            let orders = by_day.get(day.as_str()).copied().unwrap_or(0);
            Bar { label: frame.short_day(&day), words: format!("{}: {orders} orders", frame.day(&day)), value: signed(orders) }
        })
        .collect();
    let most = bars.iter().max_by_key(|bar| bar.value).map(|bar| bar.words.clone()).unwrap_or_default();
    let chart = Chart {
        id: "orders-days",
        title: "Orders by business day",
        description: format!("{} columns; the highest is {most}. All numbers are in the CSV.", bars.len()),
        bars,
        line: Vec::new(),
        axis: &|value| frame.count(u64::try_from(value).unwrap_or(0)),
    };
    html! { div { (chart.draw()) } }
}

fn turnover(frame: &Frame, facts: &Facts) -> Markup {
    let figures = &facts.figures;
    let row = |name: Markup, row: &Turnover| {
        let money = |amount: i64| frame.money(amount, &row.currency);
        html! {
            tr {
                td data-label="Store" { (name) }
                td .n data-label="Days" { (frame.count(row.store_days)) }
                td .n data-label="Average stock" { (row.average_stock().map_or_else(|| "–".to_owned(), money)) }
                td .n data-label="Sold" { (money(row.sold)) }
                td .n data-label="Turns a year" { strong { (row.per_year().map_or_else(|| "–".to_owned(), |turns| frame.hundredths(turns))) } }
                td .n data-label="No price" { (frame.count(row.unpriced)) }
            }
        }
    };
    html! {
        @if !figures.turnover.is_empty() {
            section {
                h2 { (means("inventory-turnover", "Inventory turnover")) (csv(facts, Part::Turnover)) }
                table .wide {
                    thead { tr {
                        th { "Store" } th .n { "Days" } th .n { "Average stock" } th .n { "Sold" } th .n { "Turns a year" } th .n { "No price" }
                    } }
                    tbody {
                        @for sums in &figures.turnover {
                            (row(html! { @if let Some(store) = &facts.scope.store { (visible(store)) } @else { "All, " (visible(&sums.currency)) } }, sums))
                        }
                        @for sums in figures.turnover_by_store.iter().take(STORES_SHOWN) {
                            (row(html! { a href={ "/stores/" (encoded(&sums.key)) "#figures" } { (visible(&sums.key)) } }, sums))
                        }
                    }
                }
            }
        }
    }
}

fn unsynced(frame: &Frame, facts: &Facts) -> Markup {
    let rows = &facts.figures.unsynced;
    let late: Vec<_> = rows.iter().filter(|row| row.days > 0 || row.records_waiting > 0).take(STORES_SHOWN).collect();
    html! {
        @if !rows.is_empty() {
            section {
                h2 { (means("days-unsynced", "Days unsynced")) }
                @if late.is_empty() {
                    p .note {
                        @if rows.len() == 1 { "The store" } @else { "All " (rows.len()) " stores" }
                        " called within the last day, and nothing waits there."
                    }
                } @else {
                    table .wide {
                        thead { tr { th { "Store" } th .n { "Days" } th .n { "Last contact" } th .n { "Records waiting there" } } }
                        tbody {
                            @for row in late {
                                tr {
                                    td data-label="Store" { a href={ "/stores/" (encoded(&row.store)) } { (visible(&row.store)) } }
                                    td .n data-label="Days" { @if row.days > 0 { span .state.warn { "⚠ " (row.days) } } @else { "0" } }
                                    td .n data-label="Last contact" { (frame.time(row.last_contact_ms)) }
                                    td .n data-label="Records waiting there" { (frame.count(u64::try_from(row.records_waiting).unwrap_or(0))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// "45 s", "12 min", "3 h 05 min", "2 d 4 h".
fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds / 60),
        6_000..=172_799 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

const MEASURES: &str = include_str!("../../../docs/MEASURES.md");

/// docs/MEASURES.md: headings, paragraphs and words in backticks are all it has.
pub fn measures_page(frame: &Frame) -> Markup {
    let body = html! {
        article .prose {
            @for block in MEASURES.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
                (block_of(block))
            }
        }
    };
    let tools = html! { div .tools { a .button href="/figures" { "Figures" } } };
    frame.slow_page("What each figure means", tools, body)
}

fn block_of(block: &str) -> Markup {
    let (head, rest) = block.split_once('\n').unwrap_or((block, ""));
    html! {
        @if let Some(name) = head.strip_prefix("### ") {
            h3 id=(anchor(name)) { (name) }
            @if !rest.is_empty() { p { (words(rest)) } }
        } @else if let Some(name) = head.strip_prefix("## ") {
            h2 { (name) }
            @if !rest.is_empty() { p { (words(rest)) } }
        } @else if !head.starts_with("# ") {
            p { (words(block)) }
        }
    }
}

/// As GitHub makes them: "Sales (gross)" is sales-gross.
fn anchor(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn words(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name on the page leads to a definition that is there.
    #[test]
    fn each_figure_is_defined() {
        let source = include_str!("figures.rs").split("#[cfg(test)]").next().unwrap();
        let defined: Vec<String> = MEASURES.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
        let quoted = |text: &str| text.split('"').nth(1).map(str::to_owned);
        let linked: Vec<String> = source.split("means(").skip(1).filter_map(|rest| rest.starts_with('"').then(|| quoted(rest))?).collect();
        assert!(linked.len() > 8, "{linked:?}");
        let listed =
            source.lines().filter(|line| line.trim_start().starts_with("(\"") && line.matches('"').count() == 4).filter_map(quoted);
        for name in linked.into_iter().chain(listed) {
            assert!(defined.contains(&name), "{name} is not in docs/MEASURES.md: {defined:?}");
        }
    }
}
