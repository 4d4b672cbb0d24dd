"""The sandbox as a Python program sees it, and what it takes to lead a client there."""

import http.server
import json
import os
import queue
import select
import socket
import ssl
import threading
import urllib.request

with open(os.environ['SETTINGS'], encoding='utf-8') as settings:
    SETTINGS = json.load(settings)
SANDBOX = SETTINGS['base_url'].removeprefix('https://')


def file(name):
    """The text of one of the merchant's files."""
    with open(SETTINGS['files'][name], encoding='utf-8') as text:
        return text.read()


def command(name, **arguments):
    """Has done what users and the platform do of their own accord."""
    request = urllib.request.Request(
        f'https://{SANDBOX}/sandbox/{name}',
        json.dumps(arguments).encode(),
        {'Content-Type': 'application/json'},
        method='POST',
    )
    context = ssl.create_default_context(cafile=SETTINGS['files']['ca'])
    with urllib.request.urlopen(request, timeout=30, context=context) as response:
        return json.load(response)


class Proxy:
    """An HTTP proxy that leads to the sandbox, whatever host it is asked for."""

    def __init__(self):
        self.asked = set()
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d' % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._lead, args=[client], daemon=True).start()

    def _lead(self, client):
        head = client.makefile('rb', buffering=0)
        _, host, _ = head.readline().decode().split(' ')
        while head.readline().strip():
            pass
        self.asked.add(host)
        with client, socket.create_connection(SANDBOX.split(':')) as sandbox:
            client.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
            other = {client: sandbox, sandbox: client}
            while True:
                for side in select.select(list(other), [], [])[0]:
                    block = side.recv(65536)
                    if not block:
                        return
                    other[side].sendall(block)


class Mailbox:
    """What listens at a merchant's notify_url."""

    def __init__(self):
        self._notifications = notifications = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                notifications.put((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d/notify' % server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def next(self):
        """The headers and the body of the next notification."""
        return self._notifications.get(timeout=30)
