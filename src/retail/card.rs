//! Cards at a terminal that the till drives, in two phases. The intent is on disk before the terminal is asked for money; the answer comes
//! back from the terminal's owner. Of an attempt whose answer was lost nobody knows how it ended: it is asked for again from the terminal and
//! closes only on the terminal's evidence or by a named person's recorded decision. At a workstation without a terminal of ours the cashier
//! types the amount into a stand-alone one and says how it ended ([`super::tender::end_card`]).
//!
//! What is kept of a card is its masked number and the terminal's own references, never more.

use serde::{Deserialize, Serialize};

use super::basket::{Basket, CardAttempt};
use super::decide::{Case, Outcome};
use super::rules::WorkstationRules;
use super::{Answer, Effect, Event, Refusal, State, Tender, TenderKind, tender};
use crate::ids::{AttemptId, DeviceName, StaffId, TxnId};
use crate::money::Money;
use crate::time::Stamp;

/// Characters of a terminal's own words that are kept.
const WORDS_MAX: usize = 120;

/// Two numbers by which a terminal knows its newest transaction. They move with each one, so an attempt was carried out when they have moved
/// since before it, and was not when they have not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardMark {
    pub receipt: u32,
    pub trace: u32,
}

/// What the terminal says of a transaction that went through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardProof {
    /// Masked: at most the last four digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub card: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub card_name: String,
    pub receipt: u32,
    pub trace: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub terminal_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub authorisation: String,
    /// The customer's receipt as the terminal laid it out, when the till prints it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slip: Vec<String>,
}

impl CardProof {
    pub fn mark(&self) -> CardMark {
        CardMark { receipt: self.receipt, trace: self.trace }
    }
}

/// What a terminal is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// Take the attempt's amount.
    Payment,
    /// Give it to a card; the attempt's amount is negative.
    Refund,
    /// Take back the tender at `index`, by the terminal's receipt number.
    Reversal { index: u32, receipt: u32 },
    /// Close the terminal's own day. Belongs to no transaction; moves no money, so asking again does no harm.
    EndOfDay,
}

/// An attempt's way to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtTerminal {
    pub terminal: DeviceName,
    pub kind: CardKind,
    /// The terminal's newest transaction before this one; `None`: it had none.
    pub before: Option<CardMark>,
    pub state: CardState,
}

/// Whose move it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// The terminal's and its customer's. After a restart this is `Unknown`.
    Asked,
    /// The terminal's: the answer was lost and is asked for again. With `decidable` a named person may end it as well.
    Unknown { cause: String, decidable: bool },
}

/// What the terminal's owner reports of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardProgress {
    /// Words for the screen. Never recorded.
    Status { text: String },
    /// Carried out, as the terminal itself says.
    Approved { proof: CardProof },
    /// Not carried out, as the terminal itself says or because no byte was sent. In words.
    Declined { reason: String },
    /// Nobody knows. `decidable`: the terminal was asked as often as makes sense, or its evidence fits nothing.
    Unknown { cause: String, decidable: bool },
}

/// How a person ended an attempt of unknown outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardDecision {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<StaffId>,
    pub at: Stamp,
}

/// What is known of one terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalBook {
    /// Its newest transaction, as it said last.
    pub last: Option<CardMark>,
    pub at: Stamp,
    /// The newest attempt here that a person had to decide, until the terminal's own day is closed or its book agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<TerminalDay>,
}

/// What a person said of an attempt, to be held against the terminal's book when it can be read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    pub txn: TxnId,
    pub attempt: AttemptId,
    /// Negative: given to the card.
    pub amount: Money,
    pub before: Option<CardMark>,
    pub carried_out: bool,
    /// The terminal's book says otherwise: a person must put it right.
    #[serde(default)]
    pub contradicted: bool,
}

/// The newest closing of a terminal's own day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalDay {
    pub attempt: AttemptId,
    pub asked_at: Stamp,
    /// `None`: under way.
    pub ended: Option<TerminalDayEnd>,
}

/// How it ended. An answer that was lost counts as not done: the day is closed once more, which does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalDayEnd {
    pub done: bool,
    /// The terminal's words when it was not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// An attempt that a start finds under way at a terminal: what it is to be asked about, before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAttempt {
    pub attempt: AttemptId,
    pub amount: Money,
    pub at_terminal: AtTerminal,
}

/// The attempts at terminals that the last run left open. Each of them is reported as unknown (when it was `Asked`) and then asked for.
pub fn after_restart(state: &State) -> Vec<OpenAttempt> {
    let cards = state.baskets.values().filter_map(|basket| basket.card.as_ref());
    cards
        .filter_map(|card| {
            let at_terminal = card.terminal.clone()?;
            Some(OpenAttempt { attempt: card.attempt, amount: card.amount, at_terminal })
        })
        .collect()
}

/// Terminals whose own day was being closed when the last run ended. Each is reported as unknown: nobody waits for the answer any more.
pub fn days_after_restart(state: &State) -> Vec<AttemptId> {
    let days = state.terminals.values().filter_map(|book| book.day.as_ref());
    days.filter(|day| day.ended.is_none()).map(|day| day.attempt).collect()
}

/// The open transaction with this attempt.
pub fn basket_of(state: &State, attempt: AttemptId) -> Option<&Basket> {
    state.baskets.values().find(|basket| basket.card.as_ref().is_some_and(|card| card.attempt == attempt))
}

/// Refuses what cannot be asked of the workstation's terminal now, and says what stands in the record of the attempt. `None`: the workstation
/// has a stand-alone terminal.
pub(super) fn begin(case: &Case, workstation: &WorkstationRules, kind: CardKind) -> Result<Option<AtTerminal>, Refusal> {
    let Some(terminal) = &workstation.terminal else { return Ok(None) };
    let is_busy =
        case.state.baskets.values().filter_map(|basket| basket.card.as_ref()?.terminal.as_ref()).any(|at| at.terminal == *terminal);
    if is_busy || is_closing(case.state, terminal) {
        return Err(Refusal::TerminalBusy);
    }
    let book = case.state.terminals.get(terminal).ok_or(Refusal::TerminalNotSeen)?;
    Ok(Some(AtTerminal { terminal: terminal.clone(), kind, before: book.last, state: CardState::Asked }))
}

/// A card tender that our terminal took is given back by that terminal.
pub(super) fn reverse(
    case: &Case,
    workstation: &WorkstationRules,
    basket: &Basket,
    index: u32,
    tender: &Tender,
) -> Result<Outcome, Refusal> {
    // What was given to a card stays given.
    let proof = tender.card.as_deref().filter(|_| !tender.amount.is_negative()).ok_or(Refusal::CardTenderStays)?;
    let at_terminal = begin(case, workstation, CardKind::Reversal { index, receipt: proof.receipt })?.ok_or(Refusal::CardTenderStays)?;

    // Cannot fail below.
    let attempt = case.ask.fresh.attempt;
    let event = Event::CardStarted {
        txn: basket.txn,
        attempt,
        amount: tender.amount,
        at: case.ask.at,
        terminal: Some(Box::new(at_terminal)),
        refund_of: None,
    };
    Ok(Outcome { events: vec![event], answer: Answer { txn: Some(basket.txn), attempt: Some(attempt), ..Answer::default() } })
}

/// From the terminal's owner: how an attempt goes on, or how it ended.
pub(super) fn report(case: &Case, attempt: AttemptId, progress: &CardProgress) -> Result<Outcome, Refusal> {
    let Some(basket) = basket_of(case.state, attempt) else { return report_day(case, attempt, progress) };
    let (card, at_terminal) = running(basket).ok_or(Refusal::NoCardRunning)?;

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), attempt: Some(attempt), ..Answer::default() };
    match progress {
        CardProgress::Status { .. } => Ok(Outcome { events: Vec::new(), answer }),
        CardProgress::Unknown { cause, decidable } => {
            let state = CardState::Unknown { cause: short(cause), decidable: *decidable };
            let is_news = match &at_terminal.state {
                CardState::Asked => true,
                CardState::Unknown { decidable: already, .. } => *decidable && !already,
            };
            let event = Event::CardUnknown { txn: basket.txn, attempt, state };
            Ok(Outcome { events: if is_news { vec![event] } else { Vec::new() }, answer })
        }
        CardProgress::Declined { reason } => {
            let ended = ended(basket, attempt, false, None, Some(short(reason)), None);
            Ok(Outcome { events: vec![ended], answer })
        }
        CardProgress::Approved { proof } => {
            let ended = ended(basket, attempt, true, Some(proof), None, None);
            Ok(carried_out(case, basket, card, at_terminal, ended, Some(proof)))
        }
    }
}

/// A person says how an attempt of unknown outcome ended. Recorded with the name; the terminal is asked no more.
pub(super) fn resolve(case: &Case, attempt: AttemptId, charged: bool) -> Result<Outcome, Refusal> {
    let basket = basket_of(case.state, attempt).ok_or(Refusal::NoCardRunning)?;
    let (card, at_terminal) = running(basket).ok_or(Refusal::NoCardRunning)?;
    match at_terminal.state {
        CardState::Unknown { decidable: true, .. } => {}
        CardState::Asked | CardState::Unknown { decidable: false, .. } => return Err(Refusal::CardStillAsked),
    }

    // Cannot fail below.
    let decision = CardDecision { staff: case.ask.staff.clone(), at: case.ask.at };
    let ended = ended(basket, attempt, charged, None, None, Some(decision));
    if charged {
        return Ok(carried_out(case, basket, card, at_terminal, ended, None));
    }
    Ok(Outcome { events: vec![ended], answer: Answer { txn: Some(basket.txn), attempt: Some(attempt), ..Answer::default() } })
}

/// From the terminal's owner: the newest transaction in the terminal's book, with its amount. It is held against what a person last decided
/// without it: a charge that was recorded as none, or the reverse, must not stay unsaid.
pub(super) fn see(case: &Case, terminal: &DeviceName, last: Option<CardMark>, amount: Option<Money>) -> Outcome {
    let book = case.state.terminals.get(terminal);
    let mut events = Vec::new();
    if book.map(|book| book.last) != Some(last) {
        events.push(Event::TerminalSeen { terminal: terminal.clone(), last, at: case.ask.at });
    }
    if let Some(decided) = book.and_then(|book| book.decided.as_ref()).filter(|decided| !decided.contradicted)
        && contradicts(decided, last, amount)
    {
        let Decided { txn, attempt, carried_out, .. } = *decided;
        events.push(Event::CardContradicted { terminal: terminal.clone(), txn, attempt, carried_out, last, at: case.ask.at });
    }
    Outcome { events, answer: Answer::default() }
}

/// Closes a terminal's own day.
pub(super) fn end_day(case: &Case, terminal: &DeviceName) -> Result<Outcome, Refusal> {
    if !case.rules.workstations.iter().any(|workstation| workstation.terminal.as_ref() == Some(terminal)) {
        return Err(Refusal::TerminalUnknown { terminal: terminal.clone() });
    }
    if !case.state.terminals.contains_key(terminal) {
        return Err(Refusal::TerminalNotSeen);
    }
    let paying = case.state.baskets.values().filter_map(|basket| basket.card.as_ref()?.terminal.as_ref());
    if paying.into_iter().any(|at| at.terminal == *terminal) || is_closing(case.state, terminal) {
        return Err(Refusal::TerminalBusy);
    }

    // Cannot fail below.
    let attempt = case.ask.fresh.attempt;
    let event = Event::TerminalDayAsked { terminal: terminal.clone(), attempt, staff: case.ask.staff.clone(), at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer { attempt: Some(attempt), ..Answer::default() } })
}

fn report_day(case: &Case, attempt: AttemptId, progress: &CardProgress) -> Result<Outcome, Refusal> {
    let is_it = |day: &TerminalDay| day.attempt == attempt && day.ended.is_none();
    let found = case.state.terminals.iter().find(|(_, book)| book.day.as_ref().is_some_and(is_it));
    let (terminal, _) = found.ok_or(Refusal::NoCardRunning)?;

    // Cannot fail below.
    let end = match progress {
        CardProgress::Status { .. } => return Ok(Outcome::default()),
        CardProgress::Approved { .. } => TerminalDayEnd { done: true, why: String::new() },
        CardProgress::Declined { reason } => TerminalDayEnd { done: false, why: short(reason) },
        CardProgress::Unknown { cause, .. } => TerminalDayEnd { done: false, why: short(cause) },
    };
    let event = Event::TerminalDayEnded { terminal: terminal.clone(), attempt, end, at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer { attempt: Some(attempt), ..Answer::default() } })
}

fn is_closing(state: &State, terminal: &DeviceName) -> bool {
    state.terminals.get(terminal).and_then(|book| book.day.as_ref()).is_some_and(|day| day.ended.is_none())
}

/// Whether the terminal's newest transaction says otherwise than the person did.
fn contradicts(decided: &Decided, last: Option<CardMark>, amount: Option<Money>) -> bool {
    if decided.carried_out {
        return last == decided.before;
    }
    last != decided.before && last.is_some() && amount == Some(decided.amount.abs())
}

/// The terminal is asked once the intent is on disk.
pub(super) fn asked(attempt: AttemptId, amount: Money, at: &AtTerminal) -> Effect {
    Effect::AskCard { terminal: at.terminal.clone(), attempt, kind: at.kind, amount, before: at.before }
}

/// The same for the terminal's own day.
pub(super) fn asked_for_day(attempt: AttemptId, terminal: &DeviceName) -> Effect {
    Effect::AskCard { terminal: terminal.clone(), attempt, kind: CardKind::EndOfDay, amount: Money::ZERO, before: None }
}

/// A person has decided: the terminal's owner asks no more.
pub(super) fn forgotten(attempt: AttemptId, terminal: Option<&DeviceName>, by: Option<&CardDecision>) -> Option<Effect> {
    by.and(terminal).map(|terminal| Effect::ForgetCard { terminal: terminal.clone(), attempt })
}

fn running(basket: &Basket) -> Option<(&CardAttempt, &AtTerminal)> {
    let card = basket.card.as_ref()?;
    Some((card, card.terminal.as_ref()?))
}

fn ended(
    basket: &Basket,
    attempt: AttemptId,
    paid: bool,
    proof: Option<&CardProof>,
    reason: Option<String>,
    by: Option<CardDecision>,
) -> Event {
    let terminal = basket.card.as_ref().and_then(|card| card.terminal.as_ref()).map(|at| at.terminal.clone());
    Event::CardEnded { txn: basket.txn, attempt, paid, terminal, proof: proof.cloned().map(Box::new), reason, by }
}

/// Money moved: the tender comes or goes, and the sale is finished when nothing remains. Nothing that is wrong with the shop's rules, its day
/// or its configuration can lose that.
fn carried_out(
    case: &Case,
    basket: &Basket,
    card: &CardAttempt,
    at_terminal: &AtTerminal,
    ended: Event,
    proof: Option<&CardProof>,
) -> Outcome {
    let answer = Answer { txn: Some(basket.txn), attempt: Some(card.attempt), ..Answer::default() };
    match at_terminal.kind {
        CardKind::Reversal { index, .. } => Outcome { events: vec![ended, Event::TenderRemoved { txn: basket.txn, index }], answer },
        // It has no transaction, so no card runs in one.
        CardKind::EndOfDay => Outcome { events: vec![ended], answer },
        CardKind::Payment | CardKind::Refund => {
            let attempt = Some(card.attempt);
            let tender = Tender {
                kind: TenderKind::Card,
                amount: card.amount,
                attempt,
                card: proof.cloned().map(Box::new),
                refund_of: card.refund_of,
            };
            let outcome = tender::taken(case, basket, tender, vec![ended]);
            Outcome { answer: Answer { txn: Some(basket.txn), attempt, ..outcome.answer }, ..outcome }
        }
    }
}

/// A terminal's own words, without what could be a card number: the language has scrubbed them, and a cause is a short code.
fn short(words: &str) -> String {
    words.chars().take(WORDS_MAX).collect()
}
