/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_MODEL_H
#define NETHV_MODEL_H 1

/* The model: what tenants ask for and what the system knows, as one graph.
 *
 * A model is filled from documents (nethv_model_load()) or follows a database
 * (client.h).  Its rows are found by name, iterated over and watched.  Names
 * are paths: tenant "acme", network "acme/shop", switch "acme/shop/s1", port
 * "acme/shop/s1/web", link "acme/shop/l1"; clouds, hosts and the links between
 * clouds have names without slashes or none.
 *
 * The mapping between virtual and physical: a port that is bound to a host has
 * a place, (cloud, host, number) and the tenant's tag, and so has each of its
 * MACs.  nethv_model_place() goes one way, nethv_model_port_at() the other, and
 * a watcher is told of every change of a place.
 *
 * MAC addresses are the low 48 bits of an integer whose bit 47 is the first on
 * the wire, as in wire.h.
 *
 * Pointers to rows are valid until the model changes: in nethv_model_load(),
 * nethv_model_settle(), or nethv_client_run() of a client that feeds it. */

#include <stdbool.h>

#include "nethv/nethv.h"
#include "nethv/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nethv_document;
struct nethv_model;
struct nethv_row;
struct nethv_watch;

struct nethv_model *nethv_model_create(void);

/* Frees 'model'.  What was made from it (rules, clients, watches) goes
 * first. */
void nethv_model_destroy(struct nethv_model *model);

/* Filling from documents. */

/* Adds all that 'document' has to 'model'.  Returns NULL, or a sentence that
 * the caller frees, 'model' unchanged, if a row of one of the names is there
 * already.  'document' may be destroyed afterwards. */
char *nethv_model_load(struct nethv_model *model,
                       const struct nethv_document *document)
    NETHV_MUST_CHECK;

/* Gives the rows of 'model' what a running system would allocate (tags, numbers
 * and flood groups, in the order of names) and binds ports to hosts as the
 * documents say.  For models that come from documents only, after the last has
 * been loaded; again after more have been.  Returns NULL, or a sentence that
 * the caller frees if a binding names what is not there or numbers do not
 * suffice; then 'model' is to be destroyed. */
char *nethv_model_settle(struct nethv_model *model) NETHV_MUST_CHECK;

/* Rows. */

enum nethv_kind {
    NETHV_KIND_TENANT,
    NETHV_KIND_NETWORK,
    NETHV_KIND_SWITCH,
    NETHV_KIND_PORT,
    NETHV_KIND_LINK,
    NETHV_KIND_CLOUD,
    NETHV_KIND_HOST,
    NETHV_KIND_CLOUD_LINK
};

/* Returns the word for 'kind', such as "port". */
const char *nethv_kind_name(enum nethv_kind kind);

/* Returns the row of 'kind' called 'name', or NULL. */
const struct nethv_row *nethv_model_find(const struct nethv_model *model,
                                         enum nethv_kind kind,
                                         const char *name);

/* Iterate over the rows of 'kind', in no order; NULL at the end. */
const struct nethv_row *nethv_model_first(const struct nethv_model *model,
                                          enum nethv_kind kind);
const struct nethv_row *nethv_model_next(const struct nethv_model *model,
                                         const struct nethv_row *row);

/* Return the cloud with 'id', or the host at 'location' (whatever its number),
 * or NULL. */
const struct nethv_row *nethv_model_cloud(const struct nethv_model *model,
                                          unsigned int id);
const struct nethv_row *nethv_model_host_at(const struct nethv_model *model,
                                            uint32_t location);

/* Returns what 'row' is. */
enum nethv_kind nethv_row_kind(const struct nethv_row *row);

/* Returns the name of 'row', NULL for a link between clouds.  Owned by the
 * row. */
const char *nethv_row_name(const struct nethv_row *row);

/* Writes the UUID of 'row' as text to 'uuid' and returns 'uuid'. */
#define NETHV_UUID_STRLEN 37
char *nethv_row_uuid(const struct nethv_row *row,
                     char uuid[NETHV_UUID_STRLEN]);

/* Returns the row that 'row' belongs to: the tenant of a network, the network
 * of a switch or link, the switch of a port, the cloud of a host.  NULL for
 * others, and if that row is not (yet) there. */
const struct nethv_row *nethv_row_parent(const struct nethv_row *row);

/* Returns what 'row', a link or a link between clouds, joins: its end 0 or 1;
 * NULL if that is not there. */
const struct nethv_row *nethv_row_end(const struct nethv_row *row, int end);

/* Returns the fields that documents have for 'row' as a JSON object in one
 * line, which the caller frees: {"mac":[...],"ips":[...],...}. */
char *nethv_row_to_json(const struct nethv_row *row);

/* Returns the number of MACs of a port, or its MAC 'i'. */
size_t nethv_port_n_macs(const struct nethv_row *port);
uint64_t nethv_port_mac(const struct nethv_row *port, size_t i);

/* Return the tag of a network's tenant, the flood group of a switch, the id of
 * a cloud, or the location of a host with number 0; 0 if there is none yet. */
uint32_t nethv_network_tag(const struct nethv_row *network);
uint32_t nethv_switch_group(const struct nethv_row *vswitch);
uint32_t nethv_cloud_id(const struct nethv_row *cloud);
uint32_t nethv_host_location(const struct nethv_row *host);

/* The mapping between virtual ports and places. */

struct nethv_place {
    uint32_t location;              /* See wire.h; its parts follow. */
    uint32_t tag;                   /* Of the tenant. */
    uint16_t cloud;
    uint16_t host;
    uint16_t number;
};

/* Finds the place of 'port', or with 'mac' not 0 of that MAC of it.  Returns
 * false, and leaves '*place' alone, if it has none: the port is not bound, the
 * network has no tag yet, or the port does not own 'mac'. */
bool nethv_model_place(const struct nethv_model *model,
                       const struct nethv_row *port, uint64_t mac,
                       struct nethv_place *place);

/* Returns the port that the number in 'location' stands for in frames of the
 * tenant with 'tag', NULL if none.  Sets '*mac', unless 'mac' is NULL, to the
 * MAC that it stands for, or to 0 if it stands for the port itself. */
const struct nethv_row *nethv_model_port_at(const struct nethv_model *model,
                                            uint32_t tag, uint32_t location,
                                            uint64_t *mac);

/* Watching. */

enum nethv_change { NETHV_APPEARED, NETHV_CHANGED, NETHV_GONE };

/* What to call when a model changes; each may be NULL.  Called in the thread
 * that changes the model, while it does; must not change it, nor make or end
 * watches.
 *
 * 'row': a row has appeared, has changed, or is gone; then 'row' is NULL and
 * 'name' the name it had.  What the system gave it (tags and such) counts as a
 * change; what follows for other rows is not told.
 *
 * 'place': the place of 'mac' of the port called 'port', or with 'mac' 0 of the
 * port itself, was '*before' and is '*now'; NULL means none. */
struct nethv_watcher {
    void (*row)(void *aux, enum nethv_change change, enum nethv_kind kind,
                const char *name, const struct nethv_row *row);
    void (*place)(void *aux, const char *port, uint64_t mac,
                  const struct nethv_place *before,
                  const struct nethv_place *now);
};

/* Calls the functions of '*watcher', which is copied, with 'aux' for every
 * change of 'model' from now on.  What is there already is not told. */
struct nethv_watch *nethv_model_watch(struct nethv_model *model,
                                      const struct nethv_watcher *watcher,
                                      void *aux);
void nethv_watch_destroy(struct nethv_watch *);

#ifdef __cplusplus
}
#endif

#endif /* nethv/model.h */
