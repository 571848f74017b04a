#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Daemons that others have written, as Debian packages them, each with folders, files and sockets of its own: what
# lifeline says of them is what stands in their source, and what /proc shows while they run. Those that are not installed
# are skipped. Who is no daemon is in not-daemons.sh.
#
# The steps below were read in the sources named, and seen with `strace -f` of the packages in Debian 12.
. tests/live/lib.bash
report=$scratch/report.json
pidfile=$scratch/pid
end='{"code":0}'
explain='.findings[] | {code, pid, title, detail}'

installed() # NAME of the test, program
{
	command -v "$2" >/dev/null && return 0
	skip "real-daemons: $1" "$2 is not installed"
	return 1
}

# Runs CMD… under lifeline without descriptors from here but one, which daemons should close and these do not.
observe()
{
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		cd "$scratch" || exit
		umask 0022
		exec "$LIFELINE" run --zombie-after 1m --linger forever --format json -o "$report" -- "$@" 7<"$scratch/leaked"
	) >"$scratch/out" 2>"$scratch/err" </dev/null &
	lifeline=$!
	started+=("$lifeline")
}

has_live_pid()
{
	daemon=$(tr -dc 0-9 <"$pidfile") && [ -n "$daemon" ] && [ -d "/proc/$daemon" ]
}

# What /proc says of the daemon, in the report's words.
proc_state()
{
	local mask

	mask=$(awk '$1 == "Umask:" { print $2 }' "/proc/$daemon/status")
	echo "umask $mask cwd $(readlink "/proc/$daemon/cwd") session $(ps -o sid= -p "$daemon" | tr -d ' ')"
}

# NAME STEPS… -- CMD…: starts it, waits for its pidfile, lets it run for a while, stops it with SIGTERM and compares.
# $end: how it ends then, as jq shows the report's `exit`
check_daemon()
{
	local name="real-daemons: $1" steps=() state

	shift
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	rm -f "$pidfile" "$report"
	observe "$@"
	if ! until_true 10 has_live_pid; then
		fail "$name writes its pidfile" "$scratch/out" "$scratch/err" "$scratch/log"
		kill "$lifeline"
		return 1
	fi
	started+=("$daemon")
	sleep 1 # it lives on, and is looked at
	state=$(proc_state)
	kill -TERM "$daemon"
	wait "$lifeline"
	is "$name: lifeline saw it to its end" "0 command" "$? $(jq -r .trace.ended_by "$report")" "$scratch/err"
	is "$name: it is the only daemon" "daemon.incomplete $daemon true" \
		"$(jq -r '[.findings[] | select(.code | startswith("daemon.")) | "\(.code) \(.pid) \(.certain)"] | join(", ")' "$report")"
	is "$name: nothing else is found but a violent end" "$([ "$end" = '{"code":0}' ] || echo exit.killed)" \
		"$(jq -r '[.findings[].code | select(startswith("daemon.") | not)] | join(" ")' "$report")"
	jq '.findings[] | select(.code == "daemon.incomplete")' "$report" >"$scratch/finding.json"
	is "$name: steps as in its source" "${steps[*]}" \
		"$(jq -r '[.detail.steps | to_entries[] | select(.value) | .key] | join(" ")' "$scratch/finding.json")"
	is "$name: missing are the others" "8" \
		"$(jq '(.detail.missing | length) + ([.detail.steps[] | select(.)] | length)' "$scratch/finding.json")"
	is "$name: state as in /proc" "$state" \
		"$(jq -r '.detail | "umask \(.umask) cwd \(.cwd) session \(.session)"' "$scratch/finding.json")"
	holds "$name: the descriptor that it was started with is found" "$report" \
		'.findings[] | select(.code == "daemon.incomplete") | .detail.inherited_fds > 0 and
		([.evidence[].text] | any(contains($leaked)))' --arg leaked "7 ($scratch/leaked"
	is "$name: how it ended" "$end" \
		"$(jq -c --argjson pid "$daemon" '.processes[] | select(.pid == $pid).exit | del(.core, .sender)' "$report")"
}

# NAME FILTER: holds of the finding's detail. (Those that write their pidfile after the fork do so after their parent's end
# only mostly.)
detail_holds()
{
	holds "real-daemons: $1" "$report" ".findings[] | select(.code == \"daemon.incomplete\").detail | $2" --arg pidfile "$pidfile"
}

: >"$scratch/leaked"

# redis, src/server.c: daemonize() forks, calls setsid, and puts /dev/null on 0, 1 and 2. The mask is only read (umask and
# back). createPidFile() comes after; the file is removed at shutdown.
if installed redis-server redis-server; then
	check_daemon redis-server fork setsid stdin stdout stderr -- redis-server --daemonize yes --port 0 --save '' \
		--unixsocket "$scratch/redis.sock" --dir "$scratch" --logfile "$scratch/log" --pidfile "$pidfile" &&
		detail_holds "redis-server: pidfile" '.pidfile == $pidfile and (.pidfile_troubles - ["written-late"]) == []'
fi

# nginx, src/os/unix/ngx_daemon.c: fork, setsid, umask(0), /dev/null on 0 and 1; 2 becomes the error log in
# ngx_log_redirect_stderr(). Debian's nginx-fix-pidfile.patch has the parent write the child's pid before it ends.
if installed nginx nginx; then
	cat >"$scratch/nginx.conf" <<END
pid $pidfile;
error_log $scratch/log;
worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path $scratch/t1; proxy_temp_path $scratch/t2; fastcgi_temp_path $scratch/t3;
	uwsgi_temp_path $scratch/t4; scgi_temp_path $scratch/t5;
	server { listen unix:$scratch/nginx.sock; }
}
END
	check_daemon nginx fork setsid umask stdin stdout stderr -- nginx -p "$scratch" -c "$scratch/nginx.conf" &&
		detail_holds "nginx: pidfile" '.pidfile == $pidfile and (.pidfile_troubles - ["written-late"]) == []'
fi

# memcached, daemon.c: daemonize() forks, calls setsid, goes to /, and puts /dev/null on 0, 1 and 2. The mask is set for the
# socket alone and put back. save_pid() writes another file and renames it.
if installed memcached memcached; then
	check_daemon memcached fork setsid chdir_root stdin stdout stderr -- memcached -d -u root -s "$scratch/memcached.sock" \
		-P "$pidfile" &&
		detail_holds "memcached: pidfile" '.pidfile == $pidfile and (.pidfile_troubles - ["written-late"]) == []'
fi

# cron and atd know only one place for their files, so they get it to themselves in a mount namespace: /run and
# /var/spool/cron are folders of ours, and there is nothing for them to do.
mkdir -p "$scratch/run" "$scratch/spool/crontabs" "$scratch/spool/atjobs" "$scratch/spool/atspool" "$scratch/empty"
cat >"$scratch/apart" <<END
#!/bin/sh
set -e
mount --bind "$scratch/run" /run
mount --bind "$scratch/spool" /var/spool/cron
for folder in /etc/cron.d /etc/cron.hourly /etc/cron.daily; do
	[ ! -d \$folder ] || mount --bind "$scratch/empty" \$folder
done
[ ! -e /etc/crontab ] || mount --bind /dev/null /etc/crontab
exec "\$@"
END
chmod +x "$scratch/apart"
apart() { installed "$1" "$1" && { unshare -m "$scratch/apart" true 2>/dev/null || { skip "real-daemons: $1" "no mount namespace can be made here"; false; }; }; }

# cron, cron.c: main() locks the pidfile and goes to /var/spool/cron; fork, then setsid and /dev/null on 0, 1 and 2. It does
# not handle SIGTERM. (Its pidfile stays, but when it has ended nobody can look into its mount namespace any more.)
if apart cron; then
	pidfile=$scratch/run/crond.pid
	end='{"signal":"SIGTERM"}'
	check_daemon cron fork setsid stdin stdout stderr -- unshare -m "$scratch/apart" cron &&
		detail_holds "cron: pidfile" '(.pidfile | endswith("crond.pid")) and .pidfile_troubles == []'
	end='{"code":0}'
fi

# atd, daemon.c: daemon_setup() puts /dev/null on 0, 1 and 2, forks, calls setsid, and then umask; main() has gone to
# /var/spool/cron/atjobs. The pidfile is written after the fork, and removed at the end.
if apart atd; then
	pidfile=$scratch/run/atd.pid
	chown daemon:daemon "$scratch/spool/"at*
	chmod 755 "$scratch"
	check_daemon atd fork setsid umask stdin stdout stderr -- unshare -m "$scratch/apart" atd &&
		detail_holds "atd: pidfile" '(.pidfile | endswith("atd.pid")) and (.pidfile_troubles - ["written-late"]) == []'
fi

[ "$failures" = 0 ]
