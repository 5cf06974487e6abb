/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DIAGNOSIS_H
#define AGENT_DIAGNOSIS_H 1

/* What the checks of "nethv-agent diagnose" share. */

#include "compiler.h"

struct ovsdb_idl;

struct diagnosis {
    /* external_ids:nethv-..., NULL where not set. */
    char *host, *cloud, *remote, *database, *public_ip, *encap_ip, *datapath;
    char *ca;                       /* Contents of ca.pem, or NULL. */
    struct ovsdb_idl *idl;          /* The database, or NULL. */
    unsigned int n_wrong;
};

/* Print a line. */
void diagnosis_ok(const char *format, ...) OVS_PRINTF_FORMAT(1, 2);
void diagnosis_wrong(struct diagnosis *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);

/* Tells that 'what' is wrong because of 'error', which is freed, or, if it is
 * NULL, that it is as it should be. */
void diagnosis_tell(struct diagnosis *, const char *what, char *error);

/* The checks: of this machine, of connections, of the paths to others. */
void diagnose_switch(struct diagnosis *);
void diagnose_datapath(struct diagnosis *);
void diagnose_files(struct diagnosis *);
void diagnose_agent(struct diagnosis *);
void diagnose_enrolment(struct diagnosis *);
void diagnose_relay(struct diagnosis *);
void diagnose_database(struct diagnosis *);
void diagnose_mtu(struct diagnosis *);
void diagnose_cloud(struct diagnosis *);
void diagnose_edges(struct diagnosis *);

#endif /* agent/diagnosis.h */
