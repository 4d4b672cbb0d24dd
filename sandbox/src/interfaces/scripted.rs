//! Interfaces that the sandbox does not model, with the responses of scripts.

use serde_json::Value;

#[cfg(feature = "aws-lc-rs")]
use crate::encrypted_fields;
use crate::interface::{Call, Interface};
use crate::multipart::Upload;
use crate::received::Received;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::scripts::{Script, ScriptedRequest};
use crate::state::State;

/// The interface of every request that has a script.
pub(crate) fn interface(script: &Script) -> &'static Interface {
    if script.is_file { &FILE } else { &SIGNED }
}

static SIGNED: Interface =
    Interface { method: "", path: "", handle: respond, is_file: false, is_for_any_key: false };

static FILE: Interface =
    Interface { method: "", path: "", handle: respond, is_file: true, is_for_any_key: false };

fn respond(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let request = call.request;
    let script = state.scripts.find(request).cloned();
    let script = script.ok_or_else(|| Refusal::bare(404))?;
    let body = plain_body(&script, request, state)?;
    let (method, path) = (request.method.clone(), request.path.clone());
    state.scripts.record(ScriptedRequest { method, path, body });
    if script.is_file {
        return Ok(Response::file("application/octet-stream", &script.body));
    }
    #[cfg(feature = "aws-lc-rs")]
    let script = {
        let merchant = state.merchants.get(call.mchid);
        let body = encrypted_fields::encrypt(script.body, &script.encrypted_in_response, merchant)?;
        Script { body, ..script }
    };
    Ok(Response { status: script.status, headers: Vec::new(), body: script.body })
}

/// The body of a request with nothing encrypted in it.
#[cfg_attr(not(feature = "aws-lc-rs"), expect(unused_variables, reason = "nothing is decrypted"))]
fn plain_body(script: &Script, request: &Received, state: &State) -> Result<String, Refusal> {
    let not_json = || Refusal::new(400, "PARAM_ERROR", "请求体须为JSON");
    if let Some(upload) = Upload::read(request) {
        return upload.check().map(|_| String::from_utf8_lossy(upload.meta).into_owned());
    }
    let text = String::from_utf8(request.body.clone()).map_err(|_| not_json())?;
    if text.is_empty() {
        return Ok(text);
    }
    let json: Value = serde_json::from_str(&text).map_err(|_| not_json())?;
    #[cfg(feature = "aws-lc-rs")]
    if let Some(plain) =
        encrypted_fields::decrypt(&json, &script.encrypted_in_request, request, &state.platform)?
    {
        return Ok(plain.to_string());
    }
    drop(json);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use crate::authorization_header::tests::{NOW, signed};
    use crate::responder::tests::{assert_sealed, code, state, with};
    use serde_json::Value;
    use wechatpay::Method;

    use super::*;
    use crate::scripts::Script;

    const PATTERN: &str = "/v3/marketing/busifavor/stocks/{stock_id}";
    const PATH: &str = "/v3/marketing/busifavor/stocks/98065001";

    #[test]
    fn scripted_response_is_signed_and_its_request_kept() {
        let mut state = state();
        state.scripts.add(Method::Patch, PATTERN, Script::new(200, r#"{"a":1}"#));
        let path = format!("{PATH}?x=1");
        let response = state.handle(&signed("PATCH", &path, r#"{"b": 2}"#), NOW);
        assert_eq!((response.status, &*response.body), (200, &b"{\"a\":1}"[..]));
        assert_sealed(&response, "ABCD");
        let body = r#"{"b": 2}"#.to_owned();
        let request = ScriptedRequest { method: "PATCH".to_owned(), path, body };
        assert_eq!(state.scripts.requests(), [request]);
    }

    #[test]
    fn script_is_for_its_method_and_path_alone() {
        let mut state = state();
        state.scripts.add(Method::Put, PATTERN, Script::new(204, ""));
        for (method, path) in [("POST", PATH), ("PUT", "/v3/marketing/busifavor/stocks")] {
            assert_eq!(state.handle(&signed(method, path, ""), NOW).status, 404, "{method} {path}");
        }
        state.scripts.add(Method::Put, PATTERN, Script::new(202, ""));
        assert_eq!(state.handle(&signed("PUT", PATH, ""), NOW).status, 202);
        state.scripts.clear();
        assert_eq!(state.handle(&signed("PUT", PATH, ""), NOW).status, 404);
        assert_eq!(state.scripts.requests().len(), 1);
    }

    #[test]
    fn scripted_file_is_not_signed_and_its_request_is_checked() {
        let mut state = state();
        state.scripts.add(Method::Get, "/v3/billdownload/file", Script::file(b"\xff\0"));
        let request = with(signed("GET", "/v3/billdownload/file?token=1", ""), "accept", "a/b");
        let response = state.handle(&request, NOW);
        assert_eq!((response.status, &*response.body), (200, &b"\xff\0"[..]));
        assert_eq!(response.header("Wechatpay-Signature"), None);
        assert_eq!(state.handle(&with(request, "authorization", ""), NOW).status, 401);
        assert_eq!(state.scripts.requests().len(), 1);
    }

    #[test]
    fn scripted_request_is_checked_like_any_other() {
        let mut state = state();
        state.scripts.add(Method::Post, PATH, Script::new(204, ""));
        let request = || signed("POST", PATH, "{}");
        let other_body = Received { body: b"{ }".to_vec(), ..request() };
        assert_eq!(state.handle(&other_body, NOW).status, 401);
        assert_eq!(state.handle(&request(), NOW + 301).status, 401);
        let response = state.handle(&with(request(), "content-type", "text/plain"), NOW);
        assert_eq!(code(&response), "INVALID_REQUEST");
        let response = state.handle(&with(request(), "wechatpay-serial", "EF"), NOW);
        assert_eq!(code(&response), "PARAM_ERROR");
        assert_eq!(code(&state.handle(&signed("POST", PATH, "{a}"), NOW)), "PARAM_ERROR");
        assert!(state.scripts.requests().is_empty());
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn encrypted_fields_are_decrypted_by_the_key_that_is_named() {
        use crate::encrypted_fields::tests::encrypted_for_the_platform;

        let mut state = state();
        let script = Script::new(200, r#"{"phone":"138"}"#).decrypt("/a/0/name").encrypt("/phone");
        state.scripts.add(Method::Post, PATH, script);
        let body = format!(r#"{{"a":[{{"name":"{}"}}]}}"#, encrypted_for_the_platform("张三"));
        let request = |body: &str| with(signed("POST", PATH, body), "wechatpay-serial", "ABCD");
        let response = state.handle(&request(&body), NOW);
        assert_eq!(response.status, 200);
        let response: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(response["phone"].as_str().unwrap().len(), 344);
        assert_eq!(state.scripts.requests()[0].body, r#"{"a":[{"name":"张三"}]}"#);

        let message = |response: Response| {
            let body: Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!((response.status, &body["code"]), (400, &"PARAM_ERROR".into()));
            body["message"].as_str().unwrap().to_owned()
        };
        let unnamed = state.handle(&signed("POST", PATH, &body), NOW);
        assert_eq!(message(unnamed), "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)");
        let plain = state.handle(&request(r#"{"a":[{"name":"张三"}]}"#), NOW);
        assert_eq!(message(plain), "请确认待处理的消息是否为加密后的密文");
        let other = format!(r#"{{"a":[{{"name":"{}A=="}}]}}"#, "A".repeat(341));
        assert_eq!(message(state.handle(&request(&other), NOW)), "平台私钥解密失败");
        // A field that is absent needs no value.
        assert_eq!(state.handle(&request("{}"), NOW).status, 200);
    }
}
