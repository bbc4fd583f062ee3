//! Looks at all boxes now and then, and raises and clears alarms. A look that finds nothing new writes nothing.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::office::HeadOffice;
use super::alarms;
use crate::web::locale::Locale;

const EVERY: Duration = Duration::from_secs(10);

/// As long as head office serves.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (office, mut ended) = (office.clone(), ended.clone());
    tokio::spawn(async move {
        while !*ended.borrow() {
            if let Err(why) = look(&office).await {
                tracing::warn!(why, "the fleet could not be looked at; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = ended.changed() => return,
            }
        }
    })
}

/// Once.
pub async fn look(office: &HeadOffice) -> Result<(), String> {
    let now_ms = office.now_ms();
    let is_news = office.read(move |connection| {
        if !alarms::were_first_made(connection)? {
            return Ok(true);
        }
        Ok(!alarms::compare(connection, now_ms)?.0.is_empty())
    });
    if !is_news.await.map_err(|error| error.to_string())? {
        return Ok(());
    }
    let config = office.config();
    let locale = Locale::of_store(&config.locale, config.time_zone.clone());
    let settled = office.write_unseen(move |writer, now_ms| {
        alarms::make_first(writer.connection(), now_ms)?;
        Ok(alarms::settle(writer.connection(), now_ms, |ms| locale.date_and_clock(ms))?)
    });
    settled.await.map_err(|error| error.to_string())
}
