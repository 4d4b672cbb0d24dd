//! 图片上传, 视频上传, 图片请求接口: the documented uploads, and the images of complaints.

use serde_json::json;

use crate::interface::{Call, Interface, get, post};
use crate::multipart::Upload;
use crate::refusal::Refusal;
use crate::response::Response;
use crate::schema::{Rule, text};
use crate::state::State;

pub(crate) const INTERFACES: &[Interface] = &[
    post("/v3/merchant/media/upload", |call, state| {
        upload(call, state, &["jpg", "bmp", "png", "pdf"], 7_864_320, "media_id")
    }),
    post("/v3/merchant/media/video_upload", |call, state| {
        upload(call, state, VIDEO, 5 * MEGABYTE, "media_id")
    }),
    post("/v3/merchant-service/images/upload", upload_image_of_complaint),
    // Images have neither a signature nor a hash.
    Interface { is_file: true, ..get("/v3/merchant-service/images/{media_id}", image) },
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
    checked(call, suffixes, largest)?;
    Ok(Response::json(200, &json!({ name: state.ids.digits(32) })))
}

/// 商户上传反馈图片.
fn upload_image_of_complaint(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    let upload = checked(call, IMAGE, 2 * MEGABYTE)?;
    let media_id = state.ids.digits(32);
    state.images.add(&media_id, call.mchid, upload.file);
    Ok(Response::json(200, &json!({ "media_id": media_id })))
}

/// 图片请求接口.
fn image(call: &Call<'_>, state: &mut State) -> Result<Response, Refusal> {
    call.no_query()?;
    let media_id = call.path_parameter("media_id", &MEDIA_ID)?;
    let image = state.images.get(&media_id, call.mchid)?;
    Ok(Response::file("image/*", image))
}

fn checked<'a>(call: &Call<'a>, suffixes: &[&str], largest: usize) -> Result<Upload<'a>, Refusal> {
    call.no_query()?;
    let wrong = |message| Refusal::new(400, "PARAM_ERROR", message);
    let upload = Upload::read(call.request).ok_or_else(|| wrong("须为multipart/form-data"))?;
    upload.check()?;
    if !suffixes.contains(&upload.suffix().as_str()) {
        return Err(wrong("文件格式不支持"));
    }
    if upload.file.len() > largest {
        return Err(wrong("文件大小超限"));
    }
    Ok(upload)
}

const MEDIA_ID: Rule = text(512);
const MEGABYTE: usize = 1024 * 1024;
const IMAGE: &[&str] = &["jpg", "bmp", "png"];
const VIDEO: &[&str] = &["avi", "wmv", "mpeg", "mp4", "mov", "mkv", "flv", "f4v", "m4v", "rmvb"];
