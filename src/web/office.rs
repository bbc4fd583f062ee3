//! The back office: today with its X, tills, safe and bank bags, and the days before with every report as it was printed. A page without a
//! till: who reads it signs in at its desk. Rendering is a function of [`OfficeView`].

pub mod proof;
mod safe;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::Web;
use super::api::reports;
use super::layout::{document, visible};
use super::locale::Locale;
use super::seat::{self, AtDesk};
use super::session::Session;
use super::texts::fill;
use super::texts::office::OfficeTexts;
use super::till::icon;
use crate::document::Language;
use crate::document::stored::Fallback;
use crate::ids::{ReasonCode, StaffId, WorkstationId};
use crate::money::{Currency, Money};
use crate::node::reports::{CashNow, DayReports, ReportId, Unshown};
use crate::node::screen::StaffTile;
use crate::retail::day::{Day, DayReport};
use crate::retail::rights::Right;
use crate::retail::till::{Phase, ReportKey};
use crate::retail::{Event, Refusal, Rules, TenderKind};
use crate::time::BusinessDate;

/// Days in the list; the export has all that the node lists.
const DAYS_SHOWN_MAX: usize = 62;
/// Sent by the page's script when it looks for news by itself: nobody did anything.
const REFRESH: &str = "x-counterfoil-refresh";

pub fn routes() -> Router<Web> {
    Router::new().route("/office", get(office))
}

#[derive(Deserialize)]
struct Chosen {
    date: Option<String>,
}

async fn office(State(web): State<Web>, session: Session, Query(chosen): Query<Chosen>, headers: HeaderMap) -> Response {
    if let Err(problem) = session.needs_desk() {
        return problem.into_response();
    }
    let screen = web.node.screen();
    let by_itself = headers.contains_key(REFRESH);
    let at_desk = if by_itself { seat::glance(&web, &session) } else { seat::at_desk(&web, &session) };
    let Ok(at_desk) = at_desk else { return page(&web, &web.parts.locale, sign_in(&web.parts.locale, &screen.staff)).into_response() };
    if let AtDesk::Person(person) = &at_desk
        && !person.may(Right::ReadReports)
    {
        return page(&web, &web.parts.locale, not_allowed(&web.parts.locale, &name_of(&screen.staff, &person.id))).into_response();
    }
    let person = at_desk.staff().and_then(|staff| language_of(&web, staff));
    let locale = person.map_or_else(|| web.parts.locale.clone(), |language| web.parts.locale.spoken(language));
    let cash = match web.node.cash().await {
        Ok(cash) => *cash,
        Err(error) => return super::api::ask_problem(&error).into_response(),
    };
    let mut days = cash.days();
    let newest = days.keys().next_back().copied();
    let asked = chosen.date.and_then(|text| text.parse::<BusinessDate>().ok()).filter(|date| days.contains_key(date));
    let chosen = match asked.or(newest).and_then(|date| Some((date, days.remove(&date)?))) {
        None => None,
        Some((date, day)) => {
            let read = reports::blocking(&web, move |web| ChosenDay::read(web, date, day)).await;
            match read.and_then(|read| read) {
                Ok(day) => Some(day),
                Err(problem) => return problem.into_response(),
            }
        }
    };
    let view = OfficeView {
        locale: &locale,
        currency: &screen.rules.currency,
        rules: &screen.rules,
        papers: &web.node.shared().papers,
        workstations: screen.workstations.keys().collect(),
        staff: &screen.staff,
        at_desk: &at_desk,
        cash: &cash,
        chosen: chosen.as_ref(),
        now_ms: web.now_ms(),
    };
    page(&web, &locale, view.content()).into_response()
}

fn language_of(web: &Web, staff: &StaffId) -> Option<Language> {
    let book = web.node.shared().books.books().staff;
    Language::of_tag(&book.person(staff)?.language)
}

fn page(web: &Web, locale: &Locale, content: Markup) -> Markup {
    let t = locale.texts;
    let name = web.node.screen().store_name.clone();
    let body = html! {
        header .desk-head { a href="/" { (visible(&name)) } h1 { (t.office.title) } }
        p #office-problem .warn-text role="alert" hidden {}
        main #office { (content) }
    };
    document(locale, t.office.title, "desk office", &["proof.js", "backoffice.js"], body)
}

/// Nobody is signed in at this desk.
pub fn sign_in(locale: &Locale, staff: &[StaffTile]) -> Markup {
    let t = locale.texts.office;
    html! {
        div .message {
            h1 { (t.sign_in) }
            p { (t.sign_in_hint) }
            @if staff.is_empty() { p .muted { (locale.texts.people.nobody_hint) } }
            form #desk-sign-in {
                label { span { (t.person) } select name="staff" #desk-staff {
                    @for person in staff.iter().filter(|person| person.has_pin) { option value=(person.id) { (visible(&person.name)) } }
                } }
                label { span { (t.pin) } input name="pin" #desk-pin type="password" inputmode="numeric" maxlength="8" autocomplete="off" autofocus; }
                label { span { (t.badge) } input name="badge" type="password" maxlength="80" autocomplete="off"; }
                button .primary type="submit" { (t.sign_in_do) }
            }
        }
    }
}

fn not_allowed(locale: &Locale, name: &str) -> Markup {
    let t = locale.texts.office;
    html! {
        div .message {
            h1 { (fill(t.not_allowed, &[&visible(name)])) }
            p { (t.not_allowed_hint) }
            p { button type="button" data-do="sign-out" { (t.sign_out) } }
        }
    }
}

/// One date's reports, read back.
pub struct ChosenDay {
    pub date: BusinessDate,
    pub day: DayReports,
    papers: Vec<Stored>,
}

/// A report with the text it was printed with, and what a till's Z or a count of the safe says of its cash.
struct Stored {
    id: ReportId,
    what: ReportKey,
    amount: Money,
    /// How often it was printed again.
    copies: u32,
    text: String,
    owner: Option<StaffId>,
    reason: Option<String>,
}

impl ChosenDay {
    fn read(web: &Web, date: BusinessDate, day: DayReports) -> Result<ChosenDay, super::problem::Problem> {
        let shared = web.node.shared();
        let read = |(id, report): &(ReportId, crate::retail::till::ReportRef)| {
            let found = shared.archive.report(id.seq, id.place).ok_or_else(|| reports::unreadable(*id))?;
            let text = shared.papers.text_of(&found.event, &found.hash).ok_or_else(|| reports::unreadable(*id))?;
            let (owner, reason) = match &found.event {
                Event::TillClosed { report } => {
                    let reason = report.counted.as_ref().and_then(|counted| counted.reason.as_ref());
                    (report.owner.clone(), reason.map(|reason| shared.papers.stationery.locale.reason(reason)))
                }
                Event::SafeCountClosed { report } => {
                    let reason = report.counted.reason.as_ref();
                    (report.counted.by.clone(), reason.map(|reason| shared.papers.stationery.locale.reason(reason)))
                }
                _ => (None, None),
            };
            let (what, amount, copies) = (report.what.clone(), report.amount, report.copies);
            Ok::<Stored, super::problem::Problem>(Stored { id: *id, what, amount, copies, text, owner, reason })
        };
        let papers = day.all().into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(ChosenDay { date, day, papers })
    }
}

/// All that the page shows.
pub struct OfficeView<'a> {
    pub locale: &'a Locale,
    pub currency: &'a Currency,
    pub rules: &'a Rules,
    pub papers: &'a Fallback,
    pub workstations: Vec<&'a WorkstationId>,
    pub staff: &'a [StaffTile],
    pub at_desk: &'a AtDesk,
    pub cash: &'a CashNow,
    pub chosen: Option<&'a ChosenDay>,
    pub now_ms: i64,
}

impl OfficeView<'_> {
    pub fn content(&self) -> Markup {
        let t = self.words();
        html! {
            p .office-bar {
                @if let Some(staff) = self.at_desk.staff() {
                    strong { (visible(&name_of(self.staff, staff))) }
                    button .small type="button" data-do="sign-out" { (t.sign_out) }
                }
                span .muted { (fill(t.refreshed, &[&self.locale.clock(self.now_ms)])) }
            }
            div .office-columns {
                div { (self.today()) (self.tills()) (safe::section(self)) }
                div { (self.days()) }
            }
            (proof::dialog(self.locale, self.staff, true))
        }
    }

    fn today(&self) -> Markup {
        let t = self.words();
        let (date, state) = match &self.cash.day {
            Day::NeverOpened => (None, t.day_never.to_owned()),
            Day::Open { date, opened_at } => (Some(*date), fill(t.day_open, &[&self.since(opened_at.ms)])),
            Day::Closed { last } => (Some(*last), t.day_closed.to_owned()),
        };
        let is_open = matches!(self.cash.day, Day::Open { .. });
        html! {
            section {
                h2 { (t.today) @if let Some(date) = date { " " (self.locale.date(date)) } " " span .chip .good[is_open] { (state) } }
                @if is_open {
                    @match self.cash.day_x(self.at_desk.staff()) {
                        Ok(x) => (self.figures(x)),
                        Err(why) => p .note { (icon("lock")) (self.hidden(&why)) },
                    }
                }
                p .buttons {
                    @if is_open {
                        button type="button" data-do="close-day" data-sure=(t.close_day_sure) { (t.close_day) }
                    } @else {
                        button .primary type="button" data-do="open-day" { (t.open_day) }
                    }
                }
            }
        }
    }

    fn figures(&self, x: &DayReport) -> Markup {
        let t = self.words();
        let kept = |kind: TenderKind| x.totals.tenders.iter().filter(|(of, _)| *of == kind).map(|(_, amount)| *amount).sum::<Money>();
        html! {
            dl .figures {
                div { dt { (t.turnover) } dd { (self.money(x.totals.total)) } }
                div { dt { (t.sales) } dd { (x.totals.sales) } }
                div { dt { (t.cash) } dd { (self.money(kept(TenderKind::Cash))) } }
                div { dt { (t.card) } dd { (self.money(kept(TenderKind::Card))) } }
            }
            details { summary { (t.x_report) } pre .report tabindex="0" { (self.papers.day_x_text(x)) } }
        }
    }

    fn tills(&self) -> Markup {
        let t = self.words();
        // A till whose workstation has left the configuration may still be open.
        let open = self.cash.book.tills.iter().filter(|(_, till)| till.session.is_some()).map(|(id, _)| id);
        let all: std::collections::BTreeSet<&WorkstationId> = self.workstations.iter().copied().chain(open).collect();
        html! {
            section {
                h2 { (t.tills) }
                table .office-table {
                    thead { tr { th { (t.till) } th { (t.who) } th { (t.since) } th .n { (t.float) } th .n { (t.expected) } th .n { (t.difference) } } }
                    tbody { @for till in all { (self.till(till)) } }
                }
            }
        }
    }

    fn till(&self, till: &WorkstationId) -> Markup {
        let t = self.words();
        let Some(session) = self.cash.book.session(till) else {
            return html! { tr { td { strong { (till) } } td colspan="5" .muted { (t.state_closed) } } };
        };
        let x = self.cash.till_x(till, self.at_desk.staff()).ok();
        let (state, counted) = match &session.phase {
            Phase::Open => (t.state_open, None),
            Phase::Counting { .. } => (t.state_counting, None),
            Phase::Counted { counted, .. } => (t.state_counted, Some(*counted)),
        };
        html! {
            tr {
                td { strong { (till) } " " span .chip { (state) } }
                td { @if let Some(owner) = &session.owner { (visible(&name_of(self.staff, owner))) } }
                td { (self.since(session.opened_at.ms)) }
                td .n { (self.money(session.float)) }
                td .n { @match x { Some(x) => (self.money(x.expected)), None => span .muted { (t.blind) } } }
                td .n { @if let (Some(counted), Some(x)) = (counted, x) { (self.difference(counted - x.expected)) } }
            }
            @if let Some(x) = x {
                tr .under { td colspan="6" { details { summary { (t.x_report) } pre .report tabindex="0" { (self.papers.till_x_text(x)) } } } }
            }
        }
    }

    fn days(&self) -> Markup {
        let t = self.words();
        let days: BTreeMap<BusinessDate, DayReports> = self.cash.days();
        html! {
            section {
                h2 { (t.days) }
                @if days.is_empty() { p .muted { (t.no_days) } } @else {
                    div .days-list tabindex="0" {
                        table .office-table {
                            thead { tr { th { (t.date) } th .n { (t.total) } th .n { (t.reports) } th .n { (t.difference) } } }
                            tbody {
                                @for (date, day) in days.iter().rev().take(DAYS_SHOWN_MAX) {
                                    @let is_chosen = self.chosen.is_some_and(|chosen| chosen.date == *date);
                                    tr .chosen[is_chosen] {
                                        td { a href={ "/office?date=" (date) } aria-current=[is_chosen.then_some("date")] { (self.locale.date(*date)) } }
                                        td .n { strong { (self.money(day.total())) } }
                                        td .n { (day.days.len()) " Z" @if !day.addenda.is_empty() { " + " (day.addenda.len()) } }
                                        td .n { @if !day.tills.is_empty() { (self.difference(day.difference())) } }
                                    }
                                }
                            }
                        }
                    }
                    p .links { a href="/api/v1/reports.csv" { (t.export_all) " (CSV)" } span .muted { (t.older) } }
                    @if let Some(chosen) = self.chosen { (self.chosen(chosen)) }
                }
            }
        }
    }

    fn chosen(&self, chosen: &ChosenDay) -> Markup {
        let t = self.words();
        let ChosenDay { date, day, papers } = chosen;
        html! {
            h2 { (self.locale.date(*date)) ": " (self.money(day.total())) }
            p .links {
                span .muted { (t.total_hint) }
                a href={ "/api/v1/reports.csv?from=" (date) "&to=" (date) } { (t.export) " (CSV)" }
                a href={ "/api/v1/days/" (date) } { (t.export) " (JSON)" }
            }
            (self.print_again(papers))
            @for stored in papers { (self.stored(stored)) }
        }
    }

    /// A day's Z lies open, with its addenda under it; tills unfold.
    fn stored(&self, stored: &Stored) -> Markup {
        let t = self.words();
        let is_open = match &stored.what {
            ReportKey::Day { .. } | ReportKey::Addendum { .. } => true,
            ReportKey::Till { .. } | ReportKey::Safe { .. } => false,
        };
        html! {
            details .stored id={ "report-" (stored.id) } open[is_open] {
                summary {
                    strong { (self.title(&stored.what)) }
                    @match &stored.what {
                        ReportKey::Day { .. } | ReportKey::Addendum { .. } => span .n { (self.money(stored.amount)) },
                        ReportKey::Till { .. } | ReportKey::Safe { .. } => {
                            @if let Some(owner) = &stored.owner { span { (visible(&name_of(self.staff, owner))) } }
                            span { (t.difference) " " (self.difference(stored.amount)) }
                            @if let Some(reason) = &stored.reason { span .muted { (t.reason) ": " (visible(reason)) } }
                        },
                    }
                }
                pre .report tabindex="0" { (stored.text) }
                @if stored.copies > 0 { p .copies.muted { (fill(t.printed_again, &[&stored.copies.to_string()])) } }
            }
        }
    }

    fn title(&self, what: &ReportKey) -> String {
        let t = self.words();
        match what {
            ReportKey::Day { number } => fill(t.z, &[&number.to_string()]),
            ReportKey::Addendum { number, .. } => fill(t.addendum, &[&number.to_string()]),
            ReportKey::Till { till, number } => fill(t.till_z, &[till.as_str(), &number.to_string()]),
            ReportKey::Safe { number } => fill(t.safe_count, &[&number.to_string()]),
        }
    }

    /// One control, however many reports the day has and printers the shop.
    fn print_again(&self, papers: &[Stored]) -> Markup {
        let t = self.words();
        let with_printer: Vec<&WorkstationId> =
            self.rules.workstations.iter().filter(|at| at.receipt_printer.is_some()).map(|at| &at.id).collect();
        html! {
            @if !with_printer.is_empty() && !papers.is_empty() {
                form #print-again {
                    label { span { (t.print_what) } select #print-what name="report" {
                        @for stored in papers { option value=(stored.id) { (self.title(&stored.what)) } }
                    } }
                    label { span { (t.print_at) } select #print-at name="workstation" {
                        @for at in with_printer { option value=(at) { (at) } }
                    } }
                    button type="submit" { (icon("print")) (t.print_again) }
                }
            }
        }
    }

    /// Of today the time alone.
    fn since(&self, ms: i64) -> String {
        if self.locale.today(ms) == self.locale.today(self.now_ms) { self.locale.clock(ms) } else { self.locale.date_and_clock(ms) }
    }

    fn hidden(&self, why: &Unshown) -> String {
        let t = self.words();
        match why {
            Unshown::Own(till) => fill(t.hidden_own, &[till.as_str()]),
            Unshown::Refused(Refusal::TillBeingCounted { till, .. }) => fill(t.hidden_counting, &[till.as_str()]),
            Unshown::Refused(other) => other.code().to_owned(),
        }
    }

    fn difference(&self, difference: Money) -> Markup {
        html! { span .off[!difference.is_zero()] { (self.money(difference)) } }
    }

    /// A reason in the reader's words.
    fn words_of(&self, reason: &ReasonCode) -> String {
        let mut locale = self.papers.stationery.locale;
        if let Some(language) = Language::of_tag(self.locale.language) {
            locale.language = language;
        }
        locale.reason(reason)
    }

    fn money(&self, amount: Money) -> String {
        self.locale.money(self.currency, amount)
    }
    fn words(&self) -> &'static OfficeTexts {
        self.locale.texts.office
    }
}

/// The id again for who is not on the list any more.
fn name_of(staff: &[StaffTile], id: &StaffId) -> String {
    staff.iter().find(|tile| tile.id == *id).map_or_else(|| id.to_string(), |tile| tile.name.clone())
}
