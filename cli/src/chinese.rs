//! The help in Chinese.

use std::borrow::Cow;

use clap::builder::StyledStr;
use clap::{Arg, Command};

/// The program with its help in Chinese.
pub(crate) fn in_chinese(mut command: Command, notes: &'static str) -> Command {
    // Adds the arguments and the command `help`, whose texts are clap's.
    command.build();
    translated(command).after_long_help(notes)
}

fn translated(mut command: Command) -> Command {
    if let Some(about) = command.get_about().map(chinese) {
        command = command.about(about);
    }
    if let Some(about) = command.get_long_about().map(chinese) {
        command = command.long_about(about);
    }
    command
        .help_template("{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("命令")
        .mut_args(translated_argument)
        .mut_subcommands(translated)
}

fn translated_argument(argument: Arg) -> Arg {
    let mut argument = match argument.get_index() {
        // Under a heading of its own, clap sorts positional arguments by name unless they have an order.
        Some(position) => argument.help_heading("参数").display_order(position),
        None => argument.help_heading("选项"),
    };
    if let Some(help) = argument.get_help().map(chinese) {
        argument = argument.help(help);
    }
    if let Some(help) = argument.get_long_help().map(chinese) {
        argument = argument.long_help(help);
    }
    // Clap prints their heading in English.
    argument.hide_possible_values(true)
}

/// The translation of each paragraph.
fn chinese(english: &StyledStr) -> String {
    let english = english.to_string();
    let paragraphs = english.split("\n\n").map(|paragraph| match translation(paragraph) {
        Some(chinese) => Cow::Borrowed(chinese),
        None => Cow::Owned(paragraph.to_owned()),
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn translation(english: &str) -> Option<&'static str> {
    TRANSLATIONS.iter().find(|(known, _)| *known == english).map(|(_, chinese)| *chinese)
}

/// Each paragraph of the help in English and in Chinese.
#[rustfmt::skip] // One row for each.
const TRANSLATIONS: [(&str, &str); 121] = [
    // The program.
    ("WeChat Pay (微信支付) from the command line", "微信支付的命令行程序"),
    ("File with the settings, NAME=value in each line; the environment is not read then", "配置文件，每行一个 NAME=value；给出后不再读取环境变量"),
    ("Tries the command in a sandbox (沙箱) that it starts for itself, whatever the settings are", "不读配置，在为这一条命令启动的沙箱中试用"),
    ("Writes errors and notes as JSON objects: error, problems, outcome, retry, code, request_id", "错误和提示写成 JSON 对象：error、problems、outcome、retry、code、request_id"),
    ("语言: language of errors and help; by default that of the locale", "错误和帮助的语言，en 或 zh；默认取系统语言"),
    ("Print help (see more with '--help')", "显示帮助（--help 更详细）"),
    ("Print help (see a summary with '-h')", "显示帮助（-h 更简短）"),
    ("Print version", "显示版本"),
    ("Print this message or the help of the given subcommand(s)", "显示帮助，或某个命令的帮助"),
    ("Prints the completions of a shell", "输出命令行补全脚本"),
    ("Shell that reads them", "使用补全脚本的 shell：bash、elvish、fish、powershell、zsh"),
    ("Prints the man page", "输出 man 手册页"),

    // Arguments of several commands.
    ("File with the request body, as WeChat Pay's documents print it; - is standard input", "请求体文件，写法与微信支付文档一致；- 表示标准输入"),
    ("The file is a sample of the documents: use your mchid and appid instead of its own", "文件是文档中的示例：其中的商户号和 appid 换成你自己的"),
    ("Also writes the QR code to this file, FILE.svg or FILE.png", "同时把二维码写入文件，扩展名为 svg 或 png"),
    ("商户订单号: merchant order number", "商户订单号"),
    ("微信支付订单号: WeChat Pay's order number", "微信支付订单号"),
    ("微信支付订单号: WeChat Pay's order number, instead of the merchant's", "微信支付订单号，代替商户订单号"),
    ("合单商户订单号: combined order number", "合单商户订单号"),
    ("商户退款单号: merchant refund number", "商户退款单号"),
    ("账单日期: day of the bill, in Beijing time", "账单日期，北京时间"),
    ("File to write the bill to", "账单写入的文件"),

    // Orders, combined orders and refunds.
    ("下单: places an order", "下单"),
    ("mchid, currency and other values with a default may be left out of the file.", "文件中可以省略 mchid、currency 等有默认值的字段。"),
    ("APP下单: in an app", "APP下单"),
    ("JSAPI/小程序下单: in a page or mini program inside WeChat", "JSAPI下单、小程序下单"),
    ("Native下单: by a QR code, which is drawn", "Native下单，并画出二维码"),
    ("H5下单: in a mobile browser outside WeChat", "H5下单，用于微信以外的手机浏览器"),
    ("查询订单: queries an order", "查询订单"),
    ("关闭订单: closes an order", "关闭订单"),
    ("合单下单: places a combined order", "合单下单"),
    ("combine_mchid, currency and other values with a default may be left out of the file.", "文件中可以省略 combine_mchid、currency 等有默认值的字段。"),
    ("查询合单订单: queries a combined order", "查询合单订单"),
    ("关闭合单订单: closes a combined order", "关闭合单订单"),
    ("FILE is the file with which the order was placed.", "FILE 是下单时所用的文件。"),
    ("申请退款: applies for a refund", "申请退款"),
    ("currency and other values with a default may be left out of the file.", "文件中可以省略 currency 等有默认值的字段。"),
    ("查询退款: queries a refund", "查询退款"),

    // Profit sharing.
    ("分账: splits the money of a paid order between receivers", "分账：把已支付订单的资金分给接收方"),
    ("添加分账接收方: adds a receiver", "添加分账接收方"),
    ("The name in the file is plain text; the program encrypts it.", "文件中的姓名或名称写明文，由程序加密。"),
    ("删除分账接收方: deletes a receiver", "删除分账接收方"),
    ("请求分账: splits the frozen money of an order", "请求分账：分配订单的冻结资金"),
    ("Names in the file are plain text; the program encrypts them. If the outcome is unknown, run it again with the same file.", "文件中的姓名或名称写明文，由程序加密。结果未知时，用同一个文件再执行一次。"),
    ("查询分账结果: queries a split or an unfreeze request", "查询分账或解冻的结果"),
    ("商户分账单号: the merchant's number of the split", "商户分账单号"),
    ("解冻剩余资金: frees what is left of an order; it can never be split again", "解冻剩余资金：此后该订单不能再分账"),
    ("out_order_no must be a number that no split has used.", "out_order_no 必须是没有用于分账的单号。"),
    ("查询剩余待分金额: queries how much of an order is left to be split", "查询剩余待分金额"),
    ("请求分账回退: takes back what a merchant received by a split", "请求分账回退：从商户接收方退回已分的资金"),
    ("查询分账回退结果: queries a return", "查询分账回退结果"),
    ("商户回退单号: the merchant's number of the return", "商户回退单号"),
    ("申请分账账单: downloads the bill of a day and checks its digest", "申请分账账单：下载并校验摘要"),

    // Transfers to users.
    ("商家转账: transfers money to a user; it cannot be called back", "商家转账：给用户转账，无法撤回"),
    ("发起转账: creates a transfer", "发起转账"),
    ("If the outcome is unknown, run the same command with the same file again: a new out_bill_no would pay twice. user_name is encrypted if the file has it in plain text. The result has what the client needs as `invoke` and `invoke_app`, while the transfer waits for its user.", "结果未知时，用同一个文件再执行一次：换新的 out_bill_no 会转两次账。user_name 若是明文，由程序加密。转账等待用户确认时，结果中的 `invoke` 和 `invoke_app` 是前端所需的参数。"),
    ("查询转账单: queries a transfer", "查询转账单"),
    ("商户单号: merchant transfer number", "商户单号"),
    ("微信转账单号: WeChat Pay's transfer number, instead of the merchant's", "微信转账单号，代替商户单号"),
    ("撤销转账: cancels a transfer that its user has not confirmed", "撤销转账：用户尚未确认时"),
    ("电子回单: applies for the receipt of a transfer, or downloads it once it is finished", "电子回单：申请；已生成时下载"),
    ("File to write the PDF to", "PDF 写入的文件"),

    // Bills, certificates and notifications.
    ("下载账单: downloads a bill and checks its digest", "下载账单并校验摘要"),
    ("交易账单: trade bill. TYPE is ALL (default), SUCCESS or REFUND", "交易账单。TYPE 为 ALL（默认）、SUCCESS 或 REFUND"),
    ("资金账单: fund flow bill. TYPE is BASIC (default), OPERATION or FEES", "资金账单。TYPE 为 BASIC（默认）、OPERATION 或 FEES"),
    ("账单类型 or 资金账户类型: type of bill or account", "账单类型或资金账户类型"),
    ("Downloads the bill compressed; the file is not compressed", "压缩传输；写出的文件不压缩"),
    ("下载平台证书: downloads WeChat Pay's platform certificates", "下载平台证书"),
    ("回调通知: verifies and decrypts a notification", "回调通知：验签并解密"),
    ("File with the HTTP headers as a JSON object: {\"Wechatpay-Nonce\": \"...\", ...}", "HTTP 请求头文件，写成 JSON 对象：{\"Wechatpay-Nonce\": \"...\", ...}"),
    ("File with the body, byte by byte as received; - is standard input, for one of the files", "报文文件，与收到的字节完全相同；两个文件之一可以用 - 表示标准输入"),
    ("When the notification was received, if not within the last five minutes: 2018-06-08T10:34:56+08:00 or Unix seconds", "收到通知的时间，五分钟之内可以不填：2018-06-08T10:34:56+08:00 或 Unix 秒数"),

    // Signatures, generic calls and encrypted fields.
    ("请求签名: signs a request and prints its Authorization header; sends nothing", "请求签名：输出请求头 Authorization，不发送任何请求"),
    ("HTTP method in capitals: GET", "HTTP 方法，大写：GET"),
    ("Path and query as they are sent: /v3/certificates", "路径和查询参数，与发送的相同：/v3/certificates"),
    ("File with the body; - is standard input", "报文文件；- 表示标准输入"),
    ("通用接口调用: calls any interface of APIv3 and prints the verified response", "通用接口调用：调用 APIv3 的任意接口，输出已验签的应答"),
    ("The result is {\"status\": 200, \"body\": ...}; the body is null if the response has none.", "结果为 {\"status\": 200, \"body\": ...}；应答没有报文时，body 为 null。"),
    ("HTTP method in capitals: GET, POST, PUT, PATCH, DELETE", "HTTP 方法，大写：GET、POST、PUT、PATCH、DELETE"),
    ("Path and query, percent-encoded: /v3/merchant-service/complaint-notifications. With --out also a link", "路径和查询参数，已做百分号编码：/v3/merchant-service/complaint-notifications。有 --out 时也可以是下载链接"),
    ("File with the JSON body; - is standard input", "JSON 请求体文件；- 表示标准输入"),
    ("File to upload, such as an image; its name must be ASCII. BODY then has further fields of meta", "要上传的文件，例如图片；文件名必须是 ASCII。此时 BODY 是 meta 中的其他字段"),
    ("JSON pointer of a field to encrypt, such as /user_name; can be repeated", "要加密的字段的 JSON 指针，例如 /user_name；可以多次给出"),
    ("文件下载: writes the response, a file that is not signed, to FILE; PATH may be the link to it", "文件下载：应答是没有签名的文件，写入 FILE；PATH 可以是下载链接"),
    ("哈希值: SHA-1 of the file, from the response with the link", "文件的 SHA-1 哈希值，取自给出链接的应答"),
    ("哈希值: SHA-256 of the file, from the response with the link", "文件的 SHA-256 哈希值，取自给出链接的应答"),
    ("The link is to a compressed file (tar_type=GZIP); FILE and its hash are those of the decompressed file", "链接指向压缩文件（tar_type=GZIP）；FILE 和哈希值对应解压后的文件"),
    ("敏感信息加密: encrypts a text for WeChat Pay; sends nothing", "敏感信息加密：不发送任何请求"),
    ("Send the printed serial in the header Wechatpay-Serial of the same request.", "同一个请求的请求头 Wechatpay-Serial 要用输出的序列号。"),
    ("The text, such as a name; - is standard input", "要加密的文本，例如姓名；- 表示标准输入"),
    ("敏感信息解密: decrypts a field of a response with the merchant's private key", "敏感信息解密：用商户私钥解密应答中的字段"),
    ("The ciphertext in Base64; - is standard input", "Base64 密文；- 表示标准输入"),

    // APIv2.
    ("APIv2: the older protocol, with XML", "APIv2：较早的 XML 协议"),
    ("Signs with MD5 instead of HMAC-SHA256", "用 MD5 签名，代替 HMAC-SHA256"),
    ("统一下单: places an order", "统一下单"),
    ("付款码支付: charges the code that the till has scanned; exits with 3 if the payer types a PIN", "付款码支付：按扫到的付款码扣款；用户需要输入密码时，退出码为 3"),
    ("After 3, query the order, and reverse it if it stays unclear. Never charge again before that.", "退出码为 3 时，查询订单，仍不明确就撤销。在此之前绝不要再次扣款。"),
    ("撤销订单: reverses a payment at the till; exits with 3 if it must be called again", "撤销订单：撤销付款码支付；需要再次调用时，退出码为 3"),
    ("关闭合单订单: closes a combined order, whose sub-orders are in the file", "关闭合单订单，文件中是各个子单"),
    ("支付结果通知, 退款结果通知: verifies a notification", "支付结果通知、退款结果通知：验签"),
    ("File with the body, byte by byte as received; - is standard input", "报文文件，与收到的字节完全相同；- 表示标准输入"),

    // Settings and the sandbox.
    ("Checks settings, keys, clock and connection, and reports what is wrong", "检查配置、密钥、时钟和连接，报告发现的问题"),
    ("It sends a query for an order that does not exist, in APIv2 as well if its key is set. That changes nothing. The exit status is 1 if there is a problem.", "它查询一笔不存在的订单；配置了 APIv2密钥时，也用 APIv2 查询一次。这不会改变任何东西。发现问题时，退出码为 1。"),
    ("沙箱: commands to a running sandbox", "向运行中的沙箱发送命令"),
    ("The sandbox is the one of the settings, or else that of target/sandbox/settings.env.", "沙箱取自配置；没有配置时，取自 target/sandbox/settings.env。"),
    ("The payer pays an order", "用户支付订单"),
    ("商户订单号: merchant order number, of a combined order too", "商户订单号，也可以是合单商户订单号"),
    ("The payment of an order is refused; the order can still be paid", "用户支付失败；订单仍可支付"),
    ("Closes an order", "关闭订单"),
    ("A refund succeeds", "退款成功"),
    ("A refund becomes ABNORMAL: the payer's account cannot receive it", "退款变为 ABNORMAL：用户的账户无法收款"),
    ("Injects a fault into the next call, or into every call to a path; `sandbox faults` lists the names", "给下一次调用，或某个路径的每次调用注入故障；名称见 `sandbox faults`"),
    ("Name of the fault", "故障的名称"),
    ("Every call to a path that begins with this one, until `sandbox clear-faults`", "以此开头的路径的每次调用，直到 `sandbox clear-faults`"),
    ("Lists the names of the faults", "列出故障的名称"),
    ("Ends all faults", "清除所有故障"),
    ("回调通知: sends the last notification of an order or refund again", "再次发送订单或退款最近的回调通知"),
    ("Order number or refund number", "订单号或退款单号"),
    ("Sends it to this URL instead of the order's notify_url", "发送到这个 URL，而不是订单的 notify_url"),
    ("Lists the requests that arrived, the newest first", "列出收到的请求，最新的在前"),
    ("Prints each request as one line when it arrives, until it is interrupted", "收到请求时逐行输出，直到被中断"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::CommandFactory;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn help_text_and_translations_match_one_to_one() {
        let mut program = Arguments::command();
        program.build();
        let (mut texts, mut used) = (Vec::new(), HashSet::new());
        collect(&program, &mut texts);
        for text in &texts {
            for paragraph in text.split("\n\n") {
                assert!(translation(paragraph).is_some(), "not translated: {paragraph:?}");
                used.insert(paragraph);
            }
        }
        for (english, _) in TRANSLATIONS {
            assert!(used.contains(english), "not used: {english:?}");
        }
    }

    #[test]
    fn rendered_help_has_no_english_text() {
        let mut program = in_chinese(Arguments::command(), "");
        assert_has_no_english_text(&mut program);
    }

    #[track_caller]
    fn assert_has_no_english_text(command: &mut Command) {
        let help = command.render_long_help().to_string();
        for english in [": ", "Options", "Arguments", "Print", "Possible values", " the "] {
            let text = help
                .replace("\"Wechatpay-Nonce\": \"...\"", "")
                .replace("{\"status\": 200, \"body\": ...}", "");
            assert!(!text.contains(english), "{english:?} in {help}");
        }
        command.get_subcommands_mut().for_each(assert_has_no_english_text);
    }

    #[test]
    fn positional_arguments_keep_the_order_of_the_usage() {
        let mut program = in_chinese(Arguments::command(), "");
        let notification = program.find_subcommand_mut("notification").unwrap();
        let help = notification.render_help().to_string();
        let (_, arguments) = help.split_once("参数").unwrap();
        assert!(arguments.find("<HEADERS.json>") < arguments.find("<BODY>"), "{help}");
    }

    fn collect(command: &Command, texts: &mut Vec<String>) {
        texts.extend(command.get_about().map(ToString::to_string));
        texts.extend(command.get_long_about().map(ToString::to_string));
        for argument in command.get_arguments() {
            texts.extend(argument.get_help().map(ToString::to_string));
            texts.extend(argument.get_long_help().map(ToString::to_string));
        }
        command.get_subcommands().for_each(|command| collect(command, texts));
    }
}
