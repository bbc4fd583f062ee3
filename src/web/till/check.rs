//! A legal check, or a weight, before a line may enter. It takes the place of the ways to pay, so that the answer lies where the thumb is
//! and nothing else can be finished meanwhile; scans are dropped by the core until it is answered.

use maud::{Markup, html};

use super::{View, icon, weight};
use crate::document::DateOrder;
use crate::node::screen::{AgeCheck, Check, PastItem, RecalledItem};
use crate::retail::last_day::LastDayKind;
use crate::web::layout::visible;
use crate::web::texts::fill;

/// What is asked, in the strip.
pub fn words(view: &View, check: &Check) -> Markup {
    match check {
        Check::Weigh(weigh) => weight::words(view, weigh),
        Check::Age(check) => age_words(view, check),
        Check::Past(item) => {
            let t = view.locale.texts.last_day;
            html! { div .say .error { (icon("stop")) p { strong { (fill(t.title, &[&visible(&item.name)])) } span { (t.hint) } } } }
        }
        Check::Recalled(item) => {
            let t = view.locale.texts.last_day;
            html! { div .say .error { (icon("stop")) p { strong { (fill(t.title, &[&visible(&item.name)])) } span { (t.recall_hint) } } } }
        }
    }
}

/// The answers, one of which must be given.
pub fn answers(view: &View, check: &Check) -> Markup {
    match check {
        Check::Age(check) => age_answers(view, check),
        Check::Past(item) => past_answer(view, item),
        Check::Recalled(item) => recalled_answer(view, item),
        Check::Weigh(weigh) => weight::answers(view, weigh),
    }
}

fn past_answer(view: &View, item: &PastItem) -> Markup {
    let t = view.locale.texts.last_day;
    let words = match item.last_day.kind {
        LastDayKind::Expiry => t.expiry,
        LastDayKind::SellBy => t.sell_by,
        LastDayKind::BestBefore => t.best_before,
    };
    html! {
        div .check-asks .stop role="alertdialog" aria-label=(fill(t.title, &[&visible(&item.name)])) data-code=(item.code) #check {
            (icon("stop"))
            span .born { (fill(words, &[&view.locale.date(item.last_day.date)])) }
            span { (visible(&item.name)) }
        }
        button .primary .exact .wide type="button" #check-no data-do="put-aside" { (icon("delete")) (t.put_aside) kbd { "-" } }
    }
}

fn recalled_answer(view: &View, item: &RecalledItem) -> Markup {
    let t = view.locale.texts.last_day;
    html! {
        div .check-asks .stop role="alertdialog" aria-label=(fill(t.title, &[&visible(&item.name)])) data-code=(item.code) #check {
            (icon("stop"))
            span .born { (fill(t.recalled, &[&visible(&item.recall)])) }
            span { (visible(&item.reason)) }
            span { (visible(&item.name)) }
        }
        button .primary .exact .wide type="button" #check-no data-do="put-aside" { (icon("delete")) (t.put_aside) kbd { "-" } }
    }
}

fn age_words(view: &View, check: &AgeCheck) -> Markup {
    let t = view.locale.texts.age;
    let asks = fill(t.asks, &[&check.years.to_string(), &visible(&check.name)]);
    html! { div .say .warn { (icon("age")) p { strong { (asks) } span { (born_by(view, check)) } } } }
}

/// Not sold, by birth date, of age.
fn age_answers(view: &View, check: &AgeCheck) -> Markup {
    let t = view.locale.texts.age;
    let (order, digits) = match view.locale.date {
        DateOrder::YearMonthDay => ("ymd", t.digits_ymd),
        DateOrder::DayMonthYearDots | DateOrder::DayMonthYear => ("dmy", t.digits_dmy),
        DateOrder::MonthDayYear => ("mdy", t.digits_mdy),
    };
    html! {
        div .check-asks role="alertdialog" aria-label=(fill(t.from, &[&check.years.to_string()])) data-code=(check.code)
            data-quantity=[check.quantity.map(|quantity| quantity.thousandths())] #check {
            strong { (check.years) "+" }
            span .born { (born_by(view, check)) }
        }
        button .typed type="button" #check-birth data-do="birth-date" data-order=(order) { (icon("age")) (t.birth_date) span .amount { (digits) } }
        button .not-paid type="button" #check-no data-do="not-of-age" { (icon("void")) (t.not_sold) kbd { "-" } }
        button .primary .exact type="button" #check-yes data-do="of-age" { (icon("done")) (t.of_age) kbd { "+" } }
    }
}

fn born_by(view: &View, check: &AgeCheck) -> String {
    fill(view.locale.texts.age.born_by, &[&view.locale.date(check.born_by)])
}
