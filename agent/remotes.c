/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/remotes.h"

#include <stdlib.h>

#include "agent/hello.h"
#include "hellos.h"
#include "model.h"
#include "packets.h"
#include "socket-util.h"
#include "svec.h"
#include "util.h"

struct remotes {
    char *configured;           /* What 'usable' was chosen from, */
    uint64_t seqno;             /* by what hellos knew. */
    char *usable;
};

struct remotes *
remotes_create(void)
{
    return xzalloc(sizeof(struct remotes));
}

void
remotes_destroy(struct remotes *remotes)
{
    if (remotes) {
        free(remotes->configured);
        free(remotes->usable);
        free(remotes);
    }
}

/* Returns whether 'remote' is at the address 'ip'. */
static bool
is_at(const char *remote, const struct in6_addr *ip)
{
    const char *target = strchr(remote, ':');
    struct sockaddr_storage ss;

    if (!target || !inet_parse_active(target + 1, 0, &ss, false, NULL)) {
        return false;
    }
    struct in6_addr address = ss_get_address(&ss);
    return ipv6_addr_equals(&address, ip);
}

static bool
is_down(const char *remote, const struct host *self,
        const struct hello *hello)
{
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &self->cloud->hosts) {
        const struct hello_peer *peer = hello_find(hello, host_location(host));
        if (peer && peer->is_gateway && peer->state == HELLO_DOWN
            && is_at(remote, &host->encap_ip)) {
            return true;
        }
    }
    return false;
}

static char *
choose(const char *configured, const struct host *self,
       const struct hello *hello)
{
    struct svec usable = SVEC_EMPTY_INITIALIZER;
    char *copy = xstrdup(configured), *save = NULL;

    for (const char *remote = strtok_r(copy, ", ", &save); remote;
         remote = strtok_r(NULL, ", ", &save)) {
        if (!is_down(remote, self, hello)) {
            svec_add(&usable, remote);
        }
    }
    free(copy);
    char *joined = (usable.n ? svec_join(&usable, ",", "")
                    : xstrdup(configured));
    svec_destroy(&usable);
    return joined;
}

const char *
remotes_usable(struct remotes *remotes, const char *configured,
               const struct model *model, uint32_t self,
               const struct hello *hello)
{
    const struct host *host = model_host_at(model, self);
    uint64_t seqno = hello_seqno(hello);

    if (!host) {
        return configured;
    }
    if (!remotes->usable || seqno != remotes->seqno
        || strcmp(configured, remotes->configured)) {
        free(remotes->configured);
        free(remotes->usable);
        remotes->configured = xstrdup(configured);
        remotes->usable = choose(configured, host, hello);
        remotes->seqno = seqno;
    }
    return remotes->usable;
}
