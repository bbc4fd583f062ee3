//! Gives back rights that nobody needs any more: now and then head office looks at all that it holds, so that what is not ordered stands free
//! on the shelf again. Late or twice is no harm: the totals say what is held.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::office::HeadOffice;
use super::rights::{self, Place};

/// What is given back was unused for days; there is no hurry.
const EVERY: Duration = Duration::from_secs(600);

/// As long as head office serves.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (office, mut ended) = (office.clone(), ended.clone());
    tokio::spawn(async move {
        while !*ended.borrow() {
            if let Err(error) = round(&office).await {
                tracing::warn!(%error, "unused rights could not be given back; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = ended.changed() => return,
            }
        }
    })
}

/// All rights once, a part in each transaction.
pub async fn round(office: &HeadOffice) -> Result<(), super::writer::WriteError> {
    let mut at = Some(Place::default());
    while let Some(after) = at {
        at = office
            .write(move |writer, now_ms| Ok(rights::give_back_unused(writer.connection(), writer.hold_rule(), &after, now_ms)?))
            .await?;
    }
    Ok(())
}
