//! Connect timeout per call. The client knows one for all; here a layer around its connector asks the
//! attempt on whose behalf it connects.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    static WATCH: Arc<ConnectWatch>;
}

/// What an attempt and its connector tell each other.
#[derive(Debug)]
pub(super) struct ConnectWatch {
    timeout: Duration,
    connecting: AtomicBool,
    done: Notify,
}

/// The error of a connector that took too long.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {0:?}")]
pub(super) struct ConnectTimedOut(pub(super) Duration);

impl ConnectWatch {
    pub(super) fn new(timeout: Duration) -> Arc<Self> {
        Arc::new(ConnectWatch { timeout, connecting: AtomicBool::new(false), done: Notify::new() })
    }

    /// Runs `request`, whose connector will find this watch.
    pub(super) async fn scope<F: Future>(self: Arc<Self>, request: F) -> F::Output {
        WATCH.scope(self, request).await
    }

    /// Ends once `limit` has passed without a connection being made, so that the time a server takes to
    /// answer is counted from the moment it could.
    pub(super) async fn first_byte_overdue(&self, limit: Duration) {
        loop {
            tokio::select! {
                () = self.done.notified() => {}
                () = tokio::time::sleep(limit) => {
                    if !self.connecting.load(Ordering::Acquire) {
                        return;
                    }
                    self.done.notified().await;
                }
            }
        }
    }
}

/// Marks the watch for as long as a connector works, however it ends.
struct Connecting(Arc<ConnectWatch>);

impl Connecting {
    fn new(watch: Arc<ConnectWatch>) -> Self {
        watch.connecting.store(true, Ordering::Release);
        Connecting(watch)
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        self.0.connecting.store(false, Ordering::Release);
        self.0.done.notify_one();
    }
}

/// Gives the client's connector the timeout of the attempt that it serves.
#[derive(Clone, Debug)]
pub(super) struct ConnectLayer;

impl<S> Layer<S> for ConnectLayer {
    type Service = TimedConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TimedConnector(inner)
    }
}

#[derive(Clone, Debug)]
pub(super) struct TimedConnector<S>(S);

impl<S, R> Service<R> for TimedConnector<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connect = self.0.call(target);
        let Ok(watch) = WATCH.try_with(Arc::clone) else { return Box::pin(connect) };
        let connecting = Connecting::new(watch);
        Box::pin(async move {
            let limit = connecting.0.timeout;
            tokio::time::timeout(limit, connect).await.map_err(|_| ConnectTimedOut(limit))?
        })
    }
}
