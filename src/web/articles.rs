//! The page of articles, for a handheld or a desk: scan or type, and see what one costs, what lies here and what other shops have. Sells nothing.
//! It works without a script: a handheld's scanner types into the field and ends with Enter.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::Web;
use super::layout::{document, visible};
use super::locale::Locale;
use super::pages::{SEARCH_RESULTS_MAX, SEARCH_TEXT_MAX, not_found_page, staff_locale};
use super::session::At;
use super::texts::fill;
use super::till::{article, icon};
use crate::ids::WorkstationId;
use crate::node::screen::ArticleInfo;

pub fn routes() -> Router<Web> {
    Router::new().route("/articles/{ws}", get(page))
}

#[derive(Deserialize)]
struct LookFor {
    #[serde(default)]
    q: String,
}

/// What a search came to.
enum Found {
    Nothing,
    /// By its code, or the only one of its name.
    One(Box<ArticleInfo>),
    Several(Vec<ArticleInfo>),
    /// The views cannot answer now.
    NotNow(String),
}

async fn page(State(web): State<Web>, At(workstation): At, Query(look): Query<LookFor>) -> Response {
    if !web.node.screen().workstations.contains_key(&workstation) {
        return not_found_page(&web);
    }
    let text: String = look.q.trim().chars().take(SEARCH_TEXT_MAX).collect();
    let found = if text.is_empty() { None } else { Some(find(&web, &text).await) };
    render(&web, &staff_locale(&web, &workstation), &workstation, &text, found).into_response()
}

async fn find(web: &Web, text: &str) -> Found {
    match web.price_check(text).await {
        Ok(Some(info)) => return Found::One(Box::new(info)),
        Ok(None) => {}
        Err(why) => return Found::NotNow(why.to_string()),
    }
    let found = match web.node.search(text, SEARCH_RESULTS_MAX).await {
        Ok(found) => found,
        Err(why) => return Found::NotNow(why.to_string()),
    };
    match found.as_slice() {
        [] => Found::Nothing,
        // Once more, with what other shops have.
        [only] => match web.node.article(&only.sku).await {
            Ok(Some(info)) => Found::One(Box::new(info)),
            Ok(None) | Err(_) => Found::Several(found),
        },
        _ => Found::Several(found),
    }
}

fn render(web: &Web, locale: &Locale, workstation: &WorkstationId, text: &str, found: Option<Found>) -> Markup {
    let t = locale.texts;
    let (screen, now_ms) = (web.node.screen(), web.now_ms());
    let currency = &screen.rules.currency;
    let address = format!("/articles/{workstation}");
    let body = html! {
        main #articles {
            header { h1 { (t.article.title) span .store { (visible(&screen.store_name)) } } a .button href="/" { (t.more_panel.pages) } }
            form method="get" action=(address) role="search" {
                input type="search" name="q" value=(text) maxlength=(SEARCH_TEXT_MAX) autocomplete="off" autocapitalize="off" spellcheck="false"
                    autofocus placeholder=(t.article.field) aria-label=(t.article.field);
                button .primary { (icon("search")) (t.article.look) }
            }
            @match &found {
                None => p .hint { (t.article.hint) },
                Some(Found::Nothing) => p .hint role="alert" { (icon("stop")) (fill(t.search_none, &[&visible(text)])) },
                Some(Found::NotNow(why)) => p .hint role="alert" { (icon("stop")) (t.search_failed) " " (visible(why)) },
                Some(Found::One(info)) => section .price-card {
                    h2 { (visible(&info.name)) }
                    (article::facts(locale, currency, now_ms, info))
                },
                Some(Found::Several(found)) => ul .found-list {
                    @for info in found {
                        li {
                            a href=(format!("{address}?q={}", info.sku)) {
                                span .name { (visible(&info.name)) }
                                span .price { (article::price_text(locale, currency, info)) }
                                span .code { (visible(&info.code)) }
                                span .stock { (article::stock_text(locale, now_ms, info)) }
                            }
                        }
                    }
                },
            }
        }
    };
    document(locale, t.article.title, "articles", &[], body)
}
