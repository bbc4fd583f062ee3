//! Words about single items: their batch and serial, and those that may not be sold, past their date or recalled.

#[derive(Debug)]
pub struct LastDayTexts {
    pub title: &'static str,
    pub expiry: &'static str,
    pub sell_by: &'static str,
    pub best_before: &'static str,
    pub put_aside: &'static str,
    pub hint: &'static str,
    /// The recall's id.
    pub recalled: &'static str,
    pub recall_hint: &'static str,
    pub batch: &'static str,
    pub serial: &'static str,
}

pub static ENGLISH: LastDayTexts = LastDayTexts {
    title: "Not for sale: {}",
    expiry: "Expired after {}",
    sell_by: "Was to be sold by {}",
    best_before: "Was best before {}",
    put_aside: "Put aside",
    hint: "Take it out of the goods and put it aside.",
    recalled: "Recalled: {}",
    recall_hint: "Do not hand it out. Put it aside for the recall.",
    batch: "Batch {}",
    serial: "Serial no. {}",
};

pub static GERMAN: LastDayTexts = LastDayTexts {
    title: "Kein Verkauf: {}",
    expiry: "Verfallen nach dem {}",
    sell_by: "Zu verkaufen war es bis {}",
    best_before: "Mindestens haltbar bis {}",
    put_aside: "Beiseitegelegt",
    hint: "Aus der Ware nehmen und beiseitelegen.",
    recalled: "Rückruf {}",
    recall_hint: "Nicht herausgeben. Für den Rückruf beiseitelegen.",
    batch: "Charge {}",
    serial: "Serien-Nr. {}",
};
