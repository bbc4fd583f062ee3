//! Keeps the node's certificate alive: asks head office now and then whether it is time for another one, and puts that beside the old one. When
//! that is, head office says; the box's clock plays no part. New connections show the new certificate; head office ends the old ones.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Failure, Line, blocking, write_durably};
use crate::node::handle::Node;
use crate::sync::backoff::Backoff;
use crate::sync::enrolment::{self, CertificateReply};
use crate::sync::wire;

/// A head office that asks to be asked more often is asked this often.
const ASK_AGAIN_MS_MIN: u64 = 100;
const ASK_AGAIN_MS_MAX: u64 = 24 * 3_600_000;

/// As long as the loop lives. Does nothing on a line without a certificate.
pub async fn keep_alive(node: Node, line: Line) {
    let Some(file) = line.config.cert.clone() else { return };
    let path = enrolment::certificate_path(&line.config.store, &line.config.node);
    let mut backoff = Backoff::new(&format!("certificate/{}/{}", line.config.store, line.config.node));
    let (mut durable, mut was_waiting) = (node.durable(), false);
    loop {
        let wait_ms = match line.post_json::<CertificateReply>(&path, &serde_json::json!({ "v": wire::WIRE_VERSION })).await {
            Ok(reply) => {
                backoff.succeeded();
                if reply.waits_for_approval && !was_waiting {
                    tracing::warn!("the certificate has run out: somebody at head office must approve this node");
                }
                was_waiting = reply.waits_for_approval;
                if let Some(pem) = reply.certificate {
                    keep(&file, pem).await;
                }
                reply.ask_again_ms.clamp(ASK_AGAIN_MS_MIN, ASK_AGAIN_MS_MAX)
            }
            // Certificates that somebody else makes, and a head office that is older than this node.
            Err(Failure::Refused { status: 404, .. }) => ASK_AGAIN_MS_MAX,
            Err(error) => {
                tracing::debug!(%error, "head office could not be asked about the certificate");
                backoff.failed()
            }
        };
        let end = async { while durable.changed().await.is_ok() {} };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            () = end => return,
        }
    }
}

async fn keep(file: &Path, pem: String) {
    let file = Arc::new(file.to_owned());
    let target = Arc::clone(&file);
    match blocking(move || write_durably(&target, pem.as_bytes())).await {
        Ok(()) => tracing::info!(file = %file.display(), "the node has a new certificate"),
        Err(error) => {
            tracing::error!(%error, file = %file.display(), "the new certificate could not be written: check the folder's owner and free space");
        }
    }
}
