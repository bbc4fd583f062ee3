//! Words of the scenarios for cards at a terminal that the till drives.

use counterfoil::ids::DeviceName;
use counterfoil::retail::basket::CardAttempt;
use counterfoil::retail::card::CardState;
use counterfoil::retail::{CardKind, CardMark, CardProgress, CardProof, Command, Decision, Effect, Event};

use super::scenario::Scenario;

impl Scenario {
    /// `terminal 1 terminal-1`: the workstation gets a terminal of ours.
    pub fn give_terminal(&mut self, workstation: &str, terminal: &str) {
        let found = self.shop.rules.workstations.iter_mut().find(|known| known.id.as_str() == workstation).expect("a workstation");
        found.terminal = Some(DeviceName::new(terminal).unwrap());
    }

    pub fn read_card_command(&mut self, words: &[String], at: &str) -> Command {
        let word = |index: usize| words.get(index).map_or("", String::as_str);
        let number = |index: usize| word(index).parse::<u32>().unwrap_or_else(|_| panic!("{at}: a number"));
        let attempt = |scenario: &Scenario| scenario.named(word(1), at).attempt.unwrap();
        match word(0) {
            // seen TERMINAL nothing | seen TERMINAL RECEIPT [AMOUNT]
            "seen" => {
                let last = (word(2) != "nothing").then(|| CardMark { receipt: number(2), trace: 1_000 + number(2) });
                let amount = words.get(3).map(|amount| self.money(amount));
                Command::SeeTerminal { terminal: DeviceName::new(word(1)).unwrap(), last, amount }
            }
            "approved" => {
                let receipt = number(2);
                let proof = CardProof { card: "************1881".to_owned(), receipt, trace: 1_000 + receipt, ..CardProof::default() };
                Command::ReportCard { attempt: attempt(self), progress: CardProgress::Approved { proof } }
            }
            "refused-by-terminal" => {
                Command::ReportCard { attempt: attempt(self), progress: CardProgress::Declined { reason: word(2).to_owned() } }
            }
            "asks" => Command::ReportCard { attempt: attempt(self), progress: CardProgress::Status { text: word(2).to_owned() } },
            "lost" => {
                let progress = CardProgress::Unknown { cause: "unplugged".to_owned(), decidable: word(2) == "decidable" };
                Command::ReportCard { attempt: attempt(self), progress }
            }
            "end-terminal-day" => Command::EndTerminalDay { terminal: DeviceName::new(word(1)).unwrap() },
            "charged" => Command::ResolveCard { attempt: attempt(self), charged: true },
            "not-charged" => Command::ResolveCard { attempt: attempt(self), charged: false },
            other => panic!("{at}: nobody knows the command {other}"),
        }
    }

    pub fn check_card_outcome(&self, decision: &Decision, words: &[String], at: &str) {
        let effects = &self.shop.effects;
        let word = |index: usize| words.get(index).map_or("", String::as_str);
        match word(0) {
            // asks-terminal payment|refund|reversal AMOUNT [after RECEIPT]
            "asks-terminal" => {
                let [Effect::AskCard { kind, amount, before, .. }] = effects.as_slice() else { panic!("{at}: {effects:?}") };
                let kind = match kind {
                    CardKind::Payment => "payment",
                    CardKind::Refund => "refund",
                    CardKind::Reversal { .. } => "reversal",
                    CardKind::EndOfDay => "end-of-day",
                };
                let after = before.map_or(String::new(), |mark| format!(" after {}", mark.receipt));
                let shown = format!("asks-terminal {kind} {}{after}", self.shop.rules.currency.plain(*amount));
                assert_eq!(words.join(" "), shown, "{at}");
            }
            "contradicted" => {
                let said = decision.events.iter().any(|event| matches!(event, Event::CardContradicted { .. }));
                assert!(said, "{at}: {:?}", decision.events);
            }
            "day-done" | "day-not-done" => {
                let wanted = word(0) == "day-done";
                let said = decision.events.iter().any(|event| matches!(event, Event::TerminalDayEnded { end, .. } if end.done == wanted));
                assert!(said, "{at}: {:?}", decision.events);
            }
            "forgets" => {
                assert!(matches!(effects.as_slice(), [Effect::ForgetCard { .. }] | [Effect::ForgetCard { .. }, ..]), "{at}: {effects:?}")
            }
            "by" => {
                let named = decision.events.iter().any(|event| {
                    matches!(event, Event::CardEnded { by: Some(by), .. } if by.staff.as_ref().is_some_and(|staff| staff.as_str() == word(1)))
                });
                assert!(named, "{at}: {:?}", decision.events);
            }
            other => panic!("{at}: nothing is known about {other}"),
        }
    }
}

/// For `expect 1: attempt ...`.
pub fn shown(card: Option<&CardAttempt>) -> String {
    let state = match card {
        None => "none",
        Some(card) => match card.terminal.as_ref().map(|at| &at.state) {
            None => "stand-alone",
            Some(CardState::Asked) => "asked",
            Some(CardState::Unknown { decidable: false, .. }) => "unknown",
            Some(CardState::Unknown { decidable: true, .. }) => "decidable",
        },
    };
    state.to_owned()
}
