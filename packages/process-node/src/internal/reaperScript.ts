/**
 * The reaper: what a host process leaves behind to clean up after it. POSIX `sh`, so that it starts in a millisecond
 * and weighs next to nothing; it is the one part of us that a SIGKILL of the host does not reach.
 *
 * It is told of groups over its stdin, which only the host holds:
 *
 *   + PGID WITNESS TOKEN CHILD   a group lives, and a member that shows it: its pid, and the time at which it started;
 *                                CHILD is the number of a child that may be left, or -
 *   - PGID                       it is gone
 *   c DIRECTORY                  a cgroup is ours;  d DIRECTORY  it is gone
 *
 * End of file is the host's death. It cannot come too early: a process that was forked and has not executed its program
 * yet has a copy of the pipe too, and loses it in the very step in which it gets its environment. So at end of file
 * every process of ours is either registered here or carries the cookie, and nobody needs a gate before the program.
 *
 * A group is signalled when its witness is still the process we were told of, or a member carries the cookie. A single
 * process is stopped, looked at again, and killed only then: a stopped process cannot change what it is.
 *
 * Where there is no `/proc` (macOS) it asks `ps`, which is slower and is not shown every environment.
 */
export const reaperScript = `
trap '' HUP INT QUIT PIPE TERM TSTP TTIN TTOU USR1 USR2 ALRM
unset TETHER_REAPER
export LC_ALL=C TZ=UTC
if [ -r /proc/self/stat ]; then
  fields() { # of /proc/$1/stat, behind the name, which may hold anything: STATE PARENT GROUP ... TOKEN is the 20th
    stat=
    { while read -r part; do stat="$stat $part"; done < "/proc/$1/stat"; } 2>/dev/null
    stat=\${stat##*) }
  }
  snapshot() { # the groups of all processes, as PID:GROUP
    groups_now=" $(cat /proc/[0-9]*/stat 2>/dev/null | awk 'match($0, /.*\\) /) { split(substr($0, RLENGTH + 1), f, " "); printf "%d:%d ", $1, f[3] }') "
  }
  clock() { read -r now _ < /proc/uptime; now=\${now%.*}\${now#*.}; } # in hundredths of a second
  newest() { read -r _ _ _ _ born < /proc/loadavg; }
  token_of() { fields "$1"; set -- $stat; started=\${20-}; }
  group_of() { fields "$1"; set -- $stat; group=\${3-none}; }
  find_kin() { # descendants of the groups $sure that are in none of them, by parents that still live
    pids=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v groups="$sure" '
      BEGIN { n = split(groups, each, " "); for (i = 1; i <= n; i++) ours[each[i]] = 1 }
      match($0, /.*\\) /) { pid = $1 + 0; split(substr($0, RLENGTH + 1), f, " "); parent[pid] = f[2]; if (f[3] in ours) kin[pid] = 2 }
      END {
        do { more = 0; for (pid in parent) if (!(pid in kin) && parent[pid] in kin) more = kin[pid] = 1 } while (more)
        for (pid in kin) if (kin[pid] == 1) print pid
      }' 2>/dev/null)
    # A name can hold a newline, and what looks like the line of another process: each is asked for by itself.
    sons=$pids pids=' ' more=1
    while [ -n "$more" ]; do
      more=
      for pid in $sons; do
        case $pids in *" $pid "*) continue ;; esac
        fields "$pid"
        set -- $stat
        parent=\${2-0}
        case $pids in
          *" $parent "*) ;;
          *)
            group_of "$parent"
            case " $sure " in *" $group "*) ;; *) continue ;; esac
            ;;
        esac
        pids="$pids$pid " more=1
      done
    done
    [ "$pids" != ' ' ] || pids=
  }
  find_pids() { # whose cookie matches $1; of these, if there are more words
    pattern="^TETHER_TREE=$1$"
    shift
    for pid; do shift; set -- "$@" "/proc/$pid/environ"; done
    [ $# -gt 0 ] || set -- /proc/[0-9]*/environ
    pids=
    for file in $(grep -lszE "$pattern" "$@" 2>/dev/null); do
      file=\${file#/proc/}
      pids="$pids \${file%%/*}"
    done
  }
else
  find_kin() { pids=; }
  newest() { born=; }
  clock() { now=0; }
  snapshot() { groups_now=; }
  ps_of() { ps -ww -o "$@" 2>/dev/null; }
  token_of() { started=$(date -j -f '%a %b %d %T %Y' "$(ps_of lstart= -p "$1")" +%s 2>/dev/null); }
  group_of() { group=$(ps_of pgid= -p "$1"); group=\${group##* }; }
  find_pids() {
    pattern=" TETHER_TREE=$1( |$)"
    shift
    among=" $* " pids=
    for pid in $(ps_of pid=,command= -axE | grep -E "$pattern" | while read -r pid _; do echo "$pid"; done); do
      case $among in '  ' | *" $pid "*) pids="$pids $pid" ;; esac
    done
  }
fi

without_reapers() {
  all=$pids
  find_pids "$reapers" $all
  reaping="$pids " pids=
  for pid in $all; do
    case $reaping in *" $pid "*) ;; *) pids="$pids $pid" ;; esac
  done
}
settle() { # of the stopped $1, those that are still among $2 are killed, and who is somebody else by now goes on
  still=" $(echo $2) "
  for pid in $1; do
    case $still in
      *" $pid "*) kill -s KILL "$pid" ;;
      *) kill -s CONT "$pid" ;;
    esac
  done 2>/dev/null
}

freeze() { # the groups that what was found had a moment ago: stopped as a whole, and looked at then
  for pid in $found; do
    group=\${groups_now##* $pid:}
    [ "$group" != "$groups_now" ] || continue
    group=\${group%% *}
    kill -s STOP -- "-$group"
    frozen=" $group $frozen"
  done 2>/dev/null
  [ -n "$frozen" ] || return 0
  find_pids "$ours"
  found=$pids
  for group in $frozen; do
    sure=
    for pid in $found; do
      asked=$group
      group_of "$pid"
      [ "$group" != "$asked" ] || sure=1
      group=$asked
    done
    if [ -n "$sure" ]; then kill -s KILL -- "-$group"; else kill -s CONT -- "-$group"; fi
  done 2>/dev/null
  frozen=
}

groups=' ' cgroups=' ' leavable= pids= frozen=
# What a group's entry is: PGID:WITNESS:TOKEN:CHILD
while read -r verb one two three four; do
  case $verb in
    +)
      # Nobody knew it without asking; who spawned it has not reaped it yet.
      if [ "$three" = - ]; then token_of "$two"; three=$started; fi
      groups="$groups$one:$two:$three:$four "
      ;;
    -) rest=\${groups#* $one:}; [ "$rest" = "$groups" ] || groups="\${groups%% $one:*} \${rest#* }" ;;
    c) cgroups="$cgroups$one " ;;
    d) rest=\${cgroups#* $one }; [ "$rest" = "$cgroups" ] || cgroups="\${cgroups%% $one *} $rest" ;;
  esac
done

sure=
for entry in $groups; do
  pgid=\${entry%%:*} rest=\${entry#*:}
  witness=\${rest%%:*} rest=\${rest#*:}
  token=\${rest%%:*} child=\${rest#*:}
  [ "$child" = - ] || leavable="$leavable|\${child}l"
  # It is the process that we were told of.
  token_of "$witness"
  if [ -n "$token" ] && [ "$started" = "$token" ]; then sure="$sure $pgid"; fi
done
# Ours and no reaper; and the reapers of hosts that ran below us, which have work of their own to end.
below="[^ ]*/$TETHER_HOST\\.([0-9]+$leavable)"
ours="$below(/([^ ]*[^r ])?)?"
any="$below(/[^ ]*)?"
reapers="$below/[^ ]*r"
for pgid in $sure; do kill -s STOP -- "-$pgid"; done 2>/dev/null
# While their parents are stopped, and still there, they show who has left the group without a cookie.
stopped=
[ -z "$sure" ] || find_kin
[ -z "$pids" ] || without_reapers
if [ -n "$pids" ]; then
  stopped=$pids
  kill -s STOP $stopped 2>/dev/null
  find_kin
  settle "$stopped" "$pids"
fi
for directory in $cgroups; do echo 1 > "$directory/cgroup.kill"; done 2>/dev/null
for pgid in $sure; do kill -s KILL -- "-$pgid"; done 2>/dev/null

needed=2; [ "$groups$cgroups" = '  ' ] || needed=3
clock
begun=$now
quiet=0 rounds=0 last= chased= own=2
while [ "$quiet" -lt "$needed" ] && [ "$rounds" -lt 400 ]; do
  rounds=$((rounds + 1))
  newest
  before=$born
  [ -z "$chased" ] || snapshot
  find_pids "$any"
  all=$pids
  [ -z "$pids" ] || without_reapers
  found=$pids
  [ -z "$chased" ] || freeze
  if [ -n "$found" ]; then
    kill -s STOP $found 2>/dev/null
    find_pids "$ours" $found
    still=$pids
    for pid in $still; do
      # A member shows that the rest of its group is ours, those without a cookie included; so does a leader, whose
      # group we may not have been told of yet.
      group_of "$pid"
      case "$groups $pid:" in *" $group:"*) kill -s KILL -- "-$group" 2>/dev/null ;; esac
    done
    settle "$found" "$still"
    needed=3 quiet=0
    # Gone before it could be stopped: one that forks a successor and ends. The next look goes by groups too.
    [ "$still" != '  ' ] || chased=1 own=5
    # Not killed: in an uninterruptible wait, or not ours to kill.
    [ "$found" != "$last" ] || sleep 0.02
    last=$found
    continue
  fi
  if [ -n "$all" ]; then
    # Nobody but reapers, which end by themselves.
    kill -s CONT $all 2>/dev/null
    quiet=0
    sleep 0.02
    continue
  fi
  # Who is born behind a look escapes it: a chain of short lives may do so several times over. Some were born of us.
  newest
  if [ $((\${born:-0} - \${before:-0})) -gt "$own" ] && [ "$needed" -ge 3 ]; then
    clock
    [ $((now - begun)) -ge 60 ] || continue
  fi
  quiet=$((quiet + 1))
  [ "$quiet" -ge "$needed" ] || sleep 0.02
done
for directory in $cgroups; do rmdir "$directory"; done 2>/dev/null
`
