/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_BOOT_H
#define AGENT_BOOT_H 1

/* What a host needs once after it has booted.
 *
 * With the userspace datapath the uplink NIC is in a bridge that has its
 * addresses (uplink.h), but at boot the operating system puts them on the NIC.
 * This moves them again.  Blocks, for a few seconds at most; says in the log
 * what it could not do. */
void boot_host(void);

#endif /* agent/boot.h */
