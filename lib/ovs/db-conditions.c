/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/db-conditions.h"

#include <stdlib.h>
#include <string.h>

#include "nethv-idl.h"
#include "ovsdb-idl-provider.h"
#include "util.h"
#include "uuid.h"

/* How the rows of a table are chosen; a column that is NULL does not choose.
 *
 * Some tables are chosen from by "_uuid", which no client can monitor.  Their
 * condition names it from the start.  Sessions of ovsdb-server that monitor the
 * same columns share rows that wait to be sent; in Open vSwitch 3.1, when one of
 * these sessions names a column that is new to the others, it looks for it
 * behind the end of the rows that wait already.  Then the server dies, or finds
 * no match and withholds a row. */
struct chooser {
    const struct ovsdb_idl_table_class *table;
    bool all;
    bool by_uuid;
    const struct ovsdb_idl_column *network;
    const struct ovsdb_idl_column *cloud; /* The own cloud. */
    const struct ovsdb_idl_column *host; /* The own host, by UUID. */
};

/* What each table calls "_uuid"; the IDL's classes do not list it. */
static const struct ovsdb_idl_column uuid_column = {
    .name = "_uuid",
    .type = OVSDB_TYPE_SCALAR_INITIALIZER(OVSDB_BASE_UUID_INIT),
};

static const struct chooser choosers[] = {
    { &nethvrec_table_global, .all = true },
    { &nethvrec_table_cloud, .all = true },
    { &nethvrec_table_host, .cloud = &nethvrec_host_col_cloud },
    { &nethvrec_table_host_state, .cloud = &nethvrec_host_state_col_cloud },
    { &nethvrec_table_host_report, .host = &nethvrec_host_report_col_host },
    { &nethvrec_table_network, .by_uuid = true, .network = &uuid_column },
    { &nethvrec_table_switch, .network = &nethvrec_switch_col_network },
    { &nethvrec_table_port, .by_uuid = true,
      .network = &nethvrec_port_col_network },
    { &nethvrec_table_link, .network = &nethvrec_link_col_network },
    { &nethvrec_table_network_state,
      .network = &nethvrec_network_state_col_network },
    { &nethvrec_table_switch_state,
      .network = &nethvrec_switch_state_col_network },
    { &nethvrec_table_binding, .network = &nethvrec_binding_col_network,
      .host = &nethvrec_binding_col_host },
    { &nethvrec_table_follower, .network = &nethvrec_follower_col_network,
      .host = &nethvrec_follower_col_host },
    { &nethvrec_table_claim, .host = &nethvrec_claim_col_host },
    { &nethvrec_table_enrollment, .host = &nethvrec_enrollment_col_host },
};

static bool
chooses_from(const struct ovsdb_idl_table_class *table)
{
    for (size_t i = 0; i < ARRAY_SIZE(choosers); i++) {
        if (choosers[i].table == table) {
            return true;
        }
    }
    return false;
}

void
db_conditions_omit(struct ovsdb_idl *idl)
{
    for (size_t i = 0; i < NETHVREC_N_TABLES; i++) {
        const struct ovsdb_idl_table_class *table
            = &nethvrec_idl_class.tables[i];

        for (size_t j = 0; !chooses_from(table) && j < table->n_columns; j++) {
            ovsdb_idl_omit(idl, &table->columns[j]);
        }
    }
}

void
db_conditions_init(struct db_conditions *c)
{
    *c = (struct db_conditions) { .host_name = NULL };
    sset_init(&c->ports);
}

void
db_conditions_destroy(struct db_conditions *c)
{
    free(c->host_name);
    free(c->networks);
    sset_destroy(&c->ports);
}

void
db_conditions_swap(struct db_conditions *a, struct db_conditions *b)
{
    struct db_conditions tmp = *a;

    *a = *b;
    *b = tmp;
    /* A hash map may point into itself. */
    sset_moved(&a->ports);
    sset_moved(&b->ports);
}

void
db_conditions_add_network(struct db_conditions *c, const struct uuid *uuid)
{
    if (c->n_networks >= c->allocated_networks) {
        c->networks = x2nrealloc(c->networks, &c->allocated_networks,
                                 sizeof *c->networks);
    }
    c->networks[c->n_networks++] = *uuid;
}

static int
compare_uuids(const void *a, const void *b)
{
    return uuid_compare_3way(a, b);
}

void
db_conditions_sort(struct db_conditions *c)
{
    if (c->n_networks) {
        qsort(c->networks, c->n_networks, sizeof *c->networks, compare_uuids);
    }
}

bool
db_conditions_equal(const struct db_conditions *a,
                    const struct db_conditions *b)
{
    return nullable_string_is_equal(a->host_name, b->host_name)
           && uuid_equals(&a->host, &b->host)
           && uuid_equals(&a->cloud, &b->cloud)
           && a->n_networks == b->n_networks
           && (!a->n_networks
               || !memcmp(a->networks, b->networks,
                          a->n_networks * sizeof *a->networks))
           && sset_equals(&a->ports, &b->ports);
}

void
db_conditions_add_clause(struct ovsdb_idl_condition *cond,
                         const struct ovsdb_idl_column *column,
                         const struct uuid *uuid)
{
    /* The clause shares the datum, so the key must be on the heap. */
    struct ovsdb_datum datum = {
        .n = 1,
        .keys = xmalloc(sizeof *datum.keys),
    };

    datum.keys[0].uuid = *uuid;
    ovsdb_idl_condition_add_clause(cond, OVSDB_F_EQ, column, &datum);
    ovsdb_datum_destroy(&datum, &column->type);
}

static void
add_uuid_clause(struct ovsdb_idl_condition *cond,
                const struct ovsdb_idl_column *column, const struct uuid *uuid)
{
    if (column && !uuid_is_zero(uuid)) {
        db_conditions_add_clause(cond, column, uuid);
    }
}

static void
add_port_clauses(struct ovsdb_idl_condition *cond, const struct sset *ports)
{
    const char *id;

    SSET_FOR_EACH (id, ports) {
        struct uuid uuid;
        if (uuid_from_string(&uuid, id)) {
            add_uuid_clause(cond, &uuid_column, &uuid);
        } else {
            nethvrec_port_add_clause_name(cond, OVSDB_F_EQ, id);
        }
    }
}

static unsigned int
choose(const struct db_conditions *c, const struct chooser *chooser,
       struct ovsdb_idl *idl)
{
    struct ovsdb_idl_condition cond = OVSDB_IDL_CONDITION_INIT(&cond);

    if (chooser->all) {
        ovsdb_idl_condition_add_clause_true(&cond);
    }
    if (chooser->by_uuid) {
        db_conditions_add_clause(&cond, &uuid_column, &UUID_ZERO);
    }
    for (size_t i = 0; i < c->n_networks; i++) {
        add_uuid_clause(&cond, chooser->network, &c->networks[i]);
    }
    add_uuid_clause(&cond, chooser->cloud, &c->cloud);
    add_uuid_clause(&cond, chooser->host, &c->host);
    if (chooser->table == &nethvrec_table_port) {
        add_port_clauses(&cond, &c->ports);
    } else if (chooser->table == &nethvrec_table_host && c->host_name) {
        nethvrec_host_add_clause_name(&cond, OVSDB_F_EQ, c->host_name);
    }
    unsigned int seqno = ovsdb_idl_set_condition(idl, chooser->table, &cond);
    ovsdb_idl_condition_destroy(&cond);
    return seqno;
}

unsigned int
db_conditions_set(const struct db_conditions *c, struct ovsdb_idl *idl)
{
    unsigned int seqno = 0;

    for (size_t i = 0; i < ARRAY_SIZE(choosers); i++) {
        seqno = MAX(seqno, choose(c, &choosers[i], idl));
    }
    return seqno;
}
