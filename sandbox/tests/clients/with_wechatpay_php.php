<?php declare(strict_types=1);

// wechatpay-php, the official client, against the sandbox.
//
// It has options for the host and the certificate authority. PHP_CLIENT_AUTOLOAD names the autoloader
// of Composer, beside which the client is installed.

require getenv('PHP_CLIENT_AUTOLOAD');

use GuzzleHttp\Exception\RequestException;
use GuzzleHttp\Promise\RejectionException;
use GuzzleHttp\Psr7\Utils;
use WeChatPay\Builder;
use WeChatPay\BuilderChainable;
use WeChatPay\Crypto\AesEcb;
use WeChatPay\Crypto\AesGcm;
use WeChatPay\Crypto\Hash;
use WeChatPay\Crypto\Rsa;
use WeChatPay\Formatter;
use WeChatPay\Transformer;
use WeChatPay\Util\MediaUtil;

const NEIGHBOUR = '1900009191';
const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';
// Faults of the sandbox that make a response that WeChat Pay did not sign.
const FORGERIES = [
    'TamperedBody', 'EmptiedBody', 'TamperedNonce', 'SignatureOfAnotherResponse', 'OtherKey', 'SignedByMerchant',
    'UnknownSerial', 'ProbeSignature', 'MissingTimestamp', 'MissingNonce', 'MissingSignature', 'MissingSerial',
    'CaptivePortal', 'Stale', 'Future',
];

$settings = json_decode(file_get_contents(getenv('SETTINGS')), true);
$mailbox = stream_socket_server('tcp://127.0.0.1:0');
$notify_url = 'http://' . stream_socket_get_name($mailbox, false) . '/notify';
$failures = 0;

function check(string $mode, string $what, $seen, $wanted = true): void
{
    global $failures;
    $passed = $seen === $wanted;
    $failures += $passed ? 0 : 1;
    echo $passed ? 'ok  ' : 'FAIL', " wechatpay-php, $mode: $what\n";
    if (!$passed) {
        echo '     wanted ', json_encode($wanted, JSON_UNESCAPED_UNICODE), "\n";
        echo '     saw    ', json_encode($seen, JSON_UNESCAPED_UNICODE), "\n";
    }
}

// Has done what users and the platform do by themselves.
function command(string $name, array $values = []): void
{
    global $settings;
    $client = new GuzzleHttp\Client(['verify' => $settings['files']['ca']]);
    $client->post("{$settings['base_url']}/sandbox/$name", ['json' => (object) $values]);
}

// The headers, with names in lower case, and the body of the next notification.
function next_notification(string $acknowledgement = ''): array
{
    global $mailbox;
    $sandbox = stream_socket_accept($mailbox, 30);
    fgets($sandbox);
    $headers = [];
    while (($line = trim(fgets($sandbox))) !== '') {
        [$name, $value] = explode(': ', $line, 2);
        $headers[strtolower($name)] = $value;
    }
    $body = stream_get_contents($sandbox, (int) $headers['content-length']);
    $length = strlen($acknowledgement);
    fwrite($sandbox, "HTTP/1.1 200 OK\r\nContent-Length: $length\r\n\r\n$acknowledgement");
    fclose($sandbox);
    return [$headers, $body];
}

// A notification as the client's documents open it; nothing if its signature is wrong.
function opened(array $certs, array $headers, string $body): ?array
{
    global $settings;
    [$timestamp, $nonce] = [$headers['wechatpay-timestamp'], $headers['wechatpay-nonce']];
    $key = $certs[$headers['wechatpay-serial']];
    $verified = Rsa::verify(
        Formatter::joinedByLineFeed($timestamp, $nonce, $body), $headers['wechatpay-signature'], $key
    );
    if (!$verified || abs(Formatter::timestamp() - (int) $timestamp) > 300) {
        return null;
    }
    $notification = json_decode($body, true);
    ['ciphertext' => $ciphertext, 'nonce' => $iv, 'associated_data' => $aad] = $notification['resource'];
    $resource = json_decode(AesGcm::decrypt($ciphertext, $settings['api_v3_key'], $iv, $aad), true);
    return [$notification['event_type'], $resource];
}

// The status and the data of a response; of an error, what it says.
function response(callable $call): array
{
    try {
        $response = $call();
        return [$response->getStatusCode(), json_decode((string) $response->getBody(), true)];
    } catch (RequestException $error) {
        $response = $error->getResponse();
        $data = json_decode((string) $response->getBody(), true);
        return [$response->getStatusCode(), $data['code'] ?? $error->getMessage()];
    }
}

function order(string $number, array $more = []): array
{
    global $settings, $notify_url;
    return ['json' => $more + [
        'mchid' => $settings['mchid'],
        'appid' => $settings['appid'],
        'description' => 'Image形象店-深圳腾大-QQ公仔',
        'out_trade_no' => $number,
        'notify_url' => $notify_url,
        'amount' => ['total' => 100, 'currency' => 'CNY'],
    ]];
}

function orders(string $mode, BuilderChainable $pay, array $certs): array
{
    global $settings;
    $number = explode(' ', $mode)[0] . '-order-';
    $full = [
        'payer' => ['openid' => OPENID],
        'attach' => '附加数据',
        'detail' => ['cost_price' => 608800, 'goods_detail' => [[
            'merchant_goods_id' => '1246464644', 'goods_name' => 'iPhoneX 256G', 'quantity' => 1, 'unit_price' => 528800,
        ]]],
        'scene_info' => ['payer_client_ip' => '14.23.150.211'],
        'settle_info' => ['profit_sharing' => true],
    ];
    $h5 = ['scene_info' => ['payer_client_ip' => '14.23.150.211', 'h5_info' => ['type' => 'Wap']]];
    foreach ([['app', [], 'prepay_id'], ['jsapi', $full, 'prepay_id'], ['native', [], 'code_url'], ['h5', $h5, 'h5_url']]
        as [$what, $more, $got]) {
        [$status, $data] = response(fn () => $pay->v3->pay->transactions->$what->post(order($number . $what, $more)));
        check($mode, "an order by $what", [$status, array_keys($data)], [200, [$got]]);
    }
    $changed = order($number . 'app', ['attach' => 'changed']);
    check($mode, 'a number used twice is refused', response(fn () => $pay->v3->pay->transactions->app->post($changed)),
        [400, 'INVALID_REQUEST']);
    $mchid = ['mchid' => $settings['mchid']];
    $query = fn (string $which) => response(fn () => $pay->v3->pay->transactions->outTradeNo->_out_trade_no_->get(
        ['query' => $mchid, 'out_trade_no' => $number . $which]
    ));
    check($mode, 'an order is closed', response(fn () => $pay->v3->pay->transactions->outTradeNo->_out_trade_no_->close
        ->post(['json' => $mchid, 'out_trade_no' => $number . 'native'])), [204, null]);
    check($mode, 'and a query says so', $query('native')[1]['trade_state'], 'CLOSED');
    check($mode, 'there is no other order', $query('none'), [404, 'ORDER_NOT_EXIST']);

    command('pay', ['out_trade_no' => $number . 'jsapi']);
    [$status, $paid] = $query('jsapi');
    check($mode, 'an order is paid', [$paid['trade_state'], $paid['amount']['payer_total'], $paid['attach']],
        ['SUCCESS', 100, '附加数据']);
    check($mode, 'the same by the transaction_id', response(fn () => $pay->v3->pay->transactions->id->_transaction_id_->get(
        ['query' => $mchid, 'transaction_id' => $paid['transaction_id']]
    )), [$status, $paid]);
    [$headers, $body] = next_notification();
    check($mode, 'its notification is verified and opened', opened($certs, $headers, $body),
        ['TRANSACTION.SUCCESS', $paid]);
    check($mode, 'a notification with another body is not',
        opened($certs, $headers, str_replace('"summary":"', '"summary":" ', $body)), null);
    check($mode, 'a notification with another time is not',
        opened($certs, ['wechatpay-timestamp' => '1554208460'] + $headers, $body), null);

    foreach (FORGERIES as $fault) {
        command('fault-next', ['fault' => $fault]);
        [$status, $refusal] = $query('jsapi');
        check($mode, "a response is refused: $fault", is_string($refusal));
    }
    check($mode, 'but the next one is not', $query('jsapi'), [200, $paid]);
    return $paid;
}

function refunds(string $mode, BuilderChainable $pay, array $certs, array $paid): void
{
    global $notify_url;
    // Of all characters that a number may have.
    $number = explode(' ', $mode)[0] . '_refund-|*@';
    $refund = fn (string $which, int $total) => response(fn () => $pay->v3->refund->domestic->refunds->post(['json' => [
        'transaction_id' => $paid['transaction_id'],
        'out_refund_no' => $number . $which,
        'reason' => '商品已售完',
        'notify_url' => $notify_url,
        'amount' => ['refund' => $total, 'total' => 100, 'currency' => 'CNY'],
    ]]));
    [$status, $data] = $refund('1', 40);
    check($mode, 'a refund', [$status, $data['status'], $data['amount']['refund']], [200, 'PROCESSING', 40]);
    check($mode, 'repeated, it is the same refund', $refund('1', 40)[1]['refund_id'], $data['refund_id']);
    check($mode, 'more than was paid is refused', $refund('2', 70)[0], 400);
    command('end-refund', ['out_refund_no' => $number . '1', 'status' => 'SUCCESS']);
    [$status, $ended] = response(fn () => $pay->v3->refund->domestic->refunds->_out_refund_no_->get(
        ['out_refund_no' => $number . '1']
    ));
    check($mode, 'it succeeds', [$status, $ended['status']], [200, 'SUCCESS']);
    [$type, $resource] = opened($certs, ...next_notification());
    check($mode, 'its notification is verified and opened', [$type, $resource['refund_status'], $resource['refund_id']],
        ['REFUND.SUCCESS', 'SUCCESS', $data['refund_id']]);
}

// The last of the certificates encrypts.
function encrypted(array $certs, string $text): array
{
    $serial = array_key_last($certs);
    return [Rsa::encrypt($text, $certs[$serial]), ['Wechatpay-Serial' => $serial]];
}

function sharing(string $mode, BuilderChainable $pay, array $certs, array $paid): void
{
    global $settings;
    $number = explode(' ', $mode)[0] . '-split-';
    [$name, $headers] = encrypted($certs, '张三');
    $receiver = ['type' => 'MERCHANT_ID', 'account' => NEIGHBOUR];
    [$status, $added] = response(fn () => $pay->v3->profitsharing->receivers->add->post(['headers' => $headers, 'json' => [
        'appid' => $settings['appid'], 'name' => $name, 'relation_type' => 'SUPPLIER',
    ] + $receiver]));
    $key = Rsa::from('file://' . $settings['files']['merchant_key']);
    check($mode, 'a receiver is added, whose name is encrypted in request and response',
        [$status, Rsa::decrypt($added['name'], $key)], [200, '张三']);
    command('let-time-pass', ['seconds' => 60]);
    [$status, $split] = response(fn () => $pay->v3->profitsharing->orders->post(['headers' => $headers, 'json' => [
        'appid' => $settings['appid'], 'transaction_id' => $paid['transaction_id'], 'out_order_no' => $number . '1',
        'receivers' => [['name' => $name, 'amount' => 5, 'description' => '分给商户'] + $receiver],
        'unfreeze_unsplit' => true,
    ]]));
    check($mode, 'a split', [$status, $split['state']], [200, 'PROCESSING']);
    command('finish-split', ['out_order_no' => $number . '1']);
    [$status, $found] = response(fn () => $pay->v3->profitsharing->orders->_out_order_no_->get([
        'query' => ['transaction_id' => $paid['transaction_id']], 'out_order_no' => $number . '1',
    ]));
    check($mode, 'it is paid', [$status, $found['state'], $found['receivers'][0]['result']], [200, 'FINISHED', 'SUCCESS']);
}

function transfers(string $mode, BuilderChainable $pay, array $certs): void
{
    global $settings;
    $number = explode(' ', $mode)[0] . 'transfer';
    [$name, $headers] = encrypted($certs, '张三');
    [$status, $data] = response(fn () => $pay->v3->fundApp->mchTransfer->transferBills->post(['headers' => $headers, 'json' => [
        'appid' => $settings['appid'], 'out_bill_no' => $number, 'transfer_scene_id' => '1000', 'openid' => OPENID,
        'user_name' => $name, 'transfer_amount' => 400, 'transfer_remark' => '新会员开通有礼',
        'transfer_scene_report_infos' => [
            ['info_type' => '活动名称', 'info_content' => '新会员有礼'],
            ['info_type' => '奖励说明', 'info_content' => '注册会员抽奖一等奖'],
        ],
    ]]));
    check($mode, 'a transfer, whose user_name is encrypted', [$status, $data['state']], [200, 'WAIT_USER_CONFIRM']);
    command('confirm-transfer', ['out_bill_no' => $number]);
    [, $data] = response(fn () => $pay->v3->fundApp->mchTransfer->transferBills->outBillNo->_out_bill_no_->get(
        ['out_bill_no' => $number]
    ));
    check($mode, 'it is confirmed', $data['state'], 'SUCCESS');
}

function uploads(string $mode, BuilderChainable $pay): void
{
    $media = new MediaUtil('门店.png', Utils::streamFor("\x89PNG"));
    [$status, $data] = response(fn () => $pay->chain('v3/merchant/media/upload')->post(
        ['body' => $media->getStream(), 'headers' => ['Content-Type' => $media->getContentType()]]
    ));
    check($mode, 'an image is uploaded', [$status, array_keys($data)], [200, ['media_id']]);
}

$passed = 0;

function bills(string $mode, BuilderChainable $pay): void
{
    global $passed;
    // From noon to noon, for no day to end meanwhile; at 10 o'clock of the next its bills are ready.
    $now = time() + $passed;
    $pause = 86400 - ($now + 20 * 3600) % 86400;
    command('let-time-pass', ['seconds' => $pause]);
    $passed += $pause + 86400;
    $day = gmdate('Y-m-d', $now + $pause + 8 * 3600);
    $number = explode(' ', $mode)[0] . '-billed';
    $pay->v3->pay->transactions->app->post(order($number));
    command('pay', ['out_trade_no' => $number]);
    next_notification();
    $ask = fn () => response(fn () => $pay->v3->bill->tradebill->get(['query' => ['bill_date' => $day, 'bill_type' => 'ALL']]));
    check($mode, 'a bill takes until the next day', $ask(), [400, 'STATEMENT_CREATING']);
    command('let-time-pass', ['seconds' => 86400]);
    [, $offer] = $ask();
    parse_str(parse_url($offer['download_url'], PHP_URL_QUERY), $query);
    $bill = (string) $pay->v3->billdownload->file->get(['query' => $query])->getBody();
    check($mode, 'a trade bill has the promised hash', sha1($bill), $offer['hash_value']);
    check($mode, 'a trade bill names the order', str_contains($bill, $number));
}

function everything(string $mode, BuilderChainable $pay, array $certs): void
{
    $paid = orders($mode, $pay, $certs);
    refunds($mode, $pay, $certs, $paid);
    sharing($mode, $pay, $certs, $paid);
    transfers($mode, $pay, $certs);
    uploads($mode, $pay);
    bills($mode, $pay);
}

function client(array $certs, array $more = []): BuilderChainable
{
    global $settings;
    return Builder::factory($more + [
        'base_uri' => $settings['base_url'] . '/',
        'verify' => $settings['files']['ca'],
        'mchid' => $settings['mchid'],
        'serial' => $settings['serial_no'],
        'privateKey' => Rsa::from('file://' . $settings['files']['merchant_key']),
        'certs' => $certs,
    ]);
}

// APIv2: the fields of a response; an error of WeChat Pay rejects with the response.
function v2_response(callable $call): array
{
    try {
        return Transformer::toArray((string) $call()->getBody());
    } catch (RejectionException $rejection) {
        return Transformer::toArray((string) $rejection->getReason()->getBody());
    }
}

function v2(string $sign_type): void
{
    global $settings, $notify_url, $public_key;
    $mode = "APIv2, $sign_type";
    $number = "v2-$sign_type-";
    $pay = client($public_key, [
        'secret' => $settings['api_v2_key'],
        'merchant' => ['cert' => $settings['files']['merchant_certificate'], 'key' => $settings['files']['merchant_key']],
    ]);
    $who = ['appid' => $settings['appid'], 'mch_id' => $settings['mchid'], 'sign_type' => $sign_type];
    $placed = v2_response(fn () => $pay->v2->pay->unifiedorder->post(['xml' => $who + [
        'body' => '深圳 & <腾大>', 'out_trade_no' => $number . '1', 'total_fee' => '100', 'trade_type' => 'NATIVE',
        'product_id' => '1', 'spbill_create_ip' => '14.23.150.211', 'notify_url' => $notify_url,
    ]]));
    check($mode, 'a unified order', str_starts_with($placed['code_url'], 'weixin://'));
    command('v2/pay', ['out_trade_no' => $number . '1']);
    $order = ['xml' => $who + ['out_trade_no' => $number . '1']];
    $paid = v2_response(fn () => $pay->v2->pay->orderquery->post($order));
    check($mode, 'an order is paid', [$paid['trade_state'], $paid['total_fee']], ['SUCCESS', '100']);
    check($mode, 'a paid order is not closed',
        v2_response(fn () => $pay->v2->pay->closeorder->post($order))['err_code'], 'ORDERPAID');
    [, $body] = next_notification('<xml><return_code>SUCCESS</return_code></xml>');
    $notification = Transformer::toArray($body);
    $text = Formatter::queryStringLike(Formatter::ksort($notification));
    check($mode, 'its notification is verified',
        [Hash::sign($sign_type, $text, $settings['api_v2_key']), $notification['transaction_id']],
        [$notification['sign'], $paid['transaction_id']]);
    $refund = ['xml' => $who + [
        'out_trade_no' => $number . '1', 'out_refund_no' => $number . 'r', 'total_fee' => '100', 'refund_fee' => '40',
        'notify_url' => $notify_url,
    ]];
    $refunded = v2_response(fn () => $pay->v2->secapi->pay->refund->post($refund + ['security' => true]));
    check($mode, 'a refund', [$refunded['result_code'], $refunded['refund_fee']], ['SUCCESS', '40']);
    command('v2/end-refund', ['out_refund_no' => $number . 'r', 'status' => 'SUCCESS']);
    $found = v2_response(fn () => $pay->v2->pay->refundquery->post(['xml' => $who + ['out_refund_no' => $number . 'r']]));
    check($mode, 'it succeeds', [$found['refund_status_0'], $found['refund_id_0']], ['SUCCESS', $refunded['refund_id']]);
    [, $body] = next_notification('<xml><return_code>SUCCESS</return_code></xml>');
    $sealed = AesEcb::decrypt(Transformer::toArray($body)['req_info'], Hash::md5($settings['api_v2_key']));
    check($mode, 'its notification is opened', Transformer::toArray($sealed)['refund_id'], $refunded['refund_id']);
    command('fault-next', ['fault' => 'TamperedBody']);
    try {
        $pay->v2->pay->orderquery->post($order);
        $outcome = 'verified';
    } catch (RejectionException $rejection) {
        $outcome = 'refused';
    }
    check($mode, 'a response is refused: TamperedBody', $outcome, 'refused');
}

// Platform certificates as the client's own downloader gets them.
function downloaded(): array
{
    global $settings;
    $folder = dirname(getenv('SETTINGS')) . '/certificates';
    mkdir($folder);
    $downloader = dirname(getenv('PHP_CLIENT_AUTOLOAD')) . '/wechatpay/wechatpay/bin/CertificateDownloader.php';
    $files = $settings['files'];
    exec(implode(' ', array_map('escapeshellarg', [
        PHP_BINARY, '-d', "curl.cainfo={$files['ca']}", '-d', 'error_reporting=0', $downloader, '-k', $settings['api_v3_key'],
        '-m', $settings['mchid'], '-f', $files['merchant_key'], '-s', $settings['serial_no'], '-o', $folder,
        '-u', $settings['base_url'] . '/',
    ])) . ' >/dev/null 2>&1');
    $certs = [];
    foreach (glob("$folder/wechatpay_*.pem") as $path) {
        $certs[substr(basename($path, '.pem'), strlen('wechatpay_'))] = Rsa::from("file://$path", Rsa::KEY_TYPE_PUBLIC);
    }
    return $certs;
}

// The lines of the guide to testing.
$instance = Builder::factory([
    'base_uri' => getenv('WECHATPAY_BASE_URL') . '/',
    'verify' => getenv('WECHATPAY_CA_FILE'),
    'mchid' => getenv('WECHATPAY_MCHID'),
    'serial' => getenv('WECHATPAY_SERIAL_NO'),
    'privateKey' => Rsa::from('file://' . getenv('WECHATPAY_PRIVATE_KEY_FILE')),
    'certs' => [
        getenv('WECHATPAY_PUBLIC_KEY_ID') =>
            Rsa::from('file://' . getenv('WECHATPAY_PUBLIC_KEY_FILE'), Rsa::KEY_TYPE_PUBLIC),
    ],
]);

$public_key = [
    $settings['public_key_id'] => Rsa::from('file://' . $settings['files']['public_key'], Rsa::KEY_TYPE_PUBLIC),
];
command('set-key-mode', ['mode' => 'PUBLIC_KEY']);
everything('public key', $instance, $public_key);

command('set-key-mode', ['mode' => 'CERTIFICATE']);
$certificates = downloaded();
check('certificates', 'the certificate is downloaded', array_keys($certificates),
    [$settings['platform_certificate_serial_no']]);
everything('certificates', client($certificates), $certificates);

command('set-key-mode', ['mode' => 'MIXED']);
$either = $certificates + $public_key;
$pay = client($either);
$serials = [];
foreach (['mixed-1', 'mixed-2'] as $number) {
    $pay->v3->pay->transactions->native->post(order($number));
    command('pay', ['out_trade_no' => $number]);
    [$headers, $body] = next_notification();
    $serials[$headers['wechatpay-serial']] = true;
    check('changing over', 'a notification is verified', opened($either, $headers, $body)[0], 'TRANSACTION.SUCCESS');
}
check('changing over', 'by either key', count($serials), 2);

foreach ([Hash::ALGO_MD5, Hash::ALGO_HMAC_SHA256] as $sign_type) {
    v2($sign_type);
}
exit(min($failures, 1));
