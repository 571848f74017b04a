# SPDX-License-Identifier: BSD-2-Clause
"""page.py LIFELINE SCRATCH TRACE…: how long the pages of the html export take to open and to draw, in Chromium."""
import os
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "export"))
import chromium  # noqa: E402

ROUNDS = 5
DRAW = """(() => {
	const times = [];
	const draw = (move) => {
		const start = performance.now();
		move();
		drawNow();
		pen.getImageData(0, 0, 1, 1); // so that it is drawn, and not only told
		times.push(performance.now() - start);
	};
	byName('unfold').click();
	for (let i = 0; i < 40; i++)
		draw(() => zoom(endNs * 0.4, 0.8));
	for (let i = 0; i < 40; i++)
		draw(() => pan(span() * 0.05));
	for (let i = 0; i < 40; i++)
		draw(() => zoom(endNs * 0.4, 1.25));
	return times.sort((a, b) => a - b);
})()"""


def main(lifeline, scratch, *traces):
    if not chromium.find():
        print("\npages of the html export: no Chromium is installed, nothing measured")
        return
    browser = chromium.Chromium(1600, 1000)
    try:
        print("\npages of the html export in " + browser.ask("Browser.getVersion")["product"] + ", 1600 x 1000:")
        for trace in traces:
            page = f"{scratch}/page.html"
            subprocess.run([lifeline, "export", "html", trace, "-o", page], check=True)
            opened = []
            for _ in range(ROUNDS):
                browser.open(page)
                opened.append(browser.value("performance.getEntriesByName('ready')[0].startTime"))
            frames = browser.value(DRAW)
            print(f"  {browser.value('eventCount')} events, {browser.value('processes.length')} processes, {os.path.getsize(page)} bytes: "
                  f"opens in {statistics.median(opened) / 1000:.2f} s (goal: <= 2 s); a frame takes {statistics.median(frames):.1f} ms, "
                  f"95 % of them at most {frames[len(frames) * 95 // 100]:.1f} ms")
    finally:
        browser.close()


main(*sys.argv[1:])
