//! A merchant's server for notifications, over plain HTTP on loopback.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tiny_http::{Response, Server};
use wechatpay::NotifyUrl;

/// Serves until it is dropped.
pub(crate) struct NotificationServer {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

/// The headers of a notification: names and values.
pub(crate) type Headers = [(String, Vec<u8>)];

impl NotificationServer {
    /// `response` returns the status and the body.
    pub(crate) fn start(
        response: impl Fn(&Headers, &[u8]) -> (u16, String) + Send + 'static,
    ) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let thread = thread::spawn({
            let server = Arc::clone(&server);
            move || {
                for mut request in server.incoming_requests() {
                    let mut body = Vec::new();
                    request.as_reader().read_to_end(&mut body).unwrap();
                    let headers: Vec<(String, Vec<u8>)> = request
                        .headers()
                        .iter()
                        .map(|header| {
                            let value = header.value.as_str().as_bytes().to_vec();
                            (header.field.to_string(), value)
                        })
                        .collect();
                    let (status, text) = response(&headers, &body);
                    let response = Response::from_string(text).with_status_code(status);
                    // The sandbox may have given up waiting.
                    let _ = request.respond(response);
                }
            }
        });
        Self { server, thread: Some(thread) }
    }

    pub(crate) fn notify_url(&self) -> NotifyUrl {
        let address = self.server.server_addr();
        NotifyUrl::new(format!("http://{address}/notify")).unwrap()
    }
}

impl Drop for NotificationServer {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().unwrap().join().unwrap();
    }
}
