/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/boot.h"

#include <stdlib.h>

#include "openvswitch/vlog.h"
#include "ovs/uplink.h"
#include "ovs/vswitch.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(boot);

#define READ_TIMEOUT_MSEC 5000
#define MOVE_TIMEOUT_MSEC 10000

void
boot_host(void)
{
    struct vswitch_db *vs = vswitch_create(VSWITCH_DATABASE);
    char *problem = vswitch_settle(vs, READ_TIMEOUT_MSEC);
    char *nic = NULL;

    if (vswitch_is_connected(vs)) {
        const struct vswitch_config *config = vswitch_config(vs);
        nic = nullable_xstrdup(config->uplink);
    }
    if (nic) {
        free(problem);
        problem = uplink_attach(vs, nic, MOVE_TIMEOUT_MSEC, NULL, NULL);
    }
    if (problem) {
        VLOG_WARN("%s", problem);
    }
    free(problem);
    free(nic);
    vswitch_destroy(vs);
}
