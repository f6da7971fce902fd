//! One JSON text a line, as Ollama streams.

use super::{Frame, FramingError};

/// Reads a body of lines. Lines of white space are left out; the frames have no event name.
#[derive(Debug)]
pub struct NdjsonParser {
    max_frame: usize,
    /// The line that is not over yet.
    pending: Vec<u8>,
}

impl NdjsonParser {
    /// A parser that refuses lines over `max_frame` bytes.
    pub fn new(max_frame: usize) -> NdjsonParser {
        NdjsonParser { max_frame, pending: Vec::new() }
    }

    /// Reads more of the body and appends the frames that are complete now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FramingError> {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.check_size(self.pending.len() + end)?;
            if self.pending.is_empty() {
                out.extend(frame(&rest[..end])?);
            } else {
                self.pending.extend_from_slice(&rest[..end]);
                out.extend(frame(&self.pending)?);
                self.pending.clear();
            }
            rest = &rest[end + 1..];
        }
        self.check_size(self.pending.len() + rest.len())?;
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    /// The body is over: a last line needs no newline.
    pub fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), FramingError> {
        out.extend(frame(&self.pending)?);
        self.pending.clear();
        Ok(())
    }

    /// Whether a line has begun that no newline has ended.
    pub fn has_partial(&self) -> bool {
        !self.pending.trim_ascii().is_empty()
    }

    fn check_size(&self, line: usize) -> Result<(), FramingError> {
        let fits = line <= self.max_frame;
        if fits { Ok(()) } else { Err(FramingError::TooLarge { limit: self.max_frame }) }
    }
}

fn frame(line: &[u8]) -> Result<Option<Frame>, FramingError> {
    let data = std::str::from_utf8(line).map_err(|_| FramingError::InvalidUtf8)?.trim_ascii();
    Ok((!data.is_empty()).then(|| Frame { event: String::new(), data: data.to_owned() }))
}
