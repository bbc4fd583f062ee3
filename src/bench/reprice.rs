//! What a thousand live promotions cost a scan into a long basket: the engine alone, and the whole command with its record. Once with
//! rules spread over an assortment, as a shop has them, and once with every single one on articles of this very basket.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::row::{Aim, Figure, Row, Unit};
use super::samples::Samples;
use super::shop::{self, Shop, Till, Wants};
use super::{CannotMeasure, Size, articles};
use crate::ids::{Sku, WorkstationId};
use crate::money::{Money, RoundingMode};
use crate::retail::pricing::{
    Combine, Gives, Hours, Item, Moment, Off, Part, PriceBook, PriceEntry, Promotion, Request, STATES_MAX, Selection, Step, price,
};
use crate::retail::{Command, Facts, ScanFact};
use crate::time::SystemClock;

const LINES: u64 = 200;
const PROMOTIONS: u64 = 1_000;
/// Articles that a shop's promotions are spread over.
const ASSORTMENT: u64 = 5_000;
const AIM_MS: f64 = 1.0;

pub fn measure(folder: &Path, size: Size) -> Result<Row, CannotMeasure> {
    let shop = Shop::found(&folder.join("reprice"), &Wants { workstations: 3, ..Wants::default() })?;
    let mut till = shop.till(Arc::new(SystemClock::new()))?;
    till.open_day(jiff::Timestamp::now().to_zoned(shop.config.time_zone.clone()).date())?;
    let (turns, warm_up) = size.pick((1_200, 200), (6, 1));

    let empty = Scene::set(&mut till, &shop, 1, PriceBook::default())?;
    let of_shop = Scene::set(&mut till, &shop, 2, book(&shop, ASSORTMENT))?;
    let of_basket = Scene::set(&mut till, &shop, 3, book(&shop, LINES))?;
    let mut row = Row::new("reprice", format!("{PROMOTIONS} live promotions, a basket of {LINES} different articles"));
    let nothing = Samples::of(turns, warm_up, || empty.price(&till))?;
    let whole = Samples::of(turns, warm_up, || empty.scan(&mut till))?;
    for (scene, what) in [(of_shop, "promotions over 5,000 articles"), (of_basket, "every promotion on articles of this basket")] {
        let alone = Samples::of(turns, warm_up, || scene.price(&till))?;
        let baseline = "the same without promotions";
        row.figure(Figure::new(format!("re-pricing p50, {what}"), alone.p50_ms(), Unit::Milliseconds).beside(baseline, nothing.p50_ms()));
        row.figure(
            Figure::new(format!("re-pricing p99, {what}"), alone.p99_ms(), Unit::Milliseconds)
                .beside(baseline, nothing.p99_ms())
                .aim(Aim::AtMost(AIM_MS)),
        );
        let command = Samples::of(turns, warm_up, || scene.scan(&mut till))?;
        row.figure(Figure::new("scan to record, p50", command.p50_ms(), Unit::Milliseconds).beside(baseline, whole.p50_ms()));
        row.figure(Figure::new("scan to record, p99", command.p99_ms(), Unit::Milliseconds).beside(baseline, whole.p99_ms()));
        row.note(format!("{what}: {} of {LINES} lines have a discount", scene.discounted(&till)));
    }
    till.close()?;
    Ok(row)
}

/// A workstation with all lines but one in its basket.
struct Scene {
    workstation: WorkstationId,
    book: Arc<PriceBook>,
}

impl Scene {
    fn set(till: &mut Till, shop: &Shop, number: u32, book: PriceBook) -> Result<Scene, CannotMeasure> {
        let scene = Scene { workstation: shop::workstation(number), book: Arc::new(book) };
        for line in 0..LINES - 1 {
            scene.add(till, line)?;
        }
        till.flush()?;
        let live = scene.book.live(&scene.moment(till)).count() as u64;
        if number > 1 && live != PROMOTIONS {
            return Err(CannotMeasure::new(&shop.config.store.to_string(), &format!("{live} promotions are live")));
        }
        Ok(scene)
    }

    fn add(&self, till: &mut Till, line: u64) -> Result<(), CannotMeasure> {
        let article = articles::as_fact(&articles::article(line), 1);
        let command = Command::AddLine { code: article.code.clone(), quantity: articles::typed_quantity(article.unit) };
        let scan = Some(ScanFact::Article(Box::new(article)));
        till.take(Some(&self.workstation), command, &Facts { scan, prices: Some(self.book.clone()), ..Facts::default() }).map(drop)
    }

    /// The last line, and back.
    fn scan(&self, till: &mut Till) -> Result<Duration, CannotMeasure> {
        let began = Instant::now();
        self.add(till, LINES - 1)?;
        let took = began.elapsed();
        let facts = Facts { prices: Some(self.book.clone()), ..Facts::default() };
        till.take(Some(&self.workstation), Command::Undo {}, &facts)?;
        Ok(took)
    }

    fn moment(&self, till: &Till) -> Moment {
        let at = till.writer.now();
        let date = jiff::Timestamp::from_millisecond(at.ms).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
        Moment::new(date, at, 0)
    }

    fn price(&self, till: &Till) -> Result<Duration, CannotMeasure> {
        let basket = till.writer.state().open_basket(&self.workstation);
        let basket = basket.ok_or_else(|| CannotMeasure::new("pricing", "the basket is gone"))?;
        let began = Instant::now();
        let request = Request {
            items: basket.live().map(|sold| Item::of(sold, None)).collect(),
            moment: self.moment(till),
            is_member: false,
            coupons: Vec::new(),
            basket_off: None,
            rounding: RoundingMode::HalfUp,
            states_max: STATES_MAX,
        };
        std::hint::black_box(price(&self.book, &request));
        Ok(began.elapsed())
    }

    fn discounted(&self, till: &Till) -> usize {
        let basket = till.writer.state().open_basket(&self.workstation);
        basket.map_or(0, |basket| basket.live().filter(|sold| !sold.discounts.is_empty()).count())
    }
}

/// Promotions of every kind on the first `among` articles.
fn book(shop: &Shop, among: u64) -> PriceBook {
    let entries = (0..PROMOTIONS).map(|number| PriceEntry::Promotion(Box::new(promotion(number, among))));
    PriceBook::new(1, &shop.config.store, entries)
}

fn promotion(number: u64, among: u64) -> Promotion {
    let article = |place: u64| articles::article((number * 7_919 + place * 104_729) % among);
    let some = |from: u64, count: u64| -> BTreeSet<Sku> { (from..from + count).map(|place| article(place).sku).collect() };
    let skus = |count: u64| Selection { skus: some(0, count), ..Selection::default() };
    let half = |place: u64| article(place).price.unwrap_or_default().scale(1, 2, RoundingMode::HalfUp);
    // Of twenty: twelve on single articles, seven on sets; and in each hundred one on a group of goods.
    let gives = match number % 20 {
        _ if number == 0 => {
            Gives::Basket { on: Selection { all: true, ..Selection::default() }, off: Off::Percent(300), over: Money::from_minor(10_000) }
        }
        _ if number == 1 => Gives::Gift { on: skus(20), over: Money::from_minor(2_000), gift: skus(1), percent: 10_000 },
        _ if number % 100 == 50 => {
            Gives::Each { on: Selection { groups: BTreeSet::from([article(0).group]), ..Selection::default() }, off: Off::Percent(500) }
        }
        0..=9 => Gives::Each { on: skus(1), off: Off::Percent(1_000) },
        10..=12 => Gives::Each { on: skus(3), off: Off::Price(half(0)) },
        13 | 14 => Gives::BuyGet { on: skus(4), buy: 2, get: 1, percent: 10_000 },
        15 | 16 => Gives::MixMatch { on: skus(6), count: 3, off: Off::Percent(2_000) },
        17 => Gives::QuantityBreak {
            on: skus(5),
            steps: vec![Step { from: 3, off: Off::Percent(500) }, Step { from: 6, off: Off::Percent(1_000) }],
        },
        _ => {
            let part = |from: u64| Part { on: Selection { skus: some(from, 1), ..Selection::default() }, count: 1 };
            Gives::Bundle { parts: vec![part(0), part(1)], price: half(0) + half(1) }
        }
    };
    Promotion {
        id: format!("p{number:04}"),
        name: format!("Promotion {number}"),
        gives,
        combine: match number % 50 {
            7 => Combine::Stack,
            8 => Combine::Exclusive,
            _ => Combine::Best,
        },
        priority: 0,
        stores: BTreeSet::new(),
        from: None,
        to: None,
        hours: if number.is_multiple_of(3) { vec![Hours { weekdays: BTreeSet::new(), from: 0, to: 1_440 }] } else { Vec::new() },
        member: false,
        coupon: None,
        times_max: None,
        amount_max: None,
    }
}
