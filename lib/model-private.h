/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_PRIVATE_H
#define MODEL_PRIVATE_H 1

/* What the files of the model share: the store of rows (model.c), the kinds of
 * rows (model-rows.c, model-ports.c, model-inventory.c) and the questions
 * (model-query.c). */

#include "hash.h"
#include "model.h"

struct model {
    struct hmap rows[MODEL_N_KINDS];    /* struct model_row by 'uuid_node'. */
    struct hmap names[MODEL_N_KINDS];   /* struct model_row by 'name_node'. */
    struct hmap clouds;                 /* struct cloud by 'id_node'. */
    struct hmap locations;              /* struct located by 'node'. */
    struct ovs_list observers;          /* struct model_observer by 'node'. */
};

/* What a number on a host stands for: MAC 'index' of 'binding', or its port
 * itself if 'index' is its 'n_macs'. */
struct located {
    struct hmap_node node;              /* In model->locations. */
    struct binding *binding;
    size_t index;
};

/* A kind of rows.  Members without a comment may be NULL. */
struct model_class {
    const char *name;
    size_t size;                        /* Of the struct. */

    /* Makes a zeroed row ready to be referred to, and undoes that. */
    void (*init)(struct model_row *);
    void (*uninit)(struct model_row *);

    /* Takes a present row's contents out of the graph and frees them, all but
     * its name and what the system gave to it. */
    void (*clear)(struct model *, struct model_row *);

    /* Returns whether the system gave something to the row. */
    bool (*has_state)(const struct model_row *);
};

extern const struct model_class model_classes[MODEL_N_KINDS];

/* Returns the row of 'kind' with 'uuid', a placeholder if none is there. */
void *model_row_get(struct model *, enum model_kind, const struct uuid *);

/* Like model_row_get(), and counts a reference to it. */
void *model_row_ref(struct model *, enum model_kind, const struct uuid *);

/* Drops a reference.  Frees 'row' if nothing needs it any more. */
void model_row_unref(struct model *, struct model_row *row);

/* Frees 'row' if it is neither present nor referred to and has no state. */
void model_row_release(struct model *, struct model_row *row);

/* Enclose a change of 'row': tell observers. */
void model_row_before(struct model *, const struct model_row *row);
void model_row_after(struct model *, const struct model_row *row);

/* Steps of a put between the two above, in this order: take references to what
 * the new contents need, clear the old contents, fill in the new ones, present
 * them under 'name' (NULL if the kind has none).  What both contents refer to
 * is never freed that way. */
void model_row_clear(struct model *, struct model_row *row);
void model_row_present(struct model *, struct model_row *row,
                       const char *name);

/* The classes of model-ports.c: rows about ports and where they are. */
void vport_init(struct model_row *);
void vport_clear(struct model *, struct model_row *);
void binding_clear(struct model *, struct model_row *);

/* The classes of model-inventory.c: clouds, hosts, links between clouds. */
void cloud_init(struct model_row *);
void cloud_uninit(struct model_row *);
void cloud_clear(struct model *, struct model_row *);
void host_clear(struct model *, struct model_row *);
bool host_has_state(const struct model_row *);
void cloud_link_clear(struct model *, struct model_row *);

/* Gives 'since' to the bindings that came before the sequence of their
 * 'network'. */
void model_date_bindings(struct model *, const struct network *);

static inline uint32_t
model_hash_location(uint32_t location)
{
    return hash_int(location, 0);
}

#endif /* model-private.h */
