#!/usr/bin/env python3
"""Pays and refuses in a real browser, at the cashier of the sandbox.

    sandbox/tests/browser/pay.py FOLDER

It runs the built programs `wechatpay-sandbox` and `wechatpay` and the built examples `h5_order` and `app_order`, and drives Chromium by
chromedriver; logs and screenshots go into FOLDER. It needs nothing but Python.
"""

import base64
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

EXAMPLES = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "debug" / "examples"
PATIENCE = 60  # seconds; a machine may be busy
TRAP = "<script>document.title = 'taken'</script><img src=x onerror=\"alert('taken')\">&amp;"


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Program(folder, "sandbox", "--port", "0", "--folder", folder))
        sandbox.wait_for(r"listens at (\S+);")
        settings = json.loads((folder / "settings.json").read_text())
        shop = Shop(stack, folder, settings)
        browser = stack.enter_context(Browser(folder))
        for play in (
            pays,
            refuses_and_pays_later,
            is_not_taken_in,
            pays_from_the_list,
            confirms_a_transfer,
            lets_a_transfer_lapse,
            shows_a_code,
        ):
            play(browser, shop)
            browser.check_console()
            print(f"{play.__name__} ... ok")


def pays(browser, shop):
    order = shop.place_h5()
    browser.go(order.link)
    assert "QQ公仔" in browser.text(), browser.text()
    assert "¥0.01" in browser.text(), browser.text()
    browser.check_width()
    browser.screenshot("cashier")
    browser.click("#pay")
    browser.wait_for_text("已支付 Paid")
    assert browser.url().startswith("http://127.0.0.1:"), browser.url()
    order.program.wait_for(r"notification: \S+ is SUCCESS")
    order.program.wait_for(r"query: \S+ is SUCCESS")
    assert order.program.ends() == 0
    assert shop.state(order.number) == "SUCCESS"
    browser.go(order.link)
    browser.wait_for_text("已支付 SUCCESS")
    assert not browser.find("button"), "a paid order has nothing to click"
    browser.screenshot("paid")


def refuses_and_pays_later(browser, shop):
    order = shop.place_h5()
    browser.go(order.link)
    browser.click("#refuse")
    browser.wait_for_text("未支付 Not paid")
    order.program.wait_for(r"query: \S+ is NOTPAY")
    assert shop.state(order.number) == "NOTPAY"
    assert not re.search("notification:", order.program.output()), "nothing was paid"
    browser.go(order.link)
    browser.click("#pay")
    browser.wait_for_text("已支付 Paid")
    assert order.program.ends() == 0


def is_not_taken_in(browser, shop):
    order = shop.place_h5(TRAP)
    for address in (order.link, shop.base_url):
        browser.go(address)
        assert TRAP in browser.text(), browser.text()
        assert "taken" not in browser.title(), browser.title()
        assert not browser.find("main script, main img"), "the order became markup"
        browser.check_width()


def pays_from_the_list(browser, shop):
    number = shop.place_app()
    browser.go(shop.base_url)
    browser.screenshot("list")
    assert number in browser.text(), browser.text()
    browser.click("a[href^='/cashier?prepay_id=']")
    assert number in browser.text(), browser.text()
    browser.click("#pay")
    browser.wait_for_text("已支付 SUCCESS")
    assert shop.state(number) == "SUCCESS"
    browser.go(shop.base_url + "/#requests")
    browser.click("#requests ~ details summary")
    assert "Wechatpay-Signature" in browser.text(), browser.text()
    browser.check_width()
    browser.screenshot("requests")


def confirms_a_transfer(browser, shop):
    number = shop.transfer("browser1")
    browser.go(shop.base_url + "/#transfers")
    assert number in browser.text(), browser.text()
    browser.click("a[href^='/transfer?package=']")
    assert number in browser.text(), browser.text()
    assert "¥1.00" in browser.text(), browser.text()
    browser.check_width()
    browser.screenshot("confirmation")
    browser.click("#confirm")
    browser.wait_for_text("转账成功 SUCCESS")
    assert not browser.find("button"), "a paid transfer has nothing to click"
    assert shop.transfer_state(number) == "SUCCESS"


def lets_a_transfer_lapse(browser, shop):
    number = shop.transfer("browser2", TRAP[:32])
    browser.go(shop.base_url + "/#transfers")
    browser.click("a[href^='/transfer?package=']")
    assert TRAP[:32] in browser.text(), browser.text()
    assert "taken" not in browser.title(), browser.title()
    browser.click("#lapse")
    browser.wait_for_text("转账失败 FAIL")
    assert shop.transfer_state(number) == "FAIL"


def shows_a_code(browser, shop):
    browser.go(shop.base_url + "/codes")
    browser.click("button[value=no]")
    browser.wait_for_text("免密支付 pays at once")
    assert len(browser.find(".code")) == 1, browser.text()
    browser.check_width()
    browser.screenshot("codes")


class Program:
    """A program that runs until the end of the test, and what it has printed."""

    def __init__(self, folder, name, *arguments, env=None, program=None):
        self.log = folder / f"{name}.log"
        command = [str(program or EXAMPLES.parent / f"wechatpay-{name}"), *map(str, arguments)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def output(self):
        return self.log.read_text()

    def wait_for(self, pattern):
        def found():
            match = re.search(pattern, self.output())
            if match is None and self.process.poll() not in (None, 0):
                raise AssertionError(f"{self.log} ended early: {self.output()}")
            return match

        return until(found, f"{pattern} in {self.log}")

    def ends(self):
        return self.process.wait(PATIENCE)


class Shop:
    """A merchant whose programs use the sandbox."""

    def __init__(self, stack, folder, settings):
        self.stack, self.folder = stack, folder
        self.base_url = settings["base_url"]
        self.context = ssl.create_default_context(cafile=settings["files"]["ca"])
        lines = (folder / "settings.env").read_text().splitlines()
        self.env = {**os.environ, **dict(line.split("=", 1) for line in lines)}
        self.placed = 0

    def place_h5(self, *description):
        self.placed += 1
        name = f"h5_order-{self.placed}"
        program = self.stack.enter_context(
            Program(self.folder, name, *description, env=self.env, program=EXAMPLES / "h5_order")
        )
        link = program.wait_for(r"open: (\S+)\n")[1]
        return Placed(program, link, program.wait_for(r"order (\S+):")[1])

    def place_app(self):
        app_order = [str(EXAMPLES / "app_order")]
        shown = subprocess.run(app_order, env=self.env, check=True, capture_output=True, text=True)
        return re.search(r"out_trade_no: (\S+)", shown.stdout)[1]

    def transfer(self, number, remark="新会员开通有礼"):
        body = {
            "appid": self.env["WECHATPAY_APPID"],
            "out_bill_no": number,
            "transfer_scene_id": "1000",
            "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            "transfer_amount": 100,
            "transfer_remark": remark,
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": "新会员有礼"},
                {"info_type": "奖励说明", "info_content": "注册会员抽奖一等奖"},
            ],
        }
        file = self.folder / f"{number}.json"
        file.write_text(json.dumps(body))
        program = [str(EXAMPLES.parent / "wechatpay"), "transfer", "create", str(file)]
        subprocess.run(program, env=self.env, check=True, capture_output=True)
        return number

    def transfer_state(self, number):
        with direct(self.context).open(f"{self.base_url}/sandbox/transfers") as answer:
            transfers = json.load(answer)["transfers"]
        return next(it["state"] for it in transfers if it["out_bill_no"] == number)

    def state(self, number):
        with direct(self.context).open(f"{self.base_url}/sandbox/orders") as answer:
            orders = json.load(answer)["orders"]
        return next(it["trade_state"] for it in orders if it["out_trade_no"] == number)


class Placed:
    """An order and the program that waits for its payer."""

    def __init__(self, program, link, number):
        self.program, self.link, self.number = program, link, number


class Browser:
    """Chromium without a screen, of the size of a phone, by WebDriver."""

    def __init__(self, folder):
        self.folder = folder
        # Port 0 is one of the system's choice, which it prints.
        self.driver = Program(folder, "chromedriver", "--port=0", program="chromedriver")
        port = self.driver.wait_for(r"started successfully on port (\d+)")[1]
        self.session = f"http://127.0.0.1:{port}/session"
        arguments = ["--headless=new", "--no-proxy-server", "--no-first-run"]
        arguments += ["--disable-background-networking", "--disable-dev-shm-usage"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        phone = {"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2}}
        options = {"args": arguments, "mobileEmulation": phone}
        wanted = {
            "acceptInsecureCerts": True,
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        answer = self.ask("", {"capabilities": {"alwaysMatch": wanted}})
        self.session += f"/{answer['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.ask("", method="DELETE")
        finally:
            self.driver.__exit__()

    def ask(self, path, body=None, method="POST"):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.session + path, data, headers, method=method)
        with direct().open(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def go(self, address):
        self.ask("/url", {"url": address})
        if "#" in address:
            # From the same page, a fragment alone loads nothing.
            self.ask("/refresh")

    def url(self):
        return self.ask("/url", method="GET")

    def title(self):
        return self.ask("/title", method="GET")

    def find(self, selector):
        found = self.ask("/elements", {"using": "css selector", "value": selector})
        return [next(iter(element.values())) for element in found]

    def click(self, selector):
        first = until(lambda: self.find(selector), selector)[0]
        self.ask(f"/element/{first}/click")

    def text(self):
        return self.run("return document.body.innerText")

    def run(self, script):
        return self.ask("/execute/sync", {"script": script, "args": []})

    def wait_for_text(self, text):
        until(lambda: text in self.text(), text)

    def check_width(self):
        wide = self.run("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{self.url()} is {wide} pixels wider than a phone"

    def check_console(self):
        entries = self.ask("/se/log", {"type": "browser"})
        # The pages of the shop have no icon.
        entries = [it for it in entries if "favicon.ico" not in it["message"]]
        assert not entries, entries

    def screenshot(self, name):
        image = self.ask("/screenshot", method="GET")
        (self.folder / f"{name}.png").write_bytes(base64.b64decode(image))


def direct(context=None):
    """Without the proxy that the environment may name."""
    handlers = [urllib.request.ProxyHandler({})]
    if context:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)


def until(found, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = found()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come in {PATIENCE} seconds")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).absolute())
