//! An article that waits for its weight. What the scale says stands large where the ways to pay are, beside the way that always works: to type it.

use maud::{Markup, html};

use super::{View, icon};
use crate::device::{DeviceKind, DeviceState, DeviceStatus, ScaleReading};
use crate::money::{Qty, Unit};
use crate::node::screen::{TillScreen, WeighCheck};
use crate::retail::SoldLine;
use crate::web::layout::visible;
use crate::web::locale::Locale;
use crate::web::texts::fill;

/// The article and what to do, in the strip.
pub fn words(view: &View, weigh: &WeighCheck) -> Markup {
    let t = view.locale.texts.weight;
    let kilogram = format!("{} / {}", view.money(weigh.unit_price), Unit::Kilogram.symbol());
    let hint = if has_scale(view) { t.or_type } else { t.type_it };
    html! { div .say .calm { (icon("scale")) p { strong { (visible(&weigh.name)) " · " (kilogram) } span { (hint) } } } }
}

/// What the scale says, the tare, and the three acts.
pub fn answers(view: &View, weigh: &WeighCheck) -> Markup {
    let t = view.locale.texts.weight;
    let stop = matches!(view.till.reading, Some(ScaleReading::SameLoad | ScaleReading::NoAnswer | ScaleReading::OverCapacity));
    let state = if has_scale(view) { reading_words(view.locale, view.till) } else { t.type_it.to_owned() };
    html! {
        div .check-asks .weighs .uneasy[stop] role="dialog" aria-label=(visible(&weigh.name)) data-code=(weigh.code)
            data-tare=(view.till.tare.thousandths()) #check {
            (icon("scale"))
            span .reading .weight[matches!(view.till.reading, Some(ScaleReading::Stable { .. }))] aria-live="polite" { (state) }
            @if !view.till.tare.is_zero() { span .tare { (tare_words(view.locale, view.till.tare)) } }
        }
        button .typed type="button" #weigh-tare data-do="tare" { (t.tare) span .amount { (t.tare_hint) } }
        button .not-paid type="button" #check-no data-do="forget-weight" { (icon("void")) (view.locale.texts.cancel) kbd { "-" } }
        @if view.till.reading == Some(ScaleReading::SameLoad) {
            button .primary .exact type="button" #weigh-typed data-do="weigh-again" { (icon("scale")) (t.again) kbd { "Enter" } }
        } @else {
            button .primary .exact type="button" #weigh-typed data-do="weigh-typed" {
                (icon("scale")) (t.typed) span .amount { (t.typed_hint) } kbd { "Enter" }
            }
        }
    }
}

/// The weight, for the customer, who must see it; what is the matter with the scale is not theirs.
pub fn weight_or_wait(locale: &Locale, till: &TillScreen) -> String {
    match till.reading {
        Some(ScaleReading::Stable { .. }) => reading_words(locale, till),
        _ => locale.texts.weight.weighing.to_owned(),
    }
}

fn reading_words(locale: &Locale, till: &TillScreen) -> String {
    let t = locale.texts.weight;
    let words = match till.reading {
        Some(ScaleReading::Stable { grams }) => return locale.weight(Qty::from_thousandths(grams) - till.tare),
        None | Some(ScaleReading::Empty) => t.put_on,
        Some(ScaleReading::Moving) => t.moving,
        Some(ScaleReading::Unsettled) => t.unsettled,
        Some(ScaleReading::SameLoad) => t.same_load,
        Some(ScaleReading::UnderZero) => t.under_zero,
        Some(ScaleReading::OverCapacity) => t.over_capacity,
        Some(ScaleReading::OwnTare) => t.own_tare,
        Some(ScaleReading::NoAnswer) => t.no_answer,
    };
    words.to_owned()
}

fn tare_words(locale: &Locale, tare: Qty) -> String {
    fill(locale.texts.weight.tare_set, &[&locale.weight(tare)])
}

/// A tare that waits for its weight, while no article does.
pub fn tare_armed(view: &View) -> Markup {
    let t = view.locale.texts;
    html! {
        @if !view.till.tare.is_zero() && view.till.check.is_none() {
            div .say .armed {
                (icon("scale"))
                p { strong { (tare_words(view.locale, view.till.tare)) } span { (t.weight.tare_set_hint) } }
                button type="button" data-do="no-tare" { (t.cancel) }
            }
        }
    }
}

/// What must stand on a weighed line besides: that it was typed, and its tare.
pub fn line_note(view: &View, line: &SoldLine) -> Option<String> {
    let weighed = line.weighed.as_ref()?;
    let typed = weighed.is_typed().then(|| view.locale.texts.weight.by_hand.to_owned());
    let tare = (!weighed.tare.is_zero()).then(|| tare_words(view.locale, weighed.tare));
    let notes: Vec<String> = typed.into_iter().chain(tare).collect();
    (!notes.is_empty()).then(|| notes.join(" · "))
}

/// A scale that works is noticed by weighing; only trouble needs a word.
pub fn chip(view: &View) -> Markup {
    let here = |device: &&DeviceStatus| device.kind == DeviceKind::Scale && Some(&device.name) == scale_here(view);
    let scale = view.screen.devices.iter().find(here);
    let trouble = scale.filter(|device| match device.state {
        DeviceState::Ready | DeviceState::Busy | DeviceState::Starting => false,
        DeviceState::Absent | DeviceState::Attention { .. } | DeviceState::Fault { .. } => true,
    });
    html! { @if trouble.is_some() { span .chip .bad { (icon("scale")) (view.locale.texts.weight.scale_trouble) } } }
}

fn has_scale(view: &View) -> bool {
    scale_here(view).is_some()
}

fn scale_here<'a>(view: &'a View) -> Option<&'a crate::ids::DeviceName> {
    view.screen.rules.workstation(view.workstation)?.scale.as_ref()
}
