//! A wire that tells what went over it: stands between two ends of the product on loopback, passes every byte on at once, counts
//! them, and notes when certain bytes came by.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::CannotMeasure;

/// Runs until the process ends; its threads end with their connections.
pub struct Relay {
    pub address: SocketAddr,
    wire: Arc<Wire>,
}

#[derive(Default)]
struct Wire {
    up: AtomicU64,
    down: AtomicU64,
    watch: Mutex<Option<Watch>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connected.
    Up,
    /// Back to it.
    Down,
}

struct Watch {
    direction: Direction,
    bytes: Vec<u8>,
    seen: Sender<Instant>,
}

impl Relay {
    /// Every connection made to `address` goes on to `target`.
    pub fn start(target: SocketAddr) -> Result<Relay, CannotMeasure> {
        let failed = "laying a wire";
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(CannotMeasure::doing(failed))?;
        let address = listener.local_addr().map_err(CannotMeasure::doing(failed))?;
        let wire = Arc::new(Wire::default());
        let all = Arc::clone(&wire);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (Ok(near), Ok(far)) = (near, TcpStream::connect(target)) else { continue };
                // A wire that cannot be laid whole is no wire: both ends see it closed.
                let _ = carry(near, far, &all);
            }
        });
        Ok(Relay { address, wire })
    }

    pub fn bytes_up(&self) -> u64 {
        self.wire.up.load(Ordering::Relaxed)
    }
    pub fn bytes_down(&self) -> u64 {
        self.wire.down.load(Ordering::Relaxed)
    }

    /// When a piece that holds `bytes` comes by, the first time from now on. One watch at a time.
    pub fn watch(&self, direction: Direction, bytes: &[u8]) -> Receiver<Instant> {
        let (seen, receiver) = channel();
        *self.wire.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(Watch { direction, bytes: bytes.to_vec(), seen });
        receiver
    }
}

fn carry(near: TcpStream, far: TcpStream, wire: &Arc<Wire>) -> std::io::Result<()> {
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near_in, far_in) = (near.try_clone()?, far.try_clone()?);
    let (up, down) = (Arc::clone(wire), Arc::clone(wire));
    std::thread::spawn(move || one_way(near_in, far, |bytes| up.passed(Direction::Up, bytes)));
    std::thread::spawn(move || one_way(far_in, near, |bytes| down.passed(Direction::Down, bytes)));
    Ok(())
}

fn one_way(mut from: TcpStream, mut to: TcpStream, note: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        note(&buffer[..length]);
        if length == 0 || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Either end may have gone first.
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}

impl Wire {
    fn passed(&self, direction: Direction, bytes: &[u8]) {
        let now = Instant::now();
        let counter = match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        };
        counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |watch: &Watch| watch.direction == direction && bytes.windows(watch.bytes.len()).any(|window| window == watch.bytes);
        if watch.as_ref().is_some_and(fits)
            && let Some(watch) = watch.take()
        {
            // Whoever watched may have given up.
            let _ = watch.seen.send(now);
        }
    }
}
