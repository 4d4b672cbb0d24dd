//! What the sandbox serves of APIv2.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Call {
    /// 统一下单.
    Place,
    /// 查询订单.
    Query,
    /// 关闭订单.
    Close,
    /// 合单下单.
    PlaceCombined,
    /// 查询合单订单.
    QueryCombined,
    /// 关闭合单订单.
    CloseCombined,
    /// 申请退款.
    Refund,
    /// 查询退款.
    QueryRefund,
}

impl Call {
    pub(super) fn of_path(path: &str) -> Option<Self> {
        match path {
            "/pay/unifiedorder" => Some(Self::Place),
            "/pay/orderquery" => Some(Self::Query),
            "/pay/closeorder" => Some(Self::Close),
            "/pay/combinedorder" => Some(Self::PlaceCombined),
            "/pay/querycombinedorder" => Some(Self::QueryCombined),
            "/pay/closecombinedorder" => Some(Self::CloseCombined),
            "/secapi/pay/refund" => Some(Self::Refund),
            "/pay/refundquery" => Some(Self::QueryRefund),
            _ => None,
        }
    }

    pub(super) fn is_combined(self) -> bool {
        matches!(self, Self::PlaceCombined | Self::QueryCombined | Self::CloseCombined)
    }
}
