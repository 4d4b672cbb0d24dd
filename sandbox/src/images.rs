//! 图片: the images that merchants uploaded for the answers to complaints.

use std::collections::HashMap;

use super::refusal::Refusal;

/// The images, by `media_id`.
#[derive(Default)]
pub(super) struct Images {
    images: HashMap<String, Image>,
}

struct Image {
    mchid: String,
    content: Vec<u8>,
}

impl Images {
    pub(super) fn add(&mut self, media_id: &str, mchid: &str, content: &[u8]) {
        let image = Image { mchid: mchid.to_owned(), content: content.to_vec() };
        self.images.insert(media_id.to_owned(), image);
    }

    /// 图片请求接口.
    pub(super) fn get(&self, media_id: &str, mchid: &str) -> Result<&[u8], Refusal> {
        let image = self.images.get(media_id).filter(|image| image.mchid == mchid);
        let image = image.ok_or_else(|| Refusal::new(400, "PARAM_ERROR", "media_id无效"))?;
        Ok(&image.content)
    }
}
