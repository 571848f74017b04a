#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Healthy programs that nobody here wrote: nothing is to be said of them. Of the runtimes with many threads the
# waiting for a mutex is left out, since on a machine that does other things it can be real.
. tests/live/lib.bash
report=$scratch/report.json

# NAME FILTER COMMAND…: the findings that FILTER (jq) leaves are none
silent()
{
	local name="strangers: $1" filter=$2 status

	shift 2
	if ! command -v "$1" >/dev/null; then
		skip "$name" "$1 is not installed"
		return
	fi
	timeout 60 "$LIFELINE" run --format json -o "$report" -- "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
	is "$name: ended well" 0 $status "$scratch/err" || return
	is "$name" "[]" "$(jq -c "[.findings[] | select($filter) | {code, title, evidence}]" "$report")"
}

any=true
but_locks='.code | startswith("lock.") | not'

mkdir "$scratch/work"
cd "$scratch/work" || exit
printf 'all: a b c d\n%%:\n\t@sleep 0.05; echo $@ >$@\n' >Makefile
cat >pool.py <<'END'
import concurrent.futures, time
def square(x):
    time.sleep(0.0005)
    return x * x
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert sum(pool.map(square, range(2000))) == 2664667000
END
cat >processes.py <<'END'
import multiprocessing, subprocess
def square(x):
    return x * x
if __name__ == "__main__":
    pool = multiprocessing.Pool(4)
    assert sum(pool.map(square, range(1000))) == 332833500
    pool.close()
    pool.join()
    assert subprocess.run(["sh", "-c", "exit 0"]).returncode == 0
END
cat >Pool.java <<'END'
import java.util.concurrent.*;
public class Pool {
	public static void main(String[] words) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(4);
		Future<Integer> answer = pool.submit(() -> 42);
		if (answer.get() != 42 || new ProcessBuilder("true").start().waitFor() != 0)
			System.exit(1);
		pool.shutdown();
	}
}
END
silent "bash: a pipeline, jobs and a wait" $any bash -c 'for i in 1 2 3; do (sleep 0.1; exit 0) & done; wait; seq 1000 | sort | uniq | wc -l'
silent "bash: a command substitution within another" $any bash -c 'a=$(echo $(date +%s) | tr 0-9 a-j); test -n "$a"'
silent "make -j4" $any make -s -j4
silent "git" $any bash -c 'git init -q r && cd r && echo 1 >f && git add f && git -c user.name=n -c user.email=e@e commit -qm m && git -c core.pager=cat log --stat && git gc -q'
silent "perl: children, all of them waited for" $any perl -e 'for (1 .. 5) { fork or exit 0 } 1 while wait > 0'
silent "xargs -P" $any bash -c 'seq 20 | xargs -P 4 -n 1 true'
silent "find -exec" $any find /usr/share/doc/make -maxdepth 1 -exec true {} ';'
silent "tar and gzip" $any tar -czf t.tgz Makefile
silent "python: processes" "$but_locks" python3 processes.py
silent "python: a pool of threads" '.code != "lock.gil" and (.code | startswith("lock.") | not) or
	(.evidence | any(.text | test("SimpleQueue|take_gil|drop_gil")))' python3 pool.py
if command -v python3 >/dev/null && [ -x /usr/bin/python3 ]; then
	silent "python: a pool of threads, without symbols" "$but_locks" /usr/bin/python3 pool.py
fi
# What is around the GIL is not told as locks of the program's, also where the interpreter's functions have no names.
cat >loops.py <<'END'
import threading, time
end = time.monotonic() + 1
def loop():
    while time.monotonic() < end:
        pass
threads = [threading.Thread(target=loop) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
END
for python in python3 /usr/bin/python3; do
	command -v "$python" >/dev/null || { skip "python: around the GIL ($python)" "it is not here"; continue; }
	timeout 60 "$LIFELINE" run --format json -o "$report" -- "$python" loops.py 2>"$scratch/err"
	if [ "$(jq '[.locks[] | select(.kind == "gil")] | length' "$report")" = 0 ]; then
		skip "python: around the GIL ($python)" "it has none, or one that is not seen"
		continue
	fi
	is "python: mutexes around the GIL ($python)" "[]" \
		"$(jq -c '[.locks[] | select(.kind == "mutex" and ((.name // "") | startswith("_PyRuntime"))) | .name]' "$report")" "$scratch/err"
done
silent "java" "$but_locks" java Pool.java
silent "node" "$but_locks" node -e 'require("child_process").execFile("true", () => {}); require("fs").readFile("/etc/passwd", () => {})'
[ "$failures" = 0 ]
