// wechatpay-axios-plugin, as npm has it, against the sandbox.
//
// It has an option for the host. NODE_EXTRA_CA_CERTS names the authority to trust, and the
// packages are where NODE_MODULES says.

import { deepStrictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';

const packages = process.env.NODE_MODULES;
const {
  Aes: { AesEcb, AesGcm },
  Formatter,
  Hash,
  Rsa,
  Transformer,
  Wechatpay,
} = createRequire(join(packages, 'index.js'))('wechatpay-axios-plugin');

const settings = JSON.parse(readFileSync(process.env.SETTINGS));
const { mchid, appid, files } = settings;
const NEIGHBOUR = '1900009191';
// Faults of the sandbox that make a response that WeChat Pay did not sign.
const FORGERIES = [
  'TamperedBody',
  'EmptiedBody',
  'TamperedNonce',
  'SignatureOfAnotherResponse',
  'OtherKey',
  'SignedByMerchant',
  'UnknownSerial',
  'ProbeSignature',
  'MissingTimestamp',
  'MissingNonce',
  'MissingSignature',
  'MissingSerial',
  'CaptivePortal',
  'Stale',
  'Future',
];
const PUBLIC_KEY = { [settings.public_key_id]: `file://${files.public_key}` };

let failures = 0;

function check(mode, what, seen, wanted = true) {
  const passed = isDeepStrictEqual(seen, wanted);
  failures += passed ? 0 : 1;
  console.log(passed ? 'ok  ' : 'FAIL', `wechatpay-axios-plugin, ${mode}: ${what}`);
  if (!passed) {
    console.log('     wanted', JSON.stringify(wanted), '\n     saw   ', JSON.stringify(seen));
  }
}

// Has done what users and the platform do of their own accord.
async function command(name, values = {}) {
  const response = await fetch(`${settings.base_url}/sandbox/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(values),
  });
  deepStrictEqual(response.status, 200, `${name}: ${await response.clone().text()}`);
  return response.json();
}

// What listens at a merchant's notify_url.
const notifications = [];
const waiting = [];
const mailbox = createServer(async (request, response) => {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  notifications.push({ headers: request.headers, body });
  waiting.shift()?.();
  response.end(request.url === '/v2' ? Transformer.toXml({ return_code: 'SUCCESS' }) : '');
});
await new Promise((resolve) => {
  mailbox.listen(0, '127.0.0.1', resolve);
});
const notifyUrl = (path) => `http://127.0.0.1:${mailbox.address().port}/${path}`;

async function nextNotification() {
  if (notifications.length === 0) {
    await new Promise((resolve, reject) => {
      waiting.push(resolve);
      setTimeout(() => reject(new Error('no notification')), 30_000).unref();
    });
  }
  return notifications.shift();
}

function client(certs, options = {}) {
  return new Wechatpay({
    baseURL: `${settings.base_url}/`,
    mchid,
    serial: settings.serial_no,
    privateKey: `file://${files.merchant_key}`,
    certs,
    secret: settings.api_v2_key,
    merchant: {
      cert: readFileSync(files.merchant_certificate),
      key: readFileSync(files.merchant_key),
    },
    ...options,
  });
}

// The status and the data of a response; of an error, its code.
async function response(call) {
  try {
    const { status, data } = await call;
    return { status, data };
  } catch (error) {
    return { status: error.response?.status, data: error.response?.data, refused: error.code };
  }
}

function some(whole, ...names) {
  return Object.fromEntries(names.map((name) => [name, whole?.[name]]));
}

// A notification of APIv3 as the plugin's documents open it; nothing if its signature is wrong.
function opened({ headers, body }, certs) {
  const [timestamp, nonce, signature, serial] = ['timestamp', 'nonce', 'signature', 'serial'].map(
    (name) => headers[`wechatpay-${name}`],
  );
  const key = Rsa.from(certs[serial], Rsa.KEY_TYPE_PUBLIC);
  if (!Rsa.verify(Formatter.response(timestamp, nonce, body), signature, key)) return null;
  const { event_type: type, resource } = JSON.parse(body);
  const { ciphertext, nonce: iv, associated_data: aad } = resource;
  return { type, resource: JSON.parse(AesGcm.decrypt(ciphertext, settings.api_v3_key, iv, aad)) };
}

function order(number, more = {}) {
  return {
    mchid,
    appid,
    description: 'Image形象店-深圳腾大-QQ公仔',
    out_trade_no: number,
    notify_url: notifyUrl('v3'),
    amount: { total: 100, currency: 'CNY' },
    ...more,
  };
}

async function orders(mode, pay, certs) {
  const number = `${mode.split(' ')[0]}-order-`;
  const full = {
    payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    attach: '附加数据',
    detail: {
      cost_price: 608800,
      goods_detail: [
        {
          merchant_goods_id: '1246464644',
          goods_name: 'iPhoneX 256G',
          quantity: 1,
          unit_price: 528800,
        },
      ],
    },
    scene_info: { payer_client_ip: '14.23.150.211' },
  };
  const h5 = { scene_info: { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } } };
  for (const [what, more, got] of [
    ['app', {}, 'prepay_id'],
    ['jsapi', full, 'prepay_id'],
    ['native', {}, 'code_url'],
    ['h5', h5, 'h5_url'],
  ]) {
    const { status, data } = await response(
      pay.v3.pay.transactions[what].post(order(number + what, more)),
    );
    check(mode, `an order by ${what}`, [status, Object.keys(data)], [200, [got]]);
  }
  const query = (which) =>
    response(
      pay.v3.pay.transactions.outTradeNo.$out_trade_no$.get({
        params: { mchid },
        out_trade_no: number + which,
      }),
    );
  check(
    mode,
    'an order is closed',
    await response(
      pay.v3.pay.transactions.outTradeNo.$out_trade_no$.close.post(
        { mchid },
        { out_trade_no: `${number}native` },
      ),
    ),
    { status: 204, data: '' },
  );
  check(mode, 'and a query says so', (await query('native')).data.trade_state, 'CLOSED');
  check(mode, 'there is no other order', await query('none'), {
    status: 404,
    data: { code: 'ORDER_NOT_EXIST', message: '订单不存在' },
    refused: 'ERR_BAD_REQUEST',
  });

  await command('pay', { out_trade_no: `${number}jsapi` });
  const paid = await query('jsapi');
  check(mode, 'an order is paid', some(paid.data, 'trade_state', 'amount', 'attach'), {
    trade_state: 'SUCCESS',
    amount: { total: 100, payer_total: 100, currency: 'CNY', payer_currency: 'CNY' },
    attach: '附加数据',
  });
  check(
    mode,
    'the same by the transaction_id',
    await response(
      pay.v3.pay.transactions.id.$transaction_id$.get({
        params: { mchid },
        transaction_id: paid.data.transaction_id,
      }),
    ),
    paid,
  );
  const notification = await nextNotification();
  check(mode, 'its notification is verified and opened', opened(notification, certs), {
    type: 'TRANSACTION.SUCCESS',
    resource: paid.data,
  });
  check(
    mode,
    'a notification with another body is not',
    opened({ ...notification, body: notification.body.replace('"summary":"', '"summary":" ') }, certs),
    null,
  );

  for (const fault of FORGERIES) {
    await command('fault-next', { fault });
    check(
      mode,
      `a response is refused: ${fault}`,
      (await query('jsapi')).refused?.startsWith('EV3_RES_'),
    );
  }
  check(mode, 'but the next one is', await query('jsapi'), paid);
  return paid.data;
}

async function refunds(mode, pay, certs, paid) {
  // Of all characters that a number may have.
  const number = `${mode.split(' ')[0]}_refund-|*@`;
  const refund = (which, total) =>
    response(
      pay.v3.refund.domestic.refunds.post({
        transaction_id: paid.transaction_id,
        out_refund_no: number + which,
        reason: '商品已售完',
        notify_url: notifyUrl('v3'),
        amount: { refund: total, total: 100, currency: 'CNY' },
      }),
    );
  const { status, data } = await refund('1', 60);
  check(mode, 'a refund', [status, data.status, data.amount?.refund], [200, 'PROCESSING', 60]);
  check(mode, 'repeated, it is the same refund', (await refund('1', 60)).data.refund_id, data.refund_id);
  check(mode, 'more than was paid is refused', (await refund('2', 60)).status, 400);
  await command('end-refund', { out_refund_no: `${number}1`, status: 'SUCCESS' });
  const ended = await response(
    pay.v3.refund.domestic.refunds.$out_refund_no$.get({
      out_refund_no: `${number}1`,
    }),
  );
  check(mode, 'it succeeds', [ended.status, ended.data.status], [200, 'SUCCESS']);
  const notification = opened(await nextNotification(), certs);
  check(
    mode,
    'its notification is verified and opened',
    [notification.type, some(notification.resource, 'refund_status', 'refund_id', 'out_refund_no', 'amount')],
    [
      'REFUND.SUCCESS',
      {
        refund_status: 'SUCCESS',
        refund_id: data.refund_id,
        out_refund_no: `${number}1`,
        amount: { total: 100, refund: 60, payer_total: 100, payer_refund: 60 },
      },
    ],
  );
}

async function combined(mode, pay, certs) {
  const number = `${mode.split(' ')[0]}-whole-`;
  const parts = (which) =>
    [
      [mchid, 10],
      [NEIGHBOUR, 20],
    ].map(([owner, total]) => ({
      mchid: owner,
      attach: 'a',
      amount: { total_amount: total, currency: 'CNY' },
      out_trade_no: `${number}${which}-${total}`,
      description: 'QQ会员充值',
    }));
  for (const which of ['1', '2']) {
    const { status, data } = await response(
      pay.v3.combineTransactions.native.post({
        combine_appid: appid,
        combine_mchid: mchid,
        combine_out_trade_no: number + which,
        notify_url: notifyUrl('v3'),
        sub_orders: parts(which),
      }),
    );
    check(mode, 'a combined order', [status, Object.keys(data)], [200, ['code_url']]);
  }
  const path = pay.v3.combineTransactions.outTradeNo.$combine_out_trade_no$;
  check(
    mode,
    'it is closed',
    await response(
      path.close.post(
        {
          combine_appid: appid,
          sub_orders: parts('2').map((part) => some(part, 'mchid', 'out_trade_no')),
        },
        { combine_out_trade_no: `${number}2` },
      ),
    ),
    { status: 204, data: '' },
  );
  await command('pay-combined', { combine_out_trade_no: `${number}1` });
  const { data } = await response(path.get({ combine_out_trade_no: `${number}1` }));
  check(
    mode,
    'it is paid',
    data.sub_orders.map((part) => [part.trade_state, part.amount.payer_amount]),
    [
      ['SUCCESS', 10],
      ['SUCCESS', 20],
    ],
  );
  check(mode, 'its notification is verified and opened', opened(await nextNotification(), certs), {
    type: 'TRANSACTION.SUCCESS',
    resource: data,
  });
}

let passed = 0;

async function bills(mode, pay) {
  // From noon to noon, for no day to end meanwhile; at 10 o'clock of the next its bills are ready.
  const now = Math.floor(Date.now() / 1000) + passed;
  const pause = 86400 - ((now + 20 * 3600) % 86400);
  await command('let-time-pass', { seconds: pause });
  passed += pause + 86400;
  const day = new Date((now + pause + 8 * 3600) * 1000).toISOString().slice(0, 10);
  const number = `${mode.split(' ')[0]}-billed`;
  await pay.v3.pay.transactions.app.post(order(number));
  await command('pay', { out_trade_no: number });
  await nextNotification();
  const ask = (kind, more) =>
    response(pay.v3.bill[kind].get({ params: { bill_date: day, ...more } }));
  check(
    mode,
    'a bill takes until the next day',
    (await ask('tradebill', {})).data.code,
    'STATEMENT_CREATING',
  );
  await command('let-time-pass', { seconds: 86400 });
  for (const [what, kind] of [
    ['trade', 'tradebill'],
    ['fund flow', 'fundflowbill'],
  ]) {
    for (const [packed, more] of [
      ['', {}],
      ['packed ', { tar_type: 'GZIP' }],
    ]) {
      const { data: offer } = await ask(kind, more);
      const { data } = await response(
        pay.v3.billdownload.file.get({
          params: new URL(offer.download_url).searchParams,
          responseType: 'arraybuffer',
        }),
      );
      const bill = packed ? gunzipSync(data) : data;
      check(
        mode,
        `a ${packed}${what} bill has the promised hash`,
        createHash('sha1').update(bill).digest('hex'),
        offer.hash_value,
      );
      const { rows, summary } = Formatter.castCsvBill(bill);
      const named = rows.filter(
        (row) => row['商户订单号'] === number || row['业务凭证号'] === number,
      );
      const sums =
        kind === 'tradebill'
          ? [named.length, named[0]?.['订单金额'], Number(summary['总交易单数'])]
          : [named.length, named[0]?.['收支金额(元)'], Number(summary['资金流水总笔数'])];
      check(
        mode,
        `a ${packed}${what} bill is read`,
        sums,
        kind === 'tradebill' ? [1, '1.00', rows.length] : [2, '1.00', rows.length],
      );
    }
  }
}

async function everything(mode, pay, certs) {
  await refunds(mode, pay, certs, await orders(mode, pay, certs));
  await combined(mode, pay, certs);
  await bills(mode, pay);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = client(certs, { privateKey });
  const { status, data } = await response(stranger.v3.certificates.get());
  check(mode, 'who signs with another key is refused', [status, data.code], [401, 'SIGN_ERROR']);
}

// Platform certificates as the plugin's own downloader gets them: its last release that did.
function downloaded() {
  const folder = mkdtempSync(join(dirname(process.env.SETTINGS), 'certificates-'));
  execFileSync(process.execPath, [
    join(packages, 'wechatpay-axios-plugin-0.8/bin/cli.js'),
    'crt',
    '-m',
    mchid,
    '-s',
    settings.serial_no,
    '-f',
    files.merchant_key,
    '-k',
    settings.api_v3_key,
    '-u',
    `${settings.base_url}/`,
    '-o',
    folder,
  ]);
  return Object.fromEntries(
    readdirSync(folder).map((name) => [
      name.replace(/^wechatpay_|\.pem$/g, ''),
      readFileSync(join(folder, name)),
    ]),
  );
}

async function v2Order(mode, pay, signed) {
  const number = `v2-${signed.sign_type ?? 'default'}-`;
  const who = { appid, mch_id: mchid, ...signed };
  const place = (which, more) =>
    response(
      pay.v2.pay.unifiedorder.post({
        ...who,
        body: '深圳 & <腾大>',
        out_trade_no: number + which,
        total_fee: 100,
        spbill_create_ip: '14.23.150.211',
        notify_url: notifyUrl('v2'),
        ...more,
      }),
    );
  const placed = await place('1', { trade_type: 'NATIVE', product_id: '1' });
  check(
    mode,
    'a unified order',
    [placed.status, placed.data.code_url?.startsWith('weixin://')],
    [200, true],
  );
  await place('2', { trade_type: 'APP' });
  const close = (which) =>
    response(pay.v2.pay.closeorder.post({ ...who, out_trade_no: number + which }));
  const query = (which) =>
    response(pay.v2.pay.orderquery.post({ ...who, out_trade_no: number + which }));
  for (const [what, state] of [
    ['is not closed before five minutes', 'NOTPAY'],
    ['is closed', 'CLOSED'],
  ]) {
    const { data: closed } = await close('2');
    check(
      mode,
      `it ${what}, and a query says so`,
      [closed.result_code, (await query('2')).data.trade_state],
      ['SUCCESS', state],
    );
    await command('let-time-pass', { seconds: 300 });
  }
  check(mode, 'there is no other order', some((await query('none')).data, 'err_code'), {
    err_code: 'ORDERNOTEXIST',
  });

  await command('v2/pay', { out_trade_no: `${number}1` });
  const { data: paid } = await query('1');
  check(mode, 'an order is paid', some(paid, 'trade_state', 'total_fee', 'trade_type'), {
    trade_state: 'SUCCESS',
    total_fee: '100',
    trade_type: 'NATIVE',
  });
  check(mode, 'a paid order is not closed', (await close('1')).data.err_code, 'ORDERPAID');
  const { body } = await nextNotification();
  const notification = Transformer.toObject(body);
  const verified = ({ sign, ...fields }) =>
    Hash.sign(
      sign.length === 64 ? Hash.ALGO_HMAC_SHA256 : Hash.ALGO_MD5,
      fields,
      settings.api_v2_key,
    ) === sign;
  check(
    mode,
    'its notification is verified',
    [verified(notification), notification.transaction_id, notification.total_fee],
    [true, paid.transaction_id, '100'],
  );
  check(
    mode,
    'a notification with another total_fee is not',
    verified({ ...notification, total_fee: '1' }),
    false,
  );

  const refund = (more) =>
    response(
      pay.v2.secapi.pay.refund.post(
        {
          ...who,
          out_trade_no: `${number}1`,
          out_refund_no: `${number}r`,
          total_fee: 100,
          refund_fee: 40,
          notify_url: notifyUrl('v2'),
        },
        more,
      ),
    );
  check(mode, 'a refund needs the client certificate', (await refund({})).status, 400);
  const { data: refunded } = await refund({ security: true });
  check(mode, 'with it there is a refund', some(refunded, 'result_code', 'refund_fee'), {
    result_code: 'SUCCESS',
    refund_fee: '40',
  });
  await command('v2/end-refund', { out_refund_no: `${number}r`, status: 'SUCCESS' });
  const { data: found } = await response(
    pay.v2.pay.refundquery.post({ ...who, out_refund_no: `${number}r` }),
  );
  check(mode, 'it succeeds', some(found, 'refund_count', 'refund_status_0', 'refund_id_0'), {
    refund_count: '1',
    refund_status_0: 'SUCCESS',
    refund_id_0: refunded.refund_id,
  });
  const sealed = Transformer.toObject((await nextNotification()).body).req_info;
  const refundNotification = Transformer.toObject(AesEcb.decrypt(sealed, Hash.md5(settings.api_v2_key)));
  check(mode, 'its notification is opened', some(refundNotification, 'refund_status', 'refund_id', 'refund_fee'), {
    refund_status: 'SUCCESS',
    refund_id: refunded.refund_id,
    refund_fee: '40',
  });

  await command('fault-next', { fault: 'TamperedBody' });
  check(
    mode,
    'a response is refused: TamperedBody',
    (await query('1')).refused,
    'EV2_RES_SIGNATURE_NOT_EQUAL',
  );
  const stranger = client(PUBLIC_KEY, { secret: 'x'.repeat(32) });
  const { data: refused } = await response(
    stranger.v2.pay.orderquery.post({ ...who, out_trade_no: `${number}1` }),
  );
  check(mode, 'who signs with another key is refused', refused, {
    return_code: 'FAIL',
    return_msg: '签名错误',
  });
}

async function v2Combined(mode, pay) {
  const who = { combine_appid: appid, combine_mch_id: mchid, sign_type: Hash.ALGO_HMAC_SHA256 };
  const parts = (number) =>
    [
      [mchid, 10],
      [NEIGHBOUR, 20],
    ].map(([owner, total]) => ({
      appid,
      mch_id: owner,
      out_trade_no: `${number}-${total}`,
      body: 'QQ会员充值',
      attach: 'a',
      total_fee: total,
      fee_type: 'CNY',
    }));
  for (const number of ['v2-whole-1', 'v2-whole-2']) {
    const { data } = await response(
      pay.v2.pay.combinedorder.post({
        ...who,
        combine_out_trade_no: number,
        trade_type: 'APP',
        spbill_create_ip: '14.23.150.211',
        notify_url: notifyUrl('v2'),
        sub_order_list: JSON.stringify({ order_num: 2, order_list: parts(number) }),
      }),
    );
    check(mode, 'a combined order', 'prepay_id' in data);
  }
  await command('let-time-pass', { seconds: 60 });
  const { data: closed } = await response(
    pay.v2.pay.closecombinedorder.post({
      ...who,
      combine_out_trade_no: 'v2-whole-2',
      sub_order_list: JSON.stringify(
        parts('v2-whole-2').map((part) => some(part, 'mch_id', 'out_trade_no')),
      ),
    }),
  );
  check(mode, 'it is closed', closed.result_code, 'SUCCESS');
  await command('v2/pay-combined', { combine_out_trade_no: 'v2-whole-1' });
  const { data } = await response(
    pay.v2.pay.querycombinedorder.post({ ...who, combine_out_trade_no: 'v2-whole-1' }),
  );
  check(mode, 'it is paid', data.trade_state, 'SUCCESS');
  const { sign, ...notification } = Transformer.toObject((await nextNotification()).body);
  check(
    mode,
    'its notification is verified',
    [Hash.sign(Hash.ALGO_HMAC_SHA256, notification, settings.api_v2_key), notification.sub_order_list],
    [sign, data.sub_order_list],
  );
}

// The client that the lines of the guide to testing make.
const env = process.env;
const wxpay = new Wechatpay({
  baseURL: `${env.WECHATPAY_BASE_URL}/`,
  mchid: env.WECHATPAY_MCHID, serial: env.WECHATPAY_SERIAL_NO,
  privateKey: `file://${env.WECHATPAY_PRIVATE_KEY_FILE}`,
  certs: { [env.WECHATPAY_PUBLIC_KEY_ID]: `file://${env.WECHATPAY_PUBLIC_KEY_FILE}` },
});

await command('set-key-mode', { mode: 'PUBLIC_KEY' });
const guided = await response(wxpay.v3.pay.transactions.native.post(order('guide-1')));
check('public key', 'the lines of the guide', [guided.status, Object.keys(guided.data)], [200, ['code_url']]);
await everything('public key', client(PUBLIC_KEY), PUBLIC_KEY);

await command('set-key-mode', { mode: 'CERTIFICATE' });
const certificates = downloaded();
check('certificates', 'the certificate is downloaded', Object.keys(certificates), [
  settings.platform_certificate_serial_no,
]);
await everything('certificates', client(certificates), certificates);

await command('set-key-mode', { mode: 'MIXED' });
const chosen = client(PUBLIC_KEY, { headers: { 'Wechatpay-Serial': settings.public_key_id } });
const either = { ...certificates, ...PUBLIC_KEY };
const mixed = await response(chosen.v3.pay.transactions.native.post(order('mixed-1')));
check('changing over', 'a request that names a key gets its signature', mixed.status, 200);
for (const [what, certs, outcome] of [
  ['gets the signature of the certificate', certificates, 'verified'],
  ['needs the certificate', PUBLIC_KEY, 'EV3_RES_HEADER_PLATFORM_SERIAL'],
]) {
  const { refused = 'verified' } = await response(
    client(certs).v3.pay.transactions.outTradeNo.$out_trade_no$.get({
      params: { mchid },
      out_trade_no: 'mixed-1',
    }),
  );
  check('changing over', `a request that names no key ${what}`, refused, outcome);
}
await command('pay', { out_trade_no: 'mixed-1' });
check(
  'changing over',
  'a notification is verified by either key',
  opened(await nextNotification(), either).type,
  'TRANSACTION.SUCCESS',
);

for (const sign_type of [undefined, Hash.ALGO_MD5, Hash.ALGO_HMAC_SHA256]) {
  const mode = `APIv2, ${sign_type ?? 'no sign_type'}`;
  await v2Order(mode, client(PUBLIC_KEY), sign_type ? { sign_type } : {});
}
await v2Combined('APIv2, combined', client(PUBLIC_KEY));

mailbox.close();
process.exit(Math.min(failures, 1));
