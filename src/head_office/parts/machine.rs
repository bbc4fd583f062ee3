//! The life of a part at a place without a node. Pure.
//!
//! | state          | accept       | refuse        | short                  | shipped    | delivered    | head office ends it |
//! |----------------|--------------|---------------|------------------------|------------|--------------|---------------------|
//! | `sent`         | → `accepted` | → `refused`   | → `accepted`/`refused` | → `shipped`| not left     | → `cancelled`       |
//! | `accepted`     | same         | → `refused`   | → `accepted`/`refused` | → `shipped`| not left     | → `cancel_asked`    |
//! | `cancel_asked` | asked back   | → `cancelled` | asked back             | → `shipped`| not left     | same                |
//! | `shipped`      | has left     | has left      | has left               | same       | → `delivered`| has left            |
//! | `delivered`    | has left     | has left      | has left               | has left   | same         | has left            |
//! | `refused`      | is over      | same          | is over                | is over    | is over      | same                |
//! | `cancelled`    | cancelled    | same          | cancelled              | cancelled  | cancelled    | same                |
//!
//! A place takes a part before it packs it, so one that it has not accepted ends at once; one that it has accepted ends when the place says so, or
//! leaves. `short` that leaves nothing to send is a refusal. The same act again, with the same words, changes nothing.

use serde::{Deserialize, Serialize};

use crate::ids::Sku;
use crate::money::{Qty, Unit};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// The place's move: it has not said anything.
    Sent,
    /// The place's move: it packs.
    Accepted,
    /// The place's move: head office wants it back; it stops, or says that it left.
    CancelAsked,
    Shipped,
    Delivered,
    Refused,
    Cancelled,
}

impl PartState {
    pub const ALL: [PartState; 7] = [
        PartState::Sent,
        PartState::Accepted,
        PartState::CancelAsked,
        PartState::Shipped,
        PartState::Delivered,
        PartState::Refused,
        PartState::Cancelled,
    ];

    pub fn name(self) -> &'static str {
        match self {
            PartState::Sent => "sent",
            PartState::Accepted => "accepted",
            PartState::CancelAsked => "cancel_asked",
            PartState::Shipped => "shipped",
            PartState::Delivered => "delivered",
            PartState::Refused => "refused",
            PartState::Cancelled => "cancelled",
        }
    }

    pub fn named(name: &str) -> Option<PartState> {
        PartState::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The place has something to do.
    pub fn is_open(self) -> bool {
        matches!(self, PartState::Sent | PartState::Accepted | PartState::CancelAsked)
    }

    pub fn has_left(self) -> bool {
        matches!(self, PartState::Shipped | PartState::Delivered)
    }
}

/// Of one article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartLine {
    /// As the order counts.
    pub line: u32,
    pub sku: Sku,
    pub name: String,
    pub quantity: Qty,
    #[serde(default)]
    pub unit: Unit,
    /// Of the quantity, what the place does not have.
    #[serde(default)]
    pub short: Qty,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl PartLine {
    pub fn to_send(&self) -> Qty {
        self.quantity - self.short
    }
}

/// What is said of a line that is short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortLine {
    pub line: u32,
    /// Of the whole line, not more than before.
    pub quantity: Qty,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartAct {
    Accept,
    Refuse {
        why: String,
    },
    Short {
        lines: Vec<ShortLine>,
    },
    Ship {
        tracking: String,
    },
    Deliver,
    /// Head office ends it.
    End {
        why: String,
    },
}

/// What stands of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: PartState,
    pub lines: Vec<PartLine>,
    pub tracking: String,
    /// Why it was refused or ended.
    pub note: String,
}

/// Why an act is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotActed {
    #[error("it was cancelled: nothing may leave; what has left is to come back")]
    Cancelled,
    #[error("head office asked it back: refuse it when it stays, or report it as shipped when it has left")]
    AskedBack,
    #[error("it is {} already", .0.name())]
    HasLeft(PartState),
    #[error("it was refused: it is served from elsewhere")]
    IsOver,
    #[error("it has not left yet: report it as shipped first")]
    NotLeft,
    #[error("it was shipped with tracking number {0:?} already")]
    OtherTracking(String),
    #[error("why? Give a reason")]
    NoReason,
    #[error("a tracking number or a reason has at most {TEXT_CHARS_MAX} printable characters")]
    Text,
    #[error("no line is named")]
    NoLines,
    #[error("it has no line {0}")]
    NoLine(u32),
    #[error("line {line}: short is more than 0 and at most {}", quantity.plain())]
    Quantity { line: u32, quantity: Qty },
    #[error("line {0}: it is counted in whole pieces")]
    Pieces(u32),
}

pub const TEXT_CHARS_MAX: usize = 120;

/// What becomes of a part. `Ok(None)`: it is so already.
pub fn act(now: &Standing, act: &PartAct) -> Result<Option<Standing>, NotActed> {
    let next = |state: PartState| Standing { state, ..now.clone() };
    let is_same_as = |state: PartState| if now.state == state { Some(Ok(None)) } else { None };
    match act {
        PartAct::Accept => match now.state {
            PartState::Sent => Ok(Some(next(PartState::Accepted))),
            PartState::Accepted => Ok(None),
            other => Err(refused(other)),
        },
        PartAct::Refuse { why } => {
            if let Some(same) = is_same_as(PartState::Refused).or_else(|| is_same_as(PartState::Cancelled)) {
                return same;
            }
            let why = reason(why)?;
            match now.state {
                PartState::Sent | PartState::Accepted => Ok(Some(Standing { note: why, ..next(PartState::Refused) })),
                PartState::CancelAsked => Ok(Some(next(PartState::Cancelled))),
                other => Err(refused(other)),
            }
        }
        PartAct::Short { lines } => match now.state {
            PartState::Sent | PartState::Accepted => short(now, lines),
            other => Err(refused(other)),
        },
        PartAct::Ship { tracking } => {
            let tracking = text(tracking)?;
            match now.state {
                PartState::Sent | PartState::Accepted | PartState::CancelAsked => {
                    Ok(Some(Standing { tracking, ..next(PartState::Shipped) }))
                }
                PartState::Shipped if tracking == now.tracking => Ok(None),
                PartState::Shipped => Err(NotActed::OtherTracking(now.tracking.clone())),
                other => Err(refused(other)),
            }
        }
        PartAct::Deliver => match now.state {
            PartState::Shipped => Ok(Some(next(PartState::Delivered))),
            PartState::Delivered => Ok(None),
            PartState::Sent | PartState::Accepted | PartState::CancelAsked => Err(NotActed::NotLeft),
            other @ (PartState::Refused | PartState::Cancelled) => Err(refused(other)),
        },
        PartAct::End { why } => match now.state {
            PartState::Sent => Ok(Some(Standing { note: why.clone(), ..next(PartState::Cancelled) })),
            PartState::Accepted => Ok(Some(Standing { note: why.clone(), ..next(PartState::CancelAsked) })),
            PartState::CancelAsked | PartState::Refused | PartState::Cancelled => Ok(None),
            other @ (PartState::Shipped | PartState::Delivered) => Err(refused(other)),
        },
    }
}

/// An act that a state does not take.
fn refused(state: PartState) -> NotActed {
    match state {
        PartState::CancelAsked => NotActed::AskedBack,
        PartState::Cancelled => NotActed::Cancelled,
        PartState::Refused => NotActed::IsOver,
        PartState::Sent | PartState::Accepted | PartState::Shipped | PartState::Delivered => NotActed::HasLeft(state),
    }
}

fn short(now: &Standing, short: &[ShortLine]) -> Result<Option<Standing>, NotActed> {
    if short.is_empty() {
        return Err(NotActed::NoLines);
    }
    let mut lines = now.lines.clone();
    for said in short {
        let Some(line) = lines.iter_mut().find(|line| line.line == said.line) else { return Err(NotActed::NoLine(said.line)) };
        if said.quantity <= Qty::ZERO || said.quantity > line.quantity {
            return Err(NotActed::Quantity { line: said.line, quantity: line.quantity });
        }
        if line.unit == Unit::Piece && !said.quantity.is_whole() {
            return Err(NotActed::Pieces(said.line));
        }
        line.short = said.quantity;
        line.why = text(&said.why)?;
    }
    let is_empty = lines.iter().all(|line| line.to_send() <= Qty::ZERO);
    let state = if is_empty { PartState::Refused } else { PartState::Accepted };
    let note = if is_empty { "nothing of it is there".to_owned() } else { now.note.clone() };
    let next = Standing { state, lines, note, ..now.clone() };
    Ok(Some(next).filter(|next| next != now))
}

fn reason(why: &str) -> Result<String, NotActed> {
    text(why).and_then(|why| if why.is_empty() { Err(NotActed::NoReason) } else { Ok(why) })
}

fn text(text: &str) -> Result<String, NotActed> {
    let text = text.trim();
    let is_plain = text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    if is_plain { Ok(text.to_owned()) } else { Err(NotActed::Text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(state: PartState) -> Standing {
        let line = |line: u32, quantity: i64| PartLine {
            line,
            sku: Sku::new(&format!("S{line}")).unwrap(),
            name: String::new(),
            quantity: Qty::pieces(quantity),
            unit: Unit::Piece,
            short: Qty::ZERO,
            why: String::new(),
        };
        Standing { state, lines: vec![line(1, 2), line(2, 1)], tracking: "T1".to_owned(), note: String::new() }
    }

    fn shorts(lines: &[(u32, i64)]) -> PartAct {
        let line =
            |(line, quantity): &(u32, i64)| ShortLine { line: *line, quantity: Qty::from_thousandths(*quantity), why: "gone".to_owned() };
        PartAct::Short { lines: lines.iter().map(line).collect() }
    }

    /// The table above, row by row.
    #[test]
    fn every_state_answers_every_act() {
        use PartState::*;
        let acts = [
            PartAct::Accept,
            PartAct::Refuse { why: "no staff".to_owned() },
            shorts(&[(1, 1000)]),
            PartAct::Ship { tracking: "T1".to_owned() },
            PartAct::Deliver,
            PartAct::End { why: "the customer".to_owned() },
        ];
        let table = [
            (Sent, ["accepted", "refused", "accepted", "shipped", "not left", "cancelled"]),
            (Accepted, ["same", "refused", "accepted", "shipped", "not left", "cancel_asked"]),
            (CancelAsked, ["asked", "cancelled", "asked", "shipped", "not left", "same"]),
            (Shipped, ["left", "left", "left", "same", "delivered", "left"]),
            (Delivered, ["left", "left", "left", "left", "same", "left"]),
            (Refused, ["over", "same", "over", "over", "over", "same"]),
            (Cancelled, ["gone", "same", "gone", "gone", "gone", "same"]),
        ];
        for (state, expect) in table {
            for (doing, expect) in acts.iter().zip(expect) {
                let said = match act(&standing(state), doing) {
                    Ok(None) => "same",
                    Ok(Some(next)) => next.state.name(),
                    Err(NotActed::NotLeft) => "not left",
                    Err(NotActed::AskedBack) => "asked",
                    Err(NotActed::HasLeft(_)) => "left",
                    Err(NotActed::IsOver) => "over",
                    Err(NotActed::Cancelled) => "gone",
                    Err(other) => panic!("{state:?} {doing:?}: {other}"),
                };
                assert_eq!(said, expect, "{state:?} {doing:?}");
            }
        }
    }

    #[test]
    fn what_is_short_is_not_sent_and_a_part_without_goods_is_refused() {
        let now = standing(PartState::Sent);
        let next = act(&now, &shorts(&[(1, 1000)])).unwrap().unwrap();
        assert_eq!((next.lines[0].to_send(), next.lines[1].to_send()), (Qty::pieces(1), Qty::pieces(1)));
        assert_eq!(act(&next, &shorts(&[(1, 1000)])), Ok(None), "the same again");
        let next = act(&next, &shorts(&[(1, 2000), (2, 1000)])).unwrap().unwrap();
        assert_eq!((next.state, next.note.as_str()), (PartState::Refused, "nothing of it is there"));

        let wrong = |doing: PartAct| act(&now, &doing).unwrap_err().to_string();
        assert_eq!(wrong(shorts(&[(3, 1000)])), "it has no line 3");
        assert_eq!(wrong(shorts(&[(1, 3000)])), "line 1: short is more than 0 and at most 2");
        assert_eq!(wrong(shorts(&[(1, 0)])), "line 1: short is more than 0 and at most 2");
        assert_eq!(wrong(shorts(&[(1, 500)])), "line 1: it is counted in whole pieces");
        assert_eq!(wrong(shorts(&[])), "no line is named");
        assert_eq!(wrong(PartAct::Refuse { why: " ".to_owned() }), "why? Give a reason");
        let long = "x".repeat(TEXT_CHARS_MAX + 1);
        assert!(wrong(PartAct::Ship { tracking: long }).contains("at most"));
        let shipped = standing(PartState::Shipped);
        let again = act(&shipped, &PartAct::Ship { tracking: "T2".to_owned() });
        assert_eq!(again, Err(NotActed::OtherTracking("T1".to_owned())));
    }
}
