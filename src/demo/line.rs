//! The demo's line to head office: a relay on loopback that can be cut like a cable and mended again. What is under way when it is
//! cut is lost half-way, as on a real line.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The switch. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Line {
    whole: Arc<watch::Sender<bool>>,
    address: SocketAddr,
}

impl Line {
    /// Listens on a free loopback port and relays to `head_office` until the process ends.
    pub async fn start(head_office: SocketAddr) -> std::io::Result<Line> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let whole = Arc::new(watch::Sender::new(true));
        let line = Line { whole: whole.clone(), address };
        tokio::spawn(async move {
            loop {
                let Ok((near, _)) = listener.accept().await else {
                    // Out of file handles, most likely: give the others time to end.
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                };
                let state = whole.subscribe();
                if *state.borrow() {
                    tokio::spawn(relay(near, head_office, state));
                }
            }
        });
        Ok(line)
    }

    /// Where the node finds its head office.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn is_whole(&self) -> bool {
        *self.whole.borrow()
    }

    /// Cuts the line (every connection at once) or mends it.
    pub fn set_whole(&self, whole: bool) {
        self.whole.send_replace(whole);
    }
}

async fn relay(mut near: TcpStream, head_office: SocketAddr, mut state: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(head_office).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = state.wait_for(|whole| !whole) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_cut_line_breaks_what_is_under_way_and_a_mended_one_carries_again() {
        let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = echo.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let (mut r, mut w) = stream.split();
                    let _ = tokio::io::copy(&mut r, &mut w).await;
                });
            }
        });
        let line = Line::start(far).await.unwrap();
        let mut near = TcpStream::connect(line.address()).await.unwrap();
        let mut byte = [0];
        near.write_all(b"a").await.unwrap();
        assert_eq!(near.read(&mut byte).await.unwrap(), 1);
        line.set_whole(false);
        assert!(matches!(near.read(&mut byte).await, Ok(0) | Err(_)), "the connection ends");
        let mut refused = TcpStream::connect(line.address()).await.unwrap();
        assert!(matches!(refused.read(&mut byte).await, Ok(0) | Err(_)), "no new one is carried");
        line.set_whole(true);
        let mut near = TcpStream::connect(line.address()).await.unwrap();
        near.write_all(b"b").await.unwrap();
        assert_eq!(near.read(&mut byte).await.unwrap(), 1);
        assert_eq!(byte, *b"b");
    }
}
