#!/bin/sh
# Runs a program for as long as somebody holds on to it, by standard input, and removes its folder when it is over.
#   sh postgres.sh FOLDER PROGRAM ARGUMENT...
folder=$1
shift
cd / || exit
"$@" </dev/null &
server=$!
cat >/dev/null
# Fast: sessions are put out. A server that is no more is no mistake.
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$folder"
