//! Card terminals at the loop: what their owners report becomes commands, what the core wants of them becomes orders, and what the last
//! process left unknown is asked for before anything else.

use tracing::{error, warn};

use super::run::{Batch, Loop, shell_request};
use super::writer::WriterError;
use crate::device::TerminalOrder;
use crate::device::card_machine::Attempt;
use crate::ids::{AttemptId, DeviceName, WorkstationId};
use crate::journal::Disk;
use crate::money::Money;
use crate::retail::card::{self, CardState};
use crate::retail::{CardMark, CardProgress, Command, Effect};

impl<D: Disk> Loop<D> {
    /// What a terminal's owner says of an attempt. Words for the screen are shown and not recorded.
    pub(super) fn card_report(
        &mut self,
        terminal: &DeviceName,
        attempt: AttemptId,
        progress: CardProgress,
        batch: &mut Batch,
    ) -> Result<(), WriterError> {
        let workstation = card::basket_of(self.writer.state(), attempt).and_then(|basket| basket.workstation().cloned());
        match &progress {
            CardProgress::Status { text } => {
                if let Some(workstation) = &workstation {
                    self.publisher.card_words(workstation, Some(text.clone()));
                    batch.changed = true;
                }
                return Ok(());
            }
            CardProgress::Approved { .. } | CardProgress::Declined { .. } | CardProgress::Unknown { .. } => {}
        }
        let declined = match &progress {
            CardProgress::Declined { reason } => Some(reason.clone()),
            CardProgress::Status { .. } | CardProgress::Approved { .. } | CardProgress::Unknown { .. } => None,
        };
        if let Err(refused) = self.command(shell_request(None, Command::ReportCard { attempt, progress }), batch)? {
            warn!(%terminal, %attempt, %refused, "a card report had no attempt");
            return Ok(());
        }
        if let Some(workstation) = &workstation {
            self.publisher.acted(workstation, false);
            self.publisher.card_words(workstation, None);
            self.publisher.card_declined(workstation, declined);
            batch.changed = true;
        }
        Ok(())
    }

    pub(super) fn terminal_seen(
        &mut self,
        terminal: DeviceName,
        last: Option<CardMark>,
        amount: Option<Money>,
        batch: &mut Batch,
    ) -> Result<(), WriterError> {
        if let Err(refused) = self.command(shell_request(None, Command::SeeTerminal { terminal, last, amount }), batch)? {
            warn!(%refused, "a terminal's book was not taken");
        }
        Ok(())
    }

    /// The cashier gives up. Not a business act: the terminal says how it ends.
    pub(super) fn cancel_card(&mut self, workstation: &WorkstationId, attempt: AttemptId) {
        let running = self.writer.state().open_basket(workstation).and_then(|basket| basket.card.as_ref());
        if let Some(at) = running.filter(|card| card.attempt == attempt).and_then(|card| card.terminal.as_ref()) {
            let terminal = at.terminal.clone();
            self.order_terminal(&terminal, TerminalOrder::Cancel(attempt));
        }
    }

    /// An effect whose intent is on disk.
    pub(super) fn act_at_terminal(&mut self, effect: &Effect) {
        match effect {
            Effect::AskCard { terminal, attempt, kind, amount, before } => {
                let order = TerminalOrder::Ask(Attempt { id: *attempt, kind: *kind, amount: *amount, before: *before });
                if !self.order_terminal(terminal, order) {
                    // Nothing was sent, so nothing was charged.
                    let reason = "the terminal's inbox is full".to_owned();
                    self.undelivered.push(Command::ReportCard { attempt: *attempt, progress: CardProgress::Declined { reason } });
                }
            }
            Effect::ForgetCard { terminal, attempt } => {
                self.order_terminal(terminal, TerminalOrder::Forget(*attempt));
            }
            Effect::Print { .. } | Effect::ReleasePrint { .. } | Effect::DropPrint { .. } | Effect::KickDrawer { .. } => {}
        }
    }

    /// What could not be handed to a terminal's owner ends where it began.
    pub(super) fn settle_undelivered(&mut self, batch: &mut Batch) -> Result<(), WriterError> {
        for command in std::mem::take(&mut self.undelivered) {
            if let Err(refused) = self.command(shell_request(None, command), batch)? {
                warn!(%refused, "an attempt that could not be begun has no end");
            }
        }
        Ok(())
    }

    /// Attempts that the last process left at a terminal: unknown from now on, and asked for.
    pub(super) fn recover_cards(&mut self, batch: &mut Batch) -> Result<(), WriterError> {
        for attempt in card::days_after_restart(self.writer.state()) {
            let progress = CardProgress::Unknown { cause: "restart".to_owned(), decidable: false };
            if let Err(refused) = self.command(shell_request(None, Command::ReportCard { attempt, progress }), batch)? {
                warn!(%attempt, %refused, "the end of a terminal's day could not be settled");
            }
        }
        for open in card::after_restart(self.writer.state()) {
            let attempt = open.attempt;
            let terminal = &open.at_terminal.terminal;
            let known = self.terminals.contains_key(terminal);
            let cause = if known { "restart" } else { "no_terminal" };
            if !known || open.at_terminal.state == CardState::Asked {
                let progress = CardProgress::Unknown { cause: cause.to_owned(), decidable: !known };
                if let Err(refused) = self.command(shell_request(None, Command::ReportCard { attempt, progress }), batch)? {
                    warn!(%attempt, %refused, "an attempt of the last run could not be settled");
                }
            }
            let recovered = Attempt { id: attempt, kind: open.at_terminal.kind, amount: open.amount, before: open.at_terminal.before };
            self.order_terminal(terminal, TerminalOrder::Recover(recovered));
        }
        Ok(())
    }

    fn order_terminal(&self, terminal: &DeviceName, order: TerminalOrder) -> bool {
        let Some(handle) = self.terminals.get(terminal) else {
            warn!(%terminal, "no such card terminal in the configuration: a person has to say how its payment ended");
            return false;
        };
        let taken = handle.order(order);
        if !taken {
            error!(%terminal, "the card terminal's inbox is full");
        }
        taken
    }
}
