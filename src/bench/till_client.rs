//! A till's browser, without the browser: requests over one connection that stays open, and the live stream of a workstation over another.
//! Written by hand on a blocking socket, so that what is measured is the node and not a client library.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::CannotMeasure;
use crate::ids::WorkstationId;
use crate::node::writer::shell_command_id;

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    address: SocketAddr,
    token: String,
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(address: SocketAddr, token: &str) -> Result<Client, CannotMeasure> {
        Ok(Client { address, token: token.to_owned(), stream: BufReader::new(connect(address)?) })
    }

    pub fn get(&mut self, path: &str) -> Result<(u16, Vec<u8>), CannotMeasure> {
        self.exchange("GET", path, "")
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Result<(u16, Vec<u8>), CannotMeasure> {
        self.exchange("POST", path, &body.to_string())
    }

    /// A code at a workstation. The status says whether it became a line.
    pub fn scan(&mut self, workstation: &WorkstationId, code: &str) -> Result<u16, CannotMeasure> {
        let body = json!({ "id": shell_command_id(), "code": code });
        self.post(&format!("/api/v1/workstations/{workstation}/scan"), &body).map(|(status, _)| status)
    }

    /// What the basket of a workstation comes to, in minor units; `None` without a basket.
    pub fn due(&mut self, workstation: &WorkstationId) -> Result<Option<i64>, CannotMeasure> {
        let (_, body) = self.get(&format!("/api/v1/workstations/{workstation}"))?;
        let view: Value = serde_json::from_slice(&body).map_err(CannotMeasure::doing("reading a workstation's state"))?;
        Ok(view["cash_buttons"][0].as_i64().filter(|_| !view["basket"].is_null()))
    }

    /// Exact cash for all that is in the basket. Gives the time of the request alone.
    pub fn pay(&mut self, workstation: &WorkstationId) -> Result<Duration, CannotMeasure> {
        let amount = self.due(workstation)?.ok_or_else(|| CannotMeasure::new("paying", "the basket is empty"))?;
        self.tender(workstation, amount)
    }

    /// Cash. Gives the time of the request.
    pub fn tender(&mut self, workstation: &WorkstationId, amount: i64) -> Result<Duration, CannotMeasure> {
        let body = json!({ "id": shell_command_id(), "amount": amount });
        let began = Instant::now();
        let (status, answer) = self.post(&format!("/api/v1/workstations/{workstation}/tenders"), &body)?;
        let took = began.elapsed();
        if status == 200 { Ok(took) } else { Err(CannotMeasure::new("paying", &String::from_utf8_lossy(&answer))) }
    }

    /// Gives the basket up.
    pub fn void(&mut self, workstation: &WorkstationId) -> Result<(), CannotMeasure> {
        let (status, answer) = self.post(&format!("/api/v1/workstations/{workstation}/void"), &json!({ "id": shell_command_id() }))?;
        if status == 200 { Ok(()) } else { Err(CannotMeasure::new("voiding", &String::from_utf8_lossy(&answer))) }
    }

    fn exchange(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, Vec<u8>), CannotMeasure> {
        let failed = format!("{method} {path}");
        let failed = failed.as_str();
        let request = request(method, path, &self.address, &self.token, body);
        self.stream.get_mut().write_all(&request).map_err(CannotMeasure::doing(failed))?;
        let head = read_head(&mut self.stream).map_err(CannotMeasure::doing(failed))?;
        let mut answer = vec![0; head.length.unwrap_or(0)];
        self.stream.read_exact(&mut answer).map_err(CannotMeasure::doing(failed))?;
        Ok((head.status, answer))
    }
}

/// A live stream, read by a thread of its own that notes when each event had arrived.
pub struct LiveStream {
    events: Receiver<(Instant, String)>,
}

impl LiveStream {
    /// `event`: the name of the events that count.
    pub fn open(address: SocketAddr, token: &str, path: &str, event: &str) -> Result<LiveStream, CannotMeasure> {
        let mut stream = BufReader::new(connect(address)?);
        let failed = CannotMeasure::doing::<std::io::Error>("opening a live stream");
        stream.get_mut().write_all(&request("GET", path, &address, token, "")).map_err(&failed)?;
        let head = read_head(&mut stream).map_err(&failed)?;
        if head.status != 200 {
            return Err(CannotMeasure::new(&format!("opening {path}"), &format!("status {}", head.status)));
        }
        let (send, events) = channel();
        let wanted = format!("event: {event}");
        std::thread::spawn(move || {
            let mut counts = false;
            let mut line = String::new();
            // Chunks of the transfer are not events, but each event's lines lie within one chunk, so lines are all we need.
            while stream.read_line(&mut line).is_ok_and(|length| length > 0) {
                let arrived = Instant::now();
                let text = line.trim_end();
                if let Some(data) = text.strip_prefix("data: ").filter(|_| counts) {
                    if send.send((arrived, data.to_owned())).is_err() {
                        return;
                    }
                } else if text.starts_with("event: ") {
                    counts = text == wanted;
                }
                line.clear();
            }
        });
        Ok(LiveStream { events })
    }

    /// When the first event that `fits` had arrived.
    pub fn wait(&self, mut fits: impl FnMut(&str) -> bool) -> Result<Instant, CannotMeasure> {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok((arrived, data)) if fits(&data) => return Ok(arrived),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Err(CannotMeasure::new("waiting for a live event", "none came")),
                Err(RecvTimeoutError::Disconnected) => return Err(CannotMeasure::new("waiting for a live event", "the stream ended")),
            }
        }
    }

    /// Forgets what has come so far.
    pub fn drain(&self) {
        while self.events.try_recv().is_ok() {}
    }
}

struct Head {
    status: u16,
    length: Option<usize>,
}

fn connect(address: SocketAddr) -> Result<TcpStream, CannotMeasure> {
    let failed = CannotMeasure::doing::<std::io::Error>("connecting to the node");
    let stream = TcpStream::connect(address).map_err(&failed)?;
    stream.set_nodelay(true).map_err(&failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(&failed)?;
    Ok(stream)
}

fn request(method: &str, path: &str, address: &SocketAddr, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn read_head(stream: &mut BufReader<TcpStream>) -> std::io::Result<Head> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut length = None;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok(),
            Some(_) => {}
            None => return Ok(Head { status, length }),
        }
    }
}
