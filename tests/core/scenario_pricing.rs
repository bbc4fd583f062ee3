//! Words of scenarios about prices: `promotions FILE`, `group CODE GROUP`, and the acts `discount`, `discount-sale`, `price`, `coupon`, `member`.

use std::path::Path;
use std::sync::Arc;

use counterfoil::head_office::import::price_book::{self, Assortment};
use counterfoil::money::Currency;
use counterfoil::retail::basket::Basket;
use counterfoil::retail::pricing::{PriceBook, Reduction};
use counterfoil::retail::{Command, ScanFact};

use super::shop::Shop;

pub fn set_up(shop: &mut Shop, words: &[String], at: &str) {
    match words[0].as_str() {
        "group" => match shop.scans.get_mut(&words[1]) {
            Some(ScanFact::Article(article)) => article.group.clone_from(&words[2]),
            other => panic!("{at}: {other:?} is no article"),
        },
        _ => {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/prices").join(&words[1]);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|reason| panic!("{at}: {}: {reason}", path.display()));
            let articles = shop.scans.values().filter_map(|fact| match fact {
                ScanFact::Article(article) => Some((article.sku.clone(), (article.group.clone(), Some(article.unit_price)))),
                _ => None,
            });
            let known = Assortment { articles: articles.collect() };
            let entries = price_book::read(&text, false, &shop.rules.currency, &known).unwrap_or_else(|complaints| {
                let complaints: Vec<String> = complaints.iter().map(ToString::to_string).collect();
                panic!("{at}: {complaints:?}")
            });
            let version = shop.prices.as_ref().map_or(0, |book| book.version) + 1;
            shop.prices = Some(Arc::new(PriceBook::new(version, &shop.rules.store, entries)));
        }
    }
}

pub fn read_command(words: &[String], currency: &Currency) -> Option<Command> {
    let off = |text: &str| match (text, text.strip_suffix('%')) {
        ("none", _) => None,
        (_, Some(percent)) => Some(Reduction::Percent(percent.parse::<u32>().unwrap() * 100)),
        (amount, None) => Some(Reduction::Amount(currency.parse(amount).unwrap())),
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let reason = |index: usize| words.get(index).copied().unwrap_or_default().to_owned();
    Some(match *words.first()? {
        "discount" => Command::DiscountLine { line: words[1].parse().ok()?, off: off(words[2]), reason: reason(3) },
        "discount-sale" => Command::DiscountBasket { off: off(words[1]), reason: reason(2) },
        "price" => Command::SetPrice { line: words[1].parse().ok()?, price: currency.parse(words[2])?, reason: reason(3) },
        "coupon" => Command::AddCoupon { code: words[1].to_owned() },
        "member" => Command::AttachMember { card: words[1].to_owned() },
        _ => return None,
    })
}

/// Each line's discounts as the screen shows them.
pub fn discounts(basket: &Basket, currency: &Currency) -> String {
    let all = basket.live().flat_map(|sold| &sold.discounts);
    all.map(|discount| format!("{} {}", discount.text, currency.plain(discount.amount))).collect::<Vec<_>>().join("; ")
}
