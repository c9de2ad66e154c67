#!/bin/sh
# The pins of requirements-no-deps.txt; conda has no word for --no-deps.
set -e
python -m pip install --quiet --no-deps evalplus==0.3.1 bigcodebench==0.2.5
