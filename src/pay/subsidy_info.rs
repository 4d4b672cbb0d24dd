//! `subsidy_info`: who pays the interest of installments.

use crate::error::Violations;
use crate::open_set::open_set;
use crate::request_fields::request_fields;
use crate::strict_json::{Json, Read};
use crate::validate;

/// The part of the installment interest that the merchant pays for the payer.
///
/// No current page documents `subsidy_info`; the official SDKs have it. Ask WeChat Pay before you rely on it, because it may
/// refuse or ignore the field.
///
/// ```
/// use wechatpay::pay::{SubsidyDetail, SubsidyInfo, SubsidyPeriodType, SubsidyPlan};
///
/// let plan = SubsidyPlan::new(12, 100); // 12 期，商户承担全部利息
/// let detail = SubsidyDetail::new(SubsidyPeriodType::Period, vec![plan]);
/// let subsidy_info = SubsidyInfo::new(vec![detail]);
/// assert_eq!(subsidy_info.subsidy_detail.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubsidyInfo {
    /// `subsidy_detail`: the subsidies, at least one.
    pub subsidy_detail: Vec<SubsidyDetail>,
}

/// One subsidy of a [`SubsidyInfo`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubsidyDetail {
    /// `subsidy_period_type`: how the interest is reckoned.
    pub subsidy_period_type: SubsidyPeriodType,
    /// `subsidy_plan`: the numbers of installments that are subsidized, at least one.
    pub subsidy_plan: Vec<SubsidyPlan>,
}

/// A number of installments, and how much of their interest the merchant pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubsidyPlan {
    /// `subsidy_installment_num`: number of installments; 3, 6 and 12 are known.
    pub subsidy_installment_num: u64,
    /// `subsidy_percent`: percentage of the interest, at most 100; 0 and 100 are known.
    pub subsidy_percent: u64,
}

open_set! {
    /// `subsidy_period_type`: how the interest of a [`SubsidyDetail`] is reckoned.
    pay::SubsidyPeriodType {
        /// By the day.
        Daily = "DAILY",
        /// By installments.
        Period = "PERIOD",
    }
}

request_fields! { SubsidyInfo { ; subsidy_detail } }
request_fields! { SubsidyDetail { subsidy_period_type: SubsidyPeriodType, subsidy_plan: Vec<SubsidyPlan>; } }
request_fields! { SubsidyPlan { subsidy_installment_num: u64, subsidy_percent: u64; } }

impl SubsidyInfo {
    /// These subsidies.
    #[must_use]
    pub fn new(subsidy_detail: Vec<SubsidyDetail>) -> Self {
        Self { subsidy_detail }
    }

    pub(crate) fn find_violations(&self, violations: &mut Violations) {
        let path = "/subsidy_info/subsidy_detail";
        if self.subsidy_detail.is_empty() {
            violations.add(path, "must have at least one subsidy");
        }
        for (index, detail) in self.subsidy_detail.iter().enumerate() {
            let path = format!("{path}/{index}");
            let word = detail.subsidy_period_type.as_str();
            validate::text(violations, format!("{path}/subsidy_period_type"), word, 32);
            if detail.subsidy_plan.is_empty() {
                violations.add(format!("{path}/subsidy_plan"), "must have at least one plan");
            }
            for (index, plan) in detail.subsidy_plan.iter().enumerate() {
                let path = format!("{path}/subsidy_plan/{index}");
                if plan.subsidy_installment_num == 0 {
                    let rule = "must be a number of installments, such as 3, 6 or 12";
                    violations.add(format!("{path}/subsidy_installment_num"), rule);
                }
                if plan.subsidy_percent > 100 {
                    violations.add(format!("{path}/subsidy_percent"), "must be 0 to 100");
                }
            }
        }
    }
}

impl SubsidyDetail {
    /// A subsidy of these plans.
    #[must_use]
    pub fn new(subsidy_period_type: SubsidyPeriodType, subsidy_plan: Vec<SubsidyPlan>) -> Self {
        Self { subsidy_period_type, subsidy_plan }
    }
}

impl SubsidyPlan {
    /// This number of installments, of whose interest the merchant pays this percentage.
    #[must_use]
    pub fn new(subsidy_installment_num: u64, subsidy_percent: u64) -> Self {
        Self { subsidy_installment_num, subsidy_percent }
    }
}

impl Read for SubsidyPeriodType {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        String::read(json, path, violations).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsidy_is_written_by_its_names_and_checked() {
        let plans = vec![SubsidyPlan::new(3, 0), SubsidyPlan::new(12, 100)];
        let detail = SubsidyDetail::new(SubsidyPeriodType::Daily, plans);
        let mut info = SubsidyInfo::new(vec![detail]);
        assert_eq!(
            serde_json::to_string(&info).unwrap(),
            r#"{"subsidy_detail":[{"subsidy_period_type":"DAILY","subsidy_plan":[{"subsidy_installment_num":3,"subsidy_percent":0},{"subsidy_installment_num":12,"subsidy_percent":100}]}]}"#
        );
        let violations = |info: &SubsidyInfo| {
            let mut violations = Violations::default();
            info.find_violations(&mut violations);
            violations.into_result().map_or_else(|invalid| invalid.to_string(), |()| String::new())
        };
        assert_eq!(violations(&info), "");
        info.subsidy_detail[0].subsidy_plan[1] = SubsidyPlan::new(0, 101);
        assert_eq!(
            violations(&info),
            "/subsidy_info/subsidy_detail/0/subsidy_plan/1/subsidy_installment_num must be a number of \
             installments, such as 3, 6 or 12; \
             /subsidy_info/subsidy_detail/0/subsidy_plan/1/subsidy_percent must be 0 to 100"
        );
        info.subsidy_detail[0].subsidy_plan.clear();
        let rule = "/subsidy_info/subsidy_detail/0/subsidy_plan must have at least one plan";
        assert_eq!(violations(&info), rule);
        info.subsidy_detail.clear();
        let rule = "/subsidy_info/subsidy_detail must have at least one subsidy";
        assert_eq!(violations(&info), rule);
    }
}
