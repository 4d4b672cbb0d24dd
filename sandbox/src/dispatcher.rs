//! From a request to what serves it: the interfaces, the pages, or the commands.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::ServerConfig;

use super::calendar::unix_now;
use super::controller::Controller;
use super::outgoing::Outgoing;
use super::received::Received;
use super::response::Response;
use super::server::Host;
use super::{access, cashier, commands, overview, responder, transfer_page, url};

/// Serves requests with a controller and its state.
pub(super) struct Dispatcher(pub(super) Arc<Controller>);

impl Host for Dispatcher {
    fn greet(&self) -> io::Result<Option<Arc<ServerConfig>>> {
        self.0.greet()
    }

    fn respond(&self, request: &Received, peer: IpAddr) -> Outgoing {
        let Self(controller) = self;
        let (path, _) = url::split(&request.path);
        let access = || access::check(request, peer, controller.address());
        let response = match path {
            // Every browser requests it.
            "/favicon.ico" => Response::empty(204),
            "/sandbox/style.css" => overview::style(),
            "/" | "/codes" | "/h5" | "/cashier" | "/transfer" => match access() {
                Ok(()) => self.page(path, request),
                Err(denial) => cashier::deny(denial),
            },
            _ if path.starts_with("/sandbox/") => match access() {
                Ok(()) => commands::respond(controller, request),
                Err(denial) => commands::deny(denial),
            },
            _ => return responder::respond(&mut controller.state(), request, unix_now()),
        };
        response.into()
    }
}

impl Dispatcher {
    fn page(&self, path: &str, request: &Received) -> Response {
        let Self(controller) = self;
        if (path, request.method.as_str()) == ("/", "POST") {
            return overview::resend(controller, request, unix_now());
        }
        let mut state = controller.state();
        #[cfg(feature = "v2")]
        if path == "/codes" {
            return super::v2::code_page::respond(&mut state, request, unix_now());
        }
        if path == "/" {
            return overview::respond(&mut state, request, unix_now());
        }
        state.received.push(request.clone());
        if path == "/transfer" {
            return transfer_page::respond(&mut state, request, unix_now());
        }
        cashier::respond(&mut state, request, unix_now())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use wechatpay::HttpOptions;

    use super::super::authority::Authority;
    use super::super::responder::tests::state;
    use super::*;

    #[test]
    fn pages_and_commands_are_denied_to_other_machines() {
        let authority = Authority::new().unwrap();
        let options = HttpOptions::trusting(&authority.pem);
        let (state, own) = (Arc::new(Mutex::new(state())), IpAddr::from([127, 0, 0, 1]));
        let controller = Controller::new(state, authority, own, &options).unwrap();
        let dispatcher = Dispatcher(Arc::new(controller));
        let status = |method: &str, path: &str, peer| {
            let request = Received {
                method: method.to_owned(),
                path: path.to_owned(),
                headers: vec![("host".to_owned(), b"127.0.0.1:1".to_vec())],
                body: Vec::new(),
                client_certificate: None,
            };
            dispatcher.respond(&request, peer).response.status
        };
        for (method, path) in [
            ("GET", "/"),
            ("POST", "/"),
            ("GET", "/h5?prepay_id=wx1&package=2"),
            ("POST", "/cashier?prepay_id=wx1"),
            ("GET", "/sandbox/orders"),
            ("POST", "/sandbox/pay"),
        ] {
            assert_eq!(status(method, path, IpAddr::from([192, 0, 2, 1])), 403, "{method} {path}");
            assert_ne!(status(method, path, own), 403, "{method} {path}");
        }
        // Calls are signed.
        assert_eq!(status("GET", "/v3/certificates", IpAddr::from([192, 0, 2, 1])), 400);
    }
}
