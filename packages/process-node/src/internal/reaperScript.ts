/**
 * The reaper: what a host process leaves behind to clean up after it. POSIX `sh`, so that it starts in a millisecond
 * and weighs next to nothing; it is the one part of us that a SIGKILL of the host does not reach.
 *
 * It is told of groups over its stdin, which only the host holds:
 *
 *   s PGID                       the leader of a group was started; the next message is the following one
 *   + PGID WITNESS TOKEN CHILD   a group lives, and a member that shows it: its pid, and the time at which it started;
 *                                CHILD is the number of a child that may be left, or -
 *   - PGID                       it is gone
 *   c DIRECTORY                  a cgroup is ours;  d DIRECTORY  it is gone
 *   u UID                        a child was started as this user
 *   t TOKEN                      the host lives at this time, in the unit in which start times are
 *
 * End of file is the host's death. It cannot come too early: a process that was forked and has not executed its program
 * yet has a copy of the pipe too, and loses it in the very step in which it gets its environment. So at end of file
 * each program that the host started is registered here or was started with the cookie, and needs no gate before it.
 *
 * A group is signalled when its witness is still the process that the host named. A leader may end together with the
 * host, whose end of a pipe it reads, and be reaped by the system. Its group is then known by a member that was in its
 * session at the last time t: the host had not reaped the leader yet, so that its pid named no other session, and it
 * names no other one for as long as that member lives.
 *
 * Everything else is signalled one process at a time: it is stopped, looked at again, and killed only then, because a
 * stopped process cannot change what it is. A cookie is text that anybody can make up. It counts for the one process
 * that carries it, if all of its user ids are those of the host or of a child; never for its group mates. A descendant
 * outside the sessions of the groups must have such user ids too.
 *
 * A reaper of a host that ran below this one has work of its own to do. It is spared for ten seconds, if it stands with
 * pid and start token in the private record of its host.
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
  snapshot() { # the groups of all processes, as PID:GROUP; a zombie shows no cookie, and starts nothing
    groups_now=" $(cat /proc/[0-9]*/stat 2>/dev/null | awk 'match($0, /.*\\) /) { split(substr($0, RLENGTH + 1), f, " "); if (f[1] != "Z") printf "%d:%d ", $1, f[3] }') "
  }
  locate() { # adds the groups of $pids to a snapshot: most of a chain are younger than it, and gone a moment later
    for pid in $pids; do
      group_of "$pid"
      # A process that has come into this pid namespace from outside has a group that cannot be named.
      [ "$group" = none ] || [ "$group" -le 1 ] || groups_now="$groups_now$pid:$group "
    done
  }
  clock() { read -r now _ < /proc/uptime; now=\${now%.*}\${now#*.}; } # in hundredths of a second
  newest() { read -r _ _ _ _ born < /proc/loadavg; }
  owners() { # of $1: real, effective and saved
    real= effective= saved=
    { while read -r key real effective saved _; do [ "$key" != Uid: ] || return 0; done < "/proc/$1/status"; } 2>/dev/null
    real= effective= saved=
  }
  token_of() { fields "$1"; set -- $stat; started=\${20-} parent=\${2-}; }
  group_of() { fields "$1"; set -- $stat; group=\${3-none}; }
  find_heirs() { # adds to $sure those of $lost that have a member from before the time $alive
    for pid in $(cat /proc/[0-9]*/stat 2>/dev/null | awk -v groups="$lost" '
      BEGIN { n = split(groups, each, " "); for (i = 1; i <= n; i++) ours[each[i]] = 1 }
      match($0, /.*\\) /) { split(substr($0, RLENGTH + 1), f, " "); if (f[3] in ours && f[3] == f[4]) print $1 + 0 }
    ' 2>/dev/null); do
      fields "$pid"
      set -- $stat
      case " $lost " in *" \${3-none} "*) ;; *) continue ;; esac
      case " $sure " in *" $3 "*) continue ;; esac
      if [ "$4" = "$3" ] && [ "\${20}" -lt "$alive" ]; then sure="$sure $3"; fi
    done
  }
  only_kin() { # of $pids, those in a session of $sure, and those that is_ours
    all=$pids pids=
    for pid in $all; do
      fields "$pid"
      set -- $stat
      case " $sure " in *" \${4-none} "*) ;; *) is_ours "$pid" || continue ;; esac
      pids="$pids $pid"
    done
  }
  find_kin() { # descendants of the groups $sure and of the processes $anchors, by parents that still live
    pids=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v groups="$sure" -v anchors="$anchors" '
      BEGIN {
        n = split(groups, each, " "); for (i = 1; i <= n; i++) ours[each[i]] = 1
        n = split(anchors, each, " "); for (i = 1; i <= n; i++) kin[each[i]] = 2
      }
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
        case "$pids $anchors " in
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
    if [ $# -eq 0 ]; then
      set -- /proc/[0-9]*/environ
      # Processes that are born before grep looks have the next numbers: a chain of short lives is always among these.
      newest
      number=\${born:-0} young=
      while [ "$number" -lt $((\${born:--64} + 64)) ]; do
        number=$((number + 1)) young="$young /proc/$number/environ"
      done
      set -- "$@" $young
    fi
    pids=
    for file in $(grep -lszE "$pattern" "$@" 2>/dev/null); do
      file=\${file#/proc/}
      pids="$pids \${file%%/*}"
    done
  }
else
  find_heirs() { :; }
  find_kin() { pids=; }
  only_kin() { :; }
  newest() { born=; }
  clock() { now=$(date +%s)00; }
  snapshot() { groups_now=; }
  locate() { :; }
  owners() { set -- $(ps_of ruid=,uid=,svuid= -p "$1"); real=\${1-} effective=\${2-} saved=\${3-}; }
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

is_ours() { # whether all that $1 is belongs to the host, or to a child that was started as somebody else
  owners "$1"
  [ -n "$real" ] && [ "$real" = "$effective" ] && [ "$real" = "$saved" ] || return 1
  case " $uids " in *" $real "*) ;; *) return 1 ;; esac
}
only_ours() { # of $pids
  all=$pids pids=
  for pid in $all; do ! is_ours "$pid" || pids="$pids $pid"; done
}
without_reapers() { # of $pids: those that say they are reapers, and stand in the private record of a host
  [ -z "$late" ] || return 0
  all=$pids
  find_pids "$reapers" $all
  set --
  for pid in $pids; do
    token_of "$pid"
    [ -z "$started" ] || set -- "$@" -e "reaper $pid $started"
  done
  pids=$all
  [ $# -gt 0 ] && [ -n "$TETHER_RECORDS" ] || return 0
  IFS=:
  for directory in $TETHER_RECORDS; do set -- "$@" "$directory"; done
  unset IFS
  reaping=" $(grep -rhsx "$@" | while read -r _ pid _; do printf '%s ' "$pid"; done)"
  pids=
  for pid in $all; do
    # A tool of a reaper, such as a grep of a subshell, has it as a parent.
    above=$pid
    for generation in 1 2 3 4; do
      case $reaping in *" $above "*) continue 2 ;; esac
      token_of "$above"
      above=\${parent:-none}
    done
    pids="$pids $pid"
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

freeze() { # stops whole groups at once, and looks at them then: those in which nobody but $found was a moment ago
  for pid in $found; do
    group=\${groups_now##* $pid:}
    [ "$group" != "$groups_now" ] || continue
    group=\${group%% *}
    is_pure "$group" || continue
    kill -s STOP -- "-$group"
    frozen=" $group $frozen"
  done 2>/dev/null
  [ -n "$frozen" ] || return 0
  find_pids "$ours"
  only_ours
  found=$pids
  snapshot
  for group in $frozen; do
    if is_pure "$group"; then kill -s KILL -- "-$group"; else kill -s CONT -- "-$group"; fi
  done 2>/dev/null
  frozen=
}
escaped() { # the second time that a process was too fast, the next look goes by groups too
  escapes=$((escapes + 1))
  [ "$escapes" -lt 2 ] || chased=1 own=5
}
is_pure() { # whether all of group $1 that are in the snapshot, and still there, are among $found
  for each in $groups_now; do
    [ "\${each#*:}" = "$1" ] || continue
    case " $(echo $found) " in
      *" \${each%:*} "*) ;;
      *) ! kill -0 "\${each%:*}" 2>/dev/null || return 1 ;;
    esac
  done
}

if [ -n "$TETHER_RECORD" ]; then
  read -r me _ < /proc/self/stat 2>/dev/null || me=$$
  token_of "$me"
  echo "reaper $me $started" >> "$TETHER_RECORD"
fi 2>/dev/null

groups=' ' cgroups=' ' leavable= pids= frozen= anchors= late= sure= lost= marked= owned= uids=$TETHER_UID
started_last= alive=0
# What a group's entry is: PGID:WITNESS:TOKEN:CHILD
while read -r verb one two three four; do
  case $verb in
    s)
      # Until the host has reaped it, and for as long as the host lives, its parent is the host.
      token_of "$one"
      [ "$parent" = "\${TETHER_HOST%%-*}" ] || started=
      started_last="$one:$one:$started:- "
      ;;
    +)
      started_last=
      # Nobody knew it without asking; who spawned it has not reaped it yet.
      if [ "$three" = - ]; then token_of "$two"; three=$started; fi
      groups="$groups$one:$two:$three:$four "
      ;;
    -) rest=\${groups#* $one:}; [ "$rest" = "$groups" ] || groups="\${groups%% $one:*} \${rest#* }" ;;
    c) cgroups="$cgroups$one " ;;
    d) rest=\${cgroups#* $one }; [ "$rest" = "$cgroups" ] || cgroups="\${cgroups%% $one *} $rest" ;;
    u) uids="$uids $one" ;;
    t) alive=$one ;;
  esac
done

for entry in $groups$started_last; do
  pgid=\${entry%%:*} rest=\${entry#*:}
  witness=\${rest%%:*} rest=\${rest#*:}
  token=\${rest%%:*} child=\${rest#*:}
  [ "$child" = - ] || leavable="$leavable|\${child}l"
  # It is the process that the host named.
  token_of "$witness"
  if [ -n "$token" ] && [ "$started" = "$token" ]; then
    sure="$sure $pgid"
    kill -s STOP -- "-$pgid"
  elif [ "$witness" = "$pgid" ] && [ -z "$started" ]; then
    lost="$lost $pgid"
  fi
done 2>/dev/null
if [ -n "$lost" ]; then
  known=$sure
  find_heirs
  for pgid in \${sure#"$known"}; do kill -s STOP -- "-$pgid"; done 2>/dev/null
fi
[ -z "$TETHER_RECORD" ] || echo "died $(date +%s)" >> "$TETHER_RECORD" 2>/dev/null
ours="[^ ]*/$TETHER_HOST\\.([0-9]+$leavable)(/[^ ]*)?"
reapers="$ours\\.r"
# While their parents are stopped, and still there, they show who has left the group without a cookie.
if [ -n "$sure" ]; then
  find_kin
  only_kin
  [ -z "$pids" ] || without_reapers
  stopped=$pids
  if [ -n "$stopped" ]; then
    kill -s STOP $stopped 2>/dev/null
    find_kin
    only_kin
    settle "$stopped" "$pids"
  fi
fi
for directory in $cgroups; do echo 1 > "$directory/cgroup.kill"; done 2>/dev/null
for pgid in $sure; do kill -s KILL -- "-$pgid"; done 2>/dev/null
sure=

needed=2; [ "$groups$started_last$cgroups" = '  ' ] || needed=3
clock
begun=$now
quiet=0 rounds=0 last= chased= escapes=0 own=2
while [ "$quiet" -lt "$needed" ] && [ "$rounds" -lt 600 ]; do
  rounds=$((rounds + 1))
  newest
  before=$born
  [ -z "$chased" ] || snapshot
  find_pids "$ours"
  [ -z "$chased" ] || locate
  marked=$pids
  [ -z "$pids" ] || only_ours
  owned=$pids
  [ -z "$pids" ] || without_reapers
  found=$pids
  [ -z "$chased" ] || freeze
  if [ -n "$found" ]; then
    kill -s STOP $found 2>/dev/null
    find_pids "$ours" $found
    only_ours
    still=$pids
    if [ -n "$still" ] && [ -z "$chased" ]; then
      # Stopped, they show what they have started and what has no cookie.
      anchors=$still
      find_kin
      only_ours
      [ -z "$pids" ] || without_reapers
      kin=$pids
      if [ -n "$kin" ]; then
        kill -s STOP $kin 2>/dev/null
        find_kin
        only_ours
        settle "$kin" "$pids"
      fi
      anchors=
    fi
    settle "$found" "$still"
    needed=3 quiet=0
    # Gone before it could be stopped: a process that forks a successor and ends.
    for pid in $found; do
      case " $(echo $still) " in *" $pid "*) ;; *) escaped && break ;; esac
    done
    # Not killed: in an uninterruptible wait, or not ours to kill.
    [ "$found" != "$last" ] || sleep 0.02
    last=$found
    continue
  fi
  if [ -n "$owned" ]; then
    # Only reapers of other hosts are left, which end by themselves. After ten seconds they are what all others are.
    kill -s CONT $owned 2>/dev/null
    clock
    [ $((now - begun)) -lt 1000 ] || late=1
    quiet=0
    sleep 0.02
    continue
  fi
  for pid in $marked; do
    owners "$pid"
    # It was gone before it could be looked at.
    [ -n "$real" ] || { escaped && quiet=0 && continue 2; }
  done
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
# What belongs to somebody else is left, and the record with it, for the next start to name.
[ -n "$marked$owned" ] || [ -z "$TETHER_RECORD" ] || rm -f "$TETHER_RECORD"
`
