//! Product recalls: what is in force, one form that enters or changes one, and a button that ends one. The same checks as the API's and the import's.

use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, encoded, visible};
use crate::head_office::recalls::{Draft, DraftArticle};
use crate::retail::recalls::{Recall, RecalledArticle, Unmarked};

/// The form as a browser sends it: one article in many numbers, all narrowed down alike.
#[derive(Debug, Default, Deserialize)]
pub struct Form {
    pub id: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    gtins: String,
    #[serde(default)]
    batches: String,
    #[serde(default)]
    serial_from: String,
    #[serde(default)]
    serial_to: String,
    #[serde(default)]
    date_from: String,
    #[serde(default)]
    date_to: String,
    #[serde(default)]
    unmarked: String,
}

impl Form {
    pub fn draft(&self) -> Draft {
        let words = |text: &str| {
            text.split([',', ';', '\n', ' ', '\t', '\r']).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let unmarked = if self.unmarked == "sell" { Unmarked::Sell } else { Unmarked::Refuse };
        let article = |gtin: String| DraftArticle {
            gtin,
            batches: words(&self.batches),
            serial_from: filled(&self.serial_from),
            serial_to: filled(&self.serial_to),
            date_from: filled(&self.date_from),
            date_to: filled(&self.date_to),
            unmarked,
        };
        Draft { reason: self.reason.trim().to_owned(), articles: words(&self.gtins).into_iter().map(article).collect() }
    }
}

/// `refused`: what was typed, and every fault in it.
pub fn page(frame: &Frame, recalls: &[Recall], refused: Option<(&Form, &[String])>) -> Markup {
    let empty = Form::default();
    let typed = refused.map_or(&empty, |(form, _)| form);
    let tools = html! {
        @if let Some((_, faults)) = refused {
            div .faults role="alert" { strong { "Nothing was published. Mend this and send it again:" } ul { @for fault in faults { li { (visible(fault)) } } } }
        }
        form .tools method="post" action="/recalls" autocomplete="off" {
            label { "Id " input name="id" required size="12" placeholder="R-2026-31" value=(typed.id); }
            label { "Reason, for the cashier " input name="reason" required size="36" placeholder="May contain glass." value=(typed.reason); }
            label { "Article numbers (GTIN) " input name="gtins" required size="30" placeholder="one or several" value=(typed.gtins); }
            label { "Batches " input name="batches" size="16" placeholder="empty = all" value=(typed.batches); }
            label { "Serials from " input name="serial_from" size="10" value=(typed.serial_from); }
            label { "to " input name="serial_to" size="10" value=(typed.serial_to); }
            label { "Dates on the pack from " input name="date_from" type="date" value=(typed.date_from); }
            label { "to " input name="date_to" type="date" value=(typed.date_to); }
            label { "An item whose code does not say "
                select name="unmarked" {
                    option value="refuse" { "is refused" }
                    option value="sell" selected[typed.unmarked == "sell"] { "may be sold" }
                }
            }
            button { "Publish" }
        }
    };
    let body = html! {
        p .note {
            "Shops refuse what is listed here as soon as their box has fetched the list, and go on refusing it with the line down. An id that is there is replaced."
        }
        @if recalls.is_empty() { p .empty { "Nothing is recalled." } } @else {
            table .wide {
                thead { tr { th { "Id" } th { "Reason" } th { "Article" } th { "Which of it" } th { "Code does not say" } th { "" } } }
                tbody { @for recall in recalls { (rows(recall)) } }
            }
        }
    };
    frame.page("Recalls", tools, body)
}

fn rows(recall: &Recall) -> Markup {
    html! {
        @for (index, article) in recall.articles.iter().enumerate() {
            tr {
                td data-label="Id" { @if index == 0 { code { (visible(&recall.id)) } } }
                td data-label="Reason" { @if index == 0 { (visible(&recall.reason)) } }
                td data-label="Article" { code { (visible(&article.gtin)) } }
                td data-label="Which of it" { (visible(&which(article))) }
                td data-label="Code does not say" { @match article.unmarked { Unmarked::Refuse => "refused", Unmarked::Sell => "may be sold" } }
                td {
                    @if index == 0 {
                        form method="post" action=(format!("/recalls/{}/end", encoded(&recall.id))) { button { "End" } }
                    }
                }
            }
        }
    }
}

fn which(article: &RecalledArticle) -> String {
    let batches = (!article.batches.is_empty()).then(|| format!("batch {}", article.batches.join(", ")));
    let serials = article.serials.as_ref().map(|(from, to)| format!("serials {from} to {to}"));
    let dates = article.dates.map(|(from, to)| format!("dates {from} to {to}"));
    let said: Vec<String> = [batches, serials, dates].into_iter().flatten().collect();
    if said.is_empty() { "all of it".to_owned() } else { said.join("; ") }
}
