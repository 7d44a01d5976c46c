# Firejail profile for every job of Codr; the reasons are in docs/security.md.
# System calls are filtered by the launcher's filter too, which both sandboxes share (seccomp.py).

caps.drop all
nonewprivs
nogroups
restrict-namespaces
seccomp

net none
ipc-namespace
hostname codr
dbus-user none
dbus-system none

disable-mnt
blacklist /boot
blacklist /sys
blacklist /proc/config.gz
blacklist /proc/kcore
blacklist /proc/kmsg
blacklist /proc/sched_debug
blacklist /proc/sysrq-trigger

# It ends with the launcher, whatever else may still run inside.
deterministic-shutdown
