//! From the path of a request to its interface, and the list of all interfaces.

use super::interface::Interface;
use super::order_book::OrderBook;
use super::refunds;
use super::refusal::FieldErrors;
use super::tables;

/// The interface with this path.
pub(super) fn route(path: &str) -> Option<&'static Interface> {
    ALL.iter().find(|interface| interface.path == path)
}

static ALL: [Interface; 10] = [
    // 付款码支付.
    Interface {
        path: "/pay/micropay",
        fields: tables::MICROPAY,
        is_combined: false,
        field_errors: FieldErrors::PARAM_ERROR,
        handle: OrderBook::micropay,
    },
    // 撤销订单.
    Interface {
        path: "/secapi/pay/reverse",
        fields: tables::QUERY,
        is_combined: false,
        field_errors: FieldErrors::PARAM_ERROR,
        handle: |orders, request, context| orders.reverse(request, context.now),
    },
    // 统一下单.
    Interface {
        path: "/pay/unifiedorder",
        fields: tables::ORDER,
        is_combined: false,
        field_errors: FieldErrors::INVALID_REQUEST,
        handle: OrderBook::place,
    },
    // 查询订单.
    Interface {
        path: "/pay/orderquery",
        fields: tables::QUERY,
        is_combined: false,
        field_errors: FieldErrors::PARAM_ERROR,
        handle: |orders, request, context| orders.query(request, context.now),
    },
    // 关闭订单.
    Interface {
        path: "/pay/closeorder",
        fields: tables::CLOSE,
        is_combined: false,
        field_errors: FieldErrors::INVALID_REQUEST,
        handle: |orders, request, context| orders.close_single(request, context.now),
    },
    // 合单下单.
    Interface {
        path: "/pay/combinedorder",
        fields: tables::COMBINED_ORDER,
        is_combined: true,
        field_errors: FieldErrors::COMBINED,
        handle: OrderBook::place_combined,
    },
    // 查询合单订单.
    Interface {
        path: "/pay/querycombinedorder",
        fields: tables::COMBINED_QUERY,
        is_combined: true,
        field_errors: FieldErrors::COMBINED,
        handle: |orders, request, _| orders.query_combined(request),
    },
    // 关闭合单订单.
    Interface {
        path: "/pay/closecombinedorder",
        fields: tables::COMBINED_CLOSE,
        is_combined: true,
        field_errors: FieldErrors::COMBINED,
        handle: |orders, request, context| orders.close_combined(request, context.now),
    },
    // 申请退款.
    Interface {
        path: "/secapi/pay/refund",
        fields: tables::REFUND,
        is_combined: false,
        field_errors: FieldErrors::PARAM_ERROR,
        handle: refunds::apply,
    },
    // 查询退款.
    Interface {
        path: "/pay/refundquery",
        fields: tables::REFUND_QUERY,
        is_combined: false,
        field_errors: FieldErrors::PARAM_ERROR,
        handle: |orders, request, _| refunds::query(orders, request),
    },
];
