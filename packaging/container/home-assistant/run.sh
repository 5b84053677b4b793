#!/bin/sh
# Starts ringcast in Home Assistant's container, as the user ringcast.
set -eu

config=/config
if [ ! -e "$config/ringcast.toml" ]; then
    cp /usr/share/ringcast/home-assistant.toml "$config/ringcast.toml"
fi
# ringcast refuses secrets that others can read, and files copied by Samba belong to root.
for secret in users tokens link.key; do
    if [ -e "$config/$secret" ]; then
        chown ringcast: "$config/$secret"
        chmod 600 "$config/$secret"
    fi
done
# The devices of cameras belong to a group whose number differs between systems.
groups=$(stat -c %g /dev/video* /dev/media* /dev/v4l-subdev* /dev/dma_heap/* 2>/dev/null |
    sort -u | grep -vx 0 | paste -sd ,) || true
if [ -n "$groups" ]; then
    groups=--groups=$groups
else
    groups=--clear-groups
fi
exec setpriv --reuid=ringcast --regid=ringcast "$groups" --no-new-privs --inh-caps=-all --bounding-set=-all \
    ringcast --config "$config/ringcast.toml"
