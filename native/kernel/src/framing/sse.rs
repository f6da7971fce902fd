//! Server-sent events, as the WHATWG HTML standard reads them.

use super::{Frame, FramingError};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads a `text/event-stream`. Comments make no frame; `id` and `retry` are for clients that reconnect.
#[derive(Debug)]
pub struct SseParser {
    max_frame: usize,
    /// The line that is not over yet.
    pending: Vec<u8>,
    event: String,
    /// None until a `data` field came: an event without one is not dispatched.
    data: Option<String>,
    at_start: bool,
    /// The last byte was a CR that ended a line; a LF that follows belongs to it.
    after_cr: bool,
}

impl SseParser {
    /// A parser that refuses frames over `max_frame` bytes.
    pub fn new(max_frame: usize) -> SseParser {
        let (pending, event) = (Vec::new(), String::new());
        SseParser { max_frame, pending, event, data: None, at_start: true, after_cr: false }
    }

    /// Reads more of the body and appends the frames that are complete now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FramingError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.check_size(self.pending.len() + rest.len())?;
                self.pending.extend_from_slice(rest);
                return Ok(());
            };
            self.end_line(&rest[..end], out)?;
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
        }
        Ok(())
    }

    /// The body is over. An event without the empty line that ends it is not dispatched.
    pub fn finish(&mut self, _out: &mut Vec<Frame>) -> Result<(), FramingError> {
        Ok(())
    }

    /// Whether an event has begun that no empty line has ended.
    pub fn has_partial(&self) -> bool {
        let line = self.without_bom(&self.pending);
        let in_field = !line.is_empty() && line[0] != b':';
        in_field || self.data.is_some() || !self.event.is_empty()
    }

    /// A line ends with `tail`; what came before in other pieces is in `pending`.
    fn end_line(&mut self, tail: &[u8], out: &mut Vec<Frame>) -> Result<(), FramingError> {
        self.check_size(self.pending.len() + tail.len())?;
        if self.pending.is_empty() {
            return self.line(tail, out);
        }
        let mut line = std::mem::take(&mut self.pending);
        line.extend_from_slice(tail);
        self.line(&line, out)?;
        line.clear();
        self.pending = line;
        Ok(())
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<Frame>) -> Result<(), FramingError> {
        let line = std::str::from_utf8(self.without_bom(line)).map_err(|_| FramingError::InvalidUtf8)?;
        self.at_start = false;
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            out.extend(self.data.take().map(|data| Frame { event, data }));
            return Ok(());
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (name, &mut self.data) {
            ("data", None) => self.data = Some(value.to_owned()),
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("event", _) => value.clone_into(&mut self.event),
            // A comment (no name), `id`, `retry`, or a field that the standard does not know.
            _ => {}
        }
        Ok(())
    }

    fn without_bom<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        if self.at_start { line.strip_prefix(BOM).unwrap_or(line) } else { line }
    }

    fn check_size(&self, line: usize) -> Result<(), FramingError> {
        let held = self.event.len() + self.data.as_ref().map_or(0, String::len);
        let fits = held + line <= self.max_frame;
        if fits { Ok(()) } else { Err(FramingError::TooLarge { limit: self.max_frame }) }
    }
}
