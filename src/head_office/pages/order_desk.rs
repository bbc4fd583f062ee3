//! An order entered by hand, for a customer on the telephone or a wholesale buyer: articles are looked up by name or code, with what is there of
//! them. Every step is one form; the keyboard does: type, Enter, type, Enter. Nothing lives in the browser but the form itself.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, Router};
use maud::{Markup, html};

use super::frame as open_frame;
use super::frame::{Frame, Tab, visible};
use super::intake::tools;
use crate::head_office::db::{self, Connection};
use crate::head_office::intake::articles::{self, FoundArticle};
use crate::head_office::intake::channels;
use crate::head_office::intake::order::{SentLine, SentOrder, Way};
use crate::head_office::intake::take::{self, House};
use crate::head_office::office::HeadOffice;
use crate::head_office::queries::{self, StoreRow};
use crate::head_office::{atp, stock_figures};
use crate::ids::{ChannelOrderNo, Sku, StoreId};
use crate::money::{Money, Qty};
use crate::web::problem::Problem;

/// Characters that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const HOUR_MS: i64 = 3_600_000;

pub fn routes() -> Router<HeadOffice> {
    Router::new().route("/intake/order", get(empty_page).post(step))
}

/// The form as it is typed.
#[derive(Debug, Default, Clone)]
struct Typed {
    number: String,
    store: String,
    name: String,
    phone: String,
    email: String,
    /// Hours from now.
    hours: String,
    search: String,
    lines: Vec<TypedLine>,
}

#[derive(Debug, Default, Clone)]
struct TypedLine {
    sku: String,
    quantity: String,
    pay: bool,
}

/// What a button asks.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    Find,
    Add(String),
    Remove(usize),
    Place,
}

impl Typed {
    /// Fields of one name come in the order of the page.
    fn read(fields: Vec<(String, String)>) -> (Typed, Act) {
        let (mut typed, mut act) = (Typed::default(), Act::Find);
        for (name, value) in fields {
            match name.as_str() {
                "number" => typed.number = value,
                "store" => typed.store = value,
                "name" => typed.name = value.trim().to_owned(),
                "phone" => typed.phone = value.trim().to_owned(),
                "email" => typed.email = value.trim().to_owned(),
                "hours" => typed.hours = value.trim().to_owned(),
                "search" => typed.search = value.trim().to_owned(),
                "sku" => typed.lines.push(TypedLine { sku: value, ..TypedLine::default() }),
                "quantity" => typed.last(|line| line.quantity = value.trim().to_owned()),
                "pay" => typed.last(|line| line.pay = true),
                "act" => {
                    act = match value.split_once(':') {
                        Some(("add", sku)) => Act::Add(sku.to_owned()),
                        Some(("remove", index)) => index.parse().map_or(Act::Find, Act::Remove),
                        _ if value == "place" => Act::Place,
                        _ => Act::Find,
                    }
                }
                _ => {}
            }
        }
        (typed, act)
    }

    fn last(&mut self, change: impl FnOnce(&mut TypedLine)) {
        if let Some(line) = self.lines.last_mut() {
            change(line);
        }
    }

    /// "3*milk": what is asked for, and how many.
    fn asked(&self) -> (&str, &str) {
        match self.search.split_once('*') {
            Some((count, asked)) if Qty::parse(count.trim()).is_some() => (count.trim(), asked.trim()),
            _ => ("1", self.search.as_str()),
        }
    }

    /// One more of what is there already.
    fn add(&mut self, sku: &str) {
        let count = self.asked().0.to_owned();
        let sum = |line: &TypedLine| Some(Qty::parse(&line.quantity)? + Qty::parse(&count)?);
        match self.lines.iter_mut().find(|line| line.sku == sku) {
            Some(line) => line.quantity = sum(line).map_or_else(|| count.clone(), Qty::plain),
            None => self.lines.push(TypedLine { sku: sku.to_owned(), quantity: count, pay: false }),
        }
        self.search.clear();
    }

    /// What is wrong stands in the error, in words for whoever typed it.
    fn order(&self, known: &[Line], now_ms: i64) -> Result<SentOrder, String> {
        let hours: i64 = self.hours.parse().ok().filter(|hours| (1..=24 * 60).contains(hours)).ok_or("ready in: write hours from 1 on")?;
        let line = |line: &TypedLine| {
            let quantity = Qty::parse(&line.quantity).ok_or_else(|| format!("{:?} of {} is no quantity", line.quantity, line.sku))?;
            let price = known.iter().find(|row| row.article.sku == line.sku).and_then(|row| row.article.price);
            Ok(SentLine {
                sku: Some(Sku::new(&line.sku).map_err(|why| why.to_string())?),
                quantity: quantity.thousandths(),
                unit_price: price.filter(|_| line.pay),
                pay_in_store: line.pay && price.is_some(),
                ..SentLine::default()
            })
        };
        Ok(SentOrder {
            fulfilment: Some(Way::Collect),
            store: Some(StoreId::new(self.store.trim()).map_err(|why| why.to_string())?),
            promised_ms: Some(now_ms - now_ms.rem_euclid(60_000) + hours * HOUR_MS),
            name: self.name.clone(),
            phone: self.phone.clone(),
            email: self.email.clone(),
            lines: self.lines.iter().map(line).collect::<Result<_, String>>()?,
            ..SentOrder::default()
        })
    }
}

/// An article with what is there of it, in thousandths.
struct Line {
    article: FoundArticle,
    /// In the chosen store.
    here: atp::Promise,
    /// In all others.
    elsewhere: i64,
}

fn line(connection: &Connection, article: FoundArticle, store: &str, now_ms: i64) -> db::Result<Line> {
    let here = stock_figures::of_one(connection, store, &article.sku, now_ms)?.promise;
    let all = atp::everywhere(connection, &article.sku, None, now_ms)?.total;
    let elsewhere = (all.atp + all.on_request - here.atp - here.on_request).max(0);
    Ok(Line { article, here, elsewhere })
}

struct Facts {
    stores: Vec<StoreRow>,
    lines: Vec<Line>,
    found: Vec<Line>,
}

fn facts(connection: &Connection, typed: &mut Typed, act: &Act, now_ms: i64) -> db::Result<Facts> {
    let stores = queries::stores(connection, now_ms)?;
    if typed.store.is_empty() {
        typed.store = stores.first().map(|store| store.store.clone()).unwrap_or_default();
    }
    match act {
        Act::Add(sku) => typed.add(sku),
        Act::Remove(index) if *index < typed.lines.len() => drop(typed.lines.remove(*index)),
        Act::Remove(_) | Act::Find | Act::Place => {}
    }
    let search = articles::search(connection, typed.asked().1)?;
    let mut found = search.articles;
    // One that is meant for certain needs no second Enter.
    if *act == Act::Find && !found.is_empty() && (search.is_named || found.len() == 1) {
        typed.add(&found.remove(0).sku);
        found.clear();
    }
    let mut lines = Vec::with_capacity(typed.lines.len());
    for typed_line in &typed.lines {
        if let Some(article) = articles::one(connection, &typed_line.sku)? {
            let article = FoundArticle { sku: typed_line.sku.clone(), name: article.name, unit: article.unit, price: article.price };
            lines.push(line(connection, article, &typed.store, now_ms)?);
        }
    }
    let found = found.into_iter().map(|article| line(connection, article, &typed.store, now_ms)).collect::<db::Result<_>>()?;
    Ok(Facts { stores, lines, found })
}

async fn empty_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let typed = Typed { number: new_number(), hours: "2".to_owned(), ..Typed::default() };
    shown(&office, typed, Act::Find, None).await
}

/// Made before it is placed, so that a form that is sent twice is one order.
fn new_number() -> String {
    let mut bytes = [0u8; 9];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    std::iter::once('D').chain(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))).collect()
}

async fn step(State(office): State<HeadOffice>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Problem> {
    let (typed, act) = Typed::read(fields);
    if act != Act::Place {
        return Ok(shown(&office, typed, act, None).await?.into_response());
    }
    let now_ms = office.now_ms();
    let mut asked = Typed { search: String::new(), ..typed.clone() };
    let known = office.read(move |connection| Ok(facts(connection, &mut asked, &Act::Place, now_ms)?.lines)).await?;
    let order = match typed.order(&known, now_ms) {
        Ok(order) => order,
        Err(why) => return Ok(shown(&office, typed, Act::Place, Some(why)).await?.into_response()),
    };
    let number = ChannelOrderNo::new(&typed.number).unwrap_or_else(|_| ChannelOrderNo::new(&new_number()).expect("a plain number"));
    let house = House::of(office.config());
    let done = office.write(move |writer, now_ms| {
        let desk = channels::desk(writer.connection(), now_ms)?;
        // Sent twice it is one order, though the hour has moved on.
        if let Some(known) = take::find(writer.connection(), &desk.channel, &number)? {
            return Ok(Ok(known.order));
        }
        let taken = take::take_one(writer, &desk, &number, &order, &house, now_ms)?;
        Ok(taken.map(|receipt| receipt.order.map(|order| order.to_string()).unwrap_or_default()))
    });
    match done.await? {
        Ok(order) => Ok(Redirect::to(&format!("/orders/{order}")).into_response()),
        Err(refused) => Ok(shown(&office, typed, Act::Place, Some(refused.reason())).await?.into_response()),
    }
}

async fn shown(office: &HeadOffice, mut typed: Typed, act: Act, fault: Option<String>) -> Result<Markup, Problem> {
    let frame = open_frame(office, Tab::Orders).await?;
    let now_ms = office.now_ms();
    let (typed, facts) = office.read(move |connection| facts(connection, &mut typed, &act, now_ms).map(|facts| (typed, facts))).await?;
    Ok(page(&frame, &typed, &facts, fault.as_deref()))
}

fn page(frame: &Frame, typed: &Typed, facts: &Facts, fault: Option<&str>) -> Markup {
    let total: Option<Money> = facts
        .lines
        .iter()
        .zip(&typed.lines)
        .map(|(line, typed)| Some(line.article.price?.times(Qty::parse(&typed.quantity)?, crate::money::RoundingMode::HalfUp)))
        .sum();
    let forms = html! {
        @if let Some(fault) = fault { div .faults role="alert" { p { "Not placed: " (visible(fault)) } } }
        form #desk method="post" action="/intake/order" autocomplete="off" {
            input type="hidden" name="number" value=(typed.number);
            div .columns {
                section {
                    div .tools.find {
                        label { "Article " input #search name="search" size="32" autofocus[facts.found.is_empty()] value=(typed.search) placeholder="name, number or code; 3*milk for three"; }
                        // The first button is the one that Enter presses.
                        button name="act" value="find" { "Find" }
                    }
                    @if !facts.found.is_empty() {
                        table .wide.found {
                            thead { tr { th { "Article" } (stock_heads()) th {} } }
                            tbody {
                                @for (index, line) in facts.found.iter().enumerate() {
                                    tr { (article_cells(frame, line)) td { button name="act" value=(format!("add:{}", line.article.sku)) autofocus[index == 0] { "Add" } } }
                                }
                            }
                        }
                    } @else if !typed.search.is_empty() { p .empty { "No article of that name or code." } }
                    h2 { "Lines" }
                    @if typed.lines.is_empty() { p .empty { "None yet. Type a name or a code above and press Enter." } } @else {
                        table .wide.entered {
                            thead { tr { th { "Article" } (stock_heads()) th { "Quantity" } th title="Pays in the store" { "Pays here" } th {} } }
                            tbody {
                                @for (index, (line, entered)) in facts.lines.iter().zip(&typed.lines).enumerate() {
                                    tr {
                                        (article_cells(frame, line))
                                        td {
                                            input type="hidden" name="sku" value=(line.article.sku);
                                            input .quantity name="quantity" size="5" inputmode="decimal" value=(entered.quantity) aria-label=(format!("Quantity of {}", visible(&line.article.name)));
                                            " " (line.article.unit.symbol())
                                            @if Qty::parse(&entered.quantity).is_some_and(|quantity| quantity.thousandths() > line.here.atp + line.here.on_request) { " " span .tag.warn { "more than is there" } }
                                        }
                                        td { input type="checkbox" name="pay" value="yes" checked[entered.pay] disabled[line.article.price.is_none()] aria-label="Pays in the store"; }
                                        td { button .plain name="act" value=(format!("remove:{index}")) { "Remove" } }
                                    }
                                }
                            }
                            @if let Some(total) = total { tfoot { tr { td colspan="5" { "Together, by the list" } td .n colspan="2" { (frame.money(total.minor(), frame.currency())) } } } }
                        }
                    }
                }
                section .paper {
                    h2 { "Order " code { (typed.number) } }
                    label .field { "Store" select name="store" { @for store in &facts.stores { option value=(store.store) selected[store.store == typed.store] { (visible(&store.name)) } } } }
                    label .field { "Name" input name="name" maxlength="100" value=(typed.name); }
                    label .field { "Telephone" input name="phone" maxlength="30" value=(typed.phone); }
                    label .field { "E-mail" input type="email" name="email" maxlength="254" value=(typed.email); }
                    label .field { "Ready in hours" input name="hours" inputmode="numeric" value=(typed.hours); }
                    p .acts { button .primary name="act" value="place" disabled[typed.lines.is_empty()] { "Place the order" } }
                }
            }
        }
    };
    frame.page_with_forms("Enter an order", tools(), html! {}, forms)
}

fn stock_heads() -> Markup {
    html! { th .n { "Price" } th .n title="Can be promised at once" { "At once" } th .n title="Is on the shelf; the store has to say" { "On request" } th .n { "Elsewhere" } }
}

fn article_cells(frame: &Frame, line: &Line) -> Markup {
    let quantity = |thousandths: i64| frame.quantity(thousandths, line.article.unit.symbol());
    html! {
        td { (visible(&line.article.name)) " " code .dim { (visible(&line.article.sku)) } }
        td .n { @if let Some(price) = line.article.price { (frame.money(price.minor(), frame.currency())) } @else { span .dim { "none" } } }
        td .n { (quantity(line.here.atp)) }
        td .n { @if line.here.doubts.stock_unknown { span .dim { "not known" } } @else { (quantity(line.here.on_request)) } }
        td .n { (quantity(line.elsewhere)) }
    }
}
