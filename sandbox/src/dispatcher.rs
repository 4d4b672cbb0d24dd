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
use super::{cashier, commands, overview, responder, url};

/// Serves requests with a controller and its state.
pub(super) struct Dispatcher(pub(super) Arc<Controller>);

impl Host for Dispatcher {
    fn greet(&self) -> io::Result<Option<Arc<ServerConfig>>> {
        self.0.greet()
    }

    fn respond(&self, request: &Received, peer: IpAddr) -> Outgoing {
        let Self(controller) = self;
        let (path, _) = url::split(&request.path);
        let response = match path {
            "/" => overview::respond(&mut controller.state(), request, unix_now()),
            "/h5" | "/cashier" => {
                let mut state = controller.state();
                state.received.push(request.clone());
                cashier::respond(&mut state, request, unix_now())
            }
            // Every browser asks for it.
            "/favicon.ico" => Response::empty(204),
            "/sandbox/style.css" => overview::style(),
            _ if path.starts_with("/sandbox/") => commands::respond(controller, request, peer),
            _ => return responder::respond(&mut controller.state(), request, unix_now()),
        };
        response.into()
    }
}
