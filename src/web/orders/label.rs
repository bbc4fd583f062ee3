//! How it stands with the labels of an order's bags, what a person does about it, and what is written on a bag by hand where no label comes.

use maud::{Markup, html};
use serde_json::json;

use super::{Desk, act, zone_words};
use crate::device::{DeviceKind, DeviceState, DeviceStatus};
use crate::retail::event::PrintSubject;
use crate::retail::order::{Bag, LabelEnd, Order, open_label};
use crate::retail::print::{OpenPrint, PrintState};
use crate::web::texts::fill;
use crate::web::texts::orders::OrderTexts;
use crate::web::till;

/// The label of one bag: where it is, and the button that is wanted next.
pub fn of_bag(desk: &Desk, order: &Order, bag: &Bag) -> Markup {
    let (t, number) = (desk.t, &order.asked.order);
    let has_printer = printer(desk).is_some();
    let again = |words: &str, class: &str| act(words, class, &json!({"act": "print_label", "order": number, "bag": bag.number}), false);
    let settle = |words: &str| act(words, "", &json!({"act": "settle_label", "order": number, "bag": bag.number}), false);
    let note = |mood: &str, sign: &str, words: &str| html! { span .label-words .(mood) { (till::icon(sign)) (words) } };
    let reprint = || html! { @if has_printer { (again(t.label_reprint, "small")) } };
    match (open_label(&desk.view.screen.prints, number, bag.number).map(|open| &open.state), bag.label) {
        (Some(PrintState::Given), _) => html! { div .label-row { (note("", "print", t.label_given)) } },
        (Some(PrintState::HeldClean { cause }), _) => html! {
            div .label-row { (note("warn-text", "print", &fill(t.label_held, &[cause_words(t, cause)]))) }
        },
        (Some(PrintState::Unknown { .. }), _) => html! {
            div .label-row .asks {
                (note("warn-text", "stop", &fill(t.label_unknown, &[&bag.number.to_string()])))
                (settle(t.label_yes)) (again(t.label_again, ""))
            }
            (by_hand(desk, order, bag))
        },
        (Some(PrintState::FailedClean { .. }), _) => html! {
            div .label-row .asks {
                (note("warn-text", "stop", t.label_failed))
                (again(t.label_again, "")) (settle(t.label_by_hand))
            }
            (by_hand(desk, order, bag))
        },
        (None, Some(LabelEnd::Printed)) => html! { div .label-row { (note("good-text", "done", t.label_printed)) (reprint()) } },
        (None, Some(LabelEnd::Sent)) => html! { div .label-row { (note("", "print", t.label_sent)) (reprint()) } },
        (None, Some(LabelEnd::Settled)) => html! { div .label-row { (note("", "done", t.label_settled)) (reprint()) } },
        (None, None) if has_printer => html! {
            div .label-row { (note("warn-text", "print", t.label_none)) (again(t.label_print, "")) }
            (by_hand(desk, order, bag))
        },
        (None, None) => html! { (by_hand(desk, order, bag)) },
    }
}

/// Above everything else: the bags of whose labels nobody is sure, each a tap away.
pub fn questions(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    let is_question = |bag: &&Bag| {
        let open = open_label(&desk.view.screen.prints, &order.asked.order, bag.number);
        open.is_some_and(|open| matches!(open.state, PrintState::Unknown { .. } | PrintState::FailedClean { .. }))
    };
    let asked: Vec<&Bag> = order.bags.iter().filter(is_question).collect();
    html! {
        @if !asked.is_empty() {
            p .label-trouble {
                (till::icon("stop")) strong { (t.labels_unknown) }
                @for bag in asked {
                    a .button href=(format!("#bag-{}", bag.number)) { (fill(t.bag, &[&bag.number.to_string(), &order.bag_count().to_string()])) }
                }
            }
        }
    }
}

/// What tells this bag from all others when a person writes it on.
fn by_hand(desk: &Desk, order: &Order, bag: &Bag) -> Markup {
    let t = desk.t;
    html! {
        p .write {
            (t.label_write) " "
            strong {
                (order.asked.order) " · " (bag.number) "/" (order.bag_count()) " · " (desk.initials(order)) " · " (zone_words(t, bag.zone))
            }
        }
    }
}

/// Above the bags, where this workstation has no label printer at all.
pub fn no_printer(desk: &Desk) -> Markup {
    html! { @if printer(desk).is_none() { p .muted { (desk.t.label_no_printer) } } }
}

/// All labels once more, for bags that were packed anew.
pub fn all_again(desk: &Desk, order: &Order) -> Markup {
    let is_open = |bag: &&Bag| open_label(&desk.view.screen.prints, &order.asked.order, bag.number).is_some();
    let any = order.bags.len() > 1 && printer(desk).is_some() && !order.bags.iter().any(|bag| is_open(&bag));
    html! { @if any { (act(desk.t.label_all, "", &json!({"act": "print_label", "order": order.asked.order}), true)) } }
}

fn printer<'a>(desk: &Desk<'a>) -> Option<&'a crate::ids::DeviceName> {
    desk.view.screen.rules.workstation(desk.view.workstation)?.label_printer.as_ref()
}

/// On the board: which label printer needs somebody, how many labels wait, and of which orders nobody knows.
pub fn on_board(desk: &Desk) -> Markup {
    let (t, screen) = (desk.t, &desk.view.screen);
    let troubled = |device: &&DeviceStatus| match &device.state {
        DeviceState::Absent | DeviceState::Attention { .. } | DeviceState::Fault { .. } => device.kind == DeviceKind::LabelPrinter,
        DeviceState::Starting | DeviceState::Ready | DeviceState::Busy => false,
    };
    let label = |open: &&OpenPrint| matches!(open.what, PrintSubject::BagLabel(_));
    let waiting = screen.prints.iter().filter(label).filter(|open| matches!(open.state, PrintState::HeldClean { .. })).count();
    let mut asked: Vec<&str> = screen
        .prints
        .iter()
        .filter(|open| matches!(open.state, PrintState::Unknown { .. } | PrintState::FailedClean { .. }))
        .filter_map(|open| match &open.what {
            PrintSubject::BagLabel(label) => Some(label.order.as_str()),
            _ => None,
        })
        .collect();
    asked.dedup();
    html! {
        @for device in screen.devices.iter().filter(troubled) {
            p .label-trouble {
                (till::icon("print"))
                strong { (fill(t.label_printer_trouble, &[device.name.as_str(), device_words(t, device)])) }
                @if waiting > 0 { span { (fill(t.labels_wait, &[&waiting.to_string()])) } }
            }
        }
        @if !asked.is_empty() {
            p .label-trouble {
                (till::icon("stop")) strong { (t.labels_unknown) }
                @for order in asked { a .button href=(format!("/orders/{}/order/{order}", desk.view.workstation)) { (order) } }
            }
        }
    }
}

fn device_words(t: &OrderTexts, device: &DeviceStatus) -> &'static str {
    match &device.state {
        DeviceState::Attention { cause } | DeviceState::Fault { cause } => cause_words(t, cause),
        DeviceState::Absent | DeviceState::Starting | DeviceState::Ready | DeviceState::Busy => t.cause_gone,
    }
}

/// Why labels wait, and so what to do.
fn cause_words(t: &OrderTexts, cause: &str) -> &'static str {
    match cause {
        "paper_out" => t.cause_paper,
        "head_open" => t.cause_head,
        "ribbon_out" => t.cause_ribbon,
        "paused" => t.cause_paused,
        "jam" | "cutter" => t.cause_jam,
        "label_mark" => t.cause_mark,
        "wrong_dpi" => t.cause_dpi,
        "head_hot" => t.cause_hot,
        "needs_help" | "fault" => t.cause_help,
        _ => t.cause_gone,
    }
}
