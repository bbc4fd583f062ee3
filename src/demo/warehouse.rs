//! The demo's warehouse: a place without a node. It says what is there once, and its people confirm its parts by hand on its page at head office.

use super::DemoError;
use super::assortment;
use crate::head_office::HeadOffice;
use crate::head_office::places::stock::{self, Stated, Statement};
use crate::head_office::places::{self, Draft, PlaceKind, Position};
use crate::head_office::writer::WriteError;
use crate::ids::PlaceId;
use crate::money::{Money, Qty, Unit};

pub const WAREHOUSE: &str = "hub";
/// A demo that goes on after so long has its stock stated anew.
const STATED_EVERY_MS: i64 = 12 * 3_600_000;

/// Puts it on the list of places, with as much of everything as a demo needs.
pub async fn open(office: &HeadOffice) -> Result<(), DemoError> {
    let id = PlaceId::new(WAREHOUSE).expect("a valid id");
    let draft = Draft {
        kind: PlaceKind::Warehouse,
        name: "Warehouse Großbeeren".to_owned(),
        address: "Märkische Allee 9\n14979 Großbeeren\nDE".to_owned(),
        at: Some(Position { latitude: 52_353_000, longitude: 13_311_000 }),
        time_zone: "Europe/Berlin".to_owned(),
        cutoff_minute: Some(14 * 60),
        cost: Money::from_minor(390),
        capacity_day: Some(500),
        ..Draft::empty()
    };
    let place = draft.checked(id.clone()).map_err(|faults| DemoError::Goods(faults.join("; ")))?;
    let rows = assortment::goods().into_iter().zip(1..).filter(|(good, _)| good.article.unit == Unit::Piece);
    let rows =
        rows.map(|(good, row)| Stated { row, sku: good.article.sku.to_string(), on_hand: Qty::pieces(120), as_of_ms: None }).collect();
    let statement = Statement { as_of_ms: None, whole: true, rows };
    let done = office.write(move |writer, now_ms| {
        let connection = writer.connection();
        // Somebody may have changed it since an earlier start.
        if places::find(connection, id.as_str())?.is_none()
            && let Err(why) = places::put(connection, &place, false, now_ms)?
        {
            return Ok(Some(why.to_string()));
        }
        let is_stated = places::summary(connection, id.as_str())?.stock_ms.is_some_and(|(_, newest)| now_ms - newest < STATED_EVERY_MS);
        if is_stated {
            return Ok(None);
        }
        Ok::<_, WriteError>(stock::state(connection, &id, &statement, now_ms)?.err().map(|faults| faults.lines().join("; ")))
    });
    match done.await.map_err(|reason| DemoError::Goods(reason.to_string()))? {
        None => Ok(()),
        Some(why) => Err(DemoError::Goods(why)),
    }
}
