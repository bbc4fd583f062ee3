//! What a till's browser does, without the browser: requests over a connection that stays open, each command with an id of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Till {
    address: SocketAddr,
    token: String,
    stream: BufReader<TcpStream>,
    /// Requests sent over this connection.
    pub asked: usize,
}

/// A status and a body; an empty body is null.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Till {
    pub fn connect(address: SocketAddr, token: &str) -> io::Result<Till> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Till { address, token: token.to_owned(), stream: BufReader::new(stream), asked: 0 })
    }

    /// Our end of the connection.
    pub fn port(&self) -> u16 {
        self.stream.get_ref().local_addr().expect("connected").port()
    }

    pub fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.ask("GET", path, "")
    }

    pub fn post(&mut self, path: &str, body: &Value) -> io::Result<Reply> {
        self.ask("POST", path, &body.to_string())
    }

    /// What must succeed, does.
    pub fn must(&mut self, path: &str, body: &Value) -> Value {
        let reply = self.post(path, body).unwrap_or_else(|reason| panic!("{path}: {reason}"));
        assert_eq!(reply.status, 200, "{path} {body}: {}", reply.body);
        reply.body
    }

    pub fn look(&mut self, path: &str) -> Value {
        let reply = self.get(path).unwrap_or_else(|reason| panic!("{path}: {reason}"));
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<Reply> {
        self.asked += 1;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Reply { status, body: serde_json::from_str(&text).unwrap_or(json!(text)) })
    }

    /// Without its end. A connection that ends is an error, also between two lines.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

pub fn scan_at(workstation: &str) -> String {
    format!("/api/v1/workstations/{workstation}/scan")
}

pub fn tender_at(workstation: &str) -> String {
    format!("/api/v1/workstations/{workstation}/tenders")
}

pub fn void_at(workstation: &str) -> String {
    format!("/api/v1/workstations/{workstation}/void")
}
