# SPDX-License-Identifier: BSD-2-Clause
"""browser.py LIFELINE SCRATCH: the html export in a real browser. Prints the tests' protocol; status 1 if any failed.
SHOTS=FOLDER keeps pictures, to be looked at."""
import json
import os
import subprocess
import sys
import traceback

sys.dont_write_bytecode = True
from chromium import CannotStart, Chromium  # noqa: E402

LIFELINE, SCRATCH = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
failures = 0


def check(name, expected, actual):
    global failures
    if expected == actual:
        print(f"ok - html: {name}", flush=True)
        return
    failures += 1
    print(f"not ok - html: {name}\n# expected: {expected!r}\n# actual:   {actual!r}", flush=True)


def holds(name, true, detail=""):
    check(name, True, bool(true) or f"no: {detail}")


def export(trace, name):
    path = f"{SCRATCH}/{name}.html"
    subprocess.run([LIFELINE, "export", "html", trace, "-o", path], check=False, stderr=subprocess.DEVNULL)
    return path


def report(trace):
    return json.loads(subprocess.run([LIFELINE, "report", "--format", "json", trace], capture_output=True, check=True).stdout)


def quiet(name, browser):
    """No error, nothing on the console, nothing asked for but the file itself."""
    check(f"{name}: no error, no console", ([], []), (browser.errors, browser.console))
    check(f"{name}: nothing is asked for but the file", 1, len([url for url in browser.requests]))


def shot(browser, name):
    if os.environ.get("SHOTS"):
        browser.picture(f"{os.environ['SHOTS']}/{name}.png")


# ---- what is said -------------------------------------------------------------------------------------------------


def says(browser):
    trace = f"{HERE}/all.ev"
    browser.open(export(trace, "all"))
    told = report(trace)
    check("verdicts: those of the report, in its order", [f["severity"] + "[" + f["code"] + "]" for f in told["findings"]],
          browser.value("[...document.querySelectorAll('.finding .code')].map((e) => e.textContent)"))
    check("verdicts: evidence", sum(len(f["evidence"]) for f in told["findings"]),
          browser.value("document.querySelectorAll('.finding table tr').length"))
    check("verdicts: help", len(told["findings"]), browser.value("document.querySelectorAll('.finding .help').length"))
    check("verdicts: what each means", len(told["findings"]), browser.value("document.querySelectorAll('.finding details dd').length / 3"))
    check("times of evidence are those of the text report", "+0.015 s", browser.value("document.querySelector('.finding.warning th').textContent"))
    check("units are those of the text report",
          "0 s|12 ns|999 ns|1.00 us|3.40 us|12.3 ms|340 ms|1.00 s|3.05 s|59.9 s|1 m 00 s|2 m 05 s|3 h 07 m|2 d 01 h|59.9 ms|999 us",
          browser.value("[0, 12, 999, 1000, 3400, 12.3e6, 340e6, 999.6e6, 3.05e9, 59.94e9, 59.95e9, 125e9, 11220e9, 176400e9,"
                        "59.94e6, 999.4e3].map(duration).join('|')"))
    holds("losses are told", "4 signal" in browser.value("document.querySelector('#remarks').textContent"))
    check("diagram: a row for each process of the report", len(told["processes"]), browser.value("lanes.rows.length"))
    check("diagram: children below their parents", [[400, 0], [200, 0], [300, 1], [301, 1], [302, 1], [303, 1]],
          browser.value("lanes.rows.map((row) => [row.process.pid, row.process.depth])"))
    quiet("all.ev", browser)


PIXEL = """(name, t) => {
	const y = AXIS + lanes.rows.findIndex((row) => rowText(row) === name) * ROW + ROW / 2 - scroller.scrollTop, scale = window.devicePixelRatio;
	return [...pen.getImageData(Math.round(xOf(t) * scale), Math.round(y * scale), 1, 1).data].slice(0, 3);
}"""
COLOR = "(name) => [1, 3, 5].map((at) => parseInt(colors[name].slice(at, at + 2), 16))"


def draws(browser):
    browser.settle()
    pixel = lambda name, t: browser.value(f"({PIXEL})({json.dumps(name)}, {t})")
    color = lambda name: browser.value(f"({COLOR})({json.dumps(name)})")
    check("drawn: before it is born there is nothing", True, pixel("303 job", 4e6) in (color("panel"), color("stripe")))
    check("drawn: alive", color("alive"), pixel("303 job", 12e6))
    check("drawn: adopted", color("adopted"), pixel("303 job", 18e6))
    dead = browser.value("[...pen.getImageData(xOf(15.4e6), AXIS + ROW + 4, 60, ROW - 8).data].filter((_, i) => i % 4 === 0 ).length") > 0
    holds("drawn: dead, not reaped, is neither alive nor empty", dead and pixel("200 job", 18.6e6) != color("alive"))
    browser.value("choose(lanes.rows[1]); toggleThreads(lanes.rows[1].process)")
    browser.settle()
    check("drawn: a wait for a lock", color("lock"), pixel("201 worker", 10.3e6))
    browser.value("toggleThreads(lanes.rows[1].process)")


def timeline(browser):
    browser.open(export(f"{HERE}/switches.ev", "switches"))
    browser.value("document.querySelector('#unfold').click()")
    browser.settle()
    doing = lambda tid, t: browser.value(f"doingText(lanes.rows.find((row) => row.thread && row.thread.tid === {tid}), {t})")
    check("timeline: running", "running", doing(201, 2.7e6))
    check("timeline: blocked, in what", "blocked: futex", doing(200, 2.6e6))
    check("timeline: runnable, and who woke it", "runnable, woken by 201", doing(200, 2.9e6))
    check("timeline: off the processor against its will", "runnable", doing(200, 4.5e6))
    holds("timeline: in the legend", "runnable, no processor" in browser.value("document.querySelector('#legend').textContent"))
    quiet("switches.ev", browser)


def choosing(browser):
    """Which rows there are, and arrows from holders."""
    with open(f"{SCRATCH}/many.ev", "w") as out:
        out.write('0s begin - mode=attach\n')
        for pid in range(1000, 1080):
            out.write(f"0s snap_process {pid}/old start=-5s\n")
        out.write("1s fork 1000 child=2000\n2s exit 2000\n2s end 2000\n2.1s reap 1000 child=2000\n3s thread 1001 child=3000\n"
                  "3s thread 1001 child=3001\n3.1s lock 1001:3001 lock=1 kind=1 address=0x50 name=gate\n"
                  "4s lock_wait 1001:3001 lock=1 holder=1 holder_pid=1001 holder_tid=3000\n"
                  "5s lock_wait_end 1001:3001 lock=1 waited_ns=1000000000\n5s lock_sum 1001:3001 lock=1 waits=1 wait_ns=1000000000\n"
                  "9s finish -\n")
    browser.open(export(f"{SCRATCH}/many.ev", "many"))
    shown = "lanes.rows.map((row) => row.process.pid)"
    check("many: those that neither came nor went are left out at first, parents are not", ("changed", [1000, 2000]),
          (browser.value("document.querySelector('#which').value"), browser.value(shown)))
    check("many: and that is told", "2 of 81 processes", browser.value("document.querySelector('#row-count').textContent"))
    browser.value("(() => { const e = document.querySelector('#which'); e.value = 'present'; e.dispatchEvent(new Event('change')); look(6e9, 7e9); drawNow(); })()")
    check("those of the time in sight", False, 2000 in browser.value(shown))
    browser.value("look(1.5e9, 1.6e9); drawNow()")
    check("change as that does", True, 2000 in browser.value(shown))
    browser.value("(() => { lanes.which = 'all'; lookAtAll(); toggleThreads(processById.get(report.processes.find((one) => one.pid === 1001).id)); })()")
    drawn = browser.value("""(() => {
	const arrows = [], plain = line;
	line = (...all) => { if (all[0] === colors.text) arrows.push(all.slice(1, 5)); plain(...all); };
	drawNow();
	line = plain;
	return arrows;
})()""")
    rows = browser.value("[3000, 3001].map((tid) => rowTop(lanes.rows.findIndex((row) => row.thread && row.thread.tid === tid), scroller.scrollTop) + ROW / 2)")
    check("one arrow, from the holder to the waiter", [[rows[0], rows[1] - 6]], [[y0, y1] for _, y0, _, y1 in drawn])
    check("where the wait begins", [True], [abs(x - 3 - browser.value("xOf(4e9)")) < 1 for x, *_ in drawn])
    quiet("many.ev", browser)


def retired(browser):
    """Of very many short lives only sums are left in a long observation: the page says so."""
    with open(f"{SCRATCH}/long.ev", "w") as out:
        out.write("0s begin - mode=attach\n0s snap_process 100/make start=-5s\n")
        for turn in range(14000):
            t, pid = 1000 + turn, 1000 + turn
            out.write(f"{t}ms fork 100 child={pid}\n{t}.1ms exit {pid}\n{t}.2ms end {pid}\n{t}.3ms reap 100 child={pid}\n")
        out.write("20s finish -\n")
    told = report(f"{SCRATCH}/long.ev").get("retired", {}).get("processes", 0)
    holds("long: there are such", told > 0)
    browser.open(export(f"{SCRATCH}/long.ev", "long"))
    holds("long: those that are only counted are told", f"{told:,} processes" in browser.value("document.querySelector('#retired').textContent"))
    check("long: all others have lines", 14001 - told, browser.value("processes.length"))
    quiet("long.ev", browser)


# ---- who would like to be more than text -----------------------------------------------------------------------------


def hostile(browser):
    path = export(f"{HERE}/hostile.ev", "hostile")
    browser.open(path)
    text = browser.value("document.body.innerText")
    check("hostile: no element but ours", [0, 0, 0, 1], browser.value(
        "[document.images.length, document.querySelectorAll('svg, iframe, object, b[onclick], s').length, document.links.length - 6, document.scripts.length]"))
    check("hostile: nothing that acts, hides or reorders is shown", [], [hex(ord(c)) for c in text if c in "\u202e\u2066\u2028\u2029\x1b\x07\u061c"])
    for part in ("</script>", "<img src=x onerror=alert(1)>", "\\u{202e}", "\\u{2028}", "\\x1b", "&lt;script&gt;", "__proto__"):
        holds(f"hostile: {part} is shown as it is", part in text)
    browser.value("document.querySelector('#unfold').click()")
    browser.value("lanes.rows.forEach((row) => { choose(row); tipText(row, xOf(3e6)); }); drawNow()")
    holds("hostile: a thread's name in the details", "<b onclick=1>" in browser.value("lanes.rows.map(rowText).join()"))
    quiet("hostile.ev", browser)
    browser.value("document.body.append(element('script', null, 'window.intruder = 1'))")
    browser.value("(() => { const e = document.createElement('img'); e.src = 'http://127.0.0.1:1/x'; document.body.append(e); })()")
    browser.settle()
    check("hostile: the page's policy lets no other script in", None, browser.value("window.intruder"))
    holds("hostile: nor a picture from a network", any("Content Security Policy" in one for one in browser.console), browser.console)


# ---- hands ---------------------------------------------------------------------------------------------------------------


def mouse(browser):
    browser.open(export(f"{HERE}/all.ev", "all"))
    x, y = browser.centre("#canvas")
    left, top = browser.value("(() => { const b = canvas.getBoundingClientRect(); return [b.left, b.top]; })()")
    row = lambda index: top + browser.value(f"AXIS + {index} * ROW + ROW / 2 - scroller.scrollTop")
    browser.click(left + 60, row(1))
    check("a click on a name unfolds threads", 8, browser.value("lanes.rows.length"))
    holds("and chooses the row", "200 job" in browser.value("document.querySelector('#details').textContent"))
    browser.click(left + 60, row(1))
    check("another folds them", 6, browser.value("lanes.rows.length"))
    before, at = browser.value("[span(), tOf(%f - canvas.getBoundingClientRect().left)]" % x)
    browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-240)
    browser.settle()
    after, still = browser.value("[span(), tOf(%f - canvas.getBoundingClientRect().left)]" % x)
    holds("the wheel zooms in", after < before * 0.7, (before, after))
    holds("where the pointer is", abs(at - still) < before * 0.01, (at, still))
    start = browser.value("view.from")
    browser.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
    for step in range(1, 6):
        browser.mouse("mouseMoved", x - 20 * step, y, button="left", buttons=1)
    browser.mouse("mouseReleased", x - 100, y, button="left", clickCount=1)
    browser.settle()
    holds("dragging moves in time", browser.value("view.from") > start, start)
    browser.mouse("mouseMoved", left + 300, row(2))
    browser.settle()
    holds("pointing tells what it is", "300 </script>" in browser.value("tip.hidden ? '' : tip.textContent"))
    browser.press_on(".finding:nth-of-type(3) > button")
    check("from a verdict to its process", 300, browser.value("lanes.chosen.process.pid"))
    browser.press_on(".finding:nth-of-type(3) th button")
    check("from a line of evidence to its moment", [300, 6.1e6], browser.value("[lanes.chosen.process.pid, lanes.cursor]"))
    holds("and what it says", "it ended by SIGKILL" in browser.value("document.querySelector('#details').textContent"))
    quiet("after all that", browser)


def keys(browser):
    browser.open(export(f"{HERE}/all.ev", "all"))
    for _ in range(60):
        browser.key("Tab")
        if browser.value("document.activeElement.id") == "scroller":
            break
    check("Tab comes to the diagram", "scroller", browser.value("document.activeElement.id"))
    whole = browser.value("span()")
    browser.key("+")
    browser.key("+")
    holds("+ zooms in", browser.value("span()") < whole * 0.6)
    here = browser.value("view.from")
    browser.key("ArrowRight")
    holds("right moves on", browser.value("view.from") > here)
    browser.key("Home")
    holds("Home: the beginning", browser.value("view.from") <= 0 and browser.value("span()") < whole)
    browser.key("End")
    holds("End: the end", browser.value("view.until >= endNs"))
    browser.key("-")
    browser.key("0")
    check("0: all of it", whole, browser.value("span()"))
    browser.key("ArrowDown")
    browser.key("ArrowDown")
    check("down chooses rows", 200, browser.value("lanes.chosen.process.pid"))
    browser.key("Enter")
    check("Enter unfolds", 8, browser.value("lanes.rows.length"))
    browser.key("ArrowDown")
    browser.key("ArrowDown")
    check("threads are rows", 201, browser.value("lanes.chosen.thread.tid"))
    browser.key("Escape")
    check("Escape chooses nothing", None, browser.value("lanes.chosen"))
    quiet("with keys", browser)


def tables(browser):
    browser.open(export(f"{HERE}/all.ev", "all"))
    first = lambda: browser.value("[...document.querySelectorAll('#processes-table tbody tr')].map((row) => row.cells[0].textContent)")
    browser.press_on("#processes-table th:nth-child(1) button")
    check("sorted, numbers from the largest", ["400", "303", "302", "301", "300", "200"], first())
    check("and that is said", "descending", browser.value("document.querySelector('#processes-table th').getAttribute('aria-sort')"))
    browser.press_on("#processes-table th:nth-child(1) button")
    check("the other way round", ["200", "300", "301", "302", "303", "400"], first())
    browser.write("#processes-search", "script")
    check("searched", ["300"], first())
    browser.write("#processes-search", "")
    check("all again, still sorted", 6, len(first()))
    check("locks", "bank,\"lock\"", browser.value("document.querySelector('#locks-table tbody tr').cells[1].textContent"))
    browser.write("#locks-search", "no such lock")
    check("nothing found is said", "nothing", browser.value("document.querySelector('#locks .nothing').textContent"))
    check("counters that are not known are not 0", True, "unknown" in browser.value(
        "[...document.querySelectorAll('#switches-table tbody tr')].find((row) => row.cells[2].textContent === 'older').cells[3].textContent"))
    browser.write("#find", "script")
    check("found in the diagram, with its ancestors", [200, 300], browser.value("lanes.rows.map((row) => row.process.pid)"))
    browser.write("#find", "")
    browser.write("#verdict-find", "sigkill")
    check("verdicts searched", 1, browser.value("document.querySelectorAll('.finding').length"))
    browser.press_on("#severity-warning")
    check("and hidden by severity", 0, browser.value("document.querySelectorAll('.finding').length"))
    quiet("tables", browser)


# ---- looks -----------------------------------------------------------------------------------------------------------------


def looks(browser):
    path = export(f"{HERE}/all.ev", "all")
    ground = "getComputedStyle(document.body).backgroundColor"
    browser.media("dark")
    browser.open(path)
    dark = browser.value(ground)
    shot(browser, "dark")
    browser.media("light")
    browser.settle()
    light = browser.value(ground)
    holds("dark and light, as the system", dark != light, (dark, light))
    browser.press_on("#theme")
    check("dark by hand", (dark, "Theme: dark"), (browser.value(ground), browser.value("document.querySelector('#theme').textContent")))
    browser.press_on("#theme")
    browser.press_on("#theme")
    check("and back", light, browser.value(ground))
    for width, height in ((400, 800), (1600, 1000)):
        browser.size(width, height)
        browser.open(path)
        browser.settle()
        holds(f"{width} px: nothing sticks out", browser.value("document.documentElement.scrollWidth") <= width)
        holds(f"{width} px: the diagram has room", browser.value("view.width") > width * 0.4)
        shot(browser, f"light-{width}")
    browser.size(1280, 900)
    browser.open(path)
    browser.value("look(5e6, 8e6); drawNow()")
    browser.paper(f"{SCRATCH}/paper.pdf")
    holds("it can be printed", os.path.getsize(f"{SCRATCH}/paper.pdf") > 20000)
    browser.settle()
    check("and goes on as before", [None, 3e6], browser.value("[paper, span()]"))
    nameless = [node["role"]["value"] for node in browser.ask("Accessibility.getFullAXTree")["nodes"]
                if not node["ignored"] and node["role"]["value"] in ("button", "link", "searchbox", "combobox", "checkbox", "application", "table", "region")
                and not node.get("name", {}).get("value", "").strip()]
    check("all that can be used has a name", [], nameless)
    quiet("looks", browser)


# ---- incomplete, large ------------------------------------------------------------------------------------------------------


def incomplete(browser):
    browser.open(export(f"{HERE}/cut.ev", "cut"))
    holds("a trace that breaks off says so", "breaks off" in browser.value("document.querySelector('#cut').textContent"))
    check("a whole file is not said to be cut", None, browser.value("document.querySelector('#reading')"))
    with open(export(f"{HERE}/all.ev", "all"), "rb") as whole:
        data = whole.read()
    with open(f"{SCRATCH}/half.html", "wb") as half:
        half.write(data[:data.index(b'id="report"')])
    browser.open(f"{SCRATCH}/half.html")
    holds("a file that was cut off says so", "the export was cut off" in browser.value("document.body.innerText"))


def large(browser, trace, name, events, rows):
    browser.open(export(trace, name))
    holds(f"{name}: all events are there", browser.value("eventCount") >= events * 0.99, browser.value("eventCount"))
    browser.value("document.querySelector('#unfold').click()")
    check(f"{name}: and all rows", rows, browser.value("lanes.rows.length"))
    steps = browser.value("""(() => {
	const counted = pen.fillRect.bind(pen), most = [];
	let steps = 0;
	pen.fillRect = (...all) => { steps++; counted(...all); };
	for (let i = 0; i < 40; i++) {
		steps = 0;
		drawNow();
		most.push(steps);
		zoom(endNs * 0.4, 0.7);
	}
	delete pen.fillRect;
	lookAtAll();
	return Math.max(...most);
})()""")
    # no more than a few signs for each pixel of the rows in sight, whatever there is
    holds(f"{name}: only what can be seen is drawn", steps < 30 * 1280 * 4, steps)
    check(f"{name}: tables show a page", 100, browser.value("document.querySelectorAll('#processes-table tbody tr').length") if rows > 100 else 100)
    quiet(name, browser)
    shot(browser, name)


def main():
    try:
        browser = Chromium(1280, 900)
    except CannotStart as error:
        print(f"ok - html: in a browser # SKIP Chromium does not run here: {error}")
        return
    try:
        for part in (says, draws, timeline, choosing, retired, hostile, mouse, keys, tables, looks, incomplete):
            try:
                part(browser)
            except (RuntimeError, TimeoutError, OSError) as error:
                check(f"{part.__name__}: comes to its end", None, f"{error} at line {traceback.extract_tb(error.__traceback__)[1].lineno}")
        for argument in sys.argv[3:]:
            trace, name, events, rows = argument.split(",")
            large(browser, trace, name, int(events), int(rows))
    finally:
        browser.close()


main()
sys.exit(failures != 0)
