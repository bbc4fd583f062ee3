//! The words of every refusal in English. A refusal without words does not compile.

use super::Voice;
use crate::money::Money;
use crate::retail::Refusal;
use crate::retail::last_day::LastDayKind;
use crate::retail::order::OrderStateName;
use crate::retail::rights::Right;

/// What happened, to which thing.
pub fn happened(refusal: &Refusal, voice: &Voice) -> String {
    let money = |amount: Money| voice.money(amount);
    match refusal {
        Refusal::WorkstationMissing => "This needs a workstation, and the request names none.".to_owned(),
        Refusal::WorkstationUnknown { workstation } => format!("Workstation {workstation} is not in this store."),
        Refusal::CommandReused => "Another request was already sent under this id.".to_owned(),
        Refusal::DayNotOpen => "The business day is not open.".to_owned(),
        Refusal::DayAlreadyOpen => "The business day is open already.".to_owned(),
        Refusal::DayGoesBack { last } => format!("The day of {} is closed; an earlier one cannot be opened.", voice.date(*last)),
        Refusal::DayTooFarAhead { date } => format!("{} is more than one day ahead of the clock.", voice.date(*date)),
        Refusal::UnknownArticle { code } => format!("Not found: {code}"),
        Refusal::UnknownCode { code } => format!("Not an article's code: {code}"),
        Refusal::CardData => "That is a payment card's number or stripe. It was not kept.".to_owned(),
        Refusal::Misread { code, reason } => format!("Misread: {code} ({reason})"),
        Refusal::NoPrice { name } => format!("{name} has no price."),
        Refusal::CatalogueNotReady { why } => format!("No article can be looked up now: {why}."),
        Refusal::NoTaxRate { name, class } => format!("{name} has tax class {class}, for which there is no rate today."),
        Refusal::TooManyLines { max } => format!("The sale has {max} lines; that is the limit."),
        Refusal::TooManyTenders { max } => format!("The sale has {max} payments; that is the limit."),
        Refusal::TooManySuspended { max } => format!("{max} sales are suspended; that is the limit."),
        Refusal::TooManyPrints { max } => format!("{max} receipts wait for a printer; that is the limit."),
        Refusal::QuantityNotPositive => "The quantity must be above zero.".to_owned(),
        Refusal::QuantityTooLarge { max } => format!("The quantity is above the limit of {}.", voice.quantity(*max)),
        Refusal::QuantityNotWhole => "This article is sold in whole pieces only.".to_owned(),
        Refusal::QuantityFixedByCode => "The label itself says how much it is.".to_owned(),
        Refusal::WeightNeeded { name, .. } => format!("{name} is sold by weight."),
        Refusal::NotWeighed { name } => format!("{name} is not sold by weight."),
        Refusal::WeightTooLight { min } => format!("The weight is below {} kg.", voice.quantity(*min)),
        Refusal::WeightTooHeavy { weight, max } => {
            format!("{} kg is above the limit of {} kg.", voice.quantity(*weight), voice.quantity(*max))
        }
        Refusal::WeightTooFine { step } => format!("Weights go in steps of {} kg here.", voice.quantity(*step)),
        Refusal::TareTooHeavy { tare, weight } => {
            format!("The tare of {} kg is not less than the weight of {} kg.", voice.quantity(*tare), voice.quantity(*weight))
        }
        Refusal::WeighedByScale { name } => format!("{name} was weighed on the scale."),
        Refusal::PriceTooHigh { max } => format!("The price is above the limit of {}.", money(*max)),
        Refusal::TotalTooHigh { max } => format!("The sale would be above the limit of {}.", money(*max)),
        Refusal::NoTransaction => "No sale is open here.".to_owned(),
        Refusal::NoSuchLine { line } => format!("Line {line} is not in this sale."),
        Refusal::NothingToUndo => "There is nothing to undo.".to_owned(),
        Refusal::TransactionOpenHere => "A sale is open on this screen.".to_owned(),
        Refusal::NotSuspended { .. } => "That sale is not suspended.".to_owned(),
        Refusal::TendersTaken => "Payment has begun; the sale cannot be changed.".to_owned(),
        Refusal::NothingToPay => "There is nothing to pay.".to_owned(),
        Refusal::AmountNotPositive => "The amount must be above zero.".to_owned(),
        Refusal::AmountTooLarge { max } => format!("The amount is above the limit of {}.", money(*max)),
        Refusal::CashNotPayable { step } => format!("Cash cannot make this amount; the smallest step is {}.", money(*step)),
        Refusal::CardAmountAboveDue { due } => format!("Only {} is due; a card gives no change.", money(*due)),
        Refusal::CardRunning => "A card payment is running.".to_owned(),
        Refusal::NoCardRunning => "This card payment is not running.".to_owned(),
        Refusal::NoSuchTender { index } => format!("Payment {} is not in this sale.", u64::from(*index) + 1),
        Refusal::CardTenderStays => "A card payment cannot be taken back here.".to_owned(),
        Refusal::NothingToReprint => "There is no such receipt at hand.".to_owned(),
        Refusal::NoPrinter => "This workstation has no receipt printer.".to_owned(),
        Refusal::NoSuchPrint => "This receipt is not waiting any more.".to_owned(),
        Refusal::PrintNotSettleable => "The printer is still busy with this receipt.".to_owned(),
        // age.rs
        Refusal::AgeCheckNeeded { name, age, born_by } => {
            format!("{name} is sold from {age} on: born on or before {}.", voice.date(*born_by))
        }
        Refusal::NoAgeLimit { name } => format!("{name} is sold to everybody."),
        // last_day.rs
        Refusal::PastItsDate { name, last_day } => format!("{name} {} {}.", last_day_words(last_day.kind), voice.date(last_day.date)),
        Refusal::DepartmentUnknown { department } => format!("{department} is no department of this store."),
        Refusal::DepartmentNotForUnknown { name } => format!("{name} is not for articles without a number here."),
        Refusal::ArticleIsKnown { name } => format!("{name} has a price of its own."),
        Refusal::OpenPriceTooHigh { name, max } => format!("{name} costs at most {}.", money(*max)),
        Refusal::NotInTraining => "This till is in training; that cannot be practised.".to_owned(),
        Refusal::SerialInSale { name, serial } => format!("{name} with serial number {serial} is in this sale already."),
        Refusal::NotPastItsDate { name } => format!("{name} is neither past its date nor recalled."),
        Refusal::CheckFirst => "Not sold: a check is open on this screen.".to_owned(),
        Refusal::FeedGoesBack { feed, version, adopted } => {
            format!("Version {version} of the {} was offered, but version {adopted} is in force.", feed.name())
        }
        Refusal::SignInFirst => "Nobody is signed in here, or the till is locked.".to_owned(),
        Refusal::ProofMissing => "Neither a badge nor a PIN came with this.".to_owned(),
        Refusal::NeedsOverride { right } => format!("To {}, another person must approve.", right_words(*right)),
        Refusal::OverrideByOneself => "The one who approves is the one who asks.".to_owned(),
        Refusal::OverrideNotAllowed { right } => format!("The one who approves may not {}.", right_words(*right)),
        Refusal::BadgeUnknown => "This badge belongs to nobody in this store.".to_owned(),
        Refusal::StaffUnknown { staff } => format!("{staff} does not work in this store."),
        Refusal::PinNotSet { staff } => format!("{staff} has no PIN."),
        Refusal::PinWrong { left: 0, .. } => "The PIN is wrong. The next try has to wait.".to_owned(),
        Refusal::PinWrong { left, .. } => format!("The PIN is wrong. {left} more tries before there is a wait."),
        Refusal::StaffLockedOut { staff, seconds } => format!("Too many wrong PINs of {staff}: wait {}.", waiting(*seconds)),
        Refusal::TerminalNotSeen => "The card terminal has not answered since it was set up.".to_owned(),
        Refusal::TerminalBusy => "The card terminal has another payment under way.".to_owned(),
        Refusal::CardByTerminal => "The card terminal itself says how this payment ends.".to_owned(),
        Refusal::TerminalUnknown { terminal } => format!("No workstation has a card terminal {terminal}."),
        Refusal::CardStillAsked => "Whether the card was charged is not yet for a person to say.".to_owned(),
        // Returns.
        Refusal::ReceiptNotFound { code } => format!("No receipt was found: {code}"),
        Refusal::ReceiptCodeDamaged => "The receipt's code is incomplete or damaged.".to_owned(),
        Refusal::ReceiptForged => "The receipt's code is not genuine: its signature is wrong.".to_owned(),
        Refusal::ReceiptOfOtherChain => "The receipt is of another chain.".to_owned(),
        Refusal::ReceiptKeyUnknown => "The receipt is signed by a till that is not in the list of this chain.".to_owned(),
        Refusal::ReceiptNotReturnable { number } => format!("{number} is no sale: nothing was sold on it."),
        Refusal::ReceiptTooOld { number } => format!("{number} is so old that nobody knows what came back of it."),
        Refusal::ReturnLineUnknown { number, line } => format!("Line {line} is not on receipt {number}."),
        Refusal::ReturnAboveSold { name, left } => format!("{name}: {} left to return.", voice.quantity(*left)),
        Refusal::ReturnInProgress { number } => format!("Receipt {number} is being returned at another till, or in a parked sale."),
        Refusal::ReturnReasonUnknown { reason } => format!("{reason:?} is no reason of this store's list."),
        Refusal::ReturnAboveCap { max } => {
            format!("That would give back more than {}, the most that can be given unseen.", money(*max))
        }
        Refusal::ReturnLinesUnknown { number } => format!("What was sold on receipt {number} is not known here, only its total."),
        Refusal::ReturnByLine { number } => format!("The lines of receipt {number} are known."),
        Refusal::ReturnAboveReceipt { left } => format!("Of this receipt {} can still be given back.", money(*left)),
        Refusal::ReturnedLineFixed => "This line comes back from a receipt; its quantity is not typed here.".to_owned(),
        Refusal::RefundDue { amount } => format!("{} is due to the customer.", money(*amount)),
        Refusal::NothingToRefund => "Nothing is due to the customer.".to_owned(),
        Refusal::PostVoidNothing => "That is not the last sale of this till, or nothing that can be undone.".to_owned(),
        Refusal::PostVoidTooLate { minutes } => format!("The sale is more than {minutes} minutes old."),
        Refusal::PostVoidReturned => "Goods of that sale have come back already.".to_owned(),
        Refusal::PostVoidFixed => "A sale is being undone as a whole.".to_owned(),
        Refusal::ReturnUnproved => "The record has a hole: what has come back already is not proved.".to_owned(),
        // Prices and promotions.
        Refusal::ReasonUnknown { reason } => format!("{reason} is not one of the reasons of this store."),
        Refusal::DiscountOutOfRange => "A discount is above zero, and at most 100 %.".to_owned(),
        Refusal::DiscountAbovePrice { max } => format!("There is only {} to take something off.", money(*max)),
        Refusal::PriceFixedByCode => "The label itself says what it costs.".to_owned(),
        Refusal::NotACoupon { code } => format!("Not a coupon: {code}"),
        Refusal::CouponNotLive { name } => format!("{name} is not valid now."),
        Refusal::CouponAlreadyGiven { name } => format!("{name} counts in this sale already."),
        Refusal::CouponUsed { code } => format!("Coupon {code} was used before."),
        Refusal::TooManyCoupons { max } => format!("The sale has {max} coupons; that is the limit."),
        Refusal::NotAMemberCard { code } => format!("Not a member's card: {code}"),
        Refusal::TillNotOpen { till } => format!("Till {till} is not open."),
        Refusal::TillAlreadyOpen { till } => format!("Till {till} is open already."),
        Refusal::TillBeingCounted { till, by } if by.is_empty() => format!("Till {till} is being counted."),
        Refusal::TillBeingCounted { till, by } => format!("Till {till} is being counted by {by}."),
        Refusal::TillNotBeingCounted { till } => format!("Till {till} is not being counted."),
        Refusal::TillNotCounted { till } => format!("Till {till} has not been counted."),
        Refusal::TillCashTooMuch { max } => format!("A till holds at most {}.", money(*max)),
        Refusal::TooManyTillSessions { max } => format!("{max} tills were closed today; that is the limit."),
        // The amount is not said: the count is blind.
        Refusal::MoreThanInTill { till } => format!("That is more than there is in till {till}."),
        Refusal::TillUnproved { till } => format!("The record has a hole: what till {till} should hold is not proved."),
        Refusal::NoSuchDenomination { value } => format!("There is no note or coin of {}.", money(*value)),
        Refusal::CashReasonUnknown { code } => format!("{code} is not a reason on the store's list."),
        Refusal::DifferenceReasonMissing { difference } => {
            format!("The count differs from what should be there by {}.", money(*difference))
        }
        Refusal::HandOverToOwner { staff } => format!("The till is {staff}'s already."),
        Refusal::MoreThanInSafe { held } => format!("By the record the safe holds {}.", money(*held)),
        Refusal::BagExists { bag } => format!("Bag {bag} is in the list already."),
        Refusal::NoSuchBag { bag } => format!("Bag {bag} does not wait for collection."),
        // recalls.rs
        Refusal::RecalledInSale { name, recall, reason, .. } => format!("{name} in this sale was recalled just now ({recall}): {reason}"),
        Refusal::RecalledItem { name, recall, reason } => format!("{name} is recalled ({recall}): {reason}"),
        Refusal::TooManyBags { max } => format!("{max} bags are in the list; that is the limit."),
        // Collect orders.
        Refusal::OrdersElsewhere { node } => format!("The orders of this store are at node {node}."),
        Refusal::OrderUnknown { order } => format!("Order {order} is not in this store."),
        Refusal::OrderElsewhere { order, state } => format!("Order {order} {}.", order_state(*state)),
        Refusal::OrderPickedByOther { order, by } => format!("{by} is picking order {order}."),
        Refusal::TooManyOrders { max } => format!("{max} orders are open; that is the limit."),
        Refusal::TooManyInBatch { max } => format!("Between one and {max} orders can be picked at once."),
        Refusal::PickWrongArticle { name, wanted } => format!("This is {name}. Wanted: {wanted}"),
        Refusal::PickTooMany { name, left } => format!("Only {} more of {name}.", voice.quantity(*left)),
        Refusal::LineDone { name } => format!("Nothing of {name} is missing."),
        Refusal::OrderLinesLeft { order, left } => format!("Order {order} has {left} lines that are not done."),
        Refusal::BagsOutOfRange { min, max } => format!("That many bags cannot be: between {min} and {max}."),
        Refusal::NoLabelPrinter => "This workstation has no label printer.".to_owned(),
        Refusal::LabelOnItsWay { order, bag } => format!("The label of bag {bag} of order {order} is still on its way."),
        Refusal::BagUnknown { order, bag } => format!("Order {order} has no bag {bag}."),
        Refusal::BagsNotScanned { order, missing } => format!("{missing} bags of order {order} are missing."),
        Refusal::NothingToHandOver { order } => format!("Nothing of order {order} would go to the customer."),
        Refusal::OrderAgeCheck { order, age, born_by } => {
            format!("Order {order} holds goods from {age} years on: born on or before {}.", voice.date(*born_by))
        }
        Refusal::HandOverStands { order } => format!("The hand-over of order {order} stands."),
        Refusal::NotToPutBack { order, name } => format!("{name} is not among what order {order} puts back."),
        Refusal::NoticeUnknown => "This notice is settled already.".to_owned(),
        Refusal::CollectCodeDamaged => "That is no collect code, or not all of it.".to_owned(),
        Refusal::CollectCodeForged => "The signature of this code is wrong.".to_owned(),
        Refusal::CollectCodeNoKey => "This store cannot check codes yet: head office has never been reached.".to_owned(),
        Refusal::CollectCodeOtherStore { store } => format!("This order waits in store {store}."),
        Refusal::CollectCodeExpired { order } => format!("The code of order {order} has expired."),
        Refusal::CollectCodeNotYetHere { order } => format!("The code is genuine; order {order} has not come here yet."),
        Refusal::CollectCodeReplaced { order } => format!("Order {order} has a newer code."),
        Refusal::CollectCodeUsed { order } => format!("Order {order} was handed over already."),
        Refusal::CollectCodeOtherOrder { order } => format!("The code is of order {order}."),
        Refusal::CollectNumberWrong { left } => format!("No order has this number. Tries left: {left}."),
        Refusal::CollectNumbersLocked => "Too many wrong numbers were tried here.".to_owned(),
        // Stock work.
        Refusal::StockKeptElsewhere => "Another box of this store keeps its stock.".to_owned(),
        Refusal::SheetEmpty => "Nothing has been scanned here yet.".to_owned(),
        Refusal::SheetFull { max } => format!("This list has {max} lines, the most that one may have."),
        Refusal::SheetLineUnknown { line } => format!("Line {line} is not on this list."),
        Refusal::SheetLinesOpen { left: 1 } => "One article on the list is not counted yet.".to_owned(),
        Refusal::SheetLinesOpen { left } => format!("{left} articles on the list are not counted yet."),
        Refusal::CountBelowZero => "A count cannot be below zero.".to_owned(),
        Refusal::NothingToCount => "No count waits that is free.".to_owned(),
        Refusal::StockCountedMeanwhile { name, by } => {
            format!("{name} was counted by {} meanwhile, with another result.", visible_or_other(by))
        }
        Refusal::DeliveryKnown { delivery, document } => format!("Delivery {delivery} was taken in before, as document {document}."),
        Refusal::StockTaskUnknown => "This count does not wait any more.".to_owned(),
        Refusal::StockTaskTaken { by } => format!("{by} has taken this count."),
        Refusal::CustomerUnknown => "This customer is not known here (any more).".to_owned(),
        Refusal::CustomerWithoutConsent => "This customer has not agreed to be known here.".to_owned(),
        Refusal::NoCustomer => "This sale has no customer.".to_owned(),
    }
}

/// What to do next.
pub fn remedy(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::WorkstationMissing => "Choose a workstation for this screen, then do it again.",
        Refusal::WorkstationUnknown { .. } => "Choose one of the store's workstations, or add it to the node's configuration.",
        Refusal::CommandReused => "Send the new request under an id of its own.",
        Refusal::DayNotOpen => "Open the business day first.",
        Refusal::DayAlreadyOpen => "Go on selling, or close the day before you open the next one.",
        Refusal::DayGoesBack { .. } => "Open the day with the same date or a later one. If the clock is wrong, set it.",
        Refusal::DayTooFarAhead { .. } => "Check the date. If it is right, the clock is wrong: set it.",
        Refusal::UnknownArticle { .. } => "Search the article by name, or put it aside and go on.",
        Refusal::UnknownCode { .. } => "Scan the article's own barcode, or search it by name.",
        Refusal::CardData => "Use the card terminal. Never scan or type a card's number here.",
        Refusal::Misread { .. } => "Scan it again, or type the number below the bars.",
        Refusal::CatalogueNotReady { .. } => {
            "Scan again in a moment. If it stays, call the technician: the box must reach head office once."
        }
        Refusal::NoPrice { .. } => "Put it aside and tell head office that its price is missing.",
        Refusal::NoTaxRate { .. } => "Void the line if it is in the sale, and tell head office that the tax class is missing.",
        Refusal::TooManyLines { .. } => "Finish this sale and put the rest into a second one.",
        Refusal::TooManyTenders { .. } => "Take a payment back and collect the rest in fewer parts.",
        Refusal::TooManySuspended { .. } => "Recall a suspended sale and finish or void it first.",
        Refusal::TooManyPrints { .. } => "Mend the printer or settle the waiting receipts first. The sale itself is saved.",
        Refusal::QuantityNotPositive => "Type a quantity above zero. To take the article out, void the line.",
        Refusal::QuantityTooLarge { .. } => "Check the quantity. If it is right, split it over several lines.",
        Refusal::QuantityNotWhole => "Type a whole number.",
        Refusal::QuantityFixedByCode => "Scan each label by itself, or void the line.",
        Refusal::WeightNeeded { .. } => "Put it on the scale, or type its weight in kilograms, then × and the article.",
        Refusal::NotWeighed { .. } => "Scan or key it without a weight.",
        Refusal::WeightTooLight { .. } => "Put the goods on the scale, or type their weight in kilograms.",
        Refusal::WeightTooHeavy { .. } => "Type kilograms: 350 g is 0.350. What is really heavier is weighed in parts.",
        Refusal::WeightTooFine { .. } => "Read the scale again, and type what it shows.",
        Refusal::TareTooHeavy { .. } => "Check the tare. It is the empty container's weight.",
        Refusal::WeighedByScale { .. } => "Delete the line and weigh it again.",
        Refusal::PriceTooHigh { .. } => "Check the article's price with head office.",
        Refusal::TotalTooHigh { .. } => "Finish this sale and put the rest into a second one.",
        Refusal::NoTransaction => "Scan an article to begin a sale.",
        Refusal::NoSuchLine { .. } => "Look at the list again: it may have changed on another screen.",
        Refusal::NothingToUndo => "Nothing needs to be done.",
        Refusal::TransactionOpenHere => "Finish, suspend or void the sale on this screen first.",
        Refusal::NotSuspended { .. } => "Look at the list of suspended sales again: another workstation may have taken it.",
        Refusal::TendersTaken => "Finish the payment, or take it back first.",
        Refusal::NothingToPay => "Scan an article first. If everything is paid or free, press cash.",
        Refusal::AmountNotPositive => "Type an amount above zero.",
        Refusal::AmountTooLarge { .. } => "Check the amount you typed.",
        Refusal::CashNotPayable { .. } => "Type an amount that notes and coins can make.",
        Refusal::CardAmountAboveDue { .. } => "Charge the card what is due or less.",
        Refusal::CardRunning => "Look at the terminal, then say whether the card was charged.",
        Refusal::NoCardRunning => "Look at the payment on the screen: it may have been ended elsewhere.",
        Refusal::NoSuchTender { .. } => "Look at the payments again: they may have changed on another screen.",
        Refusal::CardTenderStays => "Finish the sale. To give the money back, reverse the payment on the terminal afterwards.",
        Refusal::NothingToReprint => "Choose the receipt from the list of sales.",
        Refusal::NoPrinter => "Print it at a workstation that has a receipt printer.",
        Refusal::NoSuchPrint => "Nothing needs to be done: the receipt has its outcome.",
        Refusal::PrintNotSettleable => "Wait for the printer, or mend it: the receipt prints by itself.",
        // age.rs
        Refusal::AgeCheckNeeded { .. } => "Look at the customer or at a paper, then say whether they are of age.",
        Refusal::NoAgeLimit { .. } => "Scan it; nobody needs to be asked.",
        // last_day.rs
        Refusal::PastItsDate { .. } => "Take it out of the goods and put it aside. Offer the customer a fresh one.",
        Refusal::DepartmentUnknown { .. } => "Choose one of the keys on the screen.",
        Refusal::DepartmentNotForUnknown { .. } => "Search the article by name, or put it aside and go on.",
        Refusal::ArticleIsKnown { .. } => "Scan it, or type its number.",
        Refusal::OpenPriceTooHigh { .. } => "Check the price that you typed, and the department.",
        Refusal::NotInTraining => "End the training first (More, key U), or do it at another till.",
        Refusal::SerialInSale { .. } => "Look at the list: it was scanned twice. Scan the next one.",
        Refusal::NotPastItsDate { .. } => "Scan it; it may be sold.",
        Refusal::CheckFirst => "Answer what the screen asks, then scan this article again.",
        Refusal::FeedGoesBack { .. } => "Nothing needs to be done in the store. Head office must publish under a higher version.",
        Refusal::SignInFirst => "Scan your badge, or choose your name and type your PIN.",
        Refusal::ProofMissing => "Scan a badge, or choose a name and type the PIN.",
        Refusal::NeedsOverride { .. } => "Ask a supervisor to scan a badge, or to choose their name and type their PIN.",
        Refusal::OverrideByOneself => "Ask another person: nobody approves their own act.",
        Refusal::OverrideNotAllowed { .. } => "Ask someone who may do this: a supervisor or the manager.",
        Refusal::BadgeUnknown => "Use the name and the PIN. Head office gives out new badges.",
        Refusal::StaffUnknown { .. } => "Choose a name from the list. Head office says who works in this store.",
        Refusal::PinNotSet { .. } => "Scan the badge. Head office sets PINs.",
        Refusal::PinWrong { .. } => "Type it again slowly, or scan the badge.",
        Refusal::StaffLockedOut { .. } => "Wait that long, or scan the badge.",
        Refusal::TerminalNotSeen => "Check that it is switched on and on the network, or take cash.",
        Refusal::TerminalBusy => "Wait until the other payment has ended, or take cash.",
        Refusal::CardByTerminal => "Wait for the terminal, or cancel there or here.",
        Refusal::CardStillAsked => "Wait a moment: the terminal is being asked how it ended.",
        Refusal::TerminalUnknown { .. } => "Choose one of the terminals on the page of devices.",
        // Returns.
        Refusal::ReceiptNotFound { .. } => {
            "Compare the number with the receipt, or scan its square code. Of another shop only the square code is known here."
        }
        Refusal::ReceiptCodeDamaged => "Scan it again, or type the number that stands on the receipt.",
        Refusal::ReceiptForged => "Give nothing back, and call a manager.",
        Refusal::ReceiptOfOtherChain => "Send the customer to the shop whose name is on the receipt.",
        Refusal::ReceiptKeyUnknown => "Try again when head office is connected: its list may be newer. Else return without a receipt.",
        Refusal::ReceiptNotReturnable { .. } => "Take the receipt of the sale itself.",
        Refusal::ReceiptTooOld { .. } => "Return it without a receipt.",
        Refusal::ReturnLineUnknown { .. } => "Choose a line from the list.",
        Refusal::ReturnAboveSold { .. } => "Return what is left, or less.",
        Refusal::ReturnInProgress { .. } => "Finish or void that one first.",
        Refusal::ReturnReasonUnknown { .. } => "Choose a reason from the list.",
        Refusal::ReturnAboveCap { .. } => {
            "Return less, or wait until head office is connected, or send the customer to the shop that sold it."
        }
        Refusal::ReturnLinesUnknown { .. } => "Scan the article that comes back.",
        Refusal::ReturnByLine { .. } => "Choose the line that comes back.",
        Refusal::ReturnAboveReceipt { .. } => "Return less, or return it without a receipt.",
        Refusal::ReturnedLineFixed => "Void the line, or choose another quantity in the return.",
        Refusal::RefundDue { .. } => "Press refund.",
        Refusal::NothingToRefund => "Take the payment, or finish with cash when nothing is due.",
        Refusal::PostVoidNothing => "Return it by its receipt.",
        Refusal::PostVoidTooLate { .. } => "Return it by its receipt.",
        Refusal::PostVoidReturned => "Return the rest by its receipt.",
        Refusal::PostVoidFixed => "Finish it with refund, or void it.",
        Refusal::ReturnUnproved => "Wait until head office is connected: its copy fills the hole. Or send the customer to another shop.",
        // Prices and promotions.
        Refusal::ReasonUnknown { .. } => "Choose a reason from the list.",
        Refusal::DiscountOutOfRange => "Type a percentage up to 100, or an amount above zero.",
        Refusal::DiscountAbovePrice { .. } => "Type a smaller amount, or void the line.",
        Refusal::PriceFixedByCode => "Take a discount off the line instead.",
        Refusal::NotACoupon { .. } => "Check the code, or ask whether the coupon is for another chain.",
        Refusal::CouponNotLive { .. } => "Show the customer the dates and hours on the coupon.",
        Refusal::CouponAlreadyGiven { .. } => "Nothing needs to be done.",
        Refusal::CouponUsed { .. } => "Give the coupon back: it counts once. If it waits in another open sale, void that one.",
        Refusal::TooManyCoupons { .. } => "Use the others with the next purchase.",
        Refusal::NotAMemberCard { .. } => "Scan the card again, or type the number on it.",
        Refusal::TillNotOpen { .. } => "Open the till with its float first. Cards can be taken meanwhile.",
        Refusal::TillAlreadyOpen { .. } => "Go on with it, or count and close it first.",
        Refusal::TillBeingCounted { .. } => "Finish the count, or give it up. Cards can be taken meanwhile.",
        Refusal::TillNotBeingCounted { .. } => "Begin the count first.",
        Refusal::TillNotCounted { .. } => "Count the drawer first.",
        Refusal::TillCashTooMuch { .. } => "Check the amount you typed.",
        Refusal::TooManyTillSessions { .. } => "Close the business day, or go on with an open till.",
        Refusal::MoreThanInTill { .. } => "Check the amount, or count the drawer.",
        Refusal::TillUnproved { .. } => "Count and close the till and open it again, or wait until head office has sent its copy.",
        Refusal::NoSuchDenomination { .. } => "Count only notes and coins of the store's currency.",
        Refusal::CashReasonUnknown { .. } => "Choose one of the reasons on the screen.",
        Refusal::DifferenceReasonMissing { .. } => "Count again, or choose a reason.",
        Refusal::HandOverToOwner { .. } => "Choose the person who takes the drawer over.",
        Refusal::MoreThanInSafe { .. } => "Check the amount, or do the pickup that is still missing.",
        Refusal::BagExists { .. } => "Read the number on the bag again, or take another bag.",
        Refusal::NoSuchBag { .. } => "Look at the list of bags again: it may have been collected already.",
        // recalls.rs
        Refusal::RecalledInSale { .. } => "Delete its line, and put the goods aside. Then take the payment.",
        Refusal::RecalledItem { .. } => "Take it out of the goods and put it aside. Do not hand it out.",
        Refusal::TooManyBags { .. } => "Have bags collected, then close the business day.",
        // Collect orders.
        Refusal::OrdersElsewhere { .. } => "Do it on the pages of that node. Head office names the node that keeps the orders.",
        Refusal::OrderUnknown { .. } => "Check the number; an order that was placed just now comes within a minute while there is a line.",
        Refusal::OrderElsewhere { .. } => "Look at the order again: somebody went on with it, or another step comes first.",
        Refusal::OrderPickedByOther { .. } => "Take another order, or take this one over.",
        Refusal::TooManyOrders { .. } => "Hand over, or put back what waits, before more orders can come.",
        Refusal::TooManyInBatch { .. } => "Choose fewer orders, and leave the others for the next round.",
        Refusal::PickWrongArticle { .. } => "Put it back and scan the article that is wanted.",
        Refusal::PickTooMany { .. } => "Take as many as are left; the others stay where they are.",
        Refusal::LineDone { .. } => "Go on with the next line.",
        Refusal::OrderLinesLeft { .. } => "Pick them, or say that they are missing.",
        Refusal::BagsOutOfRange { .. } => "Goods of different temperatures need a bag each; choose a number in that range.",
        Refusal::NoLabelPrinter => "Write order number, bag and zone on the bag; or print it where there is a label printer.",
        Refusal::LabelOnItsWay { .. } => "Wait a moment, or see to the label printer: it says what it lacks.",
        Refusal::BagUnknown { .. } => "Scan the label of one of its bags.",
        Refusal::BagsNotScanned { .. } => "Scan every bag, then hand it over.",
        Refusal::NothingToHandOver { .. } => "If they want nothing of it, say that it is declined.",
        Refusal::OrderAgeCheck { .. } => "Look at the customer or a paper, then confirm; or leave those lines here.",
        Refusal::HandOverStands { .. } => "It can be taken back for a minute only. Take the goods back as a return.",
        Refusal::NotToPutBack { .. } => "Scan one of the articles in its bags.",
        Refusal::NoticeUnknown => "Look at the list again.",
        Refusal::CollectCodeDamaged => "Scan it again, type the eight digits, or find the order by its number and name.",
        Refusal::CollectCodeForged => "Hand nothing over; ask for a paper, find the order by its number, and call the manager.",
        Refusal::CollectCodeNoKey => "Find the order by its number and name, or connect the box once.",
        Refusal::CollectCodeOtherStore { .. } => "Send the customer there.",
        Refusal::CollectCodeExpired { .. } => "Find the order by its number: if it is still here, check a paper and hand it over.",
        Refusal::CollectCodeNotYetHere { .. } => "Ask the customer to wait, and look again when there is a line.",
        Refusal::CollectCodeReplaced { .. } => "Ask the customer for the newest message.",
        Refusal::CollectCodeUsed { .. } => "Look at the order: it says when. Hand nothing over a second time.",
        Refusal::CollectCodeOtherOrder { .. } => "Open that order, or ask for the code of this one.",
        Refusal::CollectNumberWrong { .. } => "Read it again, or scan the code.",
        Refusal::CollectNumbersLocked => "Scan the code, or let a manager allow more tries.",
        Refusal::StockKeptElsewhere => "Count, receive and adjust at the box that head office named.",
        Refusal::SheetEmpty => "Scan an article first.",
        Refusal::SheetFull { .. } => "Finish this list, then go on with the next one.",
        Refusal::SheetLineUnknown { .. } => "Look at the list again: it may have changed on another screen.",
        Refusal::SheetLinesOpen { .. } => "Count them, type 0 where none is there, or take them off the list.",
        Refusal::CountBelowZero => "Type 0 when none is there.",
        Refusal::NothingToCount => "Scan what you want to count.",
        Refusal::StockCountedMeanwhile { .. } => "Count it once more and type what you find, or take it off the list.",
        Refusal::DeliveryKnown { .. } => "Nothing more is to be done if it is the same; for the rest of it, take its number off.",
        Refusal::StockTaskUnknown => "Look at the list again: somebody has counted it.",
        Refusal::StockTaskTaken { .. } => "Take another one, or take it over after asking them.",
        Refusal::CustomerUnknown => "Look for them again, or take them in anew with their consent.",
        Refusal::CustomerWithoutConsent => "Sell without a customer, or ask for the consent and take them in anew.",
        Refusal::NoCustomer => "Nothing needs to be done.",
    }
}

fn last_day_words(kind: LastDayKind) -> &'static str {
    match kind {
        LastDayKind::Expiry => "expired after",
        LastDayKind::SellBy => "was to be sold by",
        LastDayKind::BestBefore => "was best before",
    }
}

/// Where nobody was signed in, somebody did it all the same.
fn visible_or_other(by: &str) -> &str {
    if by.is_empty() { "somebody else" } else { by }
}

/// Rounded up, so that nobody tries too early.
fn waiting(seconds: u64) -> String {
    if seconds <= 120 { format!("{seconds} seconds") } else { format!("{} minutes", seconds.div_ceil(60)) }
}

/// "to ..."
fn right_words(right: Right) -> &'static str {
    match right {
        Right::SellItems => "sell",
        Right::VoidLine => "take a line off the sale",
        Right::VoidTransaction => "void the whole sale",
        Right::Discount => "give a discount",
        Right::PriceOverride => "change a price",
        Right::ReturnWithReceipt => "take goods back",
        Right::ReturnWithoutReceipt => "take goods back without a receipt",
        Right::PostVoid => "void a finished sale",
        Right::OpenTill => "open a till",
        Right::CloseTill => "close a till",
        Right::CashMovement => "put cash in or take it out",
        Right::NoSale => "open the drawer without a sale",
        Right::CloseDay => "close the day",
        Right::ReadReports => "read reports",
        Right::ManageStaff => "change who works here",
        Right::ResolveCard => "say how a card payment ended",
        Right::EraseCustomer => "erase a customer",
        Right::PickOrders => "pick orders",
        Right::HandOverOrders => "hand over orders",
        Right::AllowNumbers => "allow more tries with short numbers",
        Right::Training => "begin or end training",
        Right::CountStock => "count stock",
        Right::ReceiveGoods => "receive goods",
        Right::AdjustStock => "write goods off or in",
        Right::AdjustStockMore => "write off or in so much at once",
    }
}

/// Where an order stands.
fn order_state(state: OrderStateName) -> &'static str {
    match state {
        OrderStateName::Received => "waits to be accepted",
        OrderStateName::Accepted => "waits to be picked",
        OrderStateName::Picking => "is being picked",
        OrderStateName::Picked => "waits for its place",
        OrderStateName::Staged => "is ready",
        OrderStateName::HandedOver => "was handed over",
        OrderStateName::PuttingBack => "goes back to the shelf",
        OrderStateName::Ended => "has ended",
    }
}
