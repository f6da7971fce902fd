//! Calls to one model differ in their bodies only: the rest of a request is checked and converted once.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::request::Request;
use crate::error::Error;

/// So many different requests are remembered; of more, the one made longest ago is made anew.
const REMEMBERED: usize = 8;

/// Makes requests, and remembers what came before their bodies. No `Debug`: headers hold credentials.
#[derive(Default)]
pub struct RequestMaker {
    made: Mutex<Vec<Made>>,
}

struct Made {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    without_body: Request,
}

impl Made {
    fn fits(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> bool {
        let same = |(ours, given): (&(String, String), &(&str, &str))| ours.0 == given.0 && ours.1 == given.1;
        self.url == url
            && self.method == method
            && self.headers.len() == headers.len()
            && self.headers.iter().zip(headers).all(same)
    }
}

impl RequestMaker {
    /// As [`Request::new`].
    pub fn make(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Request, Error> {
        if body.is_empty() {
            // An empty body adds a header.
            return Request::new(method, url, headers.iter().copied(), body);
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.iter().find(|known| known.fits(method, url, headers)) {
            return Ok(Request { body, ..known.without_body.clone() });
        }
        let request = Request::new(method, url, headers.iter().copied(), body)?;
        if made.len() == REMEMBERED {
            made.remove(0);
        }
        made.push(Made {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            without_body: Request { body: Bytes::new(), ..request.clone() },
        });
        Ok(request)
    }
}
