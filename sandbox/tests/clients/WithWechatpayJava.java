import com.sun.net.httpserver.HttpServer;
import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.RSAAutoCertificateConfig;
import com.wechat.pay.java.core.RSAPublicKeyConfig;
import com.wechat.pay.java.core.exception.ServiceException;
import com.wechat.pay.java.core.http.AbstractHttpClient;
import com.wechat.pay.java.core.http.DefaultHttpClientBuilder;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.http.HttpHeaders;
import com.wechat.pay.java.core.http.HttpMethod;
import com.wechat.pay.java.core.http.HttpRequest;
import com.wechat.pay.java.core.http.JsonRequestBody;
import com.wechat.pay.java.core.notification.NotificationConfig;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RSACombinedNotificationConfig;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.core.util.GsonUtil;
import com.wechat.pay.java.core.util.ShaUtil;
import com.wechat.pay.java.service.billdownload.BillDownloadServiceExtension;
import com.wechat.pay.java.service.billdownload.model.GetTradeBillRequest;
import com.wechat.pay.java.service.file.FileUploadService;
import com.wechat.pay.java.service.payments.jsapi.JsapiServiceExtension;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.payments.nativepay.NativePayService;
import com.wechat.pay.java.service.payments.nativepay.model.CloseOrderRequest;
import com.wechat.pay.java.service.payments.nativepay.model.PrepayRequest;
import com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByIdRequest;
import com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByOutTradeNoRequest;
import com.wechat.pay.java.service.profitsharing.ProfitsharingService;
import com.wechat.pay.java.service.profitsharing.model.AddReceiverRequest;
import com.wechat.pay.java.service.profitsharing.model.CreateOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.CreateReturnOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.QueryOrderAmountRequest;
import com.wechat.pay.java.service.profitsharing.model.QueryOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.UnfreezeOrderRequest;
import com.wechat.pay.java.service.refund.RefundService;
import com.wechat.pay.java.service.refund.model.CreateRequest;
import com.wechat.pay.java.service.refund.model.QueryByOutRefundNoRequest;
import com.wechat.pay.java.service.refund.model.Refund;
import com.wechat.pay.java.service.refund.model.RefundNotification;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;

/**
 * wechatpay-java, the official client, against the sandbox.
 *
 * <p>It knows one host, and has an option for the OkHttp client, which leads it to the sandbox. The
 * settings are the environment variables of settings.sh.
 */
class WithWechatpayJava {
  static final String NEIGHBOUR = "1900009191";
  static final String OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
  static final String MCHID = System.getenv("WECHATPAY_MCHID");
  static final String APPID = System.getenv("WECHATPAY_APPID");
  // Faults of the sandbox that make a response that WeChat Pay did not sign.
  static final List<String> FORGERIES =
      List.of(
          "TamperedBody", "EmptiedBody", "TamperedNonce", "SignatureOfAnotherResponse", "OtherKey",
          "SignedByMerchant", "UnknownSerial", "ProbeSignature", "MissingTimestamp", "MissingNonce",
          "MissingSignature", "MissingSerial", "CaptivePortal", "Stale", "Future");

  static int failures = 0;
  static long passed = 0;
  static String notifyUrl;
  static final LinkedBlockingQueue<RequestParam.Builder> notifications = new LinkedBlockingQueue<>();
  static final LinkedBlockingQueue<String> bodies = new LinkedBlockingQueue<>();

  final String mode;
  final Config config;
  final AbstractHttpClient client;
  final NotificationParser parser;
  final NativePayService service;

  WithWechatpayJava(String mode, Config config, NotificationConfig notifications) {
    this.mode = mode;
    this.config = config;
    client = new DefaultHttpClientBuilder().config(config).okHttpClient(okHttp).build();
    parser = new NotificationParser(notifications);
    service = new NativePayService.Builder().httpClient(client).build();
  }

  void check(String what, Object seen, Object wanted) {
    boolean isRight = Objects.equals(seen, wanted);
    System.out.printf("%s wechatpay-java, %s: %s%n", isRight ? "ok  " : "FAIL", mode, what);
    if (!isRight) {
      failures++;
      System.out.printf("     wanted %s%n     saw    %s%n", wanted, seen);
    }
  }

  /** A request, from JSON with names as in the documents. */
  static <T> T request(Class<T> type, String json, Object... values) {
    return GsonUtil.getGson().fromJson(String.format(json.replace('\'', '"'), values), type);
  }

  /** Has done what users and the platform do by themselves. */
  static void command(String name, String json, Object... values) throws Exception {
    var body = String.format(json.replace('\'', '"'), values);
    var request =
        new Request.Builder()
            .url(System.getenv("WECHATPAY_BASE_URL") + "/sandbox/" + name)
            .post(RequestBody.create(body, null));
    try (var response = okHttp.newCall(request.build()).execute()) {
      if (response.code() != 200) throw new IllegalStateException(name + response.body().string());
    }
  }

  /** What listens at a merchant's notify_url. */
  static void listen() throws Exception {
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/",
        exchange -> {
          var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          var headers = exchange.getRequestHeaders();
          notifications.add(
              new RequestParam.Builder()
                  .serialNumber(headers.getFirst("Wechatpay-Serial"))
                  .nonce(headers.getFirst("Wechatpay-Nonce"))
                  .signature(headers.getFirst("Wechatpay-Signature"))
                  .timestamp(headers.getFirst("Wechatpay-Timestamp"))
                  .body(body));
          bodies.add(body);
          exchange.sendResponseHeaders(204, -1);
          exchange.close();
        });
    server.setExecutor(null);
    server.start();
    notifyUrl = "http://127.0.0.1:" + server.getAddress().getPort() + "/notify";
  }

  static RequestParam.Builder nextNotification() throws Exception {
    return Objects.requireNonNull(notifications.poll(30, TimeUnit.SECONDS), "no notification");
  }

  /** The name of the exception; of an error of WeChat Pay, its code. */
  static String refusal(Callable<?> call) {
    try {
      call.call();
      return "none";
    } catch (ServiceException error) {
      return error.getErrorCode();
    } catch (Exception error) {
      return error.getClass().getSimpleName();
    }
  }

  PrepayRequest order(String number) {
    return request(
        PrepayRequest.class,
        "{'appid': '%s', 'mchid': '%s', 'description': 'Image形象店', 'out_trade_no': '%s', 'notify_url': '%s',"
            + " 'amount': {'total': 100}}",
        APPID, MCHID, number, notifyUrl);
  }

  Transaction query(String number) {
    return service.queryOrderByOutTradeNo(
        request(QueryOrderByOutTradeNoRequest.class, "{'mchid': '%s', 'out_trade_no': '%s'}", MCHID, number));
  }

  Transaction orders() throws Exception {
    String number = mode.split(" ")[0] + "-order-";
    check("an order by Native", service.prepay(order(number + "native")).getCodeUrl().split(":")[0], "weixin");
    var jsapi = new JsapiServiceExtension.Builder().config(config).httpClient(client).build();
    var full =
        request(
            com.wechat.pay.java.service.payments.jsapi.model.PrepayRequest.class,
            "{'appid': '%s', 'mchid': '%s', 'description': 'Image形象店', 'out_trade_no': '%sjsapi', 'attach': '附加数据',"
                + "'time_expire': '%s', 'notify_url': '%s', 'goods_tag': 'WXG', 'support_fapiao': true,"
                + "'limit_pay': ['no_credit'], 'amount': {'total': 100, 'currency': 'CNY'}, 'payer': {'openid': '%s'},"
                + "'detail': {'cost_price': 608800, 'invoice_id': '微信123', 'goods_detail': [{"
                + "'merchant_goods_id': '1246464644', 'goods_name': 'iPhoneX 256G', 'quantity': 1, 'unit_price': 528800}]},"
                + "'scene_info': {'payer_client_ip': '14.23.150.211', 'device_id': '013467007045764', 'store_info': {"
                + "'id': '0001', 'name': '腾讯大厦分店', 'area_code': '440305', 'address': '深圳市南山区科技中一道10000号'}},"
                + "'settle_info': {'profit_sharing': true}}",
            APPID, MCHID, number,
            ZonedDateTime.now(ZoneId.of("+08:00")).plusHours(1).withNano(0), notifyUrl, OPENID);
    var invoked = jsapi.prepayWithRequestPayment(full);
    var message =
        Stream.of(invoked.getAppId(), invoked.getTimeStamp(), invoked.getNonceStr(), invoked.getPackageVal())
            .map(line -> line + "\n")
            .collect(Collectors.joining());
    check(
        "an order by JSAPI, with every field, and its signature",
        invoked.getPaySign(), config.createSigner().sign(message).getSign());
    full.setAttach("changed");
    check(
        "a number used twice is refused", refusal(() -> jsapi.prepayWithRequestPayment(full)), "INVALID_REQUEST");
    service.closeOrder(
        request(CloseOrderRequest.class, "{'mchid': '%s', 'out_trade_no': '%snative'}", MCHID, number));
    check("an order is closed", query(number + "native").getTradeState(), Transaction.TradeStateEnum.CLOSED);
    check("there is no other order", refusal(() -> query(number + "none")), "ORDER_NOT_EXIST");

    command("pay", "{'out_trade_no': '%sjsapi'}", number);
    var paid = query(number + "jsapi");
    check(
        "an order is paid",
        List.of(paid.getTradeState(), paid.getTradeType(), paid.getPayer().getOpenid(), paid.getAmount().getPayerTotal()),
        List.of(Transaction.TradeStateEnum.SUCCESS, Transaction.TradeTypeEnum.JSAPI, OPENID, 100));
    var byId =
        service.queryOrderById(
            request(QueryOrderByIdRequest.class, "{'mchid': '%s', 'transaction_id': '%s'}", MCHID, paid.getTransactionId()));
    check("the same by the transaction_id", byId.toString(), paid.toString());
    var notification = nextNotification();
    var body = bodies.take();
    check(
        "its notification is verified and opened",
        parser.parse(notification.build(), Transaction.class).toString(), paid.toString());
    var other = notification.body(body.replace("\"summary\":\"", "\"summary\":\" ")).build();
    check(
        "a notification with another body is not",
        refusal(() -> parser.parse(other, Transaction.class)), "ValidationException");
    for (String fault : FORGERIES) {
      command("fault-next", "{'fault': '%s'}", fault);
      check("a response is refused: " + fault, refusal(() -> query(number + "jsapi")).equals("none"), false);
    }
    check("but the next one is not", refusal(() -> query(number + "jsapi")), "none");
    return paid;
  }

  void refunds(Transaction paid) throws Exception {
    String number = mode.split(" ")[0] + "_refund-|*@";
    var refunds = new RefundService.Builder().httpClient(client).build();
    var request =
        request(
            CreateRequest.class,
            "{'out_trade_no': '%s', 'out_refund_no': '%s1', 'reason': '商品已售完', 'notify_url': '%s',"
                + "'funds_account': 'AVAILABLE', 'amount': {'refund': 40, 'total': 100, 'currency': 'CNY'},"
                + "'goods_detail': [{'merchant_goods_id': '1246464644', 'goods_name': 'iPhoneX 256G',"
                + "'unit_price': 528800, 'refund_amount': 40, 'refund_quantity': 1}]}",
            paid.getOutTradeNo(), number, notifyUrl);
    Refund refund = refunds.create(request);
    check("a refund", List.of(refund.getStatus().name(), refund.getAmount().getRefund()), List.of("PROCESSING", 40L));
    check("repeated, it is the same refund", refunds.create(request).getRefundId(), refund.getRefundId());
    request.setOutRefundNo(number + "2");
    request.getAmount().setRefund(70L);
    request.setGoodsDetail(null);
    check("more than was paid is refused", refusal(() -> refunds.create(request)), "INVALID_REQUEST");
    command("end-refund", "{'out_refund_no': '%s1', 'status': 'SUCCESS'}", number);
    var ended = refunds.queryByOutRefundNo(request(QueryByOutRefundNoRequest.class, "{'out_refund_no': '%s1'}", number));
    check("it succeeds", ended.getStatus().name(), "SUCCESS");
    bodies.take();
    var content = parser.parse(nextNotification().build(), RefundNotification.class);
    check(
        "its notification is verified and opened",
        List.of(content.getRefundStatus().name(), content.getRefundId()), List.of("SUCCESS", refund.getRefundId()));
  }

  void sharing(Transaction paid) throws Exception {
    String number = mode.split(" ")[0] + "-split-";
    var sharing =
        new ProfitsharingService.Builder()
            .httpClient(client)
            .encryptor(config.createEncryptor())
            .decryptor(config.createDecryptor())
            .build();
    var added =
        sharing.addReceiver(
            request(
                AddReceiverRequest.class,
                "{'appid': '%s', 'account': '%s', 'name': '张三', 'type': 'MERCHANT_ID', 'relation_type': 'SUPPLIER'}",
                APPID, NEIGHBOUR));
    check("a receiver is added, whose name is encrypted in request and response", added.getName(), "张三");
    command("let-time-pass", "{'seconds': 60}");
    var split =
        sharing.createOrder(
            request(
                CreateOrderRequest.class,
                "{'appid': '%s', 'transaction_id': '%s', 'out_order_no': '%s1', 'unfreeze_unsplit': false,"
                    + "'receivers': [{'type': 'MERCHANT_ID', 'account': '%s', 'name': '张三', 'amount': 5,"
                    + "'description': '分给商户'}]}",
                APPID, paid.getTransactionId(), number, NEIGHBOUR));
    check("a split", split.getState().name(), "PROCESSING");
    command("finish-split", "{'out_order_no': '%s1'}", number);
    var found =
        sharing.queryOrder(
            request(
                QueryOrderRequest.class, "{'transaction_id': '%s', 'out_order_no': '%s1'}",
                paid.getTransactionId(), number));
    check(
        "it is paid",
        List.of(found.getState().name(), found.getReceivers().get(0).getResult().name()), List.of("FINISHED", "SUCCESS"));
    var returned =
        sharing.createReturnOrder(
            request(
                CreateReturnOrderRequest.class,
                "{'out_order_no': '%s1', 'out_return_no': '%sr', 'return_mchid': '%s', 'amount': 2, 'description': '退款'}",
                number, number, NEIGHBOUR));
    check("a share is returned", returned.getResult().name(), "SUCCESS");
    sharing.unfreezeOrder(
        request(
            UnfreezeOrderRequest.class,
            "{'transaction_id': '%s', 'out_order_no': '%s2', 'description': '解冻'}", paid.getTransactionId(), number));
    var left =
        sharing.queryOrderAmount(
            request(QueryOrderAmountRequest.class, "{'transaction_id': '%s'}", paid.getTransactionId()));
    check("nothing is left to split", left.getUnsplitAmount(), 0L);
  }

  /** Transfers are newer than the client's functions: its client sends any request. */
  void transfers() throws Exception {
    String number = mode.split(" ")[0] + "transfer";
    String url = "https://api.mch.weixin.qq.com/v3/fund-app/mch-transfer/transfer-bills";
    var headers = new HttpHeaders();
    headers.addHeader("Accept", "application/json");
    headers.addHeader("Content-Type", "application/json");
    headers.addHeader("Wechatpay-Serial", config.createEncryptor().getWechatpaySerial());
    var body =
        String.format(
            ("{'appid': '%s', 'out_bill_no': '%s', 'transfer_scene_id': '1000', 'openid': '%s', 'user_name': '%s',"
                    + "'transfer_amount': 400, 'transfer_remark': '新会员开通有礼', 'transfer_scene_report_infos': ["
                    + "{'info_type': '活动名称', 'info_content': '新会员有礼'},"
                    + "{'info_type': '奖励说明', 'info_content': '注册会员抽奖一等奖'}]}")
                .replace('\'', '"'),
            APPID, number, OPENID, config.createEncryptor().encrypt("张三"));
    var request =
        new HttpRequest.Builder()
            .httpMethod(HttpMethod.POST)
            .url(url)
            .headers(headers)
            .body(new JsonRequestBody.Builder().body(body).build());
    var created = client.execute(request.build(), Map.class).getServiceResponse();
    check("a transfer, whose user_name is encrypted", created.get("state"), "WAIT_USER_CONFIRM");
    command("confirm-transfer", "{'out_bill_no': '%s'}", number);
    var query =
        new HttpRequest.Builder().httpMethod(HttpMethod.GET).url(url + "/out-bill-no/" + number).headers(headers);
    check("it is confirmed", client.execute(query.build(), Map.class).getServiceResponse().get("state"), "SUCCESS");
  }

  void uploads() throws Exception {
    byte[] image = {(byte) 0x89, 'P', 'N', 'G'};
    var meta = String.format("{\"filename\":\"门店.png\",\"sha256\":\"%s\"}", sha256(image));
    var uploaded =
        new FileUploadService.Builder()
            .httpClient(client)
            .build()
            .uploadImage("https://api.mch.weixin.qq.com/v3/merchant/media/upload", meta, "门店.png", image);
    check("an image is uploaded", uploaded.getMediaId().isEmpty(), false);
  }

  static String sha256(byte[] content) throws Exception {
    return ShaUtil.toHexString(java.security.MessageDigest.getInstance("SHA-256").digest(content));
  }

  void bills() throws Exception {
    // From noon to noon, for no day to end meanwhile; at 10 o'clock of the next its bills are ready.
    long now = System.currentTimeMillis() / 1000 + passed;
    long pause = 86400 - (now + 20 * 3600) % 86400;
    command("let-time-pass", "{'seconds': %d}", pause);
    passed += pause + 86400;
    var day = LocalDate.ofEpochDay((now + pause + 8 * 3600) / 86400);
    String number = mode.split(" ")[0] + "-billed";
    service.prepay(order(number));
    command("pay", "{'out_trade_no': '%s'}", number);
    nextNotification();
    bodies.take();
    var bills =
        new BillDownloadServiceExtension.Builder().httpClient(client).decryptor(config.createDecryptor()).build();
    var request = request(GetTradeBillRequest.class, "{'bill_date': '%s', 'bill_type': 'ALL', 'tar_type': 'GZIP'}", day);
    check("a bill takes until the next day", refusal(() -> bills.getTradeBill(request)), "STATEMENT_CREATING");
    command("let-time-pass", "{'seconds': 86400}");
    var bill = bills.getTradeBill(request);
    var text = new String(bill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    check("a trade bill has the promised hash", bill.verifyHash(), true);
    check("a trade bill names the order", text.contains(number), true);
  }

  void everything() throws Exception {
    var paid = orders();
    refunds(paid);
    sharing(paid);
    transfers();
    uploads();
    bills();
  }

  static OkHttpClient okHttp;

  public static void main(String[] arguments) throws Exception {
    listen();
    // The lines of the guide to testing.
    KeyStore roots = KeyStore.getInstance("PKCS12");
    roots.load(null, null);
    try (InputStream ca = new FileInputStream(System.getenv("WECHATPAY_CA_FILE"))) {
        roots.setCertificateEntry("sandbox", CertificateFactory.getInstance("X.509").generateCertificate(ca));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(roots);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    HttpUrl sandbox = HttpUrl.get(System.getenv("WECHATPAY_BASE_URL"));
    OkHttpClient okHttp = new OkHttpClient.Builder()
        .sslSocketFactory(tls.getSocketFactory(), (X509TrustManager) trust.getTrustManagers()[0])
        .addInterceptor(chain -> {
            HttpUrl url = chain.request().url().newBuilder().host(sandbox.host()).port(sandbox.port()).build();
            return chain.proceed(chain.request().newBuilder().url(url).build());
        }).build();
    RSAPublicKeyConfig config = new RSAPublicKeyConfig.Builder()
        .merchantId(System.getenv("WECHATPAY_MCHID"))
        .merchantSerialNumber(System.getenv("WECHATPAY_SERIAL_NO"))
        .privateKeyFromPath(System.getenv("WECHATPAY_PRIVATE_KEY_FILE"))
        .publicKeyFromPath(System.getenv("WECHATPAY_PUBLIC_KEY_FILE"))
        .publicKeyId(System.getenv("WECHATPAY_PUBLIC_KEY_ID"))
        .apiV3Key(System.getenv("WECHATPAY_API_V3_KEY"))
        .build();
    HttpClient client = new DefaultHttpClientBuilder().config(config).okHttpClient(okHttp).build();
    NativePayService service = new NativePayService.Builder().httpClient(client).build();

    WithWechatpayJava.okHttp = okHttp;

    command("set-key-mode", "{'mode': 'PUBLIC_KEY'}");
    var byKey = new WithWechatpayJava("public key", config, config);
    byKey.check("the lines of the guide", service.prepay(byKey.order("guide-1")).getCodeUrl().isEmpty(), false);
    byKey.everything();

    command("set-key-mode", "{'mode': 'CERTIFICATE'}");
    var builder =
        new RSAAutoCertificateConfig.Builder()
            .httpClientBuilder(new DefaultHttpClientBuilder().okHttpClient(okHttp))
            .merchantId(MCHID)
            .merchantSerialNumber(System.getenv("WECHATPAY_SERIAL_NO"))
            .privateKeyFromPath(System.getenv("WECHATPAY_PRIVATE_KEY_FILE"))
            .apiV3Key(System.getenv("WECHATPAY_API_V3_KEY"));
    var certified = builder.build();
    new WithWechatpayJava("certificates", certified, certified).everything();

    command("set-key-mode", "{'mode': 'MIXED'}");
    var either =
        new RSACombinedNotificationConfig.Builder()
            .httpClient(new DefaultHttpClientBuilder().config(config).okHttpClient(okHttp).build())
            .merchantId(MCHID)
            .merchantSerialNumber(System.getenv("WECHATPAY_SERIAL_NO"))
            .privateKeyFromPath(System.getenv("WECHATPAY_PRIVATE_KEY_FILE"))
            .publicKeyFromPath(System.getenv("WECHATPAY_PUBLIC_KEY_FILE"))
            .publicKeyId(System.getenv("WECHATPAY_PUBLIC_KEY_ID"))
            .apiV3Key(System.getenv("WECHATPAY_API_V3_KEY"))
            .build();
    var changing = new WithWechatpayJava("changing over", config, either);
    for (var number : Arrays.asList("mixed-1", "mixed-2")) {
      changing.service.prepay(changing.order(number));
      command("pay", "{'out_trade_no': '%s'}", number);
      var content = changing.parser.parse(nextNotification().build(), Transaction.class);
      changing.check("a notification is verified", content.getOutTradeNo(), number);
    }
    System.exit(Math.min(failures, 1));
  }
}
