//! The sandbox without its network: a state machine from request to answer.

use super::MCHID;
use super::answer::Answer;
use super::authority::{HOSTS, MERCHANT_KEY_PEM, NEXT_PLATFORM_KEY_PEM, PLATFORM_KEY_PEM};
use super::authorization;
use super::balance::Balance;
use super::bills::{Bill, Bills};
use super::breakage::Break;
use super::calendar::Beijing;
use super::calendar::http_date;
use super::certificates;
use super::cipher::Cipher;
use super::combined_transaction;
use super::fault::{Fault, Greeting, Pen};
use super::fault_rules::{Change, FaultRule, Faults, Trouble};
use super::fields;
use super::fresh::Fresh;
use super::fund_flow_bill::FUND_FLOW_BILL;
use super::journal::Journal;
use super::merchants::Merchants;
use super::notifications::{Letter, News, Notification, Notifications, Version};
use super::order_error::OrderError;
use super::orders::{Orders, Wanted};
use super::parties::{Caller, Mode};
use super::platform::{self, KeyMode, Platform, PlatformCertificate};
use super::rate_limit::RateLimit;
use super::received::Received;
use super::refunds::{self, NoSuchRefund, RefundStatus};
use super::refusal::Refusal;
use super::schema::{read_path, read_query};
use super::summary::{self, OrderSummary, RefundSummary, Told};
use super::tickets::{Due, Kind, Placed, Tickets};
use super::trade_bill::TRADE_BILL;
use super::trade_type::TradeType;
use super::transaction;
use super::url;

/// Everything that the sandbox remembers.
pub(super) struct World {
    platform: Platform,
    merchants: Merchants,
    cipher: Cipher,
    fresh: Fresh,
    /// Where the sandbox is reached.
    base_url: String,
    orders: Orders,
    tickets: Tickets,
    notifications: Notifications,
    balance: Balance,
    rate_limit: Option<RateLimit>,
    bills: Bills,
    #[cfg(feature = "v2")]
    v2: super::v2::Room,
    clock_offset: i64,
    business_offset: i64,
    answer_offset: i64,
    received: Vec<Received>,
    journal: Journal,
    faults: Faults,
}

/// An answer, and how it breaks on the wire.
pub(super) struct Outgoing {
    pub(super) answer: Answer,
    pub(super) broken: Option<Break>,
}

/// What the sandbox serves, with the parameters of the path as they came.
#[derive(Clone, Copy)]
enum Call<'a> {
    /// 下单.
    Place(Mode, TradeType),
    /// 微信支付订单号查询订单.
    QueryById(Mode, &'a str),
    /// 商户订单号查询订单.
    QueryByNumber(Mode, &'a str),
    /// 关闭订单.
    Close(Mode, &'a str),
    /// 合单下单.
    PlaceCombined(TradeType),
    /// 查询合单订单.
    QueryCombined(&'a str),
    /// 关闭合单订单.
    CloseCombined(&'a str),
    /// 申请退款.
    Refund,
    /// 查询单笔退款.
    QueryRefund(&'a str),
    /// 发起异常退款.
    RefundAbnormal(&'a str),
    /// 下载平台证书.
    Certificates,
    /// 申请交易账单, 申请资金账单.
    Bill(&'static Bill),
    /// 下载账单.
    BillFile,
}

impl World {
    pub(super) fn new(
        platform: Platform,
        merchants: Merchants,
        cipher: Cipher,
        fresh: Fresh,
        base_url: String,
    ) -> Self {
        Self {
            platform,
            merchants,
            cipher,
            fresh,
            base_url,
            orders: Orders::default(),
            tickets: Tickets::default(),
            notifications: Notifications::default(),
            balance: Balance::default(),
            rate_limit: None,
            bills: Bills::default(),
            #[cfg(feature = "v2")]
            v2: super::v2::Room::default(),
            clock_offset: 0,
            business_offset: 0,
            answer_offset: 0,
            received: Vec::new(),
            journal: Journal::default(),
            faults: Faults::default(),
        }
    }

    /// Answers a request; `now` is the true time in Unix seconds.
    pub(super) fn respond(&mut self, request: &Received, now: i64) -> Outgoing {
        self.receive(request);
        let outgoing = self.answer(request, now);
        self.journal.exchanged(now, request, &outgoing);
        outgoing
    }

    fn answer(&mut self, request: &Received, now: i64) -> Outgoing {
        #[cfg(feature = "v2")]
        if super::v2::Room::serves(request) {
            return self.handle_v2(request, now);
        }
        let call = route(request);
        // The service does not sign files: their hash was in an answer that it signed.
        let is_file = matches!(call, Ok(Call::BillFile));
        let known = call.and_then(|call| Ok((call, self.identify(call, request, now)?)));
        // A request that is refused like this has its own trouble.
        let trouble = if known.is_ok() { self.faults.draw(request) } else { Trouble::default() };
        let business = self.business(now);
        let is_taken = |limit: &mut RateLimit| limit.takes(business);
        let known = known.and_then(|known| match self.rate_limit.as_mut().is_none_or(is_taken) {
            true => Ok(known),
            false => Err(Refusal::new(429, "FREQUENCY_LIMITED", "频率超限，请降低请求频率后重试")),
        });
        let told = match (known, trouble.instead) {
            (Ok(_), Some(refusal)) | (Err(refusal), _) => Err(refusal),
            (Ok((call, mchid)), None) => self.decide(call, &mchid, request, now),
        };
        let told = told.and_then(|answer| trouble.afterwards.map_or(Ok(answer), Err));
        let (mut answer, number) = match told {
            Ok(answer) => (answer, 0),
            Err(refusal) => (refusal.answer(), refusal.number),
        };
        self.dress(&mut answer, number, self.clock(now));
        if let Some(rewrite) = trouble.rewrite {
            rewrite(&mut answer);
        }
        self.faults.rewrite(&mut answer);
        if !is_file {
            let offset = self.answer_offset.saturating_add(trouble.skew);
            let signed_at = self.clock(now).saturating_add(offset);
            self.seal(&mut answer, request, signed_at, trouble.pen);
        }
        if let Some(tamper) = trouble.tamper {
            tamper(&mut answer);
        }
        self.faults.tamper(&mut answer);
        Outgoing { answer, broken: trouble.broken }
    }

    /// As [`World::answer`]. What concerns the signature of an answer concerns no answer of APIv2,
    /// which has it among its fields.
    #[cfg(feature = "v2")]
    fn handle_v2(&mut self, request: &Received, now: i64) -> Outgoing {
        let trouble = self.faults.draw_by_rule(request);
        let (room, place) = self.v2(now);
        let refusals = (trouble.instead.as_ref(), trouble.afterwards.as_ref());
        let mut answer = room.handle(request, place, refusals);
        if let Some(tamper) = trouble.tamper {
            tamper(&mut answer);
        }
        self.faults.tamper(&mut answer);
        Outgoing { answer, broken: trouble.broken }
    }

    /// APIv2, and what it shares with the rest.
    #[cfg(feature = "v2")]
    pub(super) fn v2(&mut self, now: i64) -> (&mut super::v2::Room, super::v2::Place<'_>) {
        let now = self.business(now);
        let Self { v2, merchants, fresh, tickets, balance, notifications, base_url, .. } = self;
        let (base_url, sign_type) = (base_url.as_str(), "");
        let place = super::v2::Place {
            merchants,
            fresh,
            base_url,
            tickets,
            balance,
            notifications,
            now,
            sign_type,
        };
        (v2, place)
    }

    /// The user pays an order, with a coupon of so many fen.
    pub(super) fn pay(
        &mut self,
        mchid: &str,
        number: &str,
        coupon: u64,
        now: i64,
    ) -> Result<(), OrderError> {
        let now = self.business(now);
        let order = self.orders.pay(mchid, number, coupon, now, &mut self.fresh)?;
        let resource = transaction::describe(order, now);
        let news = News::of_payment(order.notify_url(), number, &resource);
        self.notifications.add(&news, now, &self.cipher, &mut self.fresh);
        Ok(())
    }

    /// The user pays a combined order.
    pub(super) fn pay_combined(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<(), OrderError> {
        let now = self.business(now);
        let whole = self.orders.pay_combined(mchid, number, now, &mut self.fresh)?;
        let resource = combined_transaction::describe(&whole, now);
        let news = News::of_payment(whole.notify_url(), number, &resource);
        self.notifications.add(&news, now, &self.cipher, &mut self.fresh);
        Ok(())
    }

    /// The user's payment of an order fails.
    pub(super) fn refuse_payment(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<(), OrderError> {
        let now = self.business(now);
        self.orders.refuse_payment(mchid, number, now)
    }

    /// As [`World::refuse_payment`], for a combined order.
    pub(super) fn refuse_combined_payment(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<(), OrderError> {
        let now = self.business(now);
        self.orders.refuse_combined_payment(mchid, number, now)
    }

    /// The user pays an order of whatever kind.
    pub(super) fn pay_due(&mut self, due: &Due, now: i64) -> Result<(), OrderError> {
        let Due { kind, number } = due;
        match kind {
            Kind::Single => self.pay(MCHID, number, 0, now),
            Kind::Combined => self.pay_combined(MCHID, number, now),
            #[cfg(feature = "v2")]
            Kind::V2Single => {
                let (room, place) = self.v2(now);
                room.pay(number, &[], place)
            }
            #[cfg(feature = "v2")]
            Kind::V2Combined => {
                let (room, place) = self.v2(now);
                room.pay_combined(number, place)
            }
        }
    }

    /// The user's payment of an order of whatever kind fails.
    pub(super) fn refuse_due(&mut self, due: &Due, now: i64) -> Result<(), OrderError> {
        let Due { kind, number } = due;
        match kind {
            Kind::Single => self.refuse_payment(MCHID, number, now),
            Kind::Combined => self.refuse_combined_payment(MCHID, number, now),
            #[cfg(feature = "v2")]
            Kind::V2Single => self.v2.refuse_payment(number, self.business(now)),
            #[cfg(feature = "v2")]
            Kind::V2Combined => self.v2.refuse_combined_payment(number, self.business(now)),
        }
    }

    /// An order is closed by other means than the interface.
    pub(super) fn close(&mut self, mchid: &str, number: &str) -> Result<(), OrderError> {
        self.orders.shut(mchid, number)
    }

    /// As [`World::close`], for a combined order.
    pub(super) fn close_combined(&mut self, mchid: &str, number: &str) -> Result<(), OrderError> {
        self.orders.shut_combined(mchid, number)
    }

    /// A refund ends.
    pub(super) fn end_refund(
        &mut self,
        mchid: &str,
        number: &str,
        status: RefundStatus,
        now: i64,
    ) -> Result<(), NoSuchRefund> {
        let now = self.business(now);
        let (order, refund) = refunds::end(&mut self.orders, mchid, number, status, now)?;
        let news = News {
            notify_url: refund.notify_url(order),
            number,
            event_type: &format!("REFUND.{}", status.as_str()),
            summary: status.summary(),
            about: "refund",
            resource: &refunds::notification(order, refund),
        };
        self.notifications.add(&news, now, &self.cipher, &mut self.fresh);
        if status == RefundStatus::Closed {
            self.balance.put_back(refund.amount());
        }
        Ok(())
    }

    /// The pending notifications, signed now.
    pub(super) fn letters(&mut self, now: i64) -> Vec<Letter> {
        let now = self.clock(now);
        self.notifications.letters(|_| true, &mut self.platform, now, &mut self.fresh)
    }

    /// The pending notifications whose time has come, signed now.
    pub(super) fn due_letters(&mut self, now: i64) -> Vec<Letter> {
        let (now, business) = (self.clock(now), self.business(now));
        self.notifications.letters(|due| due <= business, &mut self.platform, now, &mut self.fresh)
    }

    /// The pending notifications of one version of the interfaces: nobody else gets them any more.
    pub(super) fn take_notifications(&mut self, version: Version, now: i64) -> Vec<Notification> {
        let mut letters = self.letters(now);
        letters.retain(|letter| letter.version == version);
        let take = |letter: Letter| {
            self.settle(&letter.id);
            let notification = Notification::from(letter);
            self.journal.sent(now, notification.clone(), None);
            notification
        };
        letters.into_iter().map(take).collect()
    }

    /// The notification again, signed now.
    pub(super) fn sign_again(&mut self, notification: &Notification, now: i64) -> Notification {
        let now = self.clock(now);
        self.notifications.sign_again(notification, &mut self.platform, now, &mut self.fresh)
    }

    /// A notification was posted and not taken: says how many seconds later it comes again, if it does.
    pub(super) fn postpone(&mut self, id: &str, now: i64) -> Option<i64> {
        let now = self.business(now);
        self.notifications.postpone(id, now)
    }

    /// The pending notifications, signed now, and left where they are.
    pub(super) fn pending_notifications(&mut self, now: i64) -> Vec<Notification> {
        self.letters(now).into_iter().map(Notification::from).collect()
    }

    /// A notification that is pending, or was sent or taken lately, signed now.
    pub(super) fn notification(&mut self, id: &str, now: i64) -> Option<Notification> {
        let pending =
            self.pending_notifications(now).into_iter().find(|notification| notification.id == id);
        let mut sent = self.journal.deliveries().iter().rev().map(|sent| &sent.notification);
        let sent = sent.find(|notification| notification.id == id).cloned();
        pending.or_else(|| sent.map(|notification| self.sign_again(&notification, now)))
    }

    /// A notification has arrived.
    pub(super) fn settle(&mut self, id: &str) {
        self.notifications.settle(id);
    }

    pub(super) fn set_balance(&mut self, fen: u64) {
        self.balance = Balance::of(fen);
    }

    pub(super) fn limit_rate(&mut self, rate_limit: RateLimit) {
        self.rate_limit = Some(rate_limit);
    }

    pub(super) fn set_key_mode(&mut self, mode: KeyMode) {
        self.platform.set_mode(mode);
    }

    pub(super) fn announce(&mut self, certificate: PlatformCertificate) {
        self.platform.announce(certificate);
    }

    pub(super) fn rotate(&mut self, certificate: PlatformCertificate) -> String {
        self.platform.rotate(certificate)
    }

    pub(super) fn retire(&mut self) {
        self.platform.retire();
    }

    /// Keeps a request, also one of a user.
    pub(super) fn receive(&mut self, request: &Received) {
        self.received.push(request.clone());
    }

    pub(super) fn received(&self) -> &[Received] {
        &self.received
    }

    pub(super) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// The order that a ticket opens.
    pub(super) fn order_of_ticket(&self, ticket: &str, now: i64) -> Option<(Due, OrderSummary)> {
        let placed = self.tickets.order_of(ticket)?;
        Some((placed.due.clone(), self.summary(placed, now)?))
    }

    /// Whether a ticket can no longer be paid with.
    pub(super) fn has_expired(&self, ticket: &str, now: i64) -> bool {
        self.tickets.has_expired(ticket, self.business(now))
    }

    /// Every order, the newest first.
    pub(super) fn order_summaries(&self, now: i64) -> Vec<OrderSummary> {
        self.tickets.placed().iter().rev().filter_map(|placed| self.summary(placed, now)).collect()
    }

    /// Every refund, the newest first.
    pub(super) fn refund_summaries(&self) -> Vec<RefundSummary> {
        let mut refunds: Vec<_> = summary::refunds(&self.orders).collect();
        #[cfg(feature = "v2")]
        refunds.extend(self.v2.refund_summaries());
        // Those of the same second by their numbers, so that they keep their places.
        let newest = |refund: &RefundSummary| (refund.create_time, refund.out_refund_no.clone());
        refunds.sort_by_key(|refund| std::cmp::Reverse(newest(refund)));
        refunds
    }

    fn summary(&self, placed: &Placed, now: i64) -> Option<OrderSummary> {
        let (Due { kind, number }, now) = (&placed.due, self.business(now));
        let told = match kind {
            Kind::Single => Told::of(self.orders.single_of(MCHID, number)?, now),
            Kind::Combined => Told::of_combined(&self.orders.whole(MCHID, number)?, now),
            #[cfg(feature = "v2")]
            Kind::V2Single => self.v2.order_told(number)?,
            #[cfg(feature = "v2")]
            Kind::V2Combined => self.v2.combined_told(number)?,
        };
        Some(OrderSummary {
            version: kind.version(),
            is_combined: kind.is_combined(),
            out_trade_no: number.clone(),
            total: told.total(),
            trade_type: told.trade_type,
            trade_state: told.trade_state,
            items: told.items,
            notify_url: told.notify_url,
            ticket: placed.ticket.clone(),
            placed: Beijing::at(placed.at).plain(),
        })
    }

    pub(super) fn refuse_next(&mut self, refusal: Refusal) {
        self.faults.refuse_next(refusal);
    }

    pub(super) fn rewrite_next(&mut self, change: Change) {
        self.faults.rewrite_next(change);
    }

    pub(super) fn tamper_next(&mut self, change: Change) {
        self.faults.tamper_next(change);
    }

    pub(super) fn fault_when(&mut self, rule: FaultRule, fault: Fault) {
        self.faults.add(rule, fault);
    }

    /// How the next connection begins, if not as it should.
    pub(super) fn draw_greeting(&mut self) -> Option<Greeting> {
        self.faults.draw_greeting()
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
    }

    pub(super) fn shift_clock(&mut self, seconds: i64) {
        self.clock_offset = self.clock_offset.saturating_add(seconds);
    }

    pub(super) fn shift_answers(&mut self, seconds: i64) {
        self.answer_offset = self.answer_offset.saturating_add(seconds);
    }

    pub(super) fn let_time_pass(&mut self, seconds: u64) {
        self.business_offset = self.business_offset.saturating_add_unsigned(seconds);
    }

    /// The time by which signatures are checked and made.
    fn clock(&self, now: i64) -> i64 {
        now.saturating_add(self.clock_offset)
    }

    /// The time of everything else.
    pub(super) fn business(&self, now: i64) -> i64 {
        self.clock(now).saturating_add(self.business_offset)
    }

    /// Who calls, by a request that is in order as far as every interface wants it.
    fn identify(&self, call: Call<'_>, request: &Received, now: i64) -> Result<String, Refusal> {
        check_headers(request, call)?;
        self.platform.answering(request)?;
        authorization::check(request, &self.merchants, self.clock(now))
    }

    fn decide(
        &mut self,
        call: Call<'_>,
        mchid: &str,
        request: &Received,
        now: i64,
    ) -> Result<Answer, Refusal> {
        let now = self.business(now);
        let Self { orders, tickets, bills, balance, merchants, platform, cipher, .. } = self;
        let (fresh, base_url) = (&mut self.fresh, &self.base_url);
        let caller = &Caller { mchid, merchants, now };
        let (_, query) = url::split(&request.path);
        match call {
            Call::Place(mode, trade_type) => {
                read_query(query, fields::NONE)?;
                let number = orders.place(mode, trade_type, &request.body, caller)?;
                let ticket = trade_type.ticket(now, base_url, fresh);
                tickets.add(&ticket.name, Due::new(Kind::Single, &number), now);
                Ok(Answer::json(200, &ticket.told))
            }
            Call::QueryById(mode, raw) => {
                let id = read_path("transaction_id", raw, &fields::PLATFORM_NUMBER)?;
                let owner = read_query(query, fields::owner(mode))?;
                let order = orders.query(mode, &Wanted::TransactionId(id), &owner, caller)?;
                Ok(Answer::json(200, &transaction::describe(order, now)))
            }
            Call::QueryByNumber(mode, raw) => {
                let number = read_path("out_trade_no", raw, &fields::OUT_TRADE_NO)?;
                let owner = read_query(query, fields::owner(mode))?;
                let order = orders.query(mode, &Wanted::OutTradeNo(number), &owner, caller)?;
                Ok(Answer::json(200, &transaction::describe(order, now)))
            }
            Call::Close(mode, raw) => {
                let number = read_path("out_trade_no", raw, &fields::OUT_TRADE_NO)?;
                read_query(query, fields::NONE)?;
                orders.close(mode, number, &request.body, caller)?;
                Ok(Answer::empty(204))
            }
            Call::PlaceCombined(trade_type) => {
                read_query(query, fields::NONE)?;
                let number = orders.place_combined(trade_type, &request.body, caller)?;
                let ticket = trade_type.ticket(now, base_url, fresh);
                tickets.add(&ticket.name, Due::new(Kind::Combined, &number), now);
                Ok(Answer::json(200, &ticket.told))
            }
            Call::QueryCombined(raw) => {
                let number = read_path("combine_out_trade_no", raw, &fields::OUT_TRADE_NO)?;
                read_query(query, fields::NONE)?;
                let whole = orders.query_combined(&number, caller)?;
                Ok(Answer::json(200, &combined_transaction::describe(&whole, now)))
            }
            Call::CloseCombined(raw) => {
                let number = read_path("combine_out_trade_no", raw, &fields::OUT_TRADE_NO)?;
                read_query(query, fields::NONE)?;
                orders.close_combined(&number, &request.body, caller)?;
                Ok(Answer::empty(204))
            }
            Call::Refund => {
                read_query(query, fields::NONE)?;
                let refund = refunds::apply(orders, &request.body, caller, balance, fresh)?;
                Ok(Answer::json(200, &refund))
            }
            Call::QueryRefund(raw) => {
                let number = read_path("out_refund_no", raw, &fields::OUT_REFUND_NO)?;
                let owner = read_query(query, fields::REFUND_OWNER)?;
                Ok(Answer::json(200, &refunds::query(orders, &number, &owner, caller)?))
            }
            Call::RefundAbnormal(raw) => {
                let id = read_path("refund_id", raw, &fields::PLATFORM_NUMBER)?;
                read_query(query, fields::NONE)?;
                let names_key = platform::is_named_by(request);
                let refund =
                    refunds::apply_abnormal(orders, &id, &request.body, names_key, caller)?;
                Ok(Answer::json(200, &refund))
            }
            Call::Certificates => {
                read_query(query, fields::CERTIFICATES)?;
                Ok(Answer::json(200, &certificates::list(platform, cipher, fresh)?))
            }
            Call::Bill(bill) => {
                let query = read_query(query, bill.parameters)?;
                let base_url = asked_by_name(request).unwrap_or_else(|| base_url.clone());
                let offer = bills.apply(bill, &query, orders, caller, &base_url, fresh)?;
                Ok(Answer::json(200, &offer))
            }
            Call::BillFile => {
                let query = read_query(query, fields::BILL_FILE)?;
                Ok(Answer::file("application/octet-stream", bills.file(&query, caller)?))
            }
        }
    }

    /// The headers of every answer (如何解析应答, merchant/4013053249).
    fn dress(&mut self, answer: &mut Answer, number: u32, now: i64) {
        let id = self.fresh.digits(32).to_ascii_uppercase();
        answer.set_header("Request-ID", format!("{id}-{number}"));
        if answer.header("Content-Type").is_none() {
            answer.set_header("Content-Type", "application/json; charset=utf-8");
        }
        answer.set_header("Date", http_date(now));
        answer.set_header("Cache-Control", "no-cache, must-revalidate");
        answer.set_header("X-Content-Type-Options", "nosniff");
        answer.set_header("Content-Language", "zh-CN");
    }

    /// Signs the answer, unless it says 401: then the service does not know whom it answers.
    fn seal(&mut self, answer: &mut Answer, request: &Received, now: i64, pen: Option<Pen>) {
        if answer.status == 401 {
            return;
        }
        let seal = self.platform.answering(request).unwrap_or_else(|_| self.platform.unasked());
        let nonce = self.fresh.digits(32);
        let signed: &[u8] = if pen == Some(Pen::Misplaced) { b"{}" } else { &answer.body };
        let mut headers = seal.headers(signed, now, &nonce);
        let foreign_keys: &[&str] = match pen {
            Some(Pen::Merchant) => &[MERCHANT_KEY_PEM],
            // Either may be the one in use.
            Some(Pen::Stranger) => &[NEXT_PLATFORM_KEY_PEM, PLATFORM_KEY_PEM],
            Some(Pen::Misplaced) | None => &[],
        };
        let foreign = foreign_keys.iter().filter_map(|pem| seal.with_key(pem));
        let foreign = foreign.map(|seal| seal.headers(signed, now, &nonce));
        if let Some(other) = foreign.into_iter().find(|other| *other != headers) {
            headers = other;
        }
        for (name, value) in headers {
            answer.set_header(name, value);
        }
    }
}

impl From<Answer> for Outgoing {
    fn from(answer: Answer) -> Self {
        Self { answer, broken: None }
    }
}

/// The base URL of a client that knows us under a name of WeChat Pay. It reaches us under no other,
/// and some strip that name off the links they are given.
fn asked_by_name(request: &Received) -> Option<String> {
    let host = request.only_header("host")?;
    HOSTS.contains(&host).then(|| format!("https://{host}"))
}

fn route(request: &Received) -> Result<Call<'_>, Refusal> {
    let (path, _) = url::split(&request.path);
    let call = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "v3", "pay", "transactions", rest @ ..] => transactions(Mode::Direct, rest),
        ["", "v3", "pay", "partner", "transactions", rest @ ..] => {
            transactions(Mode::Partner, rest)
        }
        ["", "v3", "combine-transactions", rest @ ..] => combined(rest),
        ["", "v3", "refund", "domestic", "refunds"] => Some(("POST", Call::Refund)),
        ["", "v3", "refund", "domestic", "refunds", number] => {
            Some(("GET", Call::QueryRefund(number)))
        }
        ["", "v3", "refund", "domestic", "refunds", id, "apply-abnormal-refund"] => {
            Some(("POST", Call::RefundAbnormal(id)))
        }
        ["", "v3", "certificates"] => Some(("GET", Call::Certificates)),
        ["", "v3", "bill", "tradebill"] => Some(("GET", Call::Bill(&TRADE_BILL))),
        ["", "v3", "bill", "fundflowbill"] => Some(("GET", Call::Bill(&FUND_FLOW_BILL))),
        ["", "v3", "billdownload", "file"] => Some(("GET", Call::BillFile)),
        _ => None,
    };
    let (method, call) =
        call.ok_or_else(|| Refusal::new(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在"))?;
    if request.method == method { Ok(call) } else { Err(Refusal::bare(405)) }
}

fn transactions<'a>(mode: Mode, path: &[&'a str]) -> Option<(&'static str, Call<'a>)> {
    match path {
        ["id", id] => Some(("GET", Call::QueryById(mode, id))),
        ["out-trade-no", number] => Some(("GET", Call::QueryByNumber(mode, number))),
        ["out-trade-no", number, "close"] => Some(("POST", Call::Close(mode, number))),
        [kind] => Some(("POST", Call::Place(mode, TradeType::of_path(kind)?))),
        _ => None,
    }
}

fn combined<'a>(path: &[&'a str]) -> Option<(&'static str, Call<'a>)> {
    match path {
        ["out-trade-no", number] => Some(("GET", Call::QueryCombined(number))),
        ["out-trade-no", number, "close"] => Some(("POST", Call::CloseCombined(number))),
        [kind] => Some(("POST", Call::PlaceCombined(TradeType::of_path(kind)?))),
        _ => None,
    }
}

/// The headers that every interface wants, before it asks who calls. Only JSON answers can be
/// accepted, unless it is a file.
fn check_headers(request: &Received, call: Call<'_>) -> Result<(), Refusal> {
    let (accept, agent) = (request.header("Accept"), request.header("User-Agent"));
    if agent.is_none_or(<[u8]>::is_empty) || accept.is_none_or(<[u8]>::is_empty) {
        return Err(Refusal::new(400, "INVALID_REQUEST", NO_AGENT));
    }
    let is_file = matches!(call, Call::BillFile);
    if !is_file && !names(request, "Accept", &["application/json", "*/*"]) {
        return Err(Refusal::new(400, "INVALID_REQUEST", "Http头Accept须为application/json"));
    }
    if !request.body.is_empty() && !names(request, "Content-Type", &["application/json"]) {
        return Err(Refusal::new(400, "INVALID_REQUEST", "Http头Content-Type须为application/json"));
    }
    Ok(())
}

/// Whether the header names one of these media types, whatever their parameters.
fn names(request: &Received, header: &str, media_types: &[&str]) -> bool {
    let value = request.only_header(header).unwrap_or_default();
    let mut named = value.split(',').map(|item| item.split(';').next().unwrap_or_default().trim());
    named.any(|name| media_types.iter().any(|media_type| name.eq_ignore_ascii_case(media_type)))
}

/// In the service's own words.
const NO_AGENT: &str = "Http头缺少Accept或User-Agent";

#[cfg(test)]
pub(super) mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
    use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
    use serde_json::{Value, json};

    use super::super::authority::PLATFORM_KEY_PEM;
    use super::super::authorization::tests::{MCHID, NEIGHBOUR, NOW, SUB_MCHID, merchants, signed};
    use super::super::notifications::Notification;
    use super::super::platform::Seal;
    use super::*;

    const APP: &str = "/v3/pay/transactions/app";
    const API_V3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
    const BASE_URL: &str = "https://127.0.0.1:1";

    impl World {
        fn handle(&mut self, request: &Received, now: i64) -> Answer {
            self.respond(request, now).answer
        }
    }

    fn world() -> World {
        let seal = |serial: &str| Seal { serial: serial.to_owned(), key: platform_key().into() };
        let certificate = PlatformCertificate {
            seal: seal("ABCD"),
            pem: "a certificate".to_owned(),
            effective_time: NOW,
            expire_time: NOW,
        };
        let platform = Platform::new(seal("PUB_KEY_ID_01"), certificate);
        let cipher = Cipher::new(API_V3_KEY).unwrap();
        World::new(platform, merchants(), cipher, Fresh::new([1; 32]), BASE_URL.to_owned())
    }

    pub(crate) fn platform_key() -> RsaKeyPair {
        let der = PrivatePkcs8KeyDer::from_pem_slice(PLATFORM_KEY_PEM.as_bytes()).unwrap();
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
    }

    fn order(number: &str) -> Received {
        let order = json!({ "appid": "wx1", "mchid": MCHID, "description": "d",
            "out_trade_no": number, "notify_url": "https://127.0.0.1/notify",
            "amount": { "total": 1 } });
        signed("POST", APP, &order.to_string())
    }

    fn with(mut request: Received, name: &str, value: &str) -> Received {
        request.headers.retain(|(other, _)| other != name);
        if !value.is_empty() {
            request.headers.push((name.to_owned(), value.into()));
        }
        request
    }

    #[track_caller]
    fn code(answer: &Answer) -> String {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["code"].as_str().unwrap_or("none").to_owned()
    }

    fn text<'a>(answer: &'a Answer, name: &str) -> &'a str {
        std::str::from_utf8(answer.header(name).unwrap_or_default()).unwrap()
    }

    #[track_caller]
    fn assert_sealed(answer: &Answer, serial: &str) {
        assert_eq!(text(answer, "Wechatpay-Serial"), serial);
        let (timestamp, nonce) =
            (text(answer, "Wechatpay-Timestamp"), text(answer, "Wechatpay-Nonce"));
        let body = std::str::from_utf8(&answer.body).unwrap();
        let signature = STANDARD.decode(text(answer, "Wechatpay-Signature")).unwrap();
        let key = platform_key();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref())
            .verify(format!("{timestamp}\n{nonce}\n{body}\n").as_bytes(), &signature)
            .unwrap();
    }

    #[test]
    fn an_order_is_answered_and_signed() {
        let answer = world().handle(&order("order-1"), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (200, "none"));
        assert_sealed(&answer, "ABCD");
        assert_eq!(text(&answer, "Wechatpay-Timestamp"), NOW.to_string());
        assert!(text(&answer, "Request-ID").ends_with("-0"));
    }

    #[test]
    fn the_merchant_chooses_the_answering_key() {
        let mut world = world();
        for (asked, answered) in [("PUB_KEY_ID_01", "PUB_KEY_ID_01"), ("abcd", "ABCD")] {
            let answer = world.handle(&with(order("order-1"), "wechatpay-serial", asked), NOW);
            assert_eq!(answer.status, 200);
            assert_sealed(&answer, answered);
        }
        let answer = world.handle(&with(order("order-1"), "wechatpay-serial", "PUB_KEY_ID_1"), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (400, "PARAM_ERROR"));
        assert_sealed(&answer, "ABCD");
    }

    #[test]
    fn paths_methods_and_headers_are_checked() {
        let mut world = world();
        for path in ["/", "", "/v3/pay/transactions/app/", "/v3/pay/transactions/App", "*"] {
            let answer = world.handle(&signed("POST", path, "{}"), NOW);
            assert_eq!((answer.status, code(&answer).as_str()), (404, "RESOURCE_NOT_EXISTS"));
            assert_sealed(&answer, "ABCD");
        }
        let answer = world.handle(&signed("GET", APP, ""), NOW);
        assert_eq!((answer.status, answer.body.len()), (405, 0));
        for (name, value, status) in [
            ("user-agent", "", 400),
            ("accept", "", 400),
            ("accept", "text/html", 400),
            ("accept", "text/html, */*;q=0.1", 200),
            ("content-type", "", 400),
            ("content-type", "text/plain", 400),
            ("content-type", "application/json; charset=utf-8", 200),
            ("authorization", "", 401),
        ] {
            let answer = world.handle(&with(order("order-1"), name, value), NOW);
            assert_eq!(answer.status, status, "{name}: {value}");
        }
    }

    #[test]
    fn a_request_with_a_bad_signature_is_refused_unsigned() {
        let mut request = order("order-1");
        request.body.push(b' ');
        let answer = world().handle(&request, NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (401, "SIGN_ERROR"));
        assert!(text(&answer, "Request-ID").ends_with("-268443699"));
        assert_eq!(answer.header("Wechatpay-Signature"), None);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["detail"]["detail"]["issue"], "sign not match");
    }

    #[test]
    fn the_next_call_may_be_refused_and_nothing_happens() {
        let mut world = world();
        world.refuse_next(Refusal::new(500, "SYSTEM_ERROR", "系统异常"));
        let answer = world.handle(&with(order("order-1"), "authorization", ""), NOW);
        assert_eq!(answer.status, 401);
        let answer = world.handle(&order("order-1"), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (500, "SYSTEM_ERROR"));
        assert_sealed(&answer, "ABCD");
        assert!(world.pay(MCHID, "order-1", 0, NOW).is_err());
        assert_eq!(world.handle(&order("order-1"), NOW).status, 200);
        assert!(world.pay(MCHID, "order-1", 0, NOW).is_ok());
        assert_eq!(world.received().len(), 3);
    }

    #[test]
    fn a_rewritten_answer_is_signed_and_a_tampered_one_is_not() {
        let mut world = world();
        world.rewrite_next(Box::new(|answer| answer.body = b"{}".to_vec()));
        let answer = world.handle(&order("order-1"), NOW);
        assert_eq!(answer.body, b"{}");
        assert_sealed(&answer, "ABCD");
        world.tamper_next(Box::new(|answer| answer.remove_header("wechatpay-nonce")));
        assert_eq!(world.handle(&order("order-1"), NOW).header("Wechatpay-Nonce"), None);
        assert_sealed(&world.handle(&order("order-1"), NOW), "ABCD");
    }

    #[test]
    fn the_clock_can_be_shifted() {
        let mut world = world();
        world.shift_clock(301);
        assert_eq!(world.handle(&order("order-1"), NOW).status, 401);
        assert_eq!(world.handle(&order("order-1"), NOW - 301).status, 200);
        world.shift_clock(i64::MAX);
        assert_eq!(world.handle(&order("order-1"), NOW).status, 401);
    }

    #[test]
    fn requests_get_different_ids_and_nonces() {
        let mut world = world();
        let (one, two) =
            (world.handle(&order("order-1"), NOW), world.handle(&order("order-1"), NOW));
        for name in ["Request-ID", "Wechatpay-Nonce", "Wechatpay-Signature"] {
            assert_ne!(one.header(name), two.header(name));
        }
    }

    /// A world with the order order-1 over 1 fen, paid.
    fn paid_world() -> World {
        let mut world = world();
        assert_eq!(world.handle(&order("order-1"), NOW).status, 200);
        world.pay(MCHID, "order-1", 0, NOW).unwrap();
        world
    }

    #[track_caller]
    fn answer(world: &mut World, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = world.handle(&signed(method, path, body), NOW);
        assert_sealed(&answer, "ABCD");
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn decrypted(resource: &Value) -> Vec<u8> {
        let text = |field: &str| resource[field].as_str().unwrap();
        let key = UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap();
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes()).unwrap();
        let aad = Aad::from(text("associated_data"));
        let mut bytes = STANDARD.decode(text("ciphertext")).unwrap();
        LessSafeKey::new(key).open_in_place(nonce, aad, &mut bytes).unwrap().to_vec()
    }

    #[test]
    fn a_query_has_exactly_the_documented_parameters() {
        let mut world = paid_world();
        let path = "/v3/pay/transactions/out-trade-no/order-1";
        for (query, field) in [
            ("", "mchid"),
            ("?mchid=", "mchid"),
            ("?mchid", ""),
            ("?mchid=%", ""),
            ("?mchid=1900007291&mchid=1900007291", "mchid"),
            ("?mchid=1900007291&x=1", "x"),
            ("?mchid=1900007291&", ""),
        ] {
            let (status, told) = answer(&mut world, "GET", &format!("{path}{query}"), "");
            assert_eq!((status, &told["code"]), (400, &json!("PARAM_ERROR")), "{query}");
            assert_eq!(told["detail"]["location"], "query", "{query}");
            assert_eq!(told["detail"]["field"], field, "{query}");
        }
        let neighbour = format!("{path}?mchid={NEIGHBOUR}");
        assert_eq!(answer(&mut world, "GET", &neighbour, "").1["code"], "INVALID_REQUEST");
        let (status, told) = answer(&mut world, "GET", &format!("{path}?mchid=%31900007291"), "");
        assert_eq!((status, &told["trade_state"]), (200, &json!("SUCCESS")));

        let (status, told) = answer(&mut world, "POST", &format!("{APP}?x=1"), "{}");
        assert_eq!((status, &told["detail"]["field"]), (400, &json!("x")));
    }

    #[test]
    fn parameters_of_the_path_are_decoded_once() {
        let mut world = world();
        assert_eq!(world.handle(&order("a|b*c_-"), NOW).status, 200);
        let path =
            |number: &str| format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}");
        for number in ["a|b*c_-", "a%7Cb%2Ac_-", "%61%7cb*c_-"] {
            let (status, told) = answer(&mut world, "GET", &path(number), "");
            assert_eq!((status, &told["out_trade_no"]), (200, &json!("a|b*c_-")), "{number}");
        }
        for number in ["a%257Cb*c_-", "a%2Fb*c_-", "short", "order-%", "order-%FF"] {
            let (status, told) = answer(&mut world, "GET", &path(number), "");
            assert_eq!((status, &told["detail"]["location"]), (400, &json!("url")), "{number}");
        }
        let (status, told) = answer(&mut world, "GET", &path("order-2"), "");
        assert_eq!((status, &told["code"]), (404, &json!("ORDER_NOT_EXIST")));
    }

    #[test]
    fn little_is_told_of_an_unpaid_order() {
        let mut world = world();
        world.handle(&order("order-1"), NOW);
        let path = format!("/v3/pay/transactions/out-trade-no/order-1?mchid={MCHID}");
        let (_, told) = answer(&mut world, "GET", &path, "");
        let known = json!({ "appid": "wx1", "mchid": MCHID, "out_trade_no": "order-1",
            "trade_state": "NOTPAY", "trade_state_desc": "订单未支付" });
        assert_eq!(told, known);
    }

    #[test]
    fn closing_is_answered_with_nothing() {
        let mut world = world();
        world.handle(&order("order-1"), NOW);
        let path = "/v3/pay/transactions/out-trade-no/order-1/close";
        let body = json!({ "mchid": MCHID }).to_string();
        for _ in 0..2 {
            let answer = world.handle(&signed("POST", path, &body), NOW);
            assert_eq!((answer.status, answer.body.as_slice()), (204, b"".as_slice()));
            assert_sealed(&answer, "ABCD");
        }
        assert_eq!(answer(&mut world, "POST", path, "{}").1["code"], "PARAM_ERROR");
    }

    #[test]
    fn a_partner_has_its_own_paths_and_fields() {
        let mut world = world();
        let order = json!({ "sp_appid": "wx1", "sp_mchid": MCHID, "sub_mchid": SUB_MCHID,
            "sub_appid": "wx3", "description": "d", "out_trade_no": "order-1",
            "notify_url": "https://127.0.0.1/notify", "amount": { "total": 1 },
            "payer": { "sub_openid": "o1" } });
        let base = "/v3/pay/partner/transactions";
        let (status, _) = answer(&mut world, "POST", &format!("{base}/jsapi"), &order.to_string());
        assert_eq!(status, 200);
        world.pay(MCHID, "order-1", 0, NOW).unwrap();
        let owner = format!("sub_mchid={SUB_MCHID}&sp_mchid={MCHID}");
        let path = format!("{base}/out-trade-no/order-1?{owner}");
        let (_, told) = answer(&mut world, "GET", &path, "");
        assert_eq!((&told["sp_appid"], &told["sub_appid"]), (&json!("wx1"), &json!("wx3")));
        assert_eq!(told["payer"]["sub_openid"], "o1");
        assert!(told["payer"]["sp_openid"].is_string() && told.get("mchid").is_none());
        let id = told["transaction_id"].as_str().unwrap();
        let path = format!("{base}/id/{id}?{owner}");
        assert_eq!(answer(&mut world, "GET", &path, "").1, told);

        let letter = world.letters(NOW).pop().unwrap();
        let notification: Value = serde_json::from_slice(&Notification::from(letter).body).unwrap();
        let resource: Value =
            serde_json::from_slice(&decrypted(&notification["resource"])).unwrap();
        assert_eq!(resource, told);
    }

    #[test]
    fn a_combined_order_goes_from_request_to_one_notification() {
        let mut world = world();
        let part = |mchid, number| {
            json!({ "mchid": mchid, "attach": "a", "out_trade_no": number, "description": "d",
                "amount": { "total_amount": 1, "currency": "CNY" } })
        };
        let order = json!({ "combine_appid": "wx1", "combine_mchid": MCHID,
            "combine_out_trade_no": "whole|1", "notify_url": "https://127.0.0.1/notify",
            "sub_orders": [part(MCHID, "part-1"), part(NEIGHBOUR, "part-2")] });
        let base = "/v3/combine-transactions";
        let (status, told) =
            answer(&mut world, "POST", &format!("{base}/native"), &order.to_string());
        assert_eq!((status, told["code_url"].is_string()), (200, true));
        world.pay_combined(MCHID, "whole|1", NOW).unwrap();

        let path = format!("{base}/out-trade-no/whole%7C1");
        let (_, told) = answer(&mut world, "GET", &path, "");
        assert_eq!(told["sub_orders"][1]["trade_state"], "SUCCESS");
        let letters = world.letters(NOW);
        let notifications: Vec<Notification> =
            letters.into_iter().map(Notification::from).collect();
        assert_eq!(notifications.len(), 1);
        let notification: Value = serde_json::from_slice(&notifications[0].body).unwrap();
        assert_eq!(notification["event_type"], "TRANSACTION.SUCCESS");
        let resource: Value =
            serde_json::from_slice(&decrypted(&notification["resource"])).unwrap();
        assert_eq!(resource, told);

        let (status, told) = answer(&mut world, "GET", &format!("{path}?mchid={MCHID}"), "");
        assert_eq!((status, &told["detail"]["field"]), (400, &json!("mchid")));
        for number in ["whole%7C1", "part-1"] {
            let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}");
            assert_eq!(answer(&mut world, "GET", &path, "").1["code"], "ORDER_NOT_EXIST");
        }
        let parts = json!([{ "mchid": MCHID, "out_trade_no": "part-1" }]);
        let body = json!({ "combine_appid": "wx1", "sub_orders": parts }).to_string();
        let (_, told) = answer(&mut world, "POST", &format!("{path}/close"), &body);
        assert_eq!(told["code"], "INVALID_REQUEST");
        let path = format!("{base}/id/1");
        assert_eq!(answer(&mut world, "GET", &path, "").0, 404);
    }

    #[test]
    fn a_notification_is_signed_and_encrypted() {
        let mut world = paid_world();
        let mut letters = world.letters(NOW + 7);
        let letter = letters.pop().unwrap();
        let (id, notification) = (letter.id.clone(), Notification::from(letter));
        let signed = Answer { status: 200, headers: notification.headers, body: notification.body };
        assert_sealed(&signed, "PUB_KEY_ID_01");
        assert_eq!(text(&signed, "Wechatpay-Timestamp"), (NOW + 7).to_string());

        let told: Value = serde_json::from_slice(&signed.body).unwrap();
        assert_eq!((&told["id"], &told["event_type"]), (&json!(id), &json!("TRANSACTION.SUCCESS")));
        assert_eq!(told["create_time"], "2019-04-02T20:34:20+08:00");
        assert_eq!(told["resource"]["original_type"], "transaction");
        let order: Value = serde_json::from_slice(&decrypted(&told["resource"])).unwrap();
        assert_eq!(
            (&order["trade_state"], &order["amount"]["total"]),
            (&json!("SUCCESS"), &json!(1))
        );

        assert_eq!(world.letters(NOW).len(), 1);
        world.settle(&id);
        assert!(world.letters(NOW).is_empty());
    }

    #[test]
    fn a_refund_goes_from_request_to_notification() {
        let mut world = paid_world();
        let path = "/v3/refund/domestic/refunds";
        let refund = json!({ "out_trade_no": "order-1", "out_refund_no": "r@1|*",
            "notify_url": "https://127.0.0.1/refunds",
            "amount": { "refund": 1, "total": 1, "currency": "CNY" } });
        let (status, told) = answer(&mut world, "POST", path, &refund.to_string());
        assert_eq!((status, &told["status"]), (200, &json!("PROCESSING")));
        let asked = answer(&mut world, "GET", &format!("{path}/r%401%7C*"), "");
        assert_eq!(asked, (200, told.clone()));

        world.end_refund(MCHID, "r@1|*", RefundStatus::Abnormal, NOW).unwrap();
        let id = told["refund_id"].as_str().unwrap();
        let body = json!({ "out_refund_no": "r@1|*", "type": "MERCHANT_BANK_CARD" }).to_string();
        let path = format!("{path}/{id}/apply-abnormal-refund");
        assert_eq!(answer(&mut world, "POST", &path, &body).1["status"], "PROCESSING");
        world.end_refund(MCHID, "r@1|*", RefundStatus::Success, NOW).unwrap();

        let notifications: Vec<Notification> =
            world.letters(NOW).into_iter().map(Notification::from).collect();
        assert_eq!(notifications.len(), 3);
        assert_eq!(notifications[2].notify_url, "https://127.0.0.1/refunds");
        let told: Value = serde_json::from_slice(&notifications[2].body).unwrap();
        assert_eq!(told["event_type"], "REFUND.SUCCESS");
        let refund: Value = serde_json::from_slice(&decrypted(&told["resource"])).unwrap();
        assert_eq!(refund["refund_status"], "SUCCESS");
        let order = format!("/v3/pay/transactions/out-trade-no/order-1?mchid={MCHID}");
        assert_eq!(answer(&mut world, "GET", &order, "").1["trade_state"], "REFUND");
    }

    #[test]
    fn certificates_are_encrypted_and_gone_in_public_key_mode() {
        let mut world = world();
        for query in ["", "?algorithm_type=RSA", "?algorithm_type=ALL"] {
            let (_, told) = answer(&mut world, "GET", &format!("/v3/certificates{query}"), "");
            let certificate = &told["data"][0];
            assert_eq!(certificate["serial_no"], "ABCD");
            assert_eq!(certificate["effective_time"], "2019-04-02T20:34:20+08:00");
            assert_eq!(decrypted(&certificate["encrypt_certificate"]), b"a certificate");
        }
        let (status, _) = answer(&mut world, "GET", "/v3/certificates?algorithm_type=SM2", "");
        assert_eq!(status, 400);
        world.set_key_mode(KeyMode::PublicKey);
        let answer = world.handle(&signed("GET", "/v3/certificates", ""), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (404, "RESOURCE_NOT_EXISTS"));
        assert_sealed(&answer, "PUB_KEY_ID_01");
    }

    #[test]
    fn a_bill_is_signed_for_but_its_file_is_not() {
        let mut world = paid_world();
        let path = "/v3/bill/tradebill?bill_date=2019-04-02&bill_type=ALL";
        assert_eq!(answer(&mut world, "GET", path, "").1["code"], "STATEMENT_CREATING");
        world.let_time_pass(24 * 60 * 60);
        let (status, offer) = answer(&mut world, "GET", path, "");
        assert_eq!(status, 200);
        let url = offer["download_url"].as_str().unwrap();
        let path = url.strip_prefix(BASE_URL).unwrap();
        let request = with(signed("GET", path, ""), "accept", "text/csv");
        let file = world.handle(&request, NOW);
        assert_eq!((file.status, file.header("Wechatpay-Signature")), (200, None));
        assert!(file.body.starts_with("\u{FEFF}交易时间,".as_bytes()));
        assert_eq!(world.handle(&with(request, "authorization", ""), NOW).status, 401);
        world.let_time_pass(301);
        assert_eq!(world.handle(&signed("GET", path, ""), NOW).status, 400);
        let path = "/v3/bill/fundflowbill?bill_date=2019-04-02&tar_type=GZIP";
        let (_, offer) = answer(&mut world, "GET", path, "");
        assert!(offer["download_url"].as_str().unwrap().ends_with("&tartype=gzip"));
    }

    #[test]
    fn a_link_names_the_host_by_which_it_was_asked_for() {
        let mut world = paid_world();
        world.let_time_pass(24 * 60 * 60);
        let path = "/v3/bill/tradebill?bill_date=2019-04-02&bill_type=ALL";
        for (host, base_url) in [
            ("api.mch.weixin.qq.com", "https://api.mch.weixin.qq.com"),
            ("api2.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"),
            ("127.0.0.1:1", BASE_URL),
            ("shop.example", BASE_URL),
            ("", BASE_URL),
        ] {
            let answer = world.handle(&with(signed("GET", path, ""), "host", host), NOW);
            let offer: Value = serde_json::from_slice(&answer.body).unwrap();
            let url = offer["download_url"].as_str().unwrap();
            assert!(url.starts_with(&format!("{base_url}/v3/billdownload/file?token=")), "{url}");
        }
    }

    #[test]
    fn time_passes_for_business_and_not_for_signatures() {
        let mut world = world();
        world.handle(&order("order-1"), NOW);
        world.let_time_pass(8 * 24 * 60 * 60);
        let answer = world.handle(&order("order-1"), NOW);
        assert_eq!((answer.status, code(&answer).as_str()), (400, "INVALID_REQUEST"));
        assert_eq!(text(&answer, "Wechatpay-Timestamp"), NOW.to_string());
        world.let_time_pass(u64::MAX);
        assert_eq!(world.handle(&order("order-1"), NOW).status, 400);
    }
}
