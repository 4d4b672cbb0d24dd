"""wechatpayv3, as PyPI has it, against the sandbox.

It knows one host, api.mch.weixin.qq.com, and an option for a proxy: so a proxy leads it to the
sandbox, whose certificate has that name. REQUESTS_CA_BUNDLE names the authority to trust.
"""

import datetime
import gzip
import hashlib
import json
import os
import sys
import tempfile
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from wechatpayv3 import WeChatPay, WeChatPayType

from sandbox import SETTINGS, Mailbox, Proxy, command, file

NEIGHBOUR = '1900009191'
OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
# What WeChat Pay signs with, now and then, to see who looks.
PROBE = 'WECHATPAY/SIGNTEST/' + 'A' * 325
# Faults of the sandbox that make a response that WeChat Pay did not sign.
FORGERIES = [
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
]
BEIJING = datetime.timezone(datetime.timedelta(hours=8))

failures = 0
proxy = Proxy()
mailbox = Mailbox()


def check(mode, what, seen, wanted=True):
    global failures
    passed = seen == wanted
    failures += not passed
    print('ok  ' if passed else 'FAIL', f'wechatpayv3, {mode}: {what}')
    if not passed:
        print(f'     wanted {wanted!r}\n     saw    {seen!r}')


def client(public_key, **options):
    options = {'private_key': file('merchant_key'), **options}
    if public_key:
        options['public_key'] = file('public_key')
        options['public_key_id'] = SETTINGS['public_key_id']
    return WeChatPay(
        WeChatPayType.NATIVE,
        mchid=SETTINGS['mchid'],
        cert_serial_no=SETTINGS['serial_no'],
        appid=SETTINGS['appid'],
        **{'apiv3_key': SETTINGS['api_v3_key'], **options},
        notify_url=mailbox.url,
        proxy={'https': proxy.url},
        timeout=(5, 30),
    )


def response(call):
    """The status, and what the body holds."""
    status, body = call
    return status, json.loads(body) if body else None


def keys(call):
    """The status, and the names in the body."""
    status, body = response(call)
    return status, sorted(body)


def some(whole, **wanted):
    """What `whole` has of the wanted names."""
    return {name: whole.get(name) for name in wanted}, wanted


def verdict(call):
    """What the client says to something forged: it raises, or makes nothing of a notification."""
    try:
        return 'nothing' if call() is None else 'verified'
    except Exception as error:
        return str(error)


def fen(total):
    return {'total': total, 'currency': 'CNY'}


def orders(mode, pay):
    number = f'{mode.split()[0]}-order-'
    expires = datetime.datetime.now(BEIJING) + datetime.timedelta(hours=1)
    full = {
        'payer': {'openid': OPENID},
        'time_expire': expires.isoformat(timespec='seconds'),
        'attach': '附加数据',
        'goods_tag': 'WXG',
        'detail': {
            'cost_price': 608800,
            'invoice_id': '微信123',
            'goods_detail': [
                {
                    'merchant_goods_id': '1246464644',
                    'wechatpay_goods_id': '1001',
                    'goods_name': 'iPhoneX 256G',
                    'quantity': 1,
                    'unit_price': 528800,
                }
            ],
        },
        'scene_info': {
            'payer_client_ip': '14.23.150.211',
            'device_id': '013467007045764',
            'store_info': {
                'id': '0001',
                'name': '腾讯大厦分店',
                'area_code': '440305',
                'address': '广东省深圳市南山区科技中一道10000号',
            },
        },
        'settle_info': {'profit_sharing': False},
        'support_fapiao': True,
    }
    h5 = {'payer_client_ip': '14.23.150.211', 'h5_info': {'type': 'Wap'}}
    description = 'Image形象店-深圳腾大-QQ公仔'
    for what, got, more in [
        ('APP', 'prepay_id', {'pay_type': WeChatPayType.APP}),
        ('JSAPI, with every field', 'prepay_id', {'pay_type': WeChatPayType.JSAPI, **full}),
        ('Native', 'code_url', {'pay_type': WeChatPayType.NATIVE}),
        ('H5', 'h5_url', {'pay_type': WeChatPayType.H5, 'scene_info': h5}),
    ]:
        placed = pay.pay(description, number + what[:3], fen(100), **more)
        check(mode, f'an order by {what}', keys(placed), (200, [got]))
    changed = response(pay.pay(description, number + 'APP', fen(99), pay_type=WeChatPayType.APP))
    check(
        mode,
        'a number used twice is refused',
        (changed[0], changed[1]['code']),
        (400, 'INVALID_REQUEST'),
    )
    check(mode, 'an order is closed', response(pay.close(number + 'Nat')), (204, None))
    closed = response(pay.query(out_trade_no=number + 'Nat'))[1]
    check(mode, 'and a query says so', *some(closed, trade_state='CLOSED'))
    none = response(pay.query(out_trade_no=number + 'none'))
    check(mode, 'there is no other order', (none[0], none[1]['code']), (404, 'ORDER_NOT_EXIST'))

    command('pay', out_trade_no=number + 'JSA')
    status, paid = response(pay.query(out_trade_no=number + 'JSA'))
    check(
        mode,
        'an order is paid',
        *some(
            paid,
            trade_state='SUCCESS',
            trade_type='JSAPI',
            mchid=SETTINGS['mchid'],
            appid=SETTINGS['appid'],
            payer={'openid': OPENID},
            attach='附加数据',
            amount={'total': 100, 'payer_total': 100, 'currency': 'CNY', 'payer_currency': 'CNY'},
        ),
    )
    by_id = response(pay.query(transaction_id=paid['transaction_id']))
    check(mode, 'the same by the transaction_id', by_id, (status, paid))
    headers, body = mailbox.next()
    notification = pay.callback(headers, body)
    check(
        mode,
        'its notification is verified and opened',
        (notification['event_type'], notification['resource']),
        ('TRANSACTION.SUCCESS', paid),
    )
    forged_notifications(mode, pay, headers, body)
    forged_answers(mode, pay, number + 'JSA')
    return number + 'JSA'


def forged_notifications(mode, pay, headers, body):
    other_body = body.replace(b'"summary":"', b'"summary":" ')
    names = {name.lower(): name for name in headers}
    unsupported = 'wechatpayv3 does not support this algorithm: '
    for what, header, value, says in [
        ('another time', 'wechatpay-timestamp', '1554208460', 'nothing'),
        ('another nonce', 'wechatpay-nonce', 'a' * 32, 'nothing'),
        ('no signature', 'wechatpay-signature', '', unsupported),
        ('a probing signature', 'wechatpay-signature', PROBE, 'nothing'),
    ]:
        forged = {**headers, names[header]: value}
        check(
            mode, f'a notification with {what} is not', verdict(lambda: pay.callback(forged, body)), says
        )
    check(
        mode,
        'a notification with another body is not',
        verdict(lambda: pay.callback(headers, other_body)),
        'nothing',
    )


def forged_answers(mode, pay, number):
    for fault in FORGERIES:
        command('fault-next', fault=fault)
        outcome = verdict(lambda: pay.query(out_trade_no=number))
        check(mode, f'a response is refused: {fault}', outcome != 'verified')
    check(mode, 'but the next one is', pay.query(out_trade_no=number)[0], 200)


def refunds(mode, pay, number):
    refund_no = f'{mode.split()[0]}-refund-'
    amount = {'refund': 60, 'total': 100, 'currency': 'CNY'}
    goods = [
        {
            'merchant_goods_id': '1246464644',
            'wechatpay_goods_id': '1001',
            'goods_name': 'iPhoneX 256G',
            'unit_price': 528800,
            'refund_amount': 60,
            'refund_quantity': 1,
        }
    ]
    status, refund = response(
        pay.refund(
            refund_no + '1', amount, out_trade_no=number, reason='商品已售完', goods_detail=goods
        )
    )
    check(
        mode,
        'a refund',
        (status, refund.get('status'), refund['amount']['refund']),
        (200, 'PROCESSING', 60),
    )
    again = response(
        pay.refund(
            refund_no + '1', amount, out_trade_no=number, reason='商品已售完', goods_detail=goods
        )
    )
    check(mode, 'repeated, it is the same refund', again[1]['refund_id'], refund['refund_id'])
    more = response(pay.refund(refund_no + '2', amount, out_trade_no=number))
    check(mode, 'more than was paid is refused', more[0], 400)
    command('end-refund', out_refund_no=refund_no + '1', status='SUCCESS')
    status, ended = response(pay.query_refund(refund_no + '1'))
    check(
        mode,
        'it succeeds',
        (status, ended['status'], 'success_time' in ended),
        (200, 'SUCCESS', True),
    )
    notification = pay.callback(*mailbox.next())
    check(
        mode,
        'its notification is verified and opened',
        (
            notification['event_type'],
            *some(
                notification['resource'],
                refund_status='SUCCESS',
                out_refund_no=refund_no + '1',
                refund_id=refund['refund_id'],
                out_trade_no=number,
                amount={'total': 100, 'refund': 60, 'payer_total': 100, 'payer_refund': 60},
            )[:1],
        ),
        (
            'REFUND.SUCCESS',
            {
                'refund_status': 'SUCCESS',
                'out_refund_no': refund_no + '1',
                'refund_id': refund['refund_id'],
                'out_trade_no': number,
                'amount': {'total': 100, 'refund': 60, 'payer_total': 100, 'payer_refund': 60},
            },
        ),
    )

    rest = {'refund': 40, 'total': 100, 'currency': 'CNY'}
    refund = response(pay.refund(refund_no + '3', rest, out_trade_no=number))[1]
    command('end-refund', out_refund_no=refund_no + '3', status='ABNORMAL')
    notification = pay.callback(*mailbox.next())
    check(mode, 'an abnormal refund', notification['event_type'], 'REFUND.ABNORMAL')
    status, tried = response(
        pay.abnormal_refund(
            refund['refund_id'],
            refund_no + '3',
            'USER_BANK_CARD',
            bank_type='ICBC_DEBIT',
            bank_account='6222020000000000',
            real_name='张三',
        )
    )
    check(
        mode,
        'is sent to a card, whose number is encrypted',
        (status, tried.get('status')),
        (200, 'PROCESSING'),
    )


def combined(mode, pay):
    number = f'{mode.split()[0]}-whole-'

    def parts(whole):
        return [
            {
                'mchid': mchid,
                'attach': 'a',
                'amount': {'total_amount': total, 'currency': 'CNY'},
                'out_trade_no': f'{whole}-{total}',
                'description': 'QQ会员充值',
            }
            for mchid, total in [(SETTINGS['mchid'], 10), (NEIGHBOUR, 20)]
        ]

    for which in ['1', '2']:
        placed = pay.combine_pay(number + which, parts(number + which))
        check(mode, 'a combined order', keys(placed), (200, ['code_url']))
    closed = [
        {name: part[name] for name in ['mchid', 'out_trade_no']} for part in parts(number + '2')
    ]
    check(mode, 'it is closed', response(pay.combine_close(number + '2', closed)), (204, None))
    command('pay-combined', combine_out_trade_no=number + '1')
    status, paid = response(pay.combine_query(number + '1'))
    check(
        mode,
        'it is paid',
        [(part['trade_state'], part['amount']['payer_amount']) for part in paid['sub_orders']],
        [('SUCCESS', 10), ('SUCCESS', 20)],
    )
    notification = pay.callback(*mailbox.next())
    check(
        mode,
        'its notification is verified and opened',
        (notification['event_type'], notification['resource']),
        ('TRANSACTION.SUCCESS', paid),
    )


def partner(mode, pay):
    number, of = f'{mode.split()[0]}-partner-', {'sub_mchid': SETTINGS['sub_mchid']}
    placed = pay.pay('d', number + '1', fen(100), **of)
    check(mode, 'an order of a partner', keys(placed), (200, ['code_url']))
    command('pay', out_trade_no=number + '1')
    status, paid = response(pay.query(out_trade_no=number + '1', **of))
    check(mode, 'it is paid', *some(paid, trade_state='SUCCESS', sp_mchid=SETTINGS['mchid'], **of))
    notification = pay.callback(*mailbox.next())
    check(mode, 'its notification is verified and opened', notification['resource'], paid)
    amount = {'refund': 1, 'total': 100, 'currency': 'CNY'}
    refund = response(pay.refund(number + 'r', amount, out_trade_no=number + '1', **of))
    check(mode, 'it is refunded', refund[0], 200)
    check(mode, 'the refund is found', response(pay.query_refund(number + 'r', **of)), refund)


def bills(mode, pay):
    # From noon to noon, for no day to end meanwhile; at 10 o'clock of the next its bills are ready.
    now = int(time.time()) + bills.passed
    pause = 86400 - (now + 20 * 3600) % 86400
    command('let-time-pass', seconds=pause)
    bills.passed += pause + 86400
    day = datetime.datetime.fromtimestamp(now + pause, BEIJING).strftime('%Y-%m-%d')
    number = f'{mode.split()[0]}-billed'
    pay.pay('d', number, fen(100))
    command('pay', out_trade_no=number)
    mailbox.next()
    early = response(pay.trade_bill(day))
    check(
        mode,
        'a bill takes until the next day',
        (early[0], early[1]['code']),
        (400, 'STATEMENT_CREATING'),
    )
    command('let-time-pass', seconds=86400)
    for what, bill in [('trade', pay.trade_bill(day)), ('fund flow', pay.fundflow_bill(day))]:
        status, offer = response(bill)
        status, packed = pay.download_bill(offer['download_url'])
        bill = gzip.decompress(packed)
        check(
            mode,
            f'a {what} bill has the promised hash',
            hashlib.sha1(bill).hexdigest(),
            offer['hash_value'],
        )
        check(mode, f'a {what} bill names the order', number in bill.decode())


bills.passed = 0


def everything(mode, public_key):
    pay = client(public_key)
    refunds(mode, pay, orders(mode, pay))
    combined(mode, pay)
    partner(mode, client(public_key, partner_mode=True))
    bills(mode, pay)
    wrong_keys(mode, public_key, pay)


def wrong_keys(mode, public_key, pay):
    other = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
    if public_key:
        stranger = client(True, private_key=other)
        status, found = response(stranger.query(out_trade_no='order'))
        check(
            mode,
            'who signs with another key is refused',
            (status, found['code']),
            (401, 'SIGN_ERROR'),
        )
        number = f'{mode.split()[0]}-sealed'
        pay.pay('d', number, fen(1))
        command('pay', out_trade_no=number)
        curious = client(True, apiv3_key='x' * 32)
        check(
            mode, 'a notification opens with no other APIv3 key', curious.callback(*mailbox.next()), None
        )
    else:
        outcome = verdict(lambda: client(False, private_key=other))
        check(
            mode,
            'who signs with another key gets no certificate',
            outcome.startswith('No wechatpay platform certificate'),
        )


def as_in_the_guide():
    """The client that the lines of the guide to testing make."""
    settings = os.environ
    wxpay = WeChatPay(WeChatPayType.NATIVE, mchid=settings['WECHATPAY_MCHID'],
                      cert_serial_no=settings['WECHATPAY_SERIAL_NO'],
                      private_key=open(settings['WECHATPAY_PRIVATE_KEY_FILE']).read(),
                      apiv3_key=settings['WECHATPAY_API_V3_KEY'], appid=settings['WECHATPAY_APPID'],
                      public_key=open(settings['WECHATPAY_PUBLIC_KEY_FILE']).read(),
                      public_key_id=settings['WECHATPAY_PUBLIC_KEY_ID'],
                      notify_url=settings['WECHATPAY_NOTIFY_URL'])
    wxpay._core._gate_way = settings['WECHATPAY_BASE_URL']  # It has no option for the host.
    return wxpay


def main():
    mode = 'public key'
    command('set-key-mode', mode='PUBLIC_KEY')
    placed = as_in_the_guide().pay('d', 'guide-1', fen(1))
    check(mode, 'the lines of the guide', keys(placed), (200, ['code_url']))
    everything(mode, True)
    check(
        mode,
        'there are no certificates',
        verdict(lambda: client(False)).startswith('No wechatpay platform certificate'),
    )

    mode = 'certificates'
    command('set-key-mode', mode='CERTIFICATE')
    everything(mode, False)
    with tempfile.TemporaryDirectory() as folder:
        pay = client(False, cert_dir=folder)
        check(
            mode,
            'the certificate is downloaded',
            os.listdir(folder),
            [SETTINGS['platform_certificate_serial_no'] + '.pem'],
        )
        command('rotate-platform-certificate')
        pay.pay('d', 'rotated-1', fen(1))
        check(mode, 'and its successor, when it is met', len(os.listdir(folder)), 2)
        command('pay', out_trade_no='rotated-1')
        notification = pay.callback(*mailbox.next())
        check(mode, 'whose notification is verified', notification['resource']['out_trade_no'], 'rotated-1')

    mode = 'changing over'
    command('set-key-mode', mode='MIXED')
    pay, serials = client(True), set()
    for number in ['mixed-1', 'mixed-2']:
        pay.pay('d', number, fen(1))
        command('pay', out_trade_no=number)
        headers, body = mailbox.next()
        serials.add({name.lower(): value for name, value in headers.items()}['wechatpay-serial'])
        notification = pay.callback(headers, body)
        check(mode, 'a notification is verified', notification['resource']['out_trade_no'], number)
    check(mode, 'by either key', len(serials), 2)

    check('all', 'it asked for nobody else', proxy.asked, {'api.mch.weixin.qq.com:443'})
    sys.exit(min(failures, 1))


if __name__ == '__main__':
    main()
