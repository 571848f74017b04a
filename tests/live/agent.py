#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# agent.py PORT FOLDER: sends the agent of demos/daemon/agent.c requests as browsers, curious people and attackers would,
# and prints a line "ok NAME" or "wrong NAME: what came" for each. FOLDER is what it serves; agent.sh has put into it what
# must be served and what must not.
import os
import socket
import sys
import time

port, folder = int(sys.argv[1]), sys.argv[2]
HOST = b"Host: 127.0.0.1\r\n"


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def receive(connection):
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
    except ConnectionResetError:
        data += b"(reset)"
    return data


def ask(request):
    with connect() as connection:
        connection.sendall(request)
        return receive(connection)


def parts(response):
    head, _, body = response.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    words = lines[0].split(" ")
    return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), fields, body


def check(name, good, seen):
    print(f"ok {name}" if good else f"wrong {name}: {seen!r}"[:300], flush=True)


def expect(name, request, status):
    response = ask(request)
    got, fields, body = parts(response)
    whole = int(fields.get("Content-Length", -1)) == len(body)
    check(name, got == status and whole and b"(reset)" not in response and b"SECRET" not in body, response[:200])
    return fields


def get(path, version=b"1.1"):
    return b"GET " + path + b" HTTP/" + version + b"\r\n" + HOST + b"\r\n"


def content(name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def pictures():
    for name, kind in (("a.png", "image/png"), ("b c.svg", "image/svg+xml"), ("deep/d.JPG", "image/jpeg"),
                       ("notes", "application/octet-stream")):
        status, fields, body = parts(ask(get(f"/{name}".replace(" ", "%20").encode())))
        check(f"picture {name}", (status, fields.get("Content-Type"), body) == (200, kind, content(name)), fields)
    check("a query is not part of the name", parts(ask(get(b"/a.png?size=2")))[0] == 200, "")
    check("the form for proxies", parts(ask(get(b"http://127.0.0.1/a.png")))[0] == 200, "")
    check("HTTP/1.0 without Host", parts(ask(b"GET /a.png HTTP/1.0\r\n\r\n"))[0] == 200, "")
    status, fields, body = parts(ask(get(b"/a.png").replace(b"GET", b"HEAD")))
    length = int(fields.get("Content-Length", -1))
    check("HEAD has the length and no body", (status, length, body) == (200, len(content("a.png")), b""), fields)
    status, fields, body = parts(ask(get(b"/empty.png")))
    check("an empty file", (status, fields.get("Content-Length"), body) == (200, "0", b""), fields)
    with connect() as connection:
        for byte in get(b"/a.png"):
            connection.send(bytes([byte]))
        check("a request byte by byte", parts(receive(connection))[2] == content("a.png"), "")


def escapes():
    for path in (b"/../secret", b"/..", b"/deep/../../secret", b"/%2e%2e/secret", b"/%2E%2e%2fsecret", b"/..%2fsecret",
                 b"/%252e%252e/secret", b"/..\\secret", b"/link", b"/linked/secret", b"/linked/../secret", b"/fifo", b"/deep", b"/deep/",
                 b"/", b"//", b"/.", b"/./a.png", b"/.hidden", b"/deep/.hidden", b"/" + folder.encode() + b"/../secret", b"//etc/passwd",
                 b"/etc/passwd", b"/proc/self/root" + folder.encode() + b"/../secret", b"/a.png/", b"/a.png/x",
                 b"/" + b"x" * 300, b"http://127.0.0.1/../secret", b"http://127.0.0.1"):
        expect(f"no such picture: {path[:40].decode()}", get(path), 404)


def refusals():
    for name, request, status in (
            ("a NUL in the name, encoded", get(b"/a.png%00.svg"), 400),
            ("a NUL in the request", get(b"/a.png\0.svg"), 400),
            ("a line break in the name", get(b"/a%0d%0ab.png"), 400),
            ("half an encoded byte", get(b"/a%2"), 400),
            ("no encoded byte", get(b"/%zz"), 400),
            ("no slash", get(b"a.png"), 400),
            ("a name of 2000 bytes", get(b"/" + b"x" * 2000), 400),
            ("no version", b"GET /a.png\r\n" + HOST + b"\r\n", 400),
            ("a version that is none", get(b"/a.png", b"x.y"), 400),
            ("another protocol's version", get(b"/a.png", b"2.0"), 505),
            ("two blanks", b"GET  /a.png HTTP/1.1\r\n" + HOST + b"\r\n", 400),
            ("no Host", b"GET /a.png HTTP/1.1\r\n\r\n", 400),
            ("two Hosts", b"GET /a.png HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
            ("a folded line", b"GET /a.png HTTP/1.1\r\n" + HOST + b" x\r\n\r\n", 400),
            ("a blank before the colon", b"GET /a.png HTTP/1.1\r\nHost : x\r\n\r\n", 400),
            ("a body", b"GET /a.png HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", 400),
            ("noise", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
            ("nothing but an empty line", b"\r\n\r\n", 400),
            ("a method that nobody knows", get(b"/a.png").replace(b"GET", b"BREW"), 501),
            ("a head without end", b"GET /a.png HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 20000, 431)):
        expect(name, request, status)
    for method in (b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE"):
        fields = expect(f"method {method.decode()}", get(b"/a.png").replace(b"GET", method), 405)
        check(f"method {method.decode()}: Allow", fields.get("Allow") == "GET, HEAD", fields)


def slow():
    silent = [connect() for _ in range(31)]
    begin = time.monotonic()
    check("31 silent clients keep nobody waiting", parts(ask(get(b"/a.png")))[0] == 200 and time.monotonic() - begin < 4,
          time.monotonic() - begin)
    with connect() as half, connect() as greedy:
        half.sendall(b"GET /a.png HT")
        greedy.sendall(get(b"/large.png"))
        check("a request that is never finished", parts(receive(half))[0] == 408, "")
        check("silent clients are dropped", all(receive(client) == b"" for client in silent), "")
        check("within their limit", time.monotonic() - begin < 15, time.monotonic() - begin)
        check("who takes late gets all of it", parts(receive(greedy))[2] == content("large.png"), "")
    for client in silent:
        client.close()
    for _ in range(40):  # and goes away in the middle
        with connect() as client:
            client.sendall(get(b"/large.png"))
            client.recv(10)
    crowd = [connect() for _ in range(80)]  # more than it has places for; the rest waits in the kernel's queue
    for client in crowd:
        client.sendall(get(b"/a.png"))
    check("eighty at once", all(parts(receive(client))[0] == 200 for client in crowd), "")


pictures()
escapes()
refusals()
slow()
