#!/usr/bin/env python3
"""Measures how much time and memory url-notes-net takes for feeds that haven't changed.

    tests/bench/feeds.py [PROGRAM]

starts 30 servers on this computer, each at an address of its own (127.0.0.1 and the following
ones), with a feed of 50 entries. It adds the feeds to notes in a temporary folder, then fetches
them all. Prints the answers of the servers, the program's own time (user and system) and its most
memory. PROGRAM is target/release/url-notes-net if it isn't given. Never fails by a figure.
"""

import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

FEEDS = 30
root = pathlib.Path(__file__).resolve().parents[2]
program = sys.argv[1] if len(sys.argv) > 1 else root / "target/release/url-notes-net"
answers = Counter()

items = "".join(
    f"<item><title>Entry {at}</title><link>/{at}</link>"
    f"<description>{'Some words of text. ' * 40}</description></item>"
    for at in range(50)
)


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        host = self.server.server_address[0]
        if self.headers.get("If-None-Match") == '"1"':
            answers[304] += 1
            self.send_response(304)
            self.end_headers()
            return
        answers[200] += 1
        body = f'<rss version="2.0"><channel><title>{host}</title>{items}</channel></rss>'.encode()
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def run(*arguments):
    """Runs the program and returns its seconds of processor time and its most memory in KiB."""
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


with tempfile.TemporaryDirectory() as folder:
    os.environ["URL_NOTES_DATA_DIR"] = folder
    for at in range(1, FEEDS + 1):
        server = http.server.ThreadingHTTPServer((f"127.0.0.{at}", 0), Feed)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address
        adding = run("feed", "add", f"http://{host}:{port}/", "--allow-private")
    answers.clear()
    began = time.monotonic()
    fetching = run("feed", "fetch", "--force")
    passed = time.monotonic() - began
    print(f"answers: {dict(answers)}")
    print(f"own time: {fetching[0]:.2f} s, of {passed:.2f} s")
    print(f"most memory: {fetching[1] / 1024:.1f} MB (adding a feed: {adding[1] / 1024:.1f} MB)")
