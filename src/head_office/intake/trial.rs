//! A mapping is tried out with a sample: what each rule took, what the order would be, and what would be wrong with it. Nothing is kept.

use serde::Serialize;

use super::channels::Channel;
use super::mapping::{Mapping, Took};
use super::order::{ChannelOrder, Given, RefusedLine};
use super::take::{Form, House};
use super::{articles, sheet, take};
use crate::head_office::db::{self, Connection};
use crate::head_office::office::HeadOffice;
use crate::head_office::storage::StorageError;
use crate::ids::ChannelOrderNo;

/// Orders of a sample that are looked at.
const ORDERS_MAX: usize = 20;

#[derive(Debug, Clone)]
pub enum Sample {
    Json(String),
    Csv(Vec<u8>),
}

/// Of one order of the sample.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
#[schema(as = MappingTrial)]
pub struct Trial {
    pub took: Vec<Took>,
    /// What would be taken.
    pub order: Option<ChannelOrder>,
    /// Lines that would be left out.
    pub refused: Vec<RefusedLine>,
    pub faults: Vec<String>,
}

impl Trial {
    fn wrong(faults: Vec<String>) -> Trial {
        Trial { faults, ..Trial::default() }
    }
}

pub async fn run(office: &HeadOffice, channel: Channel, sample: Sample) -> Result<Vec<Trial>, StorageError> {
    let faults = channel.settings.faults();
    if !faults.is_empty() {
        return Ok(vec![Trial::wrong(faults)]);
    }
    let (house, now_ms) = (House::of(office.config()), office.now_ms());
    office.read(move |connection| all(connection, &channel, &sample, &house, now_ms)).await
}

fn all(connection: &Connection, channel: &Channel, sample: &Sample, house: &House, now_ms: i64) -> db::Result<Vec<Trial>> {
    let ours = Mapping::of_our_columns();
    match sample {
        Sample::Json(text) => Ok(vec![one(connection, channel, text, Form::Json, house, now_ms)?]),
        Sample::Csv(bytes) => match sheet::read(bytes, channel.settings.csv_mapping.as_ref().unwrap_or(&ours)) {
            Err(why) => Ok(vec![Trial::wrong(vec![why])]),
            Ok(sheet) => sheet
                .orders
                .iter()
                .take(ORDERS_MAX)
                .map(|order| match &order.fault {
                    Some(why) => Ok(Trial::wrong(vec![why.clone()])),
                    None => one(connection, channel, &order.text, Form::Rows, house, now_ms),
                })
                .collect(),
        },
    }
}

fn one(connection: &Connection, channel: &Channel, text: &str, form: Form, house: &House, now_ms: i64) -> db::Result<Trial> {
    let (sent, took) = take::read_and_show(channel, text, form, house);
    let sent = match sent {
        Ok(sent) => sent,
        Err(refused) => return Ok(Trial { took, ..Trial::wrong(refused.faults.iter().map(ToString::to_string).collect()) }),
    };
    let number = match sent.number.as_deref().map(ChannelOrderNo::new) {
        Some(Err(why)) => return Ok(Trial { took, ..Trial::wrong(vec![why.to_string()]) }),
        Some(Ok(number)) => number,
        // The address of a PUT names it.
        None => ChannelOrderNo::new("SAMPLE").expect("a plain name"),
    };
    let given =
        Given { channel: &channel.channel, number: &number, promised_ms: now_ms + i64::from(channel.settings.promise_minutes) * 60_000 };
    Ok(match sent.check(given, |name| articles::known(connection, &channel.channel, name))? {
        Ok(checked) => Trial { took, order: Some(checked.order), refused: checked.refused, faults: Vec::new() },
        Err(faults) => Trial { took, ..Trial::wrong(faults.iter().map(ToString::to_string).collect()) },
    })
}
