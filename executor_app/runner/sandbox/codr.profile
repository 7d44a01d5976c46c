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
blacklist /proc/bus
blacklist /proc/cmdline
blacklist /proc/config.gz
blacklist /proc/diskstats
blacklist /proc/fs
blacklist /proc/interrupts
blacklist /proc/kcore
blacklist /proc/key-users
blacklist /proc/kmsg
blacklist /proc/partitions
blacklist /proc/sched_debug
blacklist /proc/softirqs
blacklist /proc/sysrq-trigger

# It ends with the launcher, whatever else may still run inside.
deterministic-shutdown
