# shellcheck shell=bash
# Sourced by the scripts beside it: one background process, known by its folder $DIR, whose path
# stands in the process's command line.  So a pid that now belongs to another program is never hit.

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# fetch_once FOLDER COMMAND: what the command brings into the folder is brought once, by one process
# while others wait for it.
fetch_once() {
    [ -e "$1/.complete" ] && return
    mkdir -p "$1"
    (
        flock 9
        [ -e "$1/.complete" ] && exit 0
        "$2"
        touch "$1/.complete"
    ) 9>"$1/.lock"
}

process_pid() {
    local pid
    pid=$(cat "$DIR/pid" 2>/dev/null) || return 1
    { tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "$DIR/" && echo "$pid"
}

# process_start COMMAND...: its own session, so that Ctrl-C in a terminal does not reach it.  It is known
# by its command line only once it is more than a copy of this shell: else it is taken for dead.
process_start() {
    setsid "$@" >>"$DIR/log" 2>&1 </dev/null &
    started=$!
    echo "$started" >"$DIR/pid"
    until process_pid >/dev/null || ! kill -0 "$started" 2>/dev/null; do sleep 0.01; done
}

# process_signal TERM|KILL|STOP|CONT: the first two wait until it is gone.
process_signal() {
    local pid try
    pid=$(process_pid) || { echo "${0##*/}: not running" >&2; return 0; }
    kill -CONT "$pid"
    kill "-$1" "$pid"
    case $1 in STOP | CONT) return ;; esac
    for ((try = 0; try < 300; try++)); do
        process_pid >/dev/null || break
        sleep 0.1
    done
    pid=$(process_pid) && kill -KILL "$pid"
    rm -f "$DIR/pid"
}

# process_wait SECONDS COMMAND...: until the command succeeds; fails when what process_start started
# ends before.  (Its command line would not do: it is empty while a program takes another's place.)
process_wait() {
    local try tries=$(($1 * 10))
    shift
    for ((try = 0; try < tries; try++)); do
        "$@" && return 0
        kill -0 "$started" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 15 "$DIR/log" >&2
    die "did not come up; its log is $DIR/log"
}

process_status() {
    local pid
    pid=$(process_pid) || { echo "down"; return 1; }
    echo "up $1 pid $pid rss $(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status") MB"
}

process_wipe() {
    process_pid >/dev/null && process_signal KILL
    rm -rf "$DIR"
}
