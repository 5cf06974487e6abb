/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/scope.h"

#include <stdlib.h>

#include "document.h"
#include "model.h"
#include "nethv-idl.h"
#include "ovs/db-conditions.h"
#include "util.h"
#include "uuid.h"

/* The tables whose rows belong to a network; 'state': they say what the system
 * has made of it. */
static const struct {
    const struct ovsdb_idl_table_class *table;
    const struct ovsdb_idl_column *network;
    bool state;
} owned[] = {
    { &nethvrec_table_switch, &nethvrec_switch_col_network, false },
    { &nethvrec_table_port, &nethvrec_port_col_network, false },
    { &nethvrec_table_link, &nethvrec_link_col_network, false },
    { &nethvrec_table_network_state, &nethvrec_network_state_col_network,
      true },
    { &nethvrec_table_switch_state, &nethvrec_switch_state_col_network,
      true },
    { &nethvrec_table_binding, &nethvrec_binding_col_network, true },
    { &nethvrec_table_follower, &nethvrec_follower_col_network, true },
};

void
scope_init(struct scope *scope)
{
    *scope = (struct scope) { .n_documents = 0 };
    svec_init(&scope->tenants);
    svec_init(&scope->networks);
    svec_init(&scope->ports);
}

void
scope_destroy(struct scope *scope)
{
    svec_destroy(&scope->tenants);
    svec_destroy(&scope->networks);
    svec_destroy(&scope->ports);
}

void
scope_add_document(struct scope *scope, const struct document *document)
{
    const struct model_row *row;
    const char *network;
    size_t i;

    scope->n_documents++;
    if (!document->tenant) {
        scope->wide = true;
        return;
    }
    svec_add(&scope->tenants, document->tenant);
    SVEC_FOR_EACH (i, network, &document->networks) {
        svec_add(&scope->networks, network);
    }
    MODEL_FOR_EACH (row, MODEL_PORT, document->model) {
        svec_add(&scope->ports, row->name);
    }
}

typedef void add_clause_func(struct ovsdb_idl_condition *,
                             enum ovsdb_function, const char *);

/* Asks for the rows of 'table' with one of 'names'. */
static unsigned int
choose_names(struct ovsdb_idl *idl, const struct ovsdb_idl_table_class *table,
             add_clause_func *add_clause, const struct svec *names)
{
    struct ovsdb_idl_condition cond = OVSDB_IDL_CONDITION_INIT(&cond);
    const char *name;
    size_t i;

    SVEC_FOR_EACH (i, name, names) {
        add_clause(&cond, OVSDB_F_EQ, name);
    }
    unsigned int seqno = ovsdb_idl_set_condition(idl, table, &cond);
    ovsdb_idl_condition_destroy(&cond);
    return seqno;
}

/* Asks for the rows of 'table' whose 'column' is one of the networks that 'idl'
 * holds. */
static unsigned int
choose_networks(struct ovsdb_idl *idl,
                const struct ovsdb_idl_table_class *table,
                const struct ovsdb_idl_column *column)
{
    struct ovsdb_idl_condition cond = OVSDB_IDL_CONDITION_INIT(&cond);
    const struct nethvrec_network *network;

    NETHVREC_NETWORK_FOR_EACH (network, idl) {
        db_conditions_add_clause(&cond, column, &network->header_.uuid);
    }
    unsigned int seqno = ovsdb_idl_set_condition(idl, table, &cond);
    ovsdb_idl_condition_destroy(&cond);
    return seqno;
}

/* A claim names its port by path or by UUID. */
static unsigned int
choose_claims(const struct scope *scope, struct ovsdb_idl *idl)
{
    struct svec ids;

    svec_clone(&ids, &scope->ports);
    const struct nethvrec_port *port;
    NETHVREC_PORT_FOR_EACH (port, idl) {
        svec_add_nocopy(&ids, xasprintf(UUID_FMT,
                                        UUID_ARGS(&port->header_.uuid)));
    }
    unsigned int seqno = choose_names(idl, &nethvrec_table_claim,
                                      nethvrec_claim_add_clause_iface_id,
                                      &ids);
    svec_destroy(&ids);
    return seqno;
}

static unsigned int
choose(const struct scope *scope, struct ovsdb_idl *idl)
{
    unsigned int seqno = choose_names(idl, &nethvrec_table_tenant,
                                      nethvrec_tenant_add_clause_name,
                                      &scope->tenants);

    seqno = MAX(seqno, choose_names(idl, &nethvrec_table_network,
                                    nethvrec_network_add_clause_name,
                                    &scope->networks));
    for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
        if (scope->wait || !owned[i].state) {
            seqno = MAX(seqno, choose_networks(idl, owned[i].table,
                                               owned[i].network));
        }
    }
    if (scope->wait) {
        seqno = MAX(seqno, choose_claims(scope, idl));
    }
    return seqno;
}

void
scope_set(struct scope *scope, struct ovsdb_idl *idl, size_t n_verbs,
          bool wait)
{
    scope->wide |= scope->n_documents < n_verbs;
    scope->wait = wait;
    if (!scope->wide) {
        svec_sort_unique(&scope->tenants);
        svec_sort_unique(&scope->networks);
        svec_sort_unique(&scope->ports);
        choose(scope, idl);
    }
}

bool
scope_is_complete(const struct scope *scope, struct ovsdb_idl *idl)
{
    return scope->wide
           || ovsdb_idl_get_condition_seqno(idl) >= choose(scope, idl);
}
