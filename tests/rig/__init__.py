"""Throw-away Debian machines with their own systemd, sshd, network card, power and disk.

One read-only base system, made once; every machine is that base under an overlay of its own, run
by systemd-nspawn in a network namespace whose cable ends in the rig's bridge. To SSH and Ansible
they are machines. They have no internet: Debian packages come through the rig's own mirror.
"""
