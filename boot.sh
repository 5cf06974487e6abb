#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ./configure from configure.ac.
cd "$(dirname "$0")" && exec autoreconf --install --force
