//! A user's browser without a screen, which also sends commands.

use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use wechatpay_sandbox::Sandbox;

pub(crate) struct BrowserClient {
    agent: Agent,
    base_url: String,
}

/// What the browser_client gets.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl BrowserClient {
    /// Goes nowhere on its own.
    pub(crate) fn to(sandbox: &Sandbox) -> Self {
        let root = Certificate::from_pem(sandbox.ca_pem().as_bytes()).unwrap();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(tls);
        Self { agent: config.build().new_agent(), base_url: sandbox.base_url().to_owned() }
    }

    pub(crate) fn get(&self, address: &str) -> Page {
        Page::of(self.agent.get(self.absolute(address)).call().unwrap())
    }

    /// Clicks the button of this name, on a page of this origin.
    pub(crate) fn click(&self, address: &str, action: &str, origin: &str) -> Page {
        self.press(address, &format!("action={action}"), origin)
    }

    /// Sends this form, from a page of this origin.
    pub(crate) fn press(&self, address: &str, form: &str, origin: &str) -> Page {
        let post = self.agent.post(self.absolute(address)).header("Origin", origin);
        let post = post.content_type("application/x-www-form-urlencoded");
        Page::of(post.send(form).unwrap())
    }

    /// As a page of a host whose name was made to lead to the sandbox (DNS rebinding).
    pub(crate) fn click_as(&self, host: &str, address: &str, action: &str) -> Page {
        let post = self.agent.post(self.absolute(address)).header("Host", host);
        let post = post.header("Origin", format!("https://{host}"));
        let post = post.content_type("application/x-www-form-urlencoded");
        Page::of(post.send(format!("action={action}")).unwrap())
    }

    pub(crate) fn get_as(&self, host: &str, address: &str) -> Page {
        Page::of(self.agent.get(self.absolute(address)).header("Host", host).call().unwrap())
    }

    pub(crate) fn pay(&self, address: &str) -> Page {
        self.click(address, "pay", &self.base_url)
    }

    pub(crate) fn refuse(&self, address: &str) -> Page {
        self.click(address, "refuse", &self.base_url)
    }

    /// `GET` or `POST`, its name behind `/sandbox/`, and its body.
    pub(crate) fn command(&self, method: &str, name: &str, body: &str) -> (u16, Value) {
        let address = self.absolute(&format!("/sandbox/{name}"));
        let page = Page::of(match method {
            "GET" => self.agent.get(address).call().unwrap(),
            _ => self.agent.post(address).send(body).unwrap(),
        });
        assert_eq!(page.header("Content-Type"), "application/json; charset=utf-8", "{name}");
        (page.status, serde_json::from_str(&page.body).unwrap())
    }

    /// Posts JSON, unsigned.
    pub(crate) fn post(&self, address: &str, body: &str) -> Page {
        Page::of(self.agent.post(self.absolute(address)).send(body).unwrap())
    }

    fn absolute(&self, address: &str) -> String {
        if address.starts_with('/') {
            format!("{}{address}", self.base_url)
        } else {
            address.to_owned()
        }
    }
}

impl Page {
    fn of(mut response: Response<ureq::Body>) -> Self {
        let body = response.body_mut().read_to_string().unwrap();
        Self { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn assert_shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.body.contains(text), "{text} is not in {}", self.body);
        }
    }

    #[track_caller]
    pub(crate) fn assert_hides(&self, texts: &[&str]) {
        for text in texts {
            assert!(!self.body.contains(text), "{text} is in {}", self.body);
        }
    }
}
