/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#include "cli/cmd-clouds.h"
#include "cli/cmd-database.h"
#include "cli/cmd-diagnose.h"
#include "cli/cmd-firewall.h"
#include "cli/cmd-init.h"
#include "cli/cmd.h"
#include "nethv-idl.h"
#include "util.h"

/* Each group is in the file named for it (cli/cmd-*.c). */
static const struct verb_group *const groups[] = {
    &cmd_clouds,
    &tenant_verbs,
    &document_verbs,
    &show_verbs,
    &status_verbs,
    &tree_verbs,
    &trace_verbs,
    NULL
};

static const struct local_verb *const local_verbs[] = {
    &cmd_database_move,
    &cmd_diagnose,
    &cmd_firewall,
    &cmd_init,
    NULL
};

/* How the generic commands name a row: by its name where it has one, else by
 * what it is about. */
static const struct ctl_table_class table_classes[NETHVREC_N_TABLES] = {
    [NETHVREC_TABLE_TENANT].row_ids[0] = {&nethvrec_tenant_col_name},
    [NETHVREC_TABLE_NETWORK].row_ids[0] = {&nethvrec_network_col_name},
    [NETHVREC_TABLE_SWITCH].row_ids[0] = {&nethvrec_switch_col_name},
    [NETHVREC_TABLE_PORT].row_ids[0] = {&nethvrec_port_col_name},
    [NETHVREC_TABLE_LINK].row_ids[0] = {&nethvrec_link_col_name},
    [NETHVREC_TABLE_CLOUD].row_ids
    = {{&nethvrec_cloud_col_name}, {&nethvrec_cloud_col_id}},
    [NETHVREC_TABLE_HOST].row_ids[0] = {&nethvrec_host_col_name},
    [NETHVREC_TABLE_TOKEN].row_ids[0] = {&nethvrec_token_col_name},
    [NETHVREC_TABLE_ENROLLMENT].row_ids[0] = {&nethvrec_enrollment_col_name},
    [NETHVREC_TABLE_CLAIM].row_ids[0] = {&nethvrec_claim_col_iface_id},
    [NETHVREC_TABLE_TENANT_STATE].row_ids[0]
    = {&nethvrec_tenant_state_col_tag},
    [NETHVREC_TABLE_NETWORK_STATE].row_ids[0]
    = {&nethvrec_network_state_col_number},
    [NETHVREC_TABLE_SWITCH_STATE].row_ids[0]
    = {&nethvrec_switch_state_col_number},
    [NETHVREC_TABLE_PLAN].row_ids[0] = {&nethvrec_plan_col_number},
};

void
verbs_register(void)
{
    ctl_init(&nethvrec_idl_class, nethvrec_table_classes, table_classes, NULL,
             exit);
    for (size_t i = 0; groups[i]; i++) {
        ctl_register_commands(groups[i]->verbs);
    }
}

const struct local_verb *
verbs_find_local(const char *name)
{
    for (size_t i = 0; local_verbs[i]; i++) {
        if (!strcmp(local_verbs[i]->name, name)) {
            return local_verbs[i];
        }
    }
    return NULL;
}

void
verbs_print_help(void)
{
    for (size_t i = 0; groups[i]; i++) {
        printf("%s:\n%s\n", groups[i]->title, groups[i]->help);
    }
    if (local_verbs[0]) {
        printf("This machine (alone on the command line):\n");
        for (size_t i = 0; local_verbs[i]; i++) {
            fputs(local_verbs[i]->help, stdout);
        }
        putchar('\n');
    }
    printf("%s\n%s", ctl_get_db_cmd_usage(), ctl_list_db_tables_usage());
}

void
verbs_print_commands(void)
{
    for (size_t i = 0; local_verbs[i]; i++) {
        printf(",%s,\n", local_verbs[i]->name);
    }
    ctl_print_commands();
}
