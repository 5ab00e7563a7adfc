/**
 * The reaper of a host that cannot tell a process from a later one with the same pid, because `/proc` is not there or
 * shows another pid namespace. It is told the same as the other one, and knows process groups by their numbers alone.
 *
 * That is safe enough, because a number is not given to another group while a process of the group lives, and the host
 * says at once that a group has ended, or that SIGKILL was sent to it. So what is listed at the host's death was a
 * group of that host a moment ago, and for a mistake the system would have to give out all pids within that moment.
 */
export const groupReaperScript = `
trap '' HUP INT QUIT PIPE TERM TSTP TTIN TTOU USR1 USR2 ALRM
unset TETHER_REAPER
groups=' '
while read -r verb group _; do
  case $verb in
    +) groups="$groups$group " ;;
    -) rest=\${groups#* $group }; [ "$rest" = "$groups" ] || groups="\${groups%% $group *} $rest" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
`
