//! 转账场景: the scene of a transfer, with the information that it requires.

use serde::Serialize;

use crate::error::Violations;
use crate::strict_json::{Object, read_strictly};
use crate::validate;

/// 转账场景: what a transfer is for, and the information that WeChat Pay requires for it (转账场景报备信息).
///
/// The scene must be enabled on the merchant platform. Each information has 1 to 32 characters.
///
/// ```
/// use wechatpay::transfer::Scene;
///
/// let scene = Scene::commission("外卖员", "高温补贴");
/// assert_eq!(scene.id(), "1005");
/// assert_eq!(scene.report_infos()[1].info_type, "报酬说明");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scene {
    #[serde(rename = "transfer_scene_id")]
    id: String,
    #[serde(rename = "transfer_scene_report_infos", skip_serializing_if = "Vec::is_empty")]
    report_infos: Vec<ReportInfo>,
}

/// 转账场景报备信息: one information that a scene requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReportInfo {
    /// 信息类型: the name that WeChat Pay gives to the information. 1 to 15 characters.
    pub info_type: String,
    /// 信息内容: the information, 1 to 32 characters.
    pub info_content: String,
}

read_strictly! { ReportInfo { info_type, info_content; } }

impl ReportInfo {
    /// An information of this name, for [`Scene::other`].
    pub fn new(info_type: impl Into<String>, info_content: impl Into<String>) -> Self {
        Self { info_type: info_type.into(), info_content: info_content.into() }
    }
}

impl Scene {
    /// 现金营销 (1000): cash marketing, with 活动名称 (name of the campaign) and 奖励说明 (description of the reward).
    pub fn cash_marketing(activity: impl Into<String>, reward: impl Into<String>) -> Self {
        Self::known(&CASH_MARKETING, [activity.into(), reward.into()])
    }

    /// 行政补贴 (1002): an administrative subsidy, with 补贴类型 (its kind).
    pub fn administrative_subsidy(kind: impl Into<String>) -> Self {
        Self::known(&ADMINISTRATIVE_SUBSIDY, [kind.into()])
    }

    /// 保险理赔 (1004): an insurance claim, with 保险产品备案编号 (registration number of the product), 保险名称 (name of
    /// the insurance) and 保险操作单号 (number of the operation).
    pub fn insurance_claim(
        registration_number: impl Into<String>,
        insurance: impl Into<String>,
        operation_number: impl Into<String>,
    ) -> Self {
        let contents = [registration_number.into(), insurance.into(), operation_number.into()];
        Self::known(&INSURANCE_CLAIM, contents)
    }

    /// 佣金报酬 (1005): a commission, with 岗位类型 (the position) and 报酬说明 (description of the remuneration).
    pub fn commission(position: impl Into<String>, remuneration: impl Into<String>) -> Self {
        Self::known(&COMMISSION, [position.into(), remuneration.into()])
    }

    /// 采购货款 (1009): payment for purchased goods, with 采购商品名称 (name of the goods).
    pub fn purchase(goods: impl Into<String>) -> Self {
        Self::known(&PURCHASE, [goods.into()])
    }

    /// 二手回收 (1010): recycling of second-hand goods, with 回收商品名称 (name of the goods).
    pub fn second_hand_recycling(goods: impl Into<String>) -> Self {
        Self::known(&SECOND_HAND_RECYCLING, [goods.into()])
    }

    /// 企业赔付 (1011): compensation by a company, with 赔付原因 (the reason).
    pub fn compensation(reason: impl Into<String>) -> Self {
        Self::known(&COMPENSATION, [reason.into()])
    }

    /// 公益补助 (1013): a grant of a charity, with 公益活动名称 (name of the campaign) and 公益活动备案编号 (its
    /// registration number).
    pub fn charity_grant(
        activity: impl Into<String>,
        registration_number: impl Into<String>,
    ) -> Self {
        Self::known(&CHARITY_GRANT, [activity.into(), registration_number.into()])
    }

    /// A scene that has no function here: its id, and the information that the merchant platform
    /// shows for it.
    pub fn other(id: impl Into<String>, report_infos: Vec<ReportInfo>) -> Self {
        Self { id: id.into(), report_infos }
    }

    /// 转账场景ID: the id of the scene, such as `1000`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// 转账场景报备信息: the information, in the order in which it is sent.
    #[must_use]
    pub fn report_infos(&self) -> &[ReportInfo] {
        &self.report_infos
    }

    fn known<const N: usize>(known: &Known, contents: [String; N]) -> Self {
        let infos = known.info_types.iter().zip(contents);
        let infos = infos.map(|(info_type, content)| ReportInfo::new(*info_type, content));
        Self { id: known.id.to_owned(), report_infos: infos.collect() }
    }

    /// Reads `transfer_scene_id` and `transfer_scene_report_infos`.
    pub(super) fn read(object: &mut Object<'_>) -> Option<Self> {
        let id = object.required("transfer_scene_id");
        let report_infos = object.optional("transfer_scene_report_infos");
        Some(Self { id: id?, report_infos: report_infos.unwrap_or_default() })
    }

    /// Whether the page may be a red packet; of a scene that is not known here, WeChat Pay decides.
    pub(super) fn may_be_red_packet(&self) -> bool {
        self.documented().is_none_or(|known| known.may_be_red_packet)
    }

    pub(super) fn find_violations(&self, violations: &mut Violations, infos: Infos) {
        validate::text(violations, "/transfer_scene_id", &self.id, 36);
        let place = "/transfer_scene_report_infos";
        for (index, info) in self.report_infos.iter().enumerate() {
            validate::text(violations, format!("{place}/{index}/info_type"), &info.info_type, 15);
            let content = format!("{place}/{index}/info_content");
            validate::text(violations, content, &info.info_content, 32);
        }
        if infos == Infos::Optional && self.report_infos.is_empty() {
            return;
        }
        let given = || self.report_infos.iter().map(|info| info.info_type.as_str());
        match self.documented() {
            Some(known) => {
                let is_complete = self.report_infos.len() == known.info_types.len()
                    && known.info_types.iter().all(|wanted| given().any(|given| given == *wanted));
                if !is_complete {
                    let names = known.info_types.join(", ");
                    violations.add(
                        place,
                        format!("must be these for scene {}, each once: {names}", known.id),
                    );
                }
            }
            None if self.report_infos.is_empty() => {
                violations.add(
                    place,
                    "must be the information that the merchant platform shows for this scene",
                );
            }
            None => {}
        }
    }

    /// 用户收款感知: the text must be one of the scene's.
    pub(super) fn check_perception(&self, violations: &mut Violations, text: Option<&str>) {
        let (place, Some(text)) = ("/user_recv_perception", text) else { return };
        match self.documented() {
            Some(known) if !known.perceptions.contains(&text) => {
                let texts = known.perceptions.join(", ");
                violations
                    .add(place, format!("must be one of these for scene {}: {texts}", known.id));
            }
            Some(_) => {}
            None => validate::text(violations, place, text, 256),
        }
    }

    fn documented(&self) -> Option<&'static Known> {
        KNOWN.into_iter().find(|known| known.id == self.id)
    }
}

/// Whether a request must have the information of its scene.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Infos {
    Required,
    Optional,
}

/// A documented scene ([m/4013774588](https://pay.weixin.qq.com/doc/v3/merchant/4013774588) to
/// [m/4013774595](https://pay.weixin.qq.com/doc/v3/merchant/4013774595)).
struct Known {
    id: &'static str,
    /// 信息类型, all required.
    info_types: &'static [&'static str],
    /// 用户收款感知, the default first.
    perceptions: &'static [&'static str],
    may_be_red_packet: bool,
}

const KNOWN: [&Known; 8] = [
    &CASH_MARKETING,
    &ADMINISTRATIVE_SUBSIDY,
    &INSURANCE_CLAIM,
    &COMMISSION,
    &PURCHASE,
    &SECOND_HAND_RECYCLING,
    &COMPENSATION,
    &CHARITY_GRANT,
];

static CASH_MARKETING: Known = Known {
    id: "1000",
    info_types: &["活动名称", "奖励说明"],
    perceptions: &["活动奖励", "现金奖励"],
    may_be_red_packet: true,
};

static ADMINISTRATIVE_SUBSIDY: Known = Known {
    id: "1002",
    info_types: &["补贴类型"],
    perceptions: &["行政补贴", "行政奖励"],
    may_be_red_packet: true,
};

static INSURANCE_CLAIM: Known = Known {
    id: "1004",
    info_types: &["保险产品备案编号", "保险名称", "保险操作单号"],
    perceptions: &["保险理赔款"],
    may_be_red_packet: false,
};

static COMMISSION: Known = Known {
    id: "1005",
    info_types: &["岗位类型", "报酬说明"],
    perceptions: &["劳务报酬", "报销款", "企业补贴", "开工利是"],
    may_be_red_packet: true,
};

static PURCHASE: Known = Known {
    id: "1009",
    info_types: &["采购商品名称"],
    perceptions: &["货款"],
    may_be_red_packet: false,
};

static SECOND_HAND_RECYCLING: Known = Known {
    id: "1010",
    info_types: &["回收商品名称"],
    perceptions: &["二手回收货款"],
    may_be_red_packet: false,
};

static COMPENSATION: Known = Known {
    id: "1011",
    info_types: &["赔付原因"],
    perceptions: &["退款", "商家赔付"],
    may_be_red_packet: true,
};

static CHARITY_GRANT: Known = Known {
    id: "1013",
    info_types: &["公益活动名称", "公益活动备案编号"],
    perceptions: &["公益补助金"],
    may_be_red_packet: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_scene_is_complete_by_its_constructor() {
        let scenes = [
            Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖"),
            Scene::administrative_subsidy("社保补贴"),
            Scene::insurance_claim("备案1", "车险", "单1"),
            Scene::commission("外卖员", "高温补贴"),
            Scene::purchase("大米"),
            Scene::second_hand_recycling("手机"),
            Scene::compensation("商品质量问题"),
            Scene::charity_grant("助学", "备案2"),
        ];
        for (scene, known) in scenes.iter().zip(KNOWN) {
            assert_eq!((scene.id(), violations(scene)), (known.id, String::new()));
        }
    }

    #[test]
    fn incomplete_report_infos_are_refused() {
        let infos = |types: &[&str]| types.iter().map(|info| ReportInfo::new(*info, "x")).collect();
        let expected = "/transfer_scene_report_infos must be these for scene 1000, each once: 活动名称, 奖励说明";
        for types in [&[][..], &["活动名称"], &["活动名称", "活动名称"], &["活动名称", "报酬说明"]]
        {
            assert_eq!(violations(&Scene::other("1000", infos(types))), expected, "{types:?}");
        }
        assert_eq!(violations(&Scene::other("1000", infos(&["奖励说明", "活动名称"]))), "");
        assert_eq!(violations(&Scene::other("1006", infos(&["报销类型"]))), "");
        assert_eq!(
            violations(&Scene::other("1006", Vec::new())),
            "/transfer_scene_report_infos must be the information that the merchant platform shows \
             for this scene"
        );
        assert_eq!(
            violations(&Scene::cash_marketing("", "奖".repeat(33))),
            "/transfer_scene_report_infos/0/info_content must be 1 to 32 characters; \
             /transfer_scene_report_infos/1/info_content must be 1 to 32 characters"
        );
    }

    #[test]
    fn perception_is_one_of_the_scene() {
        let check = |scene: &Scene, text| {
            let mut violations = Violations::default();
            scene.check_perception(&mut violations, text);
            violations.into_result().map_err(|error| error.to_string())
        };
        let scene = Scene::compensation("商品质量问题");
        assert_eq!((check(&scene, None), check(&scene, Some("商家赔付"))), (Ok(()), Ok(())));
        assert_eq!(
            check(&scene, Some("货款")),
            Err("/user_recv_perception must be one of these for scene 1011: 退款, 商家赔付"
                .to_owned())
        );
        assert_eq!(check(&Scene::other("1006", Vec::new()), Some("报销款")), Ok(()));
    }

    fn violations(scene: &Scene) -> String {
        let mut violations = Violations::default();
        scene.find_violations(&mut violations, Infos::Required);
        violations.into_result().map_or_else(|error| error.to_string(), |()| String::new())
    }
}
