//! 图片上传, 视频上传: the documented uploads.

use serde_json::json;

use crate::interface::{Call, Interface, post};
use crate::multipart::Upload;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::state::State;

pub(crate) const INTERFACES: &[Interface] = &[
    post("/v3/merchant/media/upload", |call, state| {
        upload(call, state, &["jpg", "bmp", "png", "pdf"], 7_864_320, "media_id")
    }),
    post("/v3/merchant/media/video_upload", |call, state| {
        upload(call, state, VIDEO, 5 * MEGABYTE, "media_id")
    }),
    post("/v3/merchant-service/images/upload", |call, state| {
        upload(call, state, IMAGE, 2 * MEGABYTE, "media_id")
    }),
    post("/v3/marketing/favor/media/image-upload", |call, state| {
        upload(call, state, IMAGE, 2 * MEGABYTE, "media_url")
    }),
];

fn upload(
    call: &Call<'_>,
    state: &mut State,
    suffixes: &[&str],
    largest: usize,
    name: &str,
) -> Result<Response, Refusal> {
    call.no_query()?;
    let wrong = |message| Refusal::new(400, "PARAM_ERROR", message);
    let upload = Upload::read(call.request).ok_or_else(|| wrong("须为multipart/form-data"))?;
    upload.check()?;
    let (length, suffix) = upload.kind();
    if !suffixes.contains(&suffix.as_str()) {
        return Err(wrong("文件格式不支持"));
    }
    if length > largest {
        return Err(wrong("文件大小超限"));
    }
    Ok(Response::json(200, &json!({ name: state.ids.digits(32) })))
}

const MEGABYTE: usize = 1024 * 1024;
const IMAGE: &[&str] = &["jpg", "bmp", "png"];
const VIDEO: &[&str] = &["avi", "wmv", "mpeg", "mp4", "mov", "mkv", "flv", "f4v", "m4v", "rmvb"];
