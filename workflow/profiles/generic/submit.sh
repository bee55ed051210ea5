#!/usr/bin/env bash
# Stand-in for a scheduler's submit command: start the job script in the background and print its process ID.
set -euo pipefail
setsid nohup bash "$1" >/dev/null 2>&1 </dev/null &
echo "$!"
