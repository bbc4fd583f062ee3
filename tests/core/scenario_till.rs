//! Words of the scenarios for what a till does besides: age checks and others of their kind.

use counterfoil::money::{Currency, Qty};
use counterfoil::retail::age::AgeProof;
use counterfoil::retail::last_day::{LastDay, LastDayKind};
use counterfoil::retail::open_price::Department;
use counterfoil::retail::recalls::Recalled;
use counterfoil::retail::{ArticleFact, Command, Decision, Event};

use super::scenario::{Scenario, qty};

pub fn line(scenario: &mut Scenario, words: &[String], at: &str) {
    match words[0].as_str() {
        // from-age CODE YEARS
        "from-age" => {
            let age_min = Some(words[2].parse().unwrap_or_else(|_| panic!("{at}: years")));
            let article = ArticleFact { age_min, ..scenario.article(&words[1], at) };
            scenario.shop.sells(&words[1], article);
        }
        // last-day CODE DATE: every item under this code says so
        "last-day" => {
            let date = words[2].parse().unwrap_or_else(|_| panic!("{at}: a date"));
            let last_day = Some(LastDay { date, kind: LastDayKind::Expiry });
            let article = ArticleFact { last_day, ..scenario.article(&words[1], at) };
            scenario.shop.sells(&words[1], article);
        }
        // recalled CODE ID "REASON": every item under this code is
        "recalled" => {
            let recalled = Some(Recalled { recall: words[2].clone(), reason: words[3].clone() });
            let article = ArticleFact { recalled, ..scenario.article(&words[1], at) };
            scenario.shop.sells(&words[1], article);
        }
        // marked CODE BATCH SERIAL: the item under this code says so
        "marked" => {
            let (batch, serial) = (Some(words[2].clone()), Some(words[3].clone()));
            let article = ArticleFact { batch, serial, ..scenario.article(&words[1], at) };
            scenario.shop.sells(&words[1], article);
        }
        // expect 1: ... is about lines; this about the batch and serial of one
        "expect-marks" => {
            let basket = scenario.shop.state.open_basket(&words[1].parse().unwrap()).unwrap_or_else(|| panic!("{at}: no basket"));
            let line = basket.line(words[2].parse().unwrap()).unwrap_or_else(|| panic!("{at}: no line"));
            assert_eq!((line.batch.as_deref(), line.serial.as_deref()), (Some(words[3].as_str()), Some(words[4].as_str())), "{at}");
        }
        // department SKU "NAME" CLASS MAX [unknown]
        "department" => {
            let department = Department {
                sku: words[1].parse().unwrap(),
                name: words[2].clone(),
                tax_class: words[3].parse().unwrap(),
                group: String::new(),
                price_max: scenario.shop.rules.currency.parse(&words[4]).unwrap(),
                for_unknown: words.len() > 5,
            };
            scenario.shop.rules.till.departments.push(department);
        }
        // expect-line LINE SKU CODE
        "expect-line" => {
            let basket = scenario.shop.state.open_basket(&words[1].parse().unwrap()).unwrap_or_else(|| panic!("{at}: no basket"));
            let line = basket.line(words[2].parse().unwrap()).unwrap_or_else(|| panic!("{at}: no line"));
            assert_eq!((line.sku.as_str(), line.code.as_str()), (words[3].as_str(), words[4].as_str()), "{at}");
        }
        // expect-weighed 1 LINE WEIGHT typed|SCALE [tare T]
        "expect-weighed" => {
            let basket = scenario.shop.state.open_basket(&words[1].parse().unwrap()).unwrap_or_else(|| panic!("{at}: no basket"));
            let line = basket.line(words[2].parse().unwrap()).unwrap_or_else(|| panic!("{at}: no line"));
            let weighing = line.weighed.as_ref().unwrap_or_else(|| panic!("{at}: nobody weighed it"));
            let by = weighing.scale.as_ref().map_or("typed", |scale| scale.as_str());
            let tare = words.get(6).map_or(Qty::ZERO, |tare| qty(tare));
            assert_eq!((line.quantity, by, weighing.tare), (qty(&words[3]), words[4].as_str(), tare), "{at}");
            assert_eq!(weighing.is_typed(), by == "typed", "{at}");
        }
        // check open|closed: what the shell says of the screen
        "check" => scenario.shop.check_open = words[1] == "open",
        other => panic!("{at}: no word {other}"),
    }
}

pub fn command(words: &[String], at: &str) -> Command {
    let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
    if word(0) == "put-aside" {
        return Command::PutAside { code: word(1).to_owned() };
    }
    // weigh CODE WEIGHT [tare T] [by SCALE]
    if word(0) == "weigh" {
        let after = |mark: &str| words.iter().position(|word| word == mark).map(|at| words[at + 1].as_str());
        let tare = after("tare").map_or(Qty::ZERO, qty);
        let scale = after("by").map(|scale| scale.parse().unwrap());
        return Command::AddWeighed { code: word(1).to_owned(), weight: qty(word(2)), tare, scale };
    }
    if word(0) == "training" {
        return Command::SetTraining { on: word(1) == "on" };
    }
    // open-price SKU PRICE [x N] [of CODE]
    if word(0) == "open-price" {
        let after = |mark: &str| words.iter().position(|word| word == mark).map(|at| words[at + 1].as_str());
        return Command::SellOpenPrice {
            department: word(1).parse().unwrap(),
            price: Currency::from_code("EUR").unwrap().parse(word(2)).unwrap(),
            quantity: after("x").map(qty),
            code: after("of").map(str::to_owned),
        };
    }
    // of-age CODE seen|birth-date [x N], not-of-age CODE seen|birth-date
    let proof = match word(2) {
        "seen" => AgeProof::Seen,
        "birth-date" => AgeProof::BirthDate,
        other => panic!("{at}: no proof {other}"),
    };
    Command::CheckAge { code: word(1).to_owned(), quantity: words.get(4).map(|quantity| qty(quantity)), of_age: word(0) == "of-age", proof }
}

pub fn outcome(decision: &Decision, words: &[String], at: &str) {
    match words[0].as_str() {
        // aged YEARS yes|no
        "aged" => {
            let found = decision.events.iter().find_map(|event| match event {
                Event::AgeChecked { years, of_age, .. } => Some((years.to_string(), if *of_age { "yes" } else { "no" })),
                _ => None,
            });
            assert_eq!(found, Some((words[1].clone(), words[2].as_str())), "{at}");
        }
        // aside-for RECALL CODE
        "aside-for" => {
            let found = decision.events.iter().any(
                |event| matches!(event, Event::RecalledItemPutAside { sku, recall, .. } if *recall == words[1] && sku.as_str() == words[2]),
            );
            assert!(found, "{at}: {:?}", decision.events);
        }
        // aside CODE
        "aside" => {
            let found = decision.events.iter().any(|event| matches!(event, Event::ItemPutAside { sku, .. } if sku.as_str() == words[1]));
            assert!(found, "{at}: {:?}", decision.events);
        }
        other => panic!("{at}: nothing is known about {other}"),
    }
}
