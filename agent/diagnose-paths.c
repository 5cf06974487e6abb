/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/diagnosis.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nethv-idl.h"
#include "ovs/command.h"
#include "ovs/inventory.h"
#include "util.h"

#define PING_OVERHEAD_IPV4 28       /* IP and ICMP header. */
#define PING_OVERHEAD_IPV6 48

/* MTU. */

/* Stores the name of the interface that has the address 'ip' in 'name'. */
static bool
find_interface(const char *ip, char name[IFNAMSIZ])
{
    struct ifaddrs *all;
    bool found = false;

    if (getifaddrs(&all)) {
        return false;
    }
    for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
        char s[INET6_ADDRSTRLEN] = "";
        int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
        if (family == AF_INET || family == AF_INET6) {
            const void *address = (family == AF_INET
                ? (void *) &((struct sockaddr_in *) i->ifa_addr)->sin_addr
                : (void *) &((struct sockaddr_in6 *) i->ifa_addr)->sin6_addr);
            inet_ntop(family, address, s, sizeof s);
        }
        found = !strcmp(s, ip);
        if (found) {
            ovs_strlcpy(name, i->ifa_name, IFNAMSIZ);
        }
    }
    freeifaddrs(all);
    return found;
}

/* Returns the MTU of the interface 'name', or 0. */
static int
interface_mtu(const char *name)
{
    struct ifreq ifr = { .ifr_mtu = 0 };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ovs_strlcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    int mtu = ioctl(fd, SIOCGIFMTU, &ifr) ? 0 : ifr.ifr_mtu;
    close(fd);
    return mtu;
}

/* Returns whether one of three packets of 'size' bytes, header included, comes
 * back from 'ip' unfragmented. */
static bool
ping(const char *ip, int size)
{
    bool ipv6 = strchr(ip, ':');
    char *payload = xasprintf("%d", size - (ipv6 ? PING_OVERHEAD_IPV6
                                            : PING_OVERHEAD_IPV4));
    char *error = command_run(COMMAND("ping", "-n", "-q", "-c3", "-i0.2",
                                      "-W1", "-Mdo", "-s", payload, ip), NULL);
    bool ok = !error;
    free(error);
    free(payload);
    return ok;
}

/* Tells if small packets reach 'ip' but those of 'mtu' do not.  Where ICMP is
 * not let in at all nothing can be said. */
static bool
path_is_narrow(struct diagnosis *d, const char *ip, int mtu)
{
    if (!strcmp(ip, d->encap_ip) || !ping(ip, 100) || ping(ip, mtu)) {
        return false;
    }
    diagnosis_wrong(d, "packets of %d bytes, the MTU of cloud %s, do not "
                    "reach %s, small ones do: raise the MTU on the way, or "
                    "\"nethvctl set cloud %s mtu=N\" with what passes", mtu,
                    d->cloud, ip, d->cloud);
    return true;
}

/* Tries the paths to the cloud's gateways, which are where the relays are. */
static void
diagnose_path_mtu(struct diagnosis *d, int mtu)
{
    char *remotes = xstrdup(d->remote);
    char *rest = remotes;
    bool narrow = false;

    for (char *remote; (remote = strsep(&rest, ",")); ) {
        char *ip = strchr(remote, ':') ? strchr(remote, ':') + 1 : remote;
        char *end = strrchr(ip, ':');
        if (end) {
            *end = '\0';
        }
        ip += *ip == '[';
        ip[strcspn(ip, "]")] = '\0';
        narrow |= path_is_narrow(d, ip, mtu);
    }
    free(remotes);
    if (!narrow) {
        diagnosis_ok("MTU %d", mtu);
    }
}

void
diagnose_mtu(struct diagnosis *d)
{
    const struct nethvrec_cloud *cloud = (d->idl
                                          ? inventory_cloud(d->idl, d->cloud)
                                          : NULL);
    char name[IFNAMSIZ];

    if (!find_interface(d->encap_ip, name)) {
        diagnosis_wrong(d, "no interface of this machine has the address %s, "
                        "with which it joined: leave, and join with "
                        "--encap-ip", d->encap_ip);
        return;
    }
    int mtu = interface_mtu(name);
    if (cloud && mtu < cloud->mtu) {
        diagnosis_wrong(d, "%s has the MTU %d, cloud %s says %"PRId64": raise "
                        "the one, or lower the other with \"nethvctl set "
                        "cloud %s mtu=%d\"", name, mtu, d->cloud, cloud->mtu,
                        d->cloud, mtu);
    } else {
        diagnose_path_mtu(d, cloud ? cloud->mtu : mtu);
    }
}
