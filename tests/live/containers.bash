# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Containers for live tests, made by one of several engines: `unshare` (namespaces and a root of its own by chroot, which
# works wherever root does), `runc`, and `podman` (which calls runc). Sourced after lib.bash. The root file system is made
# here, of a few programs of this machine and the libraries that they need; what lies in its /only-here is nowhere else.
#   make_root PROGRAM…           into $root
#   engine_works ENGINE          can it start anything here?
#   container_start NAME CMD…    in the background; sets $init (its PID 1, as it is called here) and $container (its id)
#   container_run NAME CMD…      in the foreground
#   container_exec NAME CMD…     one more process in it, as a health check is; in the foreground
#   container_end NAME
root=${root:-$scratch/root} # what runs under lifeline has them from the test
engine=${engine:-unshare}
declare -A inits

# Everything that containers leave behind goes, whatever happens.
remove_containers()
{
	local name group

	for name in "${!inits[@]}"; do
		container_end "$name"
	done
	for group in /sys/fs/cgroup/*/libpod_parent /sys/fs/cgroup/*/*/*/libpod_parent; do
		[ ! -d "$group" ] || rmdir "$group"/* "$group" 2>/dev/null
	done
}
trap 'remove_containers; leave' EXIT

# copy_program PROGRAM PATH: with the libraries that it needs
copy_program()
{
	local library

	mkdir -p "$root$(dirname "$2")"
	cp -L "$1" "$root$2"
	for library in $(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+'); do
		mkdir -p "$root$(dirname "$library")"
		[ -e "$root$library" ] || cp -L "$library" "$root$library"
	done
}

make_root()
{
	local program

	mkdir -p "$root"/{proc,sys,dev,tmp,etc,only-here}
	: >"$root/dev/null" # to be mounted over; shells open it for what they start in the background
	for program in sh sleep cat true; do
		copy_program "$(type -P "$program")" "/bin/$program"
	done
	for program; do
		copy_program "$program" "/only-here/$(basename "$program")"
	done
}

# The id of a container of that name: what docker and podman make of theirs, 64 digits.
id_of() { echo "$1 $scratch" | sha256sum | cut -d' ' -f1; }

podman_here()
{
	podman --root "$scratch/podman" --runroot "$scratch/podman-run" --storage-driver vfs --runtime runc \
		--cgroup-manager cgroupfs "$@"
}

# The limits are told, since podman would raise them otherwise, which not each container that tests run in may.
podman_new()
{
	local name=$1

	shift
	podman_here run --name "$name" --network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@"
}

bundle()
{
	local name=$1

	shift
	mkdir -p "$scratch/bundle-$name"
	printf '%s\n' "$@" | jq -R . | jq -s . >"$scratch/words" # jq takes words like -c for its own
	(cd "$scratch/bundle-$name" && rm -f config.json && runc spec && jq --arg root "$root" --slurpfile words "$scratch/words" '
		.process.terminal = false | .process.args = $words[0] | .root.path = $root' config.json >new && mv new config.json)
}

# Not by way of a shell within: PID 1 is the program from its first instruction on.
# Takes the place of the (sub)shell.
unshared() # CMD…
{
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare --mount sh -c 'mount --bind /dev/null "$0/dev/null" &&
		exec unshare --fork --pid --uts --ipc --cgroup --root="$0" --mount-proc "$@"' "$root" "$@"
}

container_run()
{
	local name=$1

	shift
	case $engine in
	unshare) (unshared "$@") ;;
	runc) bundle "$name" "$@" && runc run --bundle "$scratch/bundle-$name" "$(id_of "$name")" ;;
	podman) podman_new "$name" --rm --rootfs "$root" "$@" ;;
	esac
}

# The one child that is PID 1 in there, once it is the program that was asked for.
inner_init() # PID NAME
{
	init=$(pgrep -P "$1") && [ "$(cat "/proc/$init/comm")" = "$2" ]
}

container_start()
{
	local name=$1 comm

	shift
	comm=$(basename "$1")
	case $engine in
	unshare)
		unshared "$@" </dev/null >"$scratch/out-$name" 2>&1 &
		started+=("$!")
		until_true 20 inner_init "$!" "$comm"
		init=$(pgrep -P "$!")
		container=
		started+=("$init")
		;;
	runc)
		container=$(id_of "$name")
		bundle "$name" "$@" &&
			runc run --detach --bundle "$scratch/bundle-$name" "$container" </dev/null >"$scratch/out-$name" 2>&1
		init=$(runc state "$container" 2>/dev/null | jq .pid)
		;;
	podman)
		container=$(podman_new "$name" --detach --rootfs "$root" "$@" 2>"$scratch/out-$name")
		init=$(podman_here inspect "$name" | jq '.[0].State.Pid')
		;;
	esac
	inits[$name]=$init
	until_true 20 grep -qx "$comm" "/proc/$init/comm"
}

container_exec()
{
	local name=$1

	shift
	case $engine in
	unshare) nsenter --target "${inits[$name]}" --pid --mount --uts --ipc --root --wd "$@" ;;
	runc) runc exec "$(id_of "$name")" "$@" ;;
	podman) podman_here exec "$name" "$@" ;;
	esac
}

container_end()
{
	local name=$1

	case $engine in
	unshare) kill -KILL "${inits[$name]}" ;;
	runc) runc delete --force "$(id_of "$name")" ;;
	podman) podman_here rm --force --time 0 "$name" ;;
	esac >/dev/null 2>&1
	until_true 10 test ! -d "/proc/${inits[$name]}"
	unset "inits[$name]"
}

engine_works()
{
	engine=$1
	[ "$1" = unshare ] || command -v runc >/dev/null || return 1
	[ "$1" != podman ] || command -v podman >/dev/null || return 1
	[ "$(container_run trial sh -c 'echo $$' 2>"$scratch/engine.err")" = 1 ]
}
