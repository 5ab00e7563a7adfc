# Hears no SIGTERM, writes more to stderr than its pipe takes, and has a helper that holds its pipes open. The helper
# ends them all after two seconds.
trap '' TERM
(sleep 2; kill -9 0) &
echo ready
head -c 1000000 /dev/zero >&2
echo logged
wait
