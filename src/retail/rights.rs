//! Who may do what: one table from commands to rights, one from roles to rights, and the question asked before every decision. What is beyond
//! a person's rights needs another person's word for it: an override, with both of them on the record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::decide::Case;
use super::order::OrderAct;
use super::staff::{self, SignInWay};
use super::stock::{SheetKind, StockAct};
use super::{Command, Event, Refusal};
use crate::ids::StaffId;

/// What a person may do without asking another. Kept at head office and in the staff feed by these names: append, never rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Ring up, take money, suspend and recall, reprint.
    SellItems,
    VoidLine,
    VoidTransaction,
    Discount,
    PriceOverride,
    ReturnWithReceipt,
    ReturnWithoutReceipt,
    PostVoid,
    OpenTill,
    CloseTill,
    /// Loan, pickup, paid-in, paid-out.
    CashMovement,
    /// Open the drawer without a sale.
    NoSale,
    CloseDay,
    ReadReports,
    ManageStaff,
    /// Say how a card payment ended of which the terminal cannot.
    ResolveCard,
    /// Collect orders: accept, refuse, pick, bring to a place, put back.
    PickOrders,
    HandOverOrders,
    /// Let a workstation try short numbers again after too many wrong ones.
    AllowNumbers,
    /// Have what is known of a customer destroyed.
    EraseCustomer,
    CountStock,
    ReceiveGoods,
    /// Write units off or in without a count.
    AdjustStock,
    /// More of it than the store's limit.
    AdjustStockMore,
    /// Begin and end practice at a till.
    Training,
    /// Count the safe.
    CountSafe,
}

impl Right {
    pub const ALL: [Right; 26] = [
        Right::SellItems,
        Right::VoidLine,
        Right::VoidTransaction,
        Right::Discount,
        Right::PriceOverride,
        Right::ReturnWithReceipt,
        Right::ReturnWithoutReceipt,
        Right::PostVoid,
        Right::OpenTill,
        Right::CloseTill,
        Right::CashMovement,
        Right::NoSale,
        Right::CloseDay,
        Right::ReadReports,
        Right::ManageStaff,
        Right::ResolveCard,
        Right::PickOrders,
        Right::HandOverOrders,
        Right::AllowNumbers,
        Right::EraseCustomer,
        Right::CountStock,
        Right::ReceiveGoods,
        Right::AdjustStock,
        Right::AdjustStockMore,
        Right::Training,
        Right::CountSafe,
    ];

    /// As in feeds, imports and the API.
    pub fn name(self) -> &'static str {
        match self {
            Right::SellItems => "sell_items",
            Right::VoidLine => "void_line",
            Right::VoidTransaction => "void_transaction",
            Right::Discount => "discount",
            Right::PriceOverride => "price_override",
            Right::ReturnWithReceipt => "return_with_receipt",
            Right::ReturnWithoutReceipt => "return_without_receipt",
            Right::PostVoid => "post_void",
            Right::OpenTill => "open_till",
            Right::CloseTill => "close_till",
            Right::CashMovement => "cash_movement",
            Right::NoSale => "no_sale",
            Right::CloseDay => "close_day",
            Right::ReadReports => "read_reports",
            Right::ManageStaff => "manage_staff",
            Right::ResolveCard => "resolve_card",
            Right::PickOrders => "pick_orders",
            Right::HandOverOrders => "hand_over_orders",
            Right::AllowNumbers => "allow_numbers",
            Right::EraseCustomer => "erase_customer",
            Right::CountStock => "count_stock",
            Right::ReceiveGoods => "receive_goods",
            Right::AdjustStock => "adjust_stock",
            Right::AdjustStockMore => "adjust_stock_more",
            Right::Training => "training",
            Right::CountSafe => "count_safe",
        }
    }
}

/// A bundle of rights with a name. Extra rights come on top, person by person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Cashier,
    Supervisor,
    Manager,
    Stock,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Cashier, Role::Supervisor, Role::Manager, Role::Stock];

    pub fn name(self) -> &'static str {
        match self {
            Role::Cashier => "cashier",
            Role::Supervisor => "supervisor",
            Role::Manager => "manager",
            Role::Stock => "stock",
        }
    }

    /// What a person of the role may take off by hand while nobody said otherwise of them, in percent.
    pub fn discount_percent_max(self) -> u8 {
        match self {
            Role::Cashier | Role::Stock => 0,
            Role::Supervisor => 20,
            Role::Manager => 100,
        }
    }

    pub fn rights(self) -> BTreeSet<Right> {
        let orders = [Right::PickOrders, Right::HandOverOrders];
        let stock = [Right::CountStock, Right::ReceiveGoods, Right::AdjustStock];
        let cashier = [Right::SellItems, Right::VoidLine, Right::ReturnWithReceipt, Right::OpenTill, Right::CloseTill];
        match self {
            Role::Cashier => cashier.into_iter().chain(orders).collect(),
            Role::Supervisor => Right::ALL.into_iter().filter(|right| *right != Right::ManageStaff).collect(),
            Role::Manager => BTreeSet::from(Right::ALL),
            Role::Stock => orders.into_iter().chain(stock).collect(),
        }
    }
}

/// What a decision may know of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffFact {
    pub id: StaffId,
    pub role: Role,
    /// The role's and the person's own together.
    pub rights: BTreeSet<Right>,
    pub limits: StaffLimits,
}

/// How far a person's rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffLimits {
    /// The most that a person takes off by hand, in percent of the price: discounts and prices set count together.
    #[serde(default)]
    pub discount_percent_max: u8,
}

impl StaffFact {
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }
}

/// The right a command needs. `None`: what the shell itself reports, who is at the till, and opening the day, which a node does by itself.
pub fn needed(command: &Command) -> Option<Right> {
    match command {
        Command::AddLine { .. }
        | Command::CheckAge { .. }
        | Command::PutAside { .. }
        | Command::SellOpenPrice { .. }
        | Command::AddWeighed { .. }
        | Command::SetQuantity { .. }
        | Command::Undo {}
        | Command::Suspend {}
        | Command::Recall { .. }
        | Command::TenderCash { .. }
        | Command::StartCard { .. }
        | Command::EndCard { .. }
        | Command::RemoveTender { .. }
        | Command::Reprint { .. }
        | Command::SettlePrint { .. } => Some(Right::SellItems),
        Command::VoidLine { .. } => Some(Right::VoidLine),
        Command::VoidTransaction {} => Some(Right::VoidTransaction),
        Command::CloseDay {} | Command::EndTerminalDay { .. } => Some(Right::CloseDay),
        Command::ResolveCard { .. } => Some(Right::ResolveCard),
        // Returns. To give back otherwise than it was paid takes the same trust as giving back without a receipt.
        Command::ReturnLine { .. } | Command::Refund { by: None } => Some(Right::ReturnWithReceipt),
        Command::ReturnArticle { .. } | Command::Refund { by: Some(_) } => Some(Right::ReturnWithoutReceipt),
        Command::PostVoid { .. } => Some(Right::PostVoid),
        // Prices and promotions.
        Command::DiscountLine { .. } | Command::DiscountBasket { .. } => Some(Right::Discount),
        Command::SetPrice { .. } => Some(Right::PriceOverride),
        Command::AddCoupon { .. } | Command::AttachMember { .. } => Some(Right::SellItems),
        Command::AttachCustomer { .. } | Command::DetachCustomer {} => Some(Right::SellItems),
        Command::EraseCustomer { .. } => Some(Right::EraseCustomer),
        Command::OpenTill { .. } => Some(Right::OpenTill),
        Command::StartCount {}
        | Command::CancelCount {}
        | Command::CountTill { .. }
        | Command::CloseTill { .. }
        | Command::HandOverTill { .. } => Some(Right::CloseTill),
        Command::Loan { .. }
        | Command::Pickup { .. }
        | Command::PaidIn { .. }
        | Command::PaidOut { .. }
        | Command::PackBag { .. }
        | Command::CollectBag { .. } => Some(Right::CashMovement),
        Command::StartSafeCount {} | Command::CancelSafeCount {} | Command::CountSafe { .. } | Command::CloseSafeCount { .. } => {
            Some(Right::CountSafe)
        }
        Command::NoSale { .. } => Some(Right::NoSale),
        Command::SetTraining { .. } => Some(Right::Training),
        Command::PrintX { .. } | Command::PrintStored { .. } => Some(Right::ReadReports),
        Command::OpenDay { .. }
        | Command::ReportPrint { .. }
        | Command::AdoptFeed { .. }
        | Command::AcknowledgeUplink { .. }
        | Command::SignIn {}
        | Command::SignOut {}
        | Command::LockTill { .. }
        | Command::ReportPinMiss { .. } => None,
        // What is done from the desk then is asked about act by act.
        Command::SignInDesk { .. } | Command::NameFirstManager { .. } => None,
        // Repair of the journal.
        Command::RecordRepair { .. } => None,
        Command::ReportCard { .. } | Command::SeeTerminal { .. } => None,
        Command::Order(act) => needed_for_order(act),
        Command::Stock(act) => needed_for_stock(act),
    }
}

fn needed_for_stock(act: &StockAct) -> Option<Right> {
    match act {
        StockAct::Add { sheet, .. }
        | StockAct::Set { sheet, .. }
        | StockAct::Remove { sheet, .. }
        | StockAct::Finish { sheet }
        | StockAct::Discard { sheet } => Some(match sheet {
            SheetKind::Count => Right::CountStock,
            SheetKind::Receipt => Right::ReceiveGoods,
        }),
        StockAct::NameDelivery { .. } => Some(Right::ReceiveGoods),
        StockAct::CountTasks {} | StockAct::TakeTask { .. } | StockAct::LeaveTask { .. } | StockAct::DismissTask { .. } => {
            Some(Right::CountStock)
        }
        StockAct::Adjust { .. } => Some(Right::AdjustStock),
        StockAct::RaiseCounts { .. } => None,
    }
}

fn needed_for_order(act: &OrderAct) -> Option<Right> {
    match act {
        OrderAct::Deliver { .. }
        | OrderAct::Cancel { .. }
        | OrderAct::Expire { .. }
        | OrderAct::Recheck { .. }
        | OrderAct::BeginRights { .. }
        | OrderAct::TellRights { .. }
        | OrderAct::Grant { .. }
        | OrderAct::NameLead { .. }
        | OrderAct::Adopt { .. }
        | OrderAct::ReportWrongNumber {} => None,
        OrderAct::Accept { .. }
        | OrderAct::Refuse { .. }
        | OrderAct::SettleNotice { .. }
        | OrderAct::StartPicking { .. }
        | OrderAct::PausePicking { .. }
        | OrderAct::Pick { .. }
        | OrderAct::PickByHand { .. }
        | OrderAct::ResetLine { .. }
        | OrderAct::Short { .. }
        | OrderAct::FinishPicking { .. }
        | OrderAct::Stage { .. }
        | OrderAct::AddBag { .. }
        | OrderAct::PrintLabel { .. }
        | OrderAct::SettleLabel { .. }
        | OrderAct::PrintPickList { .. }
        | OrderAct::PutBack { .. } => Some(Right::PickOrders),
        OrderAct::Identify { .. }
        | OrderAct::HandOver { .. }
        | OrderAct::Pay { .. }
        | OrderAct::MissAtCounter { .. }
        | OrderAct::ReplaceAtCounter { .. }
        | OrderAct::Decline { .. }
        | OrderAct::TakeBackHandOver { .. } => Some(Right::HandOverOrders),
        OrderAct::AllowNumbers {} => Some(Right::AllowNumbers),
    }
}

/// Whether the one who asks may do it, alone or with the word of another; then the event that says whose word it was.
pub(super) fn check(case: &Case) -> Result<Option<Event>, Refusal> {
    if !case.rules.staff_required {
        return Ok(None);
    }
    let Some(right) = needed(&case.ask.command) else { return Ok(None) };
    let actor = match (&case.ask.workstation, &case.facts.actor) {
        (_, Some(actor)) => Some(actor),
        (Some(_), None) => return Err(Refusal::SignInFirst),
        // From a desk, where nobody is signed in: who proves to be someone acts.
        (None, None) => None,
    };
    if actor.is_some_and(|actor| actor.may(right)) {
        return Ok(None);
    }
    let Some((approver, way)) = staff::proven(case)? else { return Err(Refusal::NeedsOverride { right }) };
    if actor.is_some_and(|actor| actor.id == approver.id) {
        return Err(Refusal::OverrideByOneself);
    }
    if !approver.may(right) {
        return Err(Refusal::OverrideNotAllowed { right });
    }
    Ok(Some(given(case, right, approver, way)))
}

/// Whether to take off so many hundredths of a percent, by a discount or by another price, is within the limit of the one who asks, or of the
/// one who approves.
pub(super) fn check_reduction(case: &Case, right: Right, hundredths: u32) -> Result<Option<Event>, Refusal> {
    let fits = |person: &StaffFact| person.may(right) && hundredths <= u32::from(person.limits.discount_percent_max) * 100;
    let actor = case.facts.actor.as_ref();
    if !case.rules.staff_required || actor.is_some_and(fits) {
        return Ok(None);
    }
    let Some((approver, way)) = staff::proven(case)? else { return Err(Refusal::NeedsOverride { right }) };
    if actor.is_some_and(|actor| actor.id == approver.id) {
        return Err(Refusal::OverrideByOneself);
    }
    if !fits(approver) {
        return Err(Refusal::OverrideNotAllowed { right });
    }
    // For an actor without the right itself, the question before every decision has this event already.
    Ok(actor.is_some_and(|actor| actor.may(right)).then(|| given(case, right, approver, way)))
}

/// Whether an adjustment beyond the store's limit is within the rights of the one who asks, or of the one who approves.
pub(super) fn check_adjusting(case: &Case) -> Result<Option<Event>, Refusal> {
    let right = Right::AdjustStockMore;
    let actor = case.facts.actor.as_ref();
    if !case.rules.staff_required || actor.is_some_and(|actor| actor.may(right)) {
        return Ok(None);
    }
    let Some((approver, way)) = staff::proven(case)? else { return Err(Refusal::NeedsOverride { right }) };
    if actor.is_some_and(|actor| actor.id == approver.id) {
        return Err(Refusal::OverrideByOneself);
    }
    if !approver.may(right) {
        return Err(Refusal::OverrideNotAllowed { right });
    }
    Ok(Some(given(case, right, approver, way)))
}

fn given(case: &Case, right: Right, approver: &StaffFact, way: SignInWay) -> Event {
    Event::OverrideGiven {
        right,
        by: approver.id.clone(),
        way,
        staff: case.facts.actor.as_ref().map(|actor| actor.id.clone()),
        workstation: case.ask.workstation.clone(),
        at: case.ask.at,
    }
}
