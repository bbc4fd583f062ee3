//! Scanner frames: where one scan ends and the next begins, and which of two equal scans is one. Pure; time is passed in.

/// A scan longer than this is reported once and dropped up to its end.
pub const FRAME_BYTES_MAX: usize = 4096;

/// What ends a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suffix {
    Cr,
    Lf,
    CrLf,
    Tab,
    /// Silence alone.
    None,
}

/// One thing the stream of bytes meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framed {
    /// Prefix and suffix are gone; an AIM identifier stays. Never empty.
    Frame(Vec<u8>),
    /// More than [`FRAME_BYTES_MAX`] bytes without an end. Said once; the rest of it is dropped.
    TooLong,
    /// Bytes came and then silence, without the suffix: a torn frame, or a scanner that is set up otherwise. Its bytes are not a scan.
    Torn { bytes: usize },
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Clone)]
pub struct Framer {
    suffix: Suffix,
    prefix: Vec<u8>,
    silence_ms: u64,
    pending: Vec<u8>,
    /// What comes up to the next end is dropped: the frame was too long or spoilt.
    dropping: bool,
    last_byte_ms: u64,
}

impl Framer {
    /// `silence_ms`: after it, pending bytes are a frame (suffix none) or torn (any other suffix).
    pub fn new(suffix: Suffix, prefix: Vec<u8>, silence_ms: u64) -> Framer {
        Framer { suffix, prefix, silence_ms, pending: Vec::new(), dropping: false, last_byte_ms: 0 }
    }

    pub fn push(&mut self, bytes: &[u8], now_ms: u64) -> Vec<Framed> {
        let mut out = self.silence(now_ms);
        for &byte in bytes {
            self.last_byte_ms = now_ms;
            if self.ends_with(byte) {
                out.extend(self.finish());
                continue;
            }
            // The half of a foreign CR LF pair, left over from the frame before.
            if self.pending.is_empty() && matches!(byte, b'\r' | b'\n') {
                continue;
            }
            if self.dropping {
                continue;
            }
            self.pending.push(byte);
            if self.pending.len() > FRAME_BYTES_MAX {
                self.pending.clear();
                self.dropping = true;
                out.push(Framed::TooLong);
            }
        }
        out
    }

    /// To be called when [`Framer::deadline_ms`] has come. Calling it early does nothing.
    pub fn silence(&mut self, now_ms: u64) -> Vec<Framed> {
        if self.deadline_ms().is_none_or(|deadline| now_ms < deadline) {
            return Vec::new();
        }
        let torn = Framed::Torn { bytes: self.pending.len() };
        match (self.suffix, self.dropping) {
            (_, true) => {
                self.dropping = false;
                Vec::new()
            }
            (Suffix::None, false) => self.finish(),
            (Suffix::Cr | Suffix::Lf | Suffix::CrLf | Suffix::Tab, false) => {
                self.pending.clear();
                vec![torn]
            }
        }
    }

    /// When silence will mean something.
    pub fn deadline_ms(&self) -> Option<u64> {
        (!self.pending.is_empty() || self.dropping).then_some(self.last_byte_ms + self.silence_ms)
    }

    /// Bytes went missing: what is pending, and what comes up to the next end, is no scan.
    pub fn spoil(&mut self, now_ms: u64) -> Vec<Framed> {
        let torn = Framed::Torn { bytes: self.pending.len() };
        self.pending.clear();
        self.dropping = true;
        self.last_byte_ms = now_ms;
        vec![torn]
    }

    /// Forgets what is pending: the device went away.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.dropping = false;
    }

    fn ends_with(&mut self, byte: u8) -> bool {
        match self.suffix {
            Suffix::Cr => byte == b'\r',
            Suffix::Lf => byte == b'\n',
            Suffix::Tab => byte == b'\t',
            Suffix::None => false,
            Suffix::CrLf if byte == b'\n' => match self.pending.last() {
                Some(b'\r') => {
                    self.pending.pop();
                    true
                }
                // The CR of a frame that is dropped was dropped with the rest of it.
                _ => self.dropping,
            },
            Suffix::CrLf => false,
        }
    }

    fn finish(&mut self) -> Vec<Framed> {
        let frame = std::mem::take(&mut self.pending);
        if std::mem::take(&mut self.dropping) {
            return Vec::new();
        }
        let frame = match frame.strip_prefix(self.prefix.as_slice()) {
            Some(rest) => rest.to_vec(),
            None => frame,
        };
        if frame.is_empty() { Vec::new() } else { vec![Framed::Frame(frame)] }
    }
}

/// A presentation scanner may read one label twice before it is lifted. Two equal scans within the time are one; later ones count,
/// because cashiers scan the same article again on purpose.
#[derive(Debug, Clone)]
pub struct DoubleFilter {
    within_ms: u64,
    last: Option<(Vec<u8>, u64)>,
}

impl DoubleFilter {
    /// 0 switches it off.
    pub fn new(within_ms: u64) -> DoubleFilter {
        DoubleFilter { within_ms, last: None }
    }

    /// True when the frame is a new scan.
    pub fn admit(&mut self, frame: &[u8], now_ms: u64) -> bool {
        if self.last.as_ref().is_some_and(|(last, at)| last == frame && now_ms.saturating_sub(*at) < self.within_ms) {
            return false;
        }
        self.last = Some((frame.to_vec(), now_ms));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framer(suffix: Suffix) -> Framer {
        Framer::new(suffix, Vec::new(), 200)
    }
    fn frames(out: Vec<Framed>) -> Vec<String> {
        out.into_iter()
            .map(|framed| match framed {
                Framed::Frame(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Framed::TooLong => "<too long>".into(),
                Framed::Torn { bytes } => format!("<torn {bytes}>"),
            })
            .collect()
    }

    #[test]
    fn each_suffix_ends_a_frame_however_the_bytes_arrive() {
        let rows: [(Suffix, &[u8]); 6] = [
            (Suffix::Cr, b"]E04006381333931\r12\r"),
            (Suffix::Cr, b"]E04006381333931\r\n12\r\n"),
            (Suffix::Lf, b"]E04006381333931\n12\n"),
            (Suffix::CrLf, b"]E04006381333931\r\n12\r\n"),
            (Suffix::Tab, b"]E04006381333931\t12\t"),
            (Suffix::Cr, b"\r\r]E04006381333931\r\r12\r"),
        ];
        for (suffix, bytes) in rows {
            for step in 1..=bytes.len() {
                let mut framer = framer(suffix);
                let out = bytes.chunks(step).flat_map(|part| framer.push(part, 0)).collect();
                assert_eq!(frames(out), ["]E04006381333931", "12"], "{suffix:?} in steps of {step}");
            }
        }
    }

    #[test]
    fn silence_ends_a_frame_or_shows_that_it_is_torn() {
        let mut by_silence = framer(Suffix::None);
        assert_eq!(by_silence.push(b"40063", 0), []);
        assert_eq!(by_silence.push(b"81", 199), []);
        assert_eq!(by_silence.silence(398), []);
        assert_eq!(frames(by_silence.silence(399)), ["4006381"]);

        let mut by_suffix = framer(Suffix::Cr);
        assert_eq!(by_suffix.push(b"40063", 0), []);
        assert_eq!(by_suffix.deadline_ms(), Some(200));
        // The tail of the torn frame must not be glued to the next scan.
        assert_eq!(frames(by_suffix.push(b"96385074\r", 1000)), ["<torn 5>", "96385074"]);
        assert_eq!(by_suffix.deadline_ms(), None);
    }

    #[test]
    fn a_frame_without_end_is_reported_once_and_dropped_to_its_end() {
        for suffix in [Suffix::Cr, Suffix::CrLf] {
            let mut framer = framer(suffix);
            let mut sent = vec![b'x'; 10_000];
            sent.extend_from_slice(b"\r\n96385074\r\n");
            let out = sent.chunks(512).flat_map(|part| framer.push(part, 5)).collect();
            assert_eq!(frames(out), ["<too long>", "96385074"], "{suffix:?}");
        }
        let mut exact = framer(Suffix::Cr);
        assert_eq!(exact.push(&[b'x'; FRAME_BYTES_MAX], 0), []);
        assert_eq!(exact.push(b"\r", 0).len(), 1);
    }

    #[test]
    fn the_prefix_is_taken_off_where_it_is() {
        let mut framer = Framer::new(Suffix::Cr, b"\x02".to_vec(), 200);
        assert_eq!(frames(framer.push(b"\x0212\r12\r\x02\r", 0)), ["12", "12"]);
    }

    #[test]
    fn equal_scans_within_the_time_are_one() {
        let mut filter = DoubleFilter::new(300);
        assert!(filter.admit(b"a", 0));
        assert!(!filter.admit(b"a", 299));
        assert!(filter.admit(b"a", 300));
        assert!(filter.admit(b"b", 310));
        assert!(filter.admit(b"a", 320), "another scan lay between");
        let mut off = DoubleFilter::new(0);
        assert!(off.admit(b"a", 0) && off.admit(b"a", 0));
    }
}
