#!/usr/bin/env bash
# Twenty kills in the default run; tests/fault/kill.sh 200 by hand.
set -eu
bash "$TEST_SOURCE_DIR/fault/kill.sh" 20
