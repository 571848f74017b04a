# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium for tests, spoken to over pipes in the DevTools protocol; the standard library alone."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--mute-audio",
         "--remote-debugging-pipe"]
PATIENCE = 120  # seconds for any one answer: the machine may be busy


def find():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class CannotStart(Exception):
    """Chromium is there, and does not run here; what it said last."""


class Chromium:
    """One browser with one page. What the page says to the console, throws or asks of a network is kept in `console`,
    `errors` and `requests`."""

    def __init__(self, width=1280, height=900):
        self.home = tempfile.mkdtemp(prefix="lifeline-chromium.")
        to_read, self.out = os.pipe()
        self.into, to_write = os.pipe()
        # the browser reads descriptor 3 and writes 4
        self.log = open(os.path.join(self.home, "log"), "w+b")
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec 3<&{to_read} 4>&{to_write}; exec "$@"', "sh", find(), *FLAGS, f"--user-data-dir={self.home}",
             f"--window-size={width},{height}", "about:blank"],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log,
            env={**os.environ, "HOME": self.home, "XDG_CONFIG_HOME": self.home, "XDG_CACHE_HOME": self.home})
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.number, self.session = b"", 0, None
        self.console, self.errors, self.requests, self.loaded = [], [], [], 0
        try:
            target = self.ask("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.ask(domain + ".enable")
            self.size(width, height)
        except (OSError, RuntimeError, TimeoutError) as error:
            self.log.seek(0)
            said = self.log.read().decode(errors="replace").strip().splitlines()[-1:] or [str(error)]
            self.close()
            raise CannotStart(said[0]) from error

    def close(self):
        try:
            self.session = None
            self.ask("Browser.close")
        except (OSError, RuntimeError, TimeoutError):
            self.process.kill()
        self.process.wait()
        self.log.close()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.home, ignore_errors=True)

    def message(self, until):
        while b"\0" not in self.buffer:
            if not select.select([self.into], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            data = os.read(self.into, 1 << 20)
            if not data:
                raise RuntimeError("Chromium has ended")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        method, told = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))
        elif method == "Log.entryAdded":
            self.console.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.errors.append("a dialog: " + told["message"])
        elif method == "Page.loadEventFired":
            self.loaded += 1

    def ask(self, method, **parameters):
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.out, json.dumps(question).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            message = self.message(until)
            if message.get("id") == question["id"]:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self.note(message)

    # ---- what tests do ------------------------------------------------------------------------------------------

    def open(self, path):
        """Opens a file and waits until it is loaded (scripts at its end have run)."""
        before, until = self.loaded, time.monotonic() + PATIENCE
        self.console, self.errors, self.requests = [], [], []
        url = "file://" + os.path.abspath(path)
        self.ask("Page.navigate", url=url)
        while self.loaded == before or self.value("document.readyState + ' ' + location.href") != "complete " + url:
            self.note(self.message(until))

    def value(self, script):
        """What the expression is, in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "?"))
        return answer["result"].get("value")

    def settle(self):
        """Two frames: what was asked to be drawn is drawn."""
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def size(self, width, height, scale=1):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def media(self, scheme="light", media=""):
        self.ask("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def mouse(self, kind, x, y, **more):
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y, count=1):
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=count)
        self.mouse("mouseReleased", x, y, button="left", clickCount=count)
        self.settle()

    def centre(self, selector):
        """Scrolls an element into sight; where its middle is."""
        return self.value("(() => { const e = document.querySelector(%s); e.scrollIntoView({block: 'center'});"
                          "const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()" % json.dumps(selector))

    def press_on(self, selector):
        self.click(*self.centre(selector))

    def key(self, key, **more):
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        codes = {"Enter": 13, "Tab": 9, "Home": 36, "End": 35, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39, "Escape": 27, "Delete": 46}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=codes.get(key, 0), **text, **more)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=codes.get(key, 0), **more)
        self.settle()

    def write(self, selector, text):
        """Types into a field, replacing what is in it."""
        self.value("(() => { const e = document.querySelector(%s); e.focus(); e.select(); })()" % json.dumps(selector))
        if text:
            self.ask("Input.insertText", text=text)
        else:
            self.key("Delete")
        self.settle()

    def picture(self, path, whole=False):
        import base64

        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))

    def paper(self, path):
        import base64

        data = self.ask("Page.printToPDF", printBackground=True)["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))
