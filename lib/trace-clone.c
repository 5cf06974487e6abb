/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace-walk.h"

/* Bytes of datapath actions: the head of a nested one. */
#define NEST_SIZE 4

/* Executes 'ofpacts', then the action set, and ends the passes begun. */
static void
run_scope(struct walk *w, const struct ofpact *ofpacts, size_t len)
{
    unsigned int depth = w->depth;
    size_t n_passes = w->n_passes;

    walk_actions(w, ofpacts, len);
    walk_action_set(w);
    while (w->n_passes > n_passes) {
        walk_end_pass(w);
    }
    w->depth = depth;
}

/* Saves in 'saved' what no clone changes, and gives 'w' copies. */
static void
begin_scope(struct walk *w, struct walk *saved)
{
    *saved = *w;
    ofpbuf_init(&w->stack, saved->stack.size);
    ofpbuf_put(&w->stack, saved->stack.data, saved->stack.size);
    ofpbuf_init(&w->action_set, saved->action_set.size);
    ofpbuf_put(&w->action_set, saved->action_set.data,
               saved->action_set.size);
}

static void
end_scope(struct walk *w, struct walk *saved)
{
    ofpbuf_uninit(&w->stack);
    w->stack = saved->stack;
    ofpbuf_uninit(&w->action_set);
    w->action_set = saved->action_set;
    w->flow = saved->flow;
    w->steps = saved->steps;
}

/* The same where the datapath too works on a copy, so that 'packet' and 'base'
 * come back as well. */
static void
begin_copy(struct walk *w, struct walk *saved)
{
    walk_commit(w);
    w->actions_size += NEST_SIZE;
    begin_scope(w, saved);
    walk_packet_ref(w->packet);
}

static void
end_copy(struct walk *w, struct walk *saved)
{
    end_scope(w, saved);
    walk_packet_unref(w->packet);
    w->packet = saved->packet;
    w->base = saved->base;
    w->n_headers = saved->n_headers;
    w->tangled = saved->tangled;
    /* Open vSwitch would put a header still pending on the next packet. */
    w->leaked |= w->pending_encap;
    w->pending_encap = w->pending_decap = false;
    ofpbuf_delete(w->encap_data);
    w->encap_data = NULL;
}

/* Returns whether Open vSwitch's translation believes that it can undo
 * 'ofpacts' by setting fields again.  It looks at the list itself only, not at
 * what a resubmit in it leads to: a header pushed there stays on the frame. */
static bool
reversible(const struct ofpact *ofpacts, size_t len)
{
    const struct ofpact *a;

    OFPACT_FOR_EACH (a, ofpacts, len) {
        if (a->type == OFPACT_ENCAP || a->type == OFPACT_DECAP
            || a->type == OFPACT_METER || a->type == OFPACT_CT
            || a->type == OFPACT_NAT || a->type == OFPACT_OUTPUT_TRUNC
            || a->type == OFPACT_DEC_NSH_TTL) {
            return false;
        }
    }
    return true;
}

void
walk_clone(struct walk *w, const struct ofpact *ofpacts, size_t len)
{
    struct walk saved;

    if (reversible(ofpacts, len)) {
        begin_scope(w, &saved);
        run_scope(w, ofpacts, len);
        end_scope(w, &saved);
        w->tangled |= w->n_headers != saved.n_headers;
    } else {
        begin_copy(w, &saved);
        run_scope(w, ofpacts, len);
        end_copy(w, &saved);
    }
}

/* Executes 'ofpacts' with 'value' in 'answer'. */
static void
run_branch(struct walk *w, const struct ofpact *ofpacts, size_t len,
           const struct mf_subfield *answer, bool value, bool taken)
{
    union mf_subvalue subvalue = { .u8_val = value };
    struct ovs_list *steps = w->steps;
    size_t n_outputs = w->n_outputs;
    size_t n_events = w->trace->n_events;
    size_t n_drops = w->trace->n_drops;

    mf_write_subfield_flow(answer, &subvalue, &w->flow);
    if (!taken) {
        w->steps = NULL;
    }
    run_scope(w, ofpacts, len);
    w->steps = steps;
    if (!taken) {
        walk_truncate_outputs(w, n_outputs);
        trace_truncate_events(w->trace, n_events);
        trace_truncate_drops(w->trace, n_drops);
    }
}

void
walk_branches(struct walk *w, const struct ofpact *ofpacts, size_t len,
              const struct mf_subfield *answer, bool value)
{
    struct walk saved, again;
    bool exit;

    begin_copy(w, &saved);
    walk_packet_ref(w->packet);
    run_branch(w, ofpacts, len, answer, true, value);
    exit = w->exit;
    w->exit = false;

    /* The second begins as the first did, but with what the first left of
     * stack and action set. */
    again = saved;
    again.stack = w->stack;
    again.action_set = w->action_set;
    ofpbuf_init(&w->stack, 0);
    ofpbuf_init(&w->action_set, 0);
    end_copy(w, &again);
    run_branch(w, ofpacts, len, answer, false, !value);
    end_copy(w, &saved);
    w->exit = exit;
}
