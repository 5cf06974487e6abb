/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OTHER_OVS_H
#define OTHER_OVS_H 1

/* Uses a copy of Open vSwitch's library that is the test program's own, and
 * aborts if it does not work as it should. */
void other_ovs_use(void);

#endif /* tests/api/other-ovs.h */
