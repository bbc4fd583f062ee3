//! The boxes of all shops at a look: what is the matter first, then each box with its line, version, clock, disk and devices; and the rules by
//! which somebody is told.

use axum::extract::{Path, Query, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, Tab, counted, encoded, visible};
use super::{ROWS_PER_PAGE, frame};
use crate::head_office::access::{self, Right};
use crate::head_office::fleet::alarms::{self, AlarmRow, Wanted};
use crate::head_office::fleet::mails::{self, Standing};
use crate::head_office::fleet::rule::{Kind, Rule};
use crate::head_office::fleet::{self, BoxRow, CLOCK_OFF_MS, DISK_LOW_PERCENT, Filter, REPORT_MS, Reported, Totals, api};
use crate::head_office::office::HeadOffice;
use crate::time::ClockQuality;
use crate::web::problem::Problem;

/// Alarms on the page.
const ALARMS: u32 = 30;

pub fn routes() -> Router<HeadOffice> {
    Router::new().route("/fleet", get(page)).route("/fleet/rules", post(make_rule)).route("/fleet/rules/{id}/end", post(end_rule))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    search: String,
    trouble: Option<String>,
    after: Option<String>,
}

struct Facts {
    totals: Totals,
    rows: Vec<BoxRow>,
    next: Option<(String, String)>,
    alarms: Vec<AlarmRow>,
    rules: Vec<Rule>,
    mails: Standing,
    /// A mail server is configured.
    writes: bool,
}

async fn page(State(office): State<HeadOffice>, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Fleet).await?;
    let filter = Filter {
        search: asked.search,
        trouble: asked.trouble.is_some(),
        after: asked.after.as_deref().and_then(api::from_cursor),
        limit: ROWS_PER_PAGE as usize,
    };
    let (now_ms, writes) = (office.now_ms(), office.config().messages.mail.is_some());
    let looked = filter.clone();
    let facts = office.read(move |connection| {
        let boxes = fleet::all(connection, now_ms)?;
        let totals = fleet::totals(&boxes);
        let (rows, next) = fleet::page(boxes, &looked);
        let alarms = alarms::list(connection, false, ALARMS)?;
        Ok(Facts { totals, rows, next, alarms, rules: alarms::rules(connection)?, mails: mails::standing(connection)?, writes })
    });
    Ok(whole(&frame, &facts.await?, &filter))
}

#[derive(Deserialize)]
struct RuleForm {
    kind: String,
    #[serde(default)]
    bound: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    store: String,
    #[serde(default)]
    mail: String,
}

async fn make_rule(State(office): State<HeadOffice>, Form(form): Form<RuleForm>) -> Result<Redirect, Problem> {
    let RuleForm { kind, bound, region, store, mail } = form;
    let wanted = Wanted { kind, bound: bound.trim().parse().ok(), store, region, mail };
    api::make(&office, wanted).await.map(|_| Redirect::to("/fleet#rules"))
}

async fn end_rule(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    api::end(&office, id).await.map(|()| Redirect::to("/fleet#rules"))
}

fn whole(frame: &Frame, facts: &Facts, filter: &Filter) -> Markup {
    let tools = html! {
        form .tools method="get" action="/fleet" role="search" {
            label { "Store or region " input type="search" name="search" value=(filter.search) size="18" autocomplete="off"; }
            label { input type="checkbox" name="trouble" value="yes" checked[filter.trouble]; span { "only those to look at" } }
            button { "Show" }
            a .button href="/nodes" { "Enrolment" }
            a .button href="/configuration" { "Configuration" }
            a .button href="/api/v1/fleet.csv" { "CSV" }
        }
    };
    let body = html! {
        (sums(frame, &facts.totals))
        (alarm_section(frame, &facts.alarms))
        section {
            h2 { "Boxes" }
            @if facts.rows.is_empty() {
                p .empty {
                    @if facts.totals.boxes == 0 { "No box has ever called." }
                    @else if filter.trouble { "All is well with those." }
                    @else { "None is found." }
                }
            } @else {
                table .wide {
                    thead { tr {
                        th { "Store" } th { "Box" } th { "Line" } th .n { "Waiting there" } th { "Version" } th { "Clock" } th .n { "Disk free" } th { "Devices" }
                    } }
                    tbody { @for row in &facts.rows { (box_row(frame, row)) } }
                }
                nav .pager aria-label="Further rows" {
                    @if filter.after.is_some() { a .button href=(address(filter, None)) { "First page" } }
                    @if let Some(next) = &facts.next { a .button href=(address(filter, Some(&api::cursor(next)))) { "Next " (ROWS_PER_PAGE) } }
                }
            }
        }
    };
    frame.page_with_forms("Fleet", tools, body, rules_section(facts))
}

fn address(filter: &Filter, after: Option<&str>) -> String {
    let trouble = if filter.trouble { "&trouble=yes" } else { "" };
    let after = after.map(|after| format!("&after={}", encoded(after))).unwrap_or_default();
    format!("/fleet?search={}{trouble}{after}", encoded(&filter.search))
}

fn sums(frame: &Frame, totals: &Totals) -> Markup {
    html! {
        p .sum-line {
            strong { (frame.count(totals.boxes)) } @if totals.boxes == 1 { " box" } @else { " boxes" } ": "
            (frame.count(totals.offline)) " offline, " (frame.count(totals.trouble)) " to look at, "
            "devices that need somebody: " (frame.count(totals.devices_down)) ". "
            @for (index, (version, count)) in totals.versions.iter().enumerate() {
                @if index > 0 { ", " } @else { "Versions: " }
                @if version.is_empty() { "unknown" } @else { (visible(version)) } " (" (frame.count(*count)) ")"
            }
        }
    }
}

fn alarm_section(frame: &Frame, alarms: &[AlarmRow]) -> Markup {
    html! {
        section #alarms {
            h2 { "Alarms" }
            @if alarms.iter().all(|alarm| alarm.cleared_ms.is_some()) { p .empty { "None is open." } }
            @for alarm in alarms.iter().filter(|alarm| alarm.cleared_ms.is_none()) {
                article .card {
                    p {
                        span .tag.warn { "⚠ " (alarm.kind) } " "
                        a href={ "/stores/" (encoded(&alarm.store)) } { (visible(&alarm.store)) } " " strong { (visible(&alarm.node)) } " "
                        (visible(&alarm.text))
                    }
                    span .dim title=(frame.time(alarm.raised_ms)) { (frame.ago(alarm.raised_ms)) }
                }
            }
            @if alarms.iter().any(|alarm| alarm.cleared_ms.is_some()) {
                details #over .aside {
                    summary { "Those that are over" }
                    @for alarm in alarms {
                        @if let Some(cleared_ms) = alarm.cleared_ms {
                            p .dim {
                                (frame.time(alarm.raised_ms)) " to " (frame.time(cleared_ms)) ": " (visible(&alarm.store)) " " (visible(&alarm.node)) " " (visible(&alarm.text))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn box_row(frame: &Frame, row: &BoxRow) -> Markup {
    let report = row.report.as_ref();
    let is_old = report.is_some_and(|report| frame.now_ms - report.received_ms > REPORT_MS);
    html! {
        tr {
            td data-label="Store" {
                a .strong href={ "/stores/" (encoded(&row.store)) } { (visible(&row.store_name)) }
                @if row.store_name != row.store { " " span .dim { (visible(&row.store)) } }
                @if !row.region.is_empty() { " " span .dim { (visible(&row.region)) } }
            }
            td .name data-label="Box" { strong { (visible(&row.node)) } @if row.incidents + row.exceptions > 0 { " " a .state.warn href="/incidents" { "⚠ " (row.incidents + row.exceptions) } } }
            td .name data-label="Line" {
                @if row.online { span .state.good { span .dot {} "online" } }
                @else { span .state.bad { span .dot {} "offline" } " " span .dim title=(frame.time(row.last_contact_ms)) { (frame.ago(row.last_contact_ms)) } }
            }
            td .n data-label="Waiting there" {
                @if row.records_waiting == 0 { span .dim { "nothing" } }
                @else if row.transactions_waiting > 0 { (counted(&frame.count(row.transactions_waiting), "sale")) }
                @else { (counted(&frame.count(row.records_waiting), "record")) }
            }
            @match report {
                None => { td colspan="4" data-label="Report" { span .dim { "It has not said how it is." } } }
                Some(report) => {
                    td .name data-label="Version" { (visible(&report.said.version)) (configuration(row, report)) @if is_old { div .dim title=(frame.time(report.received_ms)) { "as of " (frame.ago(report.received_ms)) } } }
                    td data-label="Clock" { (clock(report)) }
                    td .n data-label="Disk free" { (disk(report)) }
                    td data-label="Devices" { (devices(report)) }
                }
            }
        }
        @if let Some(report) = report.filter(|report| !report.said.alarms.is_empty()) {
            tr { td colspan="8" data-label="It says" { @for words in &report.said.alarms { div { span .state.warn { "⚠ it says" } " " (visible(words)) } } } }
        }
    }
}

/// Which of head office's versions it goes by; nothing where none was sent.
fn configuration(row: &BoxRow, report: &Reported) -> Markup {
    let said = &report.said.configuration;
    html! {
        @if row.configuration > 0 {
            div .dim {
                "configuration " (said.in_force)
                @if !said.refused.is_empty() { " " span .state.bad title=(visible(&said.refused)) { "⚠ refused " (said.wanted) } }
                @else if said.in_force < row.configuration { " " span .state.warn { (row.configuration) " waits" } }
            }
        }
    }
}

fn clock(report: &Reported) -> Markup {
    let off_ms = report.clock_off_ms.saturating_abs();
    let side = if report.clock_off_ms < 0 { "behind" } else { "ahead" };
    html! {
        @if off_ms > CLOCK_OFF_MS { span .state.warn { "⚠ " (span_of(off_ms)) " " (side) } } @else { "right" }
        @match report.said.clock {
            ClockQuality::Synchronised => {},
            ClockQuality::Unverified => { " " span .dim title="No time service vouches for it" { "unverified" } },
            ClockQuality::HeldBack => { " " span .state.warn title="It stood before the newest record; the record's time counts" { "held back" } },
        }
    }
}

/// "4 s", "3 min", "2 h", "5 days".
fn span_of(ms: i64) -> String {
    match ms / 1_000 {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5_999 => format!("{} min", seconds / 60),
        seconds @ 6_000..=172_799 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn disk(report: &Reported) -> Markup {
    html! {
        @match report.disk_free_percent() {
            None => span .dim { "–" },
            Some(percent) if percent < DISK_LOW_PERCENT => span .state.warn { "⚠ " (percent) " %" },
            Some(percent) => { (percent) " %" }
        }
    }
}

fn devices(report: &Reported) -> Markup {
    let (down, all) = (report.devices_down(), report.said.devices.len());
    html! {
        @if all == 0 { span .dim { "none" } } @else if down == 0 { (all) " well" } @else { (all - down) " of " (all) " well" }
        @for device in report.said.devices.iter().filter(|device| device.is_down()) {
            div {
                span .state.bad[device.state == "fault"].warn[device.state != "fault"] { "⚠ " (visible(&device.name)) } " "
                @if device.hint.is_empty() { (visible(&device.cause.replace('_', " "))) } @else { (visible(&device.hint)) }
            }
        }
    }
}

fn rules_section(facts: &Facts) -> Markup {
    html! {
        section #rules {
            h2 { "Who is told of what" }
            @if facts.rules.is_empty() { p .empty { "No rule: nobody is told of anything." } } @else {
                table .wide {
                    thead { tr { th { "When a box" } th { "Of" } th { "Told" } th { "Made by" } th {} } }
                    tbody {
                        @for rule in &facts.rules {
                            tr {
                                td data-label="When a box" { (rule.words()) }
                                td data-label="Of" {
                                    @if !rule.store.is_empty() { "store " (visible(&rule.store)) } @else if !rule.region.is_empty() { "region " (visible(&rule.region)) } @else { "all" }
                                }
                                td data-label="Told" { "this page, webhooks" @for address in &rule.mail { ", " (visible(address)) } }
                                td data-label="Made by" { @if rule.made_by.is_empty() { span .dim { "from the beginning" } } @else { (visible(&rule.made_by)) } }
                                td .n { @if access::may(Right::Manage) { form method="post" action=(format!("/fleet/rules/{}/end", rule.id)) { button { "End" } } } }
                            }
                        }
                    }
                }
            }
            @if access::may(Right::Manage) {
                form .tools method="post" action="/fleet/rules" autocomplete="off" {
                    label { "When "
                        select name="kind" {
                            @for kind in Kind::ALL { option value=(kind.name()) { (label(kind)) } }
                        }
                    }
                    label { "how many " input name="bound" inputmode="numeric" size="6" maxlength="7"; }
                    label { "Region " input name="region" size="8" maxlength="40" placeholder="all"; }
                    label { "Store " input name="store" size="8" maxlength="32" placeholder="all"; }
                    label { "Mail to " input name="mail" size="24" maxlength="400"; }
                    button { "Make a rule" }
                }
            }
            p .note {
                "Webhooks get " code { "alarm.raised" } " and " code { "alarm.cleared" } " (page " a href="/feeds" { "Feeds" } "). "
                @if !facts.writes { "No mail server is configured (" code { "[head_office.mail]" } "), so nobody is written to." }
                @else if facts.mails.waiting > 0 { (facts.mails.waiting) " mails wait. " }
                @if !facts.mails.trouble.is_empty() { span .state.warn { "⚠ a mail did not leave" } " " (visible(&facts.mails.trouble)) }
            }
        }
    }
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Silent => "not heard of for minutes",
        Kind::Waiting => "sales wait there",
        Kind::Device => "a device needs somebody for minutes",
        Kind::Clock => "its clock is off by seconds",
        Kind::Disk => "fewer per cent of its disk are free",
        Kind::Alarm => "it asks for a technician itself",
        Kind::Incident => "an incident is open",
        Kind::Configuration => "it refused its configuration",
    }
}
