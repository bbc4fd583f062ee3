//! Prefetch: everything a decision may need to know, read from the views before it is made. What a code means is decided in `gs1`,
//! whether the shop has such an article in the views; here the two meet.

use jiff::civil::Date;

use super::archive::Archive;
use super::books::Books;
use super::handle::CommandRequest;
use super::originals::{Originals, Places, lowest_price};
use super::proof::{self, Approval};
use crate::gs1::card::{find as find_card, is_stripe};
use crate::gs1::{self, ArticleCode, CodeRules, EmbeddedCode, EmbeddedValue, Meaning, Scan};
use crate::ids::{OrderNo, Sku, WorkstationId};
use crate::money::{Money, Qty, RoundingMode, Unit};
use crate::retail::basket::Basket;
use crate::retail::event::{PrintSubject, StoredRef};
use crate::retail::last_day::LastDay;
use crate::retail::order::OrderAct;
use crate::retail::order::promise::GRANTS_AT_ONCE_MAX;
use crate::retail::recalls::{Item, RecalledLine};
use crate::retail::stock::{Goods, StockAct};
use crate::retail::{ArticleFact, BaselineFact, Command, Facts, Feed, QuantityFrom, ScanFact, SoldLine, State, StockFact, card};
use crate::sync::feed::{Article, CodeKey, SaleCode};
use crate::views::{Hit, NotNow, Views};

/// Where facts come from.
pub struct Sources<'a> {
    pub views: &'a Views,
    pub archive: &'a Archive,
    pub books: &'a Books,
    pub codes: &'a CodeRules,
    pub today: Date,
}

/// Where the sales of receipts are looked for.
pub struct Receipts<'a> {
    pub originals: &'a Originals,
    pub places: Places<'a>,
}

/// The facts for one command.
pub fn prefetch(request: &CommandRequest, state: &State, sources: &Sources<'_>, receipts: &Receipts<'_>) -> Facts {
    let mut facts = Facts { prices: Some(sources.books.prices.clone()), ..Facts::default() };
    let here = request.workstation.as_ref().and_then(|at| state.workstations.get(at)).and_then(|here| here.signed_in.as_ref());
    let at_desk = request.staff.as_ref().filter(|_| request.workstation.is_none());
    let actor = here.filter(|here| !here.locked).map(|here| &here.staff).or(at_desk);
    facts.actor = actor.and_then(|staff| proof::actor(&sources.books.staff, staff));
    // A PIN was looked at on the way here; a badge is as quick as a look-up.
    facts.proof = request.approval.clone().filter(Approval::is_quick).map(|approval| approval.checked(&sources.books.staff, false));
    if matches!(request.command, Command::TenderCash { .. } | Command::StartCard { .. }) {
        facts.recalled = open_basket(request, state).map(|basket| recalled_lines(basket, sources)).unwrap_or_default();
    }
    match &request.command {
        Command::AddLine { code, .. } | Command::AddWeighed { code, .. } | Command::CheckAge { code, .. } | Command::PutAside { code } => {
            facts.scan = Some(look_up(code, sources))
        }
        // open_price.rs
        Command::SellOpenPrice { code, .. } => facts.scan = code.as_ref().map(|code| look_up(code, sources)),
        Command::TenderCash { .. } | Command::EndCard { .. } | Command::Refund { .. } => {
            if let Some(basket) = open_basket(request, state) {
                facts.stock = stock_of_basket(basket, state, sources);
            }
        }
        // The last answer of a terminal completes a sale as a tap does.
        Command::ReportCard { attempt, .. } | Command::ResolveCard { attempt, .. } => {
            if let Some(basket) = card::basket_of(state, *attempt) {
                facts.stock = stock_of_basket(basket, state, sources);
            }
        }
        Command::AdoptFeed { feed: Feed::Stock, version, .. } => {
            let settled = sources.views.newly_settled(*version, &mut state.unsettled());
            facts.baselines = settled.into_iter().map(|(head_seq, settled)| BaselineFact { head_seq, settled }).collect();
        }
        Command::Reprint { txn: Some(txn) } => facts.record = sources.archive.transaction(*txn).map(|found| Box::new(found.record)),
        Command::SettlePrint { job, .. } => {
            let txn = state.prints.get(job).and_then(|print| match print.what {
                PrintSubject::Receipt(txn) => Some(txn),
                PrintSubject::DayReport(_)
                | PrintSubject::DayX(_)
                | PrintSubject::TillReport(_)
                | PrintSubject::TillX(_)
                | PrintSubject::CashSlip(_)
                | PrintSubject::BagLabel(_)
                | PrintSubject::PickList(_)
                | PrintSubject::Stored(_) => None,
            });
            facts.report = state.prints.get(job).and_then(|print| sources.archive.stored(&print.what));
            facts.record = txn.and_then(|txn| sources.archive.transaction(txn)).map(|found| Box::new(found.record));
        }
        Command::PrintStored { seq, place, .. } => {
            facts.report = sources.archive.stored(&PrintSubject::Stored(StoredRef { seq: *seq, place: *place }));
        }
        Command::OpenDay { .. }
        | Command::CloseDay {}
        | Command::SetQuantity { .. }
        | Command::VoidLine { .. }
        | Command::Undo {}
        | Command::VoidTransaction {}
        | Command::Suspend {}
        | Command::Recall { .. }
        | Command::StartCard { .. }
        | Command::RemoveTender { .. }
        | Command::Reprint { txn: None }
        | Command::ReportPrint { .. }
        | Command::AdoptFeed {
            feed: Feed::Catalogue | Feed::Staff | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration,
            ..
        }
        | Command::AcknowledgeUplink { .. }
        | Command::SignIn {}
        | Command::SignInDesk { .. }
        | Command::NameFirstManager { .. }
        | Command::SignOut {}
        | Command::LockTill { .. }
        | Command::ReportPinMiss { .. }
        | Command::PostVoid { .. } => {}
        // Repair of the journal.
        Command::RecordRepair { .. } => {}
        Command::SeeTerminal { .. } | Command::EndTerminalDay { .. } => {}
        // Returns.
        Command::ReturnLine { receipt, .. } => facts.original = Some(receipts.originals.find(receipt, &receipts.places)),
        Command::ReturnArticle { code, receipt, .. } => {
            facts.scan = Some(look_up(code, sources));
            facts.original = receipt.as_ref().map(|receipt| receipts.originals.find(receipt, &receipts.places));
            if let Some(ScanFact::Article(article)) = &facts.scan {
                facts.lowest_price = lowest_price(&article.sku, &receipts.places);
            }
        }
        // Prices and promotions: the book is a fact of every command.
        Command::DiscountLine { .. }
        | Command::DiscountBasket { .. }
        | Command::SetPrice { .. }
        | Command::AddCoupon { .. }
        | Command::AttachMember { .. } => {}
        // The loop looks into the vault.
        Command::AttachCustomer { .. } | Command::DetachCustomer {} | Command::EraseCustomer { .. } => {}
        Command::OpenTill { .. }
        | Command::Loan { .. }
        | Command::Pickup { .. }
        | Command::PaidIn { .. }
        | Command::PaidOut { .. }
        | Command::NoSale { .. }
        | Command::SetTraining { .. }
        | Command::StartCount {}
        | Command::CancelCount {}
        | Command::CountTill { .. }
        | Command::CloseTill { .. }
        | Command::HandOverTill { .. }
        | Command::PrintX { .. }
        | Command::PackBag { .. }
        | Command::CollectBag { .. }
        | Command::StartSafeCount {}
        | Command::CancelSafeCount {}
        | Command::CountSafe { .. }
        | Command::CloseSafeCount { .. } => {}
        Command::Order(act) => order_facts(act, state, sources, &mut facts),
        Command::Stock(act) => stock_facts(act, request.workstation.as_ref(), state, sources, &mut facts),
    }
    facts
}

fn open_basket<'a>(request: &CommandRequest, state: &'a State) -> Option<&'a Basket> {
    let workstation = state.workstations.get(request.workstation.as_ref()?)?;
    state.baskets.get(&workstation.open?)
}

/// Lines of an unpaid sale that the recalls in force mean. An article that cannot be looked up now is known by the number that was scanned.
fn recalled_lines(basket: &Basket, sources: &Sources<'_>) -> Vec<RecalledLine> {
    let book = &sources.books.recalls;
    if book.is_empty() || basket.has_money() {
        return Vec::new();
    }
    let recalled = |sold: &SoldLine| {
        let article = sources.views.by_sku(&sold.sku).ok().flatten();
        let codes = article.iter().flat_map(|article| gtins(&article.codes));
        let item = Item { batch: sold.batch.as_deref(), serial: sold.serial.as_deref(), last_day: sold.last_day };
        let recalled = book.find(codes.chain(sold.gtin.as_deref()), item)?;
        Some(RecalledLine { line: sold.line, recalled })
    };
    basket.live().filter(|sold| sold.returned.is_none()).filter_map(recalled).collect()
}

/// An article's numbers, by which recalls name it.
pub fn gtins(codes: &[SaleCode]) -> impl Iterator<Item = &str> {
    codes.iter().filter_map(|code| match &code.key {
        CodeKey::Gtin(gtin) => Some(gtin.as_str()),
        CodeKey::Text(_) => None,
    })
}

/// What an act on orders may need: stock of what it is about, and what was scanned. Customers' codes are read by the loop, which has the keys.
fn order_facts(act: &OrderAct, state: &State, sources: &Sources<'_>, facts: &mut Facts) {
    let stock = |sku: &Sku| sources.views.stock(sku).ok().flatten();
    match act {
        OrderAct::Deliver { order, .. } => facts.stock = order.lines.iter().filter_map(|line| stock(&line.sku)).collect(),
        OrderAct::Recheck { order } => {
            let lines = state.orders.orders.get(order).into_iter().flat_map(|order| &order.asked.lines);
            facts.stock = lines.filter_map(|line| stock(&line.sku)).collect();
        }
        OrderAct::Short { order, line, .. } => {
            let line = state.orders.orders.get(order).and_then(|order| order.line(*line));
            facts.stock = line.and_then(|line| stock(&line.sku)).into_iter().collect();
        }
        OrderAct::Stage { place, .. } => facts.scan = Some(look_up(place.as_str(), sources)),
        OrderAct::Pick { code, .. } | OrderAct::PutBack { code, .. } => facts.scan = Some(look_up(code, sources)),
        OrderAct::PickByHand { order, line, .. } => {
            let line = state.orders.orders.get(order).and_then(|order| order.line(*line));
            facts.scan = line.map(|line| by_sku(line.sku.as_str(), sources));
        }
        OrderAct::HandOver { order, .. } => facts.stock = stock_of_order(state, order, sources),
        OrderAct::MissAtCounter { order, line, .. } => facts.stock = stock_of_line(state, order, *line, sources),
        OrderAct::ReplaceAtCounter { order, line, code, .. } => {
            facts.scan = Some(look_up(code, sources));
            facts.stock = stock_of_line(state, order, *line, sources);
        }
        OrderAct::Grant { skus } => facts.stock = skus.iter().take(GRANTS_AT_ONCE_MAX).filter_map(stock).collect(),
        OrderAct::BeginRights { .. }
        | OrderAct::TellRights { .. }
        | OrderAct::NameLead { .. }
        | OrderAct::Adopt { .. }
        | OrderAct::Cancel { .. }
        | OrderAct::Expire { .. }
        | OrderAct::Accept { .. }
        | OrderAct::Refuse { .. }
        | OrderAct::SettleNotice { .. }
        | OrderAct::StartPicking { .. }
        | OrderAct::PausePicking { .. }
        | OrderAct::ResetLine { .. }
        | OrderAct::FinishPicking { .. }
        | OrderAct::AddBag { .. }
        | OrderAct::PrintLabel { .. }
        | OrderAct::SettleLabel { .. }
        | OrderAct::PrintPickList { .. }
        | OrderAct::Identify { .. }
        | OrderAct::ReportWrongNumber {}
        | OrderAct::AllowNumbers {}
        | OrderAct::Pay { .. }
        | OrderAct::Decline { .. }
        | OrderAct::TakeBackHandOver { .. } => {}
    }
}

/// Of all that an order holds.
fn stock_of_order(state: &State, order: &OrderNo, sources: &Sources<'_>) -> Vec<StockFact> {
    let held = state.orders.orders.get(order).into_iter().flat_map(|order| order.units.keys());
    held.filter_map(|sku| sources.views.stock(sku).ok().flatten()).collect()
}

/// Of whatever was picked for a line.
fn stock_of_line(state: &State, order: &OrderNo, line: u32, sources: &Sources<'_>) -> Vec<StockFact> {
    let progress = state.orders.orders.get(order).and_then(|order| order.progress.get(&line));
    let picked = progress.into_iter().flat_map(|progress| &progress.picked);
    picked.filter_map(|units| sources.views.stock(&units.sku).ok().flatten()).collect()
}

/// Of all that leaves the shelf when a sale is complete: what is sold, or what the order holds that it pays. Stock never holds up a sale: an
/// article whose baseline cannot be read now counts as one without.
fn stock_of_basket(basket: &Basket, state: &State, sources: &Sources<'_>) -> Vec<StockFact> {
    match &basket.order {
        Some(terms) => stock_of_order(state, &terms.order, sources),
        None => basket.lines.iter().filter_map(|line| sources.views.stock(&line.sold.sku).ok().flatten()).collect(),
    }
}

/// What stock work may need: what was scanned, and what the views know of the articles it is about.
fn stock_facts(act: &StockAct, workstation: Option<&WorkstationId>, state: &State, sources: &Sources<'_>, facts: &mut Facts) {
    let stock = |sku: &Sku| sources.views.stock(sku).ok().flatten();
    let sheet = |kind| workstation.and_then(|workstation| state.stock.sheet(kind, workstation));
    match act {
        StockAct::Add { code, .. } | StockAct::Adjust { code, .. } => {
            let scan = look_up(code, sources);
            if let ScanFact::Article(article) | ScanFact::NoPrice(article) = &scan {
                facts.stock = stock(&article.sku).into_iter().collect();
            }
            facts.scan = Some(scan);
        }
        StockAct::Set { sheet: kind, line, .. } => {
            let line = sheet(*kind).and_then(|sheet| sheet.lines.iter().find(|known| known.line == *line));
            facts.stock = line.and_then(|line| stock(&line.sku)).into_iter().collect();
        }
        StockAct::Finish { sheet: kind } => {
            let lines = sheet(*kind).map(|sheet| sheet.lines.as_slice()).unwrap_or_default();
            facts.stock = lines.iter().filter_map(|line| stock(&line.sku)).collect();
        }
        StockAct::RaiseCounts { skus } => facts.stock = skus.iter().filter_map(stock).collect(),
        StockAct::CountTasks {} => {
            let known = state.stock.tasks.values().filter_map(|task| sources.views.by_sku(&task.sku).ok().flatten());
            facts.goods = known.map(|article| Goods { sku: article.sku, name: article.name, unit: article.unit }).collect();
        }
        StockAct::Remove { .. }
        | StockAct::NameDelivery { .. }
        | StockAct::Discard { .. }
        | StockAct::TakeTask { .. }
        | StockAct::LeaveTask { .. }
        | StockAct::DismissTask { .. } => {}
    }
}

/// What a code, scanned or typed, sells here and now.
pub fn look_up(code: &str, sources: &Sources<'_>) -> ScanFact {
    // Without the scanner's own letters in front, which would hide a number behind them.
    let frame = code.trim_matches([' ', '\r', '\n', '\t']);
    let scanned =
        Scan::from_frame(frame.as_bytes(), true).map_or_else(|_| frame.to_owned(), |scan| String::from_utf8_lossy(scan.raw()).into_owned());
    let holds_card = || find_card(&scanned).is_some() || find_card(code).is_some();
    if is_stripe(&scanned) || is_stripe(code) {
        return ScanFact::CardData;
    }
    match meant(code, sources) {
        ScanFact::Article(mut fact) => {
            // What stands beside the article's number in a code is kept with the line, and anyone can print a code.
            fact.batch.take_if(|batch| find_card(batch).is_some());
            fact.serial.take_if(|serial| find_card(serial).is_some());
            ScanFact::Article(fact)
        }
        known @ ScanFact::NoPrice(_) => known,
        _ if holds_card() => ScanFact::CardData,
        other => other,
    }
}

fn meant(code: &str, sources: &Sources<'_>) -> ScanFact {
    let scan = match Scan::from_frame(code.trim_matches([' ', '\r', '\n', '\t']).as_bytes(), true) {
        Ok(scan) => scan,
        Err(bad) => return ScanFact::Misread { reason: bad.to_string() },
    };
    match gs1::interpret(&scan, sources.codes, sources.today) {
        Meaning::Article(article) => by_article_code(&article, sources),
        Meaning::Embedded(embedded) => by_embedded(&embedded, sources),
        Meaning::Plain { text, doubt } => match (by_text(&text, sources), doubt) {
            (ScanFact::UnknownArticle, Some(misread)) => ScanFact::Misread { reason: misread.to_string() },
            (fact, _) => fact,
        },
        Meaning::Misread(misread) => ScanFact::Misread { reason: misread.to_string() },
        Meaning::Unknown { .. } => ScanFact::UnknownCode,
    }
}

fn by_article_code(code: &ArticleCode, sources: &Sources<'_>) -> ScanFact {
    let mut keys: Vec<CodeKey> = code.keys.iter().map(|gtin| CodeKey::Gtin(*gtin)).collect();
    keys.extend(code.text.iter().map(|text| CodeKey::Text(text.clone())));
    let hit = match sources.views.by_code(&keys) {
        Ok(Some(hit)) => hit,
        Ok(None) => return code.text.as_ref().map_or(ScanFact::UnknownArticle, |text| by_text(text, sources)),
        Err(not_now) => return code.text.as_ref().map_or_else(|| not_ready(&not_now), |text| by_text(text, sources)),
    };
    let gtin = code.keys.first().map(|gtin| gtin.as_str().to_owned());
    // Anyone can print a QR code with a television's number and "price 1": weight, count and price in a code are believed only for
    // articles that are sold by measure.
    let measured = hit.article.unit != Unit::Piece || code.keys.iter().any(|gtin| gtin.indicator() == 9);
    let price = code.price.filter(|_| measured);
    let told = code.weight.filter(|_| hit.article.unit == Unit::Kilogram).or(code.count.filter(|_| measured));
    let quantity = told.or_else(|| price.map(|price| quantity_for(price, hit.article.price, hit.article.unit)));
    sold(hit, sources, |fact| ArticleFact {
        quantity: quantity.unwrap_or(fact.quantity),
        quantity_from: if quantity.is_some() { QuantityFrom::Code } else { QuantityFrom::Entry },
        embedded_price: price,
        gtin,
        batch: code.batch.clone(),
        serial: code.serial.clone(),
        last_day: LastDay::earliest(code.expiry, code.sell_by, code.best_before),
        ..fact
    })
}

fn by_embedded(code: &EmbeddedCode, sources: &Sources<'_>) -> ScanFact {
    // A scale's number may be in the catalogue as it stands (a fixed-price article in the same range) or with its value zeroed.
    let keys = [CodeKey::Gtin(code.key), CodeKey::Gtin(code.code)];
    let hit = match sources.views.by_code(&keys) {
        Ok(Some(hit)) => hit,
        Ok(None) => return ScanFact::UnknownArticle,
        Err(not_now) => return not_ready(&not_now),
    };
    let gtin = Some(code.code.as_str().to_owned());
    match code.value {
        EmbeddedValue::Price(price) => {
            let quantity = quantity_for(price, hit.article.price, hit.article.unit);
            sold(hit, sources, |fact| ArticleFact {
                quantity,
                quantity_from: QuantityFrom::Code,
                embedded_price: Some(price),
                code: code.code.short().to_owned(),
                gtin,
                ..fact
            })
        }
        EmbeddedValue::Weight(quantity) | EmbeddedValue::Count(quantity) => sold(hit, sources, |fact| ArticleFact {
            quantity,
            quantity_from: QuantityFrom::Code,
            code: code.code.short().to_owned(),
            gtin,
            ..fact
        }),
    }
}

/// How much a price in a code pays for, to the gram; one piece where it cannot be told.
fn quantity_for(price: Money, unit_price: Option<Money>, unit: Unit) -> Qty {
    match unit_price {
        Some(unit_price) if unit != Unit::Piece && unit_price.minor() > 0 => {
            let thousandths = RoundingMode::HalfUp.divide(i128::from(price.minor()) * 1000, i128::from(unit_price.minor()));
            Qty::from_thousandths(thousandths.max(1))
        }
        _ => Qty::ONE,
    }
}

/// Plain text: a code of the assortment, or the SKU itself.
fn by_text(text: &str, sources: &Sources<'_>) -> ScanFact {
    let by_code = match CodeKey::read(text) {
        Ok(key) => sources.views.by_code(&[key]),
        Err(_) => Ok(None),
    };
    match by_code {
        Ok(Some(hit)) => sold(hit, sources, |fact| fact),
        // What is not found now may yet be an article's own number; that look-up says "not now" itself.
        Ok(None) | Err(_) => by_sku(text, sources),
    }
}

fn by_sku(text: &str, sources: &Sources<'_>) -> ScanFact {
    let Ok(sku) = Sku::new(text) else { return ScanFact::UnknownArticle };
    match sources.views.by_sku(&sku) {
        Ok(Some(article)) => {
            let version = sources.views.catalogue_version();
            let key = CodeKey::Text(text.to_owned());
            sold(Hit { article, key, quantity: Qty::ONE, version }, sources, |fact| fact)
        }
        Ok(None) => ScanFact::UnknownArticle,
        Err(not_now) => not_ready(&not_now),
    }
}

fn not_ready(not_now: &NotNow) -> ScanFact {
    ScanFact::NotReady { why: not_now.to_string() }
}

fn sold(hit: Hit, sources: &Sources<'_>, complete: impl FnOnce(ArticleFact) -> ArticleFact) -> ScanFact {
    let Hit { article, key, quantity, version } = hit;
    let Article { sku, name, unit, tax_class, group, price, age_min, codes, .. } = article;
    let fact = ArticleFact {
        sku,
        name,
        unit,
        unit_price: price.unwrap_or_default(),
        tax_class,
        group,
        quantity,
        quantity_from: QuantityFrom::Entry,
        embedded_price: None,
        code: key.short().to_owned(),
        gtin: None,
        batch: None,
        serial: None,
        price_version: version,
        age_min,
        last_day: None,
        recalled: None,
    };
    let mut fact = complete(fact);
    let item = Item { batch: fact.batch.as_deref(), serial: fact.serial.as_deref(), last_day: fact.last_day };
    fact.recalled = sources.books.recalls.find(gtins(&codes), item);
    if price.is_none() && fact.embedded_price.is_none() {
        return ScanFact::NoPrice(Box::new(fact));
    }
    ScanFact::Article(Box::new(fact))
}
