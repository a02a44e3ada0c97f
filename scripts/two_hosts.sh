#!/usr/bin/env bash
# Trains on two "hosts": network namespaces with their own addresses, joined by a pair of virtual
# cards. Usage: scripts/two_hosts.sh MER CONFIG [mer train's options]…   (as root; needs iproute2)
# Shows both processes' last lines and exit codes. RATE=100mbit limits the line between them; CUT=5
# takes it away after 5 seconds, without a word to either side, to see that both notice.
set -euo pipefail
if [[ $# -lt 2 ]]; then
  sed -n '2,5s/^# //p' "$0" >&2
  exit 2
fi
mer=$1
config=$2
shift 2

a=mer-a-$$ b=mer-b-$$
logs=$(mktemp -d)
cleanup() {
  ip netns delete "$a" 2>/dev/null || true
  ip netns delete "$b" 2>/dev/null || true
  rm -rf "$logs"
}
trap cleanup EXIT

ip netns add "$a"
ip netns add "$b"
ip link add ve-a netns "$a" type veth peer name ve-b netns "$b"
ip -n "$a" address add 10.77.0.1/24 dev ve-a
ip -n "$b" address add 10.77.0.2/24 dev ve-b
for host in "$a" "$b"; do ip -n "$host" link set lo up; done
ip -n "$a" link set ve-a up
ip -n "$b" link set ve-b up
if [[ -n ${RATE:-} ]]; then
  ip netns exec "$a" tc qdisc add dev ve-a root tbf rate "$RATE" burst 64kb latency 50ms
  ip netns exec "$b" tc qdisc add dev ve-b root tbf rate "$RATE" burst 64kb latency 50ms
fi

export WORLD_SIZE=2 MASTER_ADDR=10.77.0.1 MASTER_PORT=29500
RANK=0 ip netns exec "$a" "$mer" train -c "$config" "$@" >"$logs/0" 2>&1 &
first=$!
RANK=1 ip netns exec "$b" "$mer" train -c "$config" "$@" >"$logs/1" 2>&1 &
second=$!
start=$SECONDS
since="the start"
if [[ -n ${CUT:-} ]]; then
  sleep "$CUT"
  ip -n "$a" link delete ve-a
  start=$SECONDS
  since="the line was cut"
fi
code_0=0 code_1=0
wait "$first" || code_0=$?
wait "$second" || code_1=$?
for rank in 0 1; do
  echo "--- process $rank (10.77.0.$((rank + 1)))"
  tail -n 12 "$logs/$rank"
done
echo "exit codes $code_0 and $code_1, $((SECONDS - start)) s after $since"
[[ $code_0 -eq 0 && $code_1 -eq 0 ]]
