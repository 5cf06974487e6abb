/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CLOUDS_H
#define CMD_CLOUDS_H 1

/* Verbs for clouds and hosts: cloud-add, host-token, host-remove. */

struct verb_group;

extern const struct verb_group cmd_clouds;

#endif /* cmd-clouds.h */
