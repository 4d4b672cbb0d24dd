// wechatpay-go, the official client, against the sandbox.
//
// It knows one host, whose name is in the sandbox's certificate: the HTTP client, for which it has an
// option, connects to the sandbox. The settings are the environment variables of settings.sh.
package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/fileuploader"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/profitsharing"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

const (
	openid    = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	neighbour = "1900009191"
	host      = "https://api.mch.weixin.qq.com"
)

// Faults of the sandbox that make a response that WeChat Pay did not sign.
var forgeries = []string{
	"TamperedBody", "EmptiedBody", "TamperedNonce", "SignatureOfAnotherResponse", "OtherKey", "SignedByMerchant",
	"UnknownSerial", "ProbeSignature", "MissingTimestamp", "MissingNonce", "MissingSignature", "MissingSerial",
	"CaptivePortal", "Stale", "Future",
}

var (
	ctx      = context.Background()
	mchid    = os.Getenv("WECHATPAY_MCHID")
	appid    = os.Getenv("WECHATPAY_APPID")
	serial   = os.Getenv("WECHATPAY_SERIAL_NO")
	keyID    = os.Getenv("WECHATPAY_PUBLIC_KEY_ID")
	apiV3Key = os.Getenv("WECHATPAY_API_V3_KEY")
	key      *rsa.PrivateKey
	public   *rsa.PublicKey
	plain    *http.Client
	failures int
)

func check(mode, what string, seen, wanted interface{}) {
	passed := reflect.DeepEqual(seen, wanted)
	if passed {
		fmt.Printf("ok   wechatpay-go, %s: %s\n", mode, what)
		return
	}
	failures++
	fmt.Printf("FAIL wechatpay-go, %s: %s\n     wanted %v\n     saw    %v\n", mode, what, wanted, seen)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Has done what users and the platform do by themselves.
func command(name string, values map[string]interface{}) {
	body, err := json.Marshal(values)
	must(err)
	url := os.Getenv("WECHATPAY_BASE_URL") + "/sandbox/" + name
	response, err := plain.Post(url, "application/json", bytes.NewReader(body))
	must(err)
	defer response.Body.Close()
	if response.StatusCode != 200 {
		text, _ := io.ReadAll(response.Body)
		panic(fmt.Sprintf("%s: %s", name, text))
	}
}

type fields = map[string]interface{}

// What listens at a merchant's notify_url.
type mailbox struct {
	url           string
	notifications chan *http.Request
}

func listen() mailbox {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	box := mailbox{"http://" + listener.Addr().String() + "/notify", make(chan *http.Request, 100)}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		box.notifications <- r
		w.WriteHeader(http.StatusNoContent)
	}))
	return box
}

func (box mailbox) next() *http.Request {
	select {
	case request := <-box.notifications:
		return request
	case <-time.After(30 * time.Second):
		panic("no notification")
	}
}

var box mailbox

// The same notification with another header or body.
func forged(request *http.Request, change func(http.Header, []byte) []byte) *http.Request {
	body, _ := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	other := request.Clone(ctx)
	other.Body = io.NopCloser(bytes.NewReader(change(other.Header, body)))
	return other
}

func code(err error) string {
	if refused, ok := err.(*core.APIError); ok {
		return refused.Code
	}
	return fmt.Sprint(err)
}

// The lines of the guide to testing.

func sandboxHTTP() (*http.Client, error) {
	ca, err := os.ReadFile(os.Getenv("WECHATPAY_CA_FILE"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	sandbox := strings.TrimPrefix(os.Getenv("WECHATPAY_BASE_URL"), "https://")
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, sandbox)
		},
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}}, nil
}

func sandboxClient(ctx context.Context) (*core.Client, error) {
	httpClient, err := sandboxHTTP()
	if err != nil {
		return nil, err
	}
	privateKey, err := utils.LoadPrivateKeyWithPath(os.Getenv("WECHATPAY_PRIVATE_KEY_FILE"))
	if err != nil {
		return nil, err
	}
	publicKey, err := utils.LoadPublicKeyWithPath(os.Getenv("WECHATPAY_PUBLIC_KEY_FILE"))
	if err != nil {
		return nil, err
	}
	return core.NewClient(ctx, option.WithHTTPClient(httpClient), option.WithWechatPayPublicKeyAuthCipher(
		os.Getenv("WECHATPAY_MCHID"), os.Getenv("WECHATPAY_SERIAL_NO"), privateKey,
		os.Getenv("WECHATPAY_PUBLIC_KEY_ID"), publicKey))
}

func s(text string) *string { return core.String(text) }

func orders(mode string, client *core.Client, handler *notify.Handler) *payments.Transaction {
	number := strings.Fields(mode)[0] + "-order-"
	description := s("Image形象店-深圳腾大-QQ公仔")
	nativeService, jsapiService := native.NativeApiService{Client: client}, jsapi.JsapiApiService{Client: client}
	appService, h5Service := app.AppApiService{Client: client}, h5.H5ApiService{Client: client}

	placed, _, err := nativeService.Prepay(ctx, native.PrepayRequest{
		Appid: s(appid), Mchid: s(mchid), Description: description, OutTradeNo: s(number + "native"),
		NotifyUrl: s(box.url), Amount: &native.Amount{Total: core.Int64(100)},
	})
	must(err)
	check(mode, "an order by Native", strings.HasPrefix(*placed.CodeUrl, "weixin://"), true)
	expires := time.Now().Add(time.Hour)
	full := jsapi.PrepayRequest{
		Appid: s(appid), Mchid: s(mchid), Description: description, OutTradeNo: s(number + "jsapi"),
		TimeExpire: &expires, Attach: s("附加数据"), NotifyUrl: s(box.url), GoodsTag: s("WXG"),
		LimitPay: []string{"no_credit"}, SupportFapiao: core.Bool(true),
		Amount: &jsapi.Amount{Total: core.Int64(100), Currency: s("CNY")}, Payer: &jsapi.Payer{Openid: s(openid)},
		Detail: &jsapi.Detail{CostPrice: core.Int64(608800), InvoiceId: s("微信123"), GoodsDetail: []jsapi.GoodsDetail{{
			MerchantGoodsId: s("1246464644"), WechatpayGoodsId: s("1001"), GoodsName: s("iPhoneX 256G"),
			Quantity: core.Int64(1), UnitPrice: core.Int64(528800)}}},
		SceneInfo: &jsapi.SceneInfo{PayerClientIp: s("14.23.150.211"), DeviceId: s("013467007045764"),
			StoreInfo: &jsapi.StoreInfo{Id: s("0001"), Name: s("腾讯大厦分店"), AreaCode: s("440305"),
				Address: s("广东省深圳市南山区科技中一道10000号")}},
		SettleInfo: &jsapi.SettleInfo{ProfitSharing: core.Bool(true)},
	}
	invoked, _, err := jsapiService.PrepayWithRequestPayment(ctx, full)
	must(err)
	message := fmt.Sprintf("%s\n%s\n%s\n%s\n", *invoked.Appid, *invoked.TimeStamp, *invoked.NonceStr, *invoked.Package)
	signature, err := client.Sign(ctx, message)
	must(err)
	check(mode, "an order by JSAPI, with every field, and its signature", *invoked.PaySign, signature.Signature)
	inApp, _, err := appService.PrepayWithRequestPayment(ctx, app.PrepayRequest{
		Appid: s(appid), Mchid: s(mchid), Description: description, OutTradeNo: s(number + "app"),
		NotifyUrl: s(box.url), Amount: &app.Amount{Total: core.Int64(100)},
	})
	must(err)
	check(mode, "an order by APP", len(*inApp.PrepayId) > 0, true)
	page, _, err := h5Service.Prepay(ctx, h5.PrepayRequest{
		Appid: s(appid), Mchid: s(mchid), Description: description, OutTradeNo: s(number + "h5"),
		NotifyUrl: s(box.url), Amount: &h5.Amount{Total: core.Int64(100)},
		SceneInfo: &h5.SceneInfo{PayerClientIp: s("14.23.150.211"), H5Info: &h5.H5Info{Type: s("Wap")}},
	})
	must(err)
	check(mode, "an order by H5", strings.HasPrefix(*page.H5Url, "https://"), true)
	full.Amount.Total = core.Int64(99)
	_, _, err = jsapiService.Prepay(ctx, full)
	check(mode, "a number used twice is refused", code(err), "INVALID_REQUEST")

	closed, err := nativeService.CloseOrder(ctx, native.CloseOrderRequest{OutTradeNo: s(number + "native"), Mchid: s(mchid)})
	must(err)
	check(mode, "an order is closed", closed.Response.StatusCode, 204)
	query := func(which string) (*payments.Transaction, error) {
		request := jsapi.QueryOrderByOutTradeNoRequest{OutTradeNo: s(number + which), Mchid: s(mchid)}
		transaction, _, err := jsapiService.QueryOrderByOutTradeNo(ctx, request)
		return transaction, err
	}
	found, err := query("native")
	must(err)
	check(mode, "and a query says so", *found.TradeState, "CLOSED")
	_, err = query("none")
	check(mode, "there is no other order", code(err), "ORDER_NOT_EXIST")

	command("pay", fields{"out_trade_no": number + "jsapi"})
	paid, err := query("jsapi")
	must(err)
	check(mode, "an order is paid",
		[]interface{}{*paid.TradeState, *paid.TradeType, *paid.Payer.Openid, *paid.Attach, *paid.Amount.PayerTotal},
		[]interface{}{"SUCCESS", "JSAPI", openid, "附加数据", int64(100)})
	byID, _, err := jsapiService.QueryOrderById(ctx, jsapi.QueryOrderByIdRequest{
		TransactionId: paid.TransactionId, Mchid: s(mchid)})
	must(err)
	check(mode, "the same by the transaction_id", byID, paid)

	request, content := box.next(), new(payments.Transaction)
	parsed, err := handler.ParseNotifyRequest(ctx, request, content)
	must(err)
	check(mode, "its notification is verified and opened",
		[]interface{}{parsed.EventType, content}, []interface{}{"TRANSACTION.SUCCESS", paid})
	for what, change := range map[string]func(http.Header, []byte) []byte{
		"another time": func(header http.Header, body []byte) []byte {
			header.Set("Wechatpay-Timestamp", "1554208460")
			return body
		},
		"another nonce": func(header http.Header, body []byte) []byte { header.Set("Wechatpay-Nonce", "a"); return body },
		"no signature":  func(header http.Header, body []byte) []byte { header.Del("Wechatpay-Signature"); return body },
		"another body": func(_ http.Header, body []byte) []byte {
			return bytes.Replace(body, []byte(`"summary":"`), []byte(`"summary":" `), 1)
		},
	} {
		_, err = handler.ParseNotifyRequest(ctx, forged(request, change), new(payments.Transaction))
		check(mode, "a notification with "+what+" is not", err != nil, true)
	}
	for _, fault := range forgeries {
		command("fault-next", fields{"fault": fault})
		_, err = query("jsapi")
		check(mode, "a response is refused: "+fault, err != nil, true)
	}
	_, err = query("jsapi")
	check(mode, "but the next one is not", err, nil)
	return paid
}

func refunds(mode string, client *core.Client, handler *notify.Handler, paid *payments.Transaction) {
	number, service := strings.Fields(mode)[0]+"_refund-|*@", refunddomestic.RefundsApiService{Client: client}
	apply := func(which string, refund int64) (*refunddomestic.Refund, error) {
		applied, _, err := service.Create(ctx, refunddomestic.CreateRequest{
			OutTradeNo: paid.OutTradeNo, OutRefundNo: s(number + which), Reason: s("商品已售完"), NotifyUrl: s(box.url),
			FundsAccount: refunddomestic.REQFUNDSACCOUNT_AVAILABLE.Ptr(),
			Amount:       &refunddomestic.AmountReq{Refund: core.Int64(refund), Total: core.Int64(100), Currency: s("CNY")},
			GoodsDetail: []refunddomestic.GoodsDetail{{MerchantGoodsId: s("1246464644"), WechatpayGoodsId: s("1001"),
				GoodsName: s("iPhoneX 256G"), UnitPrice: core.Int64(528800), RefundAmount: core.Int64(refund),
				RefundQuantity: core.Int64(1)}},
		})
		return applied, err
	}
	refund, err := apply("1", 40)
	must(err)
	check(mode, "a refund", []interface{}{*refund.Status, *refund.Amount.Refund},
		[]interface{}{refunddomestic.STATUS_PROCESSING, int64(40)})
	again, err := apply("1", 40)
	must(err)
	check(mode, "repeated, it is the same refund", *again.RefundId, *refund.RefundId)
	_, err = apply("2", 70)
	check(mode, "more than was paid is refused", err != nil, true)
	command("end-refund", fields{"out_refund_no": number + "1", "status": "SUCCESS"})
	ended, _, err := service.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: s(number + "1")})
	must(err)
	check(mode, "it succeeds", *ended.Status, refunddomestic.STATUS_SUCCESS)
	content := fields{}
	parsed, err := handler.ParseNotifyRequest(ctx, box.next(), &content)
	must(err)
	check(mode, "its notification is verified and opened",
		[]interface{}{parsed.EventType, content["refund_status"], content["refund_id"]},
		[]interface{}{"REFUND.SUCCESS", "SUCCESS", *refund.RefundId})
}

func sharing(mode string, client *core.Client, transactionID *string) {
	number := strings.Fields(mode)[0] + "-split-"
	receivers, splits := profitsharing.ReceiversApiService{Client: client}, profitsharing.OrdersApiService{Client: client}
	for account, kind := range map[string]profitsharing.ReceiverType{
		neighbour: profitsharing.RECEIVERTYPE_MERCHANT_ID, openid: profitsharing.RECEIVERTYPE_PERSONAL_OPENID} {
		added, _, err := receivers.AddReceiver(ctx, profitsharing.AddReceiverRequest{
			Account: s(account), Appid: s(appid), Name: s("张三"), Type: kind.Ptr(),
			RelationType: profitsharing.RECEIVERRELATIONTYPE_SUPPLIER.Ptr(),
		})
		must(err)
		check(mode, "a receiver is added, whose name is encrypted in request and response", *added.Name, "张三")
	}
	command("let-time-pass", fields{"seconds": 60})
	split, _, err := splits.CreateOrder(ctx, profitsharing.CreateOrderRequest{
		Appid: s(appid), OutOrderNo: s(number + "1"), TransactionId: transactionID, UnfreezeUnsplit: core.Bool(false),
		Receivers: []profitsharing.CreateOrderReceiver{
			{Account: s(neighbour), Amount: core.Int64(5), Description: s("分给商户"), Name: s("张三"), Type: s("MERCHANT_ID")},
			{Account: s(openid), Amount: core.Int64(3), Description: s("分给个人"), Type: s("PERSONAL_OPENID")},
		},
	})
	must(err)
	check(mode, "a split", []interface{}{*split.State, len(split.Receivers)},
		[]interface{}{profitsharing.ORDERSTATUS_PROCESSING, 2})
	command("finish-split", fields{"out_order_no": number + "1"})
	found, _, err := splits.QueryOrder(ctx, profitsharing.QueryOrderRequest{
		OutOrderNo: s(number + "1"), TransactionId: transactionID})
	must(err)
	check(mode, "it is paid", []interface{}{*found.State, *found.Receivers[0].Result},
		[]interface{}{profitsharing.ORDERSTATUS_FINISHED, profitsharing.DETAILSTATUS_SUCCESS})
	returns := profitsharing.ReturnOrdersApiService{Client: client}
	returned, _, err := returns.CreateReturnOrder(ctx, profitsharing.CreateReturnOrderRequest{
		OutOrderNo: s(number + "1"), OutReturnNo: s(number + "r"), ReturnMchid: s(neighbour), Amount: core.Int64(2),
		Description: s("用户退款"),
	})
	must(err)
	check(mode, "a share is returned", *returned.Result, profitsharing.RETURNORDERSTATUS_SUCCESS)
	sought, _, err := returns.QueryReturnOrder(ctx, profitsharing.QueryReturnOrderRequest{
		OutOrderNo: s(number + "1"), OutReturnNo: s(number + "r")})
	must(err)
	check(mode, "the return is found", sought, returned)
	unfrozen, _, err := splits.UnfreezeOrder(ctx, profitsharing.UnfreezeOrderRequest{
		OutOrderNo: s(number + "2"), TransactionId: transactionID, Description: s("解冻")})
	must(err)
	check(mode, "the rest is unfrozen", *unfrozen.OutOrderNo, number+"2")
	amounts := profitsharing.TransactionsApiService{Client: client}
	left, _, err := amounts.QueryOrderAmount(ctx, profitsharing.QueryOrderAmountRequest{TransactionId: transactionID})
	must(err)
	check(mode, "nothing is left to split", *left.UnsplitAmount, int64(0))
	deleted, _, err := receivers.DeleteReceiver(ctx, profitsharing.DeleteReceiverRequest{
		Account: s(openid), Appid: s(appid), Type: profitsharing.RECEIVERTYPE_PERSONAL_OPENID.Ptr()})
	must(err)
	check(mode, "a receiver is deleted", *deleted.Account, openid)
}

// Transfers are newer than the client's functions: its client encrypts any struct.
type transfer struct {
	Appid       string   `json:"appid"`
	OutBillNo   string   `json:"out_bill_no"`
	SceneID     string   `json:"transfer_scene_id"`
	Openid      string   `json:"openid"`
	UserName    *string  `json:"user_name" encryption:"EM_APIV3"`
	Amount      int64    `json:"transfer_amount"`
	Remark      string   `json:"transfer_remark"`
	ReportInfos []fields `json:"transfer_scene_report_infos"`
}

func transfers(mode string, client *core.Client) {
	number := strings.Fields(mode)[0] + "transfer"
	request := transfer{Appid: appid, OutBillNo: number, SceneID: "1000", Openid: openid, UserName: s("张三"),
		Amount: 400, Remark: "新会员开通有礼", ReportInfos: []fields{
			{"info_type": "活动名称", "info_content": "新会员有礼"}, {"info_type": "奖励说明", "info_content": "注册会员抽奖一等奖"}}}
	serial, err := client.EncryptRequest(ctx, &request)
	must(err)
	path := host + "/v3/fund-app/mch-transfer/transfer-bills"
	header := http.Header{"Wechatpay-Serial": {serial}}
	result, err := client.Request(ctx, "POST", path, header, nil, request, "application/json")
	must(err)
	created := fields{}
	must(core.UnMarshalResponse(result.Response, &created))
	check(mode, "a transfer, whose user_name is encrypted", created["state"], "WAIT_USER_CONFIRM")
	command("confirm-transfer", fields{"out_bill_no": number})
	result, err = client.Get(ctx, path+"/out-bill-no/"+number)
	must(err)
	found := fields{}
	must(core.UnMarshalResponse(result.Response, &found))
	check(mode, "it is confirmed", found["state"], "SUCCESS")
}

func uploads(mode string, client *core.Client) {
	image := bytes.NewReader([]byte("\x89PNG"))
	uploader := fileuploader.ImageUploader{Client: client}
	uploaded, _, err := uploader.Upload(ctx, image, "门店.png", "image/png")
	must(err)
	check(mode, "an image is uploaded", len(*uploaded.MediaId) > 0, true)
}

var passed time.Duration

func bills(mode string, client, unverified *core.Client) {
	// From noon to noon, for no day to end meanwhile; at 10 o'clock of the next its bills are ready.
	now := time.Now().Add(passed).In(time.FixedZone("Beijing", 8*3600))
	noon := time.Date(now.Year(), now.Month(), now.Day()+1, 12, 0, 0, 0, now.Location())
	pause := noon.Sub(now).Round(time.Second)
	command("let-time-pass", fields{"seconds": int(pause.Seconds())})
	passed += pause + 24*time.Hour
	day, number := noon.Format("2006-01-02"), strings.Fields(mode)[0]+"-billed"
	service := native.NativeApiService{Client: client}
	_, _, err := service.Prepay(ctx, native.PrepayRequest{
		Appid: s(appid), Mchid: s(mchid), Description: s("d"), OutTradeNo: s(number), NotifyUrl: s(box.url),
		Amount: &native.Amount{Total: core.Int64(100)},
	})
	must(err)
	command("pay", fields{"out_trade_no": number})
	box.next()
	url := host + "/v3/bill/tradebill?bill_type=ALL&bill_date=" + day
	_, err = client.Get(ctx, url)
	check(mode, "a bill takes until the next day", code(err), "STATEMENT_CREATING")
	command("let-time-pass", fields{"seconds": 86400})
	result, err := client.Get(ctx, url)
	must(err)
	var offer struct {
		DownloadURL string `json:"download_url"`
		HashValue   string `json:"hash_value"`
	}
	must(core.UnMarshalResponse(result.Response, &offer))
	result, err = unverified.Get(ctx, offer.DownloadURL)
	must(err)
	bill, err := io.ReadAll(result.Response.Body)
	must(err)
	hash := sha1.Sum(bill)
	check(mode, "a trade bill has the promised hash", hex.EncodeToString(hash[:]), offer.HashValue)
	check(mode, "a trade bill names the order", strings.Contains(string(bill), number), true)
}

func everything(mode string, client, unverified *core.Client, handler *notify.Handler) {
	paid := orders(mode, client, handler)
	refunds(mode, client, handler, paid)
	sharing(mode, client, paid.TransactionId)
	transfers(mode, client)
	uploads(mode, client)
	bills(mode, client, unverified)
}

func main() {
	client, err := sandboxClient(ctx)
	must(err)
	plain, err = sandboxHTTP()
	must(err)
	key, err = utils.LoadPrivateKeyWithPath(os.Getenv("WECHATPAY_PRIVATE_KEY_FILE"))
	must(err)
	public, err = utils.LoadPublicKeyWithPath(os.Getenv("WECHATPAY_PUBLIC_KEY_FILE"))
	must(err)
	box = listen()
	withKey := option.WithMerchantCredential(mchid, serial, key)
	unverified, err := core.NewClient(ctx, option.WithHTTPClient(plain), withKey, option.WithoutValidator())
	must(err)

	mode := "public key"
	command("set-key-mode", fields{"mode": "PUBLIC_KEY"})
	byKey, err := notify.NewRSANotifyHandler(apiV3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(keyID, *public))
	must(err)
	everything(mode, client, unverified, byKey)
	stranger, err := core.NewClient(ctx, option.WithHTTPClient(plain),
		option.WithWechatPayPublicKeyAuthCipher(mchid, strings.Repeat("0", 40), key, keyID, public))
	must(err)
	_, err = stranger.Get(ctx, host+"/v3/certificates")
	check(mode, "an unknown serial number is refused", code(err), "SIGN_ERROR")

	mode = "certificates"
	command("set-key-mode", fields{"mode": "CERTIFICATE"})
	manager := downloader.NewCertificateDownloaderMgr(ctx)
	must(manager.RegisterDownloaderWithClient(ctx, unverified, mchid, apiV3Key))
	visitor := manager.GetCertificateVisitor(mchid)
	check(mode, "the certificate is downloaded", len(visitor.GetAll(ctx)), 1)
	certified, err := core.NewClient(ctx, option.WithHTTPClient(plain),
		option.WithWechatPayAutoAuthCipherUsingDownloaderMgr(mchid, serial, key, manager))
	must(err)
	byCertificate, err := notify.NewRSANotifyHandler(apiV3Key, verifiers.NewSHA256WithRSAVerifier(visitor))
	must(err)
	everything(mode, certified, unverified, byCertificate)

	mode = "changing over"
	command("set-key-mode", fields{"mode": "MIXED"})
	byEither, err := notify.NewRSANotifyHandler(apiV3Key, verifiers.NewSHA256WithRSACombinedVerifier(visitor, keyID, *public))
	must(err)
	serials := map[string]bool{}
	for _, number := range []string{"mixed-1", "mixed-2"} {
		service := native.NativeApiService{Client: client}
		_, _, err := service.Prepay(ctx, native.PrepayRequest{
			Appid: s(appid), Mchid: s(mchid), Description: s("d"), OutTradeNo: s(number), NotifyUrl: s(box.url),
			Amount: &native.Amount{Total: core.Int64(1)},
		})
		must(err)
		command("pay", fields{"out_trade_no": number})
		request := box.next()
		serials[request.Header.Get("Wechatpay-Serial")] = true
		_, err = byEither.ParseNotifyRequest(ctx, request, new(payments.Transaction))
		check(mode, "a notification is verified", err, nil)
	}
	check(mode, "by either key", len(serials), 2)
	if failures > 0 {
		os.Exit(1)
	}
}
