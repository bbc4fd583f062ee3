//! Errors of the HTTP doors as RFC 9457 `application/problem+json`: what happened, to which thing, what to do next.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Ref, Response as Described, ResponseBuilder};

use crate::document::Voice;
use crate::retail::Refusal;

/// One refusal or error on the wire. `kind` becomes `type`, an address relative to the API's description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `/problems/CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    /// What happened, to which thing.
    pub detail: String,
    /// Stable, for programs.
    pub code: &'static str,
    /// What to do next.
    pub remedy: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem {
            kind: format!("/problems/{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            remedy: remedy.into(),
        }
    }
}

/// For a description: the answer to which refusals refer.
pub fn described() -> (&'static str, Described) {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let answer = ResponseBuilder::new().description("What happened, and what to do next").content("application/problem+json", body);
    (DESCRIBED, answer.build())
}

/// An address that refuses with these statuses, "4XX" or "404".
pub fn describe<'s>(operation: &mut Operation, statuses: impl IntoIterator<Item = &'s str>) {
    for status in statuses {
        operation.responses.responses.insert(status.to_owned(), Ref::from_response_name(DESCRIBED).into());
    }
}

const DESCRIBED: &str = "Problem";

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A refusal of the core in the words of whoever asked, with the status that fits.
pub fn of_refusal(refusal: &Refusal, voice: &Voice) -> Problem {
    Problem::new(status(refusal), refusal.code(), voice.happened(refusal), voice.remedy(refusal))
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::WorkstationUnknown { .. }
        | Refusal::UnknownArticle { .. }
        | Refusal::UnknownCode { .. }
        | Refusal::NoSuchLine { .. }
        | Refusal::NoSuchTender { .. }
        | Refusal::NoSuchPrint => StatusCode::NOT_FOUND,
        // Returns.
        Refusal::ReceiptNotFound { .. } | Refusal::ReturnLineUnknown { .. } => StatusCode::NOT_FOUND,
        Refusal::ReceiptCodeDamaged | Refusal::ReturnReasonUnknown { .. } | Refusal::ReturnNotForShelf => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::ReceiptForged
        | Refusal::ReceiptOfOtherChain
        | Refusal::ReceiptKeyUnknown
        | Refusal::ReceiptNotReturnable { .. }
        | Refusal::ReceiptTooOld { .. }
        | Refusal::ReturnAboveSold { .. }
        | Refusal::ReturnInProgress { .. }
        | Refusal::ReturnAboveCap { .. }
        | Refusal::ReturnLinesUnknown { .. }
        | Refusal::ReturnByLine { .. }
        | Refusal::ReturnAboveReceipt { .. }
        | Refusal::ReturnedLineFixed
        | Refusal::RefundDue { .. }
        | Refusal::NothingToRefund
        | Refusal::PostVoidNothing
        | Refusal::PostVoidTooLate { .. }
        | Refusal::PostVoidReturned
        | Refusal::ReturnUnproved
        | Refusal::PostVoidFixed => StatusCode::CONFLICT,
        Refusal::WorkstationMissing
        | Refusal::Misread { .. }
        | Refusal::CardData
        | Refusal::QuantityNotPositive
        | Refusal::QuantityTooLarge { .. }
        | Refusal::QuantityNotWhole
        | Refusal::PriceTooHigh { .. }
        | Refusal::AmountNotPositive
        | Refusal::AmountTooLarge { .. }
        | Refusal::CashNotPayable { .. }
        | Refusal::CardAmountAboveDue { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::CatalogueNotReady { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::CommandReused
        | Refusal::DayNotOpen
        | Refusal::DayAlreadyOpen
        | Refusal::DayGoesBack { .. }
        | Refusal::DayTooFarAhead { .. }
        | Refusal::NoPrice { .. }
        | Refusal::NoTaxRate { .. }
        | Refusal::TotalTooHigh { .. }
        | Refusal::TooManyLines { .. }
        | Refusal::TooManyTenders { .. }
        | Refusal::TooManySuspended { .. }
        | Refusal::TooManyPrints { .. }
        | Refusal::QuantityFixedByCode
        | Refusal::WeightNeeded { .. }
        | Refusal::NotWeighed { .. }
        | Refusal::WeightTooLight { .. }
        | Refusal::WeightTooHeavy { .. }
        | Refusal::WeightTooFine { .. }
        | Refusal::TareTooHeavy { .. }
        | Refusal::WeighedByScale { .. }
        | Refusal::NoTransaction
        | Refusal::NothingToUndo
        | Refusal::TransactionOpenHere
        | Refusal::NotSuspended { .. }
        | Refusal::TendersTaken
        | Refusal::NothingToPay
        | Refusal::CardRunning
        | Refusal::NoCardRunning
        | Refusal::CardTenderStays
        | Refusal::NothingToReprint
        | Refusal::NoPrinter
        | Refusal::PrintNotSettleable
        | Refusal::FeedGoesBack { .. } => StatusCode::CONFLICT,
        Refusal::StaffUnknown { .. } | Refusal::BadgeUnknown => StatusCode::NOT_FOUND,
        Refusal::ProofMissing => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::SignInFirst
        | Refusal::NeedsOverride { .. }
        | Refusal::OverrideByOneself
        | Refusal::OverrideNotAllowed { .. }
        | Refusal::PinNotSet { .. }
        | Refusal::PinWrong { .. } => StatusCode::FORBIDDEN,
        Refusal::StaffLockedOut { .. } => StatusCode::TOO_MANY_REQUESTS,
        // age.rs
        Refusal::AgeCheckNeeded { .. } | Refusal::NoAgeLimit { .. } | Refusal::CheckFirst => StatusCode::CONFLICT,
        // card.rs
        Refusal::TerminalUnknown { .. } => StatusCode::NOT_FOUND,
        Refusal::TerminalNotSeen | Refusal::TerminalBusy | Refusal::CardByTerminal | Refusal::CardStillAsked => StatusCode::CONFLICT,
        Refusal::NotInTraining => StatusCode::CONFLICT,
        // open_price.rs
        Refusal::DepartmentUnknown { .. } => StatusCode::NOT_FOUND,
        Refusal::DepartmentNotForUnknown { .. } | Refusal::ArticleIsKnown { .. } => StatusCode::CONFLICT,
        Refusal::OpenPriceTooHigh { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        // customer.rs
        Refusal::CustomerUnknown => StatusCode::NOT_FOUND,
        Refusal::CustomerWithoutConsent | Refusal::NoCustomer => StatusCode::CONFLICT,
        // last_day.rs, recalls.rs
        Refusal::PastItsDate { .. }
        | Refusal::NotPastItsDate { .. }
        | Refusal::RecalledItem { .. }
        | Refusal::RecalledInSale { .. }
        | Refusal::SerialInSale { .. } => StatusCode::CONFLICT,
        // Prices and promotions.
        Refusal::NotACoupon { .. } | Refusal::NotAMemberCard { .. } => StatusCode::NOT_FOUND,
        Refusal::ReasonUnknown { .. } | Refusal::DiscountOutOfRange | Refusal::DiscountAbovePrice { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Refusal::PriceFixedByCode
        | Refusal::CouponNotLive { .. }
        | Refusal::CouponAlreadyGiven { .. }
        | Refusal::CouponUsed { .. }
        | Refusal::TooManyCoupons { .. } => StatusCode::CONFLICT,
        Refusal::TillCashTooMuch { .. }
        | Refusal::NoSuchDenomination { .. }
        | Refusal::CashReasonUnknown { .. }
        | Refusal::DifferenceReasonMissing { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NoSuchBag { .. } => StatusCode::NOT_FOUND,
        Refusal::TillNotOpen { .. }
        | Refusal::TillAlreadyOpen { .. }
        | Refusal::TillBeingCounted { .. }
        | Refusal::TillNotBeingCounted { .. }
        | Refusal::TillNotCounted { .. }
        | Refusal::TooManyTillSessions { .. }
        | Refusal::MoreThanInTill { .. }
        | Refusal::HandOverToOwner { .. }
        | Refusal::MoreThanInSafe { .. }
        | Refusal::BagExists { .. }
        | Refusal::TooManyBags { .. }
        | Refusal::SafeBeingCounted { .. }
        | Refusal::SafeNotBeingCounted
        | Refusal::TooManySafeCounts { .. }
        | Refusal::TillUnproved { .. } => StatusCode::CONFLICT,
        // Collect orders.
        Refusal::OrderUnknown { .. }
        | Refusal::BagUnknown { .. }
        | Refusal::NoticeUnknown
        | Refusal::CollectNumberWrong { .. }
        | Refusal::CollectCodeNotYetHere { .. } => StatusCode::NOT_FOUND,
        Refusal::CollectCodeDamaged | Refusal::BagsOutOfRange { .. } | Refusal::TooManyInBatch { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::CollectCodeForged | Refusal::CollectNumbersLocked => StatusCode::FORBIDDEN,
        Refusal::OrdersElsewhere { .. }
        | Refusal::OrderElsewhere { .. }
        | Refusal::NoLabelPrinter
        | Refusal::LabelOnItsWay { .. }
        | Refusal::OrderPickedByOther { .. }
        | Refusal::TooManyOrders { .. }
        | Refusal::PickWrongArticle { .. }
        | Refusal::PickTooMany { .. }
        | Refusal::LineDone { .. }
        | Refusal::OrderLinesLeft { .. }
        | Refusal::BagsNotScanned { .. }
        | Refusal::BagOfOtherOrder { .. }
        | Refusal::NotAPlace { .. }
        | Refusal::NothingToHandOver { .. }
        | Refusal::OrderAgeCheck { .. }
        | Refusal::HandOverStands { .. }
        | Refusal::OrderToPay { .. }
        | Refusal::OrderBeingPaid { .. }
        | Refusal::OrderSaleFixed { .. }
        | Refusal::HandOverPaid { .. }
        | Refusal::NoBagForLater { .. }
        | Refusal::NotToPutBack { .. }
        | Refusal::CollectCodeNoKey
        | Refusal::CollectCodeOtherStore { .. }
        | Refusal::CollectCodeExpired { .. }
        | Refusal::CollectCodeReplaced { .. }
        | Refusal::CollectCodeUsed { .. }
        | Refusal::CollectCodeOtherOrder { .. } => StatusCode::CONFLICT,
        // Stock work.
        Refusal::SheetLineUnknown { .. } | Refusal::StockTaskUnknown => StatusCode::NOT_FOUND,
        Refusal::CountBelowZero => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::StockKeptElsewhere
        | Refusal::SheetEmpty
        | Refusal::SheetFull { .. }
        | Refusal::SheetLinesOpen { .. }
        | Refusal::NothingToCount
        | Refusal::StockCountedMeanwhile { .. }
        | Refusal::DeliveryKnown { .. }
        | Refusal::StockTaskTaken { .. } => StatusCode::CONFLICT,
    }
}
