//! A server that does to each connection what the test says, byte by byte.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A listener on the loopback; it stops when dropped.
pub struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Runs `handler` for every connection; `Peer::number` counts them from 0.
    pub async fn start<F, Fut>(handler: F) -> Server
    where
        F: Fn(Peer) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(handler(Peer { number, stream, unread: Vec::new() }));
            }
        });
        Server { port, connections, task }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub fn https_url(&self) -> String {
        format!("https://localhost:{}/", self.port)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, as the server sees it.
pub struct Peer {
    pub number: usize,
    pub stream: TcpStream,
    unread: Vec<u8>,
}

impl Peer {
    /// Head and body of the next request; None when the client has closed.
    pub async fn request(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.complete() {
                return Some(String::from_utf8(self.unread.drain(..end).collect()).unwrap());
            }
            if self.stream.read_buf(&mut self.unread).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    fn complete(&self) -> Option<usize> {
        let head = self.unread.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&self.unread[..head]).to_lowercase();
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let end = head + length.map_or(0, |length| length.parse().unwrap());
        (self.unread.len() >= end).then_some(end)
    }

    /// Sends bytes; false once the client has gone.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    pub async fn reply(&mut self, status: u16, body: &str) -> bool {
        self.send(format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await
    }

    /// The head of a chunked stream.
    pub async fn open_stream(&mut self) -> bool {
        self.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            .await
    }

    pub async fn chunk(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
        framed.extend_from_slice(bytes);
        framed.extend_from_slice(b"\r\n");
        self.send(framed).await
    }

    /// Waits until the client closes.
    pub async fn closed(&mut self) {
        let mut sink = [0; 1024];
        while self.stream.read(&mut sink).await.unwrap_or(0) > 0 {}
    }
}
