//! Practice: a workstation in training does what a till does, and nothing of it counts. Its transactions are journalled as training, with numbers
//! of their own; they move no stock, no cash and no totals, and use up no coupon and no promised unit. The drawer stays shut, and no card
//! terminal is asked: the cashier says how a card would have ended. What cannot be practised without touching something real (returns,
//! counted cash, parked sales, orders, stock work, customers) is refused.

use super::decide::{Case, Outcome};
use super::{Answer, Command, Event, Refusal, rights};

/// Begins or ends it. Nothing may be open: a sale is real or practice from its first line to its end.
pub(super) fn set(case: &Case, on: bool) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    if is_on(case) == on {
        return Ok(Outcome::default());
    }
    if case.open_basket(workstation).is_some() {
        return Err(Refusal::TransactionOpenHere);
    }

    // Cannot fail below.
    let event = Event::TrainingSet { workstation: workstation.id.clone(), staff: case.ask.staff.clone(), on, at: case.ask.at };
    Ok(Outcome { events: vec![event], answer: Answer::default() })
}

pub(super) fn is_on(case: &Case) -> bool {
    case.ask.workstation.as_ref().and_then(|id| case.state.workstations.get(id)).is_some_and(|here| here.training)
}

/// Whether the command can be practised, where practice is on.
pub(super) fn refuse_real(case: &Case) -> Result<(), Refusal> {
    if is_on(case) && !can_be_practised(&case.ask.command) { Err(Refusal::NotInTraining) } else { Ok(()) }
}

fn can_be_practised(command: &Command) -> bool {
    match command {
        Command::AddLine { .. }
        | Command::AddWeighed { .. }
        | Command::SellOpenPrice { .. }
        | Command::CheckAge { .. }
        | Command::SetQuantity { .. }
        | Command::VoidLine { .. }
        | Command::Undo {}
        | Command::VoidTransaction {}
        | Command::TenderCash { .. }
        | Command::StartCard { .. }
        | Command::EndCard { .. }
        | Command::RemoveTender { .. }
        | Command::Reprint { .. }
        | Command::SettlePrint { .. }
        | Command::DiscountLine { .. }
        | Command::DiscountBasket { .. }
        | Command::SetPrice { .. }
        | Command::AddCoupon { .. }
        | Command::AttachMember { .. } => true,
        // Who is here, what the shell reports, and the store's own day.
        Command::SetTraining { .. }
        | Command::OpenDay { .. }
        | Command::CloseDay {}
        | Command::ReportPrint { .. }
        | Command::AdoptFeed { .. }
        | Command::AcknowledgeUplink { .. }
        | Command::SignIn {}
        | Command::SignOut {}
        | Command::SignInDesk { .. }
        | Command::NameFirstManager { .. }
        | Command::DetachCustomer {}
        | Command::EraseCustomer { .. }
        | Command::LockTill { .. }
        | Command::ReportPinMiss { .. }
        | Command::RecordRepair { .. }
        | Command::ReportCard { .. }
        | Command::SeeTerminal { .. }
        | Command::ResolveCard { .. }
        | Command::EndTerminalDay { .. }
        | Command::PrintX { .. }
        | Command::PrintStored { .. } => true,
        Command::Suspend {}
        | Command::Recall { .. }
        | Command::PutAside { .. }
        | Command::AttachCustomer { .. }
        | Command::ReturnLine { .. }
        | Command::ReturnArticle { .. }
        | Command::Refund { .. }
        | Command::PostVoid { .. }
        | Command::OpenTill { .. }
        | Command::Loan { .. }
        | Command::Pickup { .. }
        | Command::PaidIn { .. }
        | Command::PaidOut { .. }
        | Command::NoSale { .. }
        | Command::StartCount {}
        | Command::CancelCount {}
        | Command::CountTill { .. }
        | Command::CloseTill { .. }
        | Command::HandOverTill { .. }
        | Command::PackBag { .. }
        | Command::CollectBag { .. }
        | Command::StartSafeCount {}
        | Command::CancelSafeCount {}
        | Command::CountSafe { .. }
        | Command::CloseSafeCount { .. } => false,
        // What no person asks for comes from head office or from a timer; the rest is somebody's real goods.
        Command::Order(_) | Command::Stock(_) => rights::needed(command).is_none(),
    }
}
